"""Recurrent layers."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax


class GRU(nn.Module):
    """Gated recurrent units over a sequence, ``[b, t, i], [b, features] -> [b, t, features]``.

    Cho et al. 2014, in PyTorch's form: the reset gate is applied after the product with the state,
    and both products have biases. All parameters start uniform within ``1 / sqrt(features)``.
    """

    features: int

    @nn.compact
    def __call__(self, inputs: jax.Array, state: jax.Array) -> jax.Array:
        """The states after every input, the first of which meets ``state``."""
        n = self.features
        of_input = self._parameters("input", inputs.shape[-1])
        of_state = self._parameters("state", n)

        def step(state: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
            h = state @ of_state[0] + of_state[1]
            reset, update = jnp.split(nn.sigmoid(x[..., : 2 * n] + h[..., : 2 * n]), 2, axis=-1)
            new = nn.tanh(x[..., 2 * n :] + reset * h[..., 2 * n :])
            state = (1.0 - update) * new + update * state
            return state, state

        projected = inputs @ of_input[0] + of_input[1]
        _, states = lax.scan(step, state, projected.swapaxes(0, 1))
        return states.swapaxes(0, 1)

    def _parameters(self, name: str, size: int) -> tuple[jax.Array, jax.Array]:
        """Kernel ``[size, 3 features]`` and bias of the reset, the update and the new state."""
        bound = self.features**-0.5

        def init(key, shape, dtype=jnp.float32):
            return jax.random.uniform(key, shape, dtype, -bound, bound)

        kernel = self.param(f"{name}_kernel", init, (size, 3 * self.features))
        return kernel, self.param(f"{name}_bias", init, (3 * self.features,))
