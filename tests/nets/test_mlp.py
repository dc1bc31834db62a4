import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nets import mlp


def count(module, *shape):
    variables = jax.eval_shape(
        functools.partial(module.init, train=False), jax.random.key(0), jnp.zeros((2, *shape))
    )
    return sum(leaf.size for leaf in jax.tree.leaves(variables))


def drawn(network, x):
    """What the network makes of ``x`` at first, and its variables."""
    return jax.jit(functools.partial(network.init_with_output, train=False))(jax.random.key(0), x)


def test_parameter_counts_of_goodfellows_mnist_networks():
    """adversarial/mnist.yaml: 100-1200-1200-784; 784, two maxout layers of 240 x 5, 1."""
    generator = 100 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 784 + 784
    assert count(mlp.Generator((28, 28, 1)), 100) == generator == 2_503_984
    discriminator = (784 + 1) * 240 * 5 + (240 + 1) * 240 * 5 + 240 + 1
    assert count(mlp.MaxoutDiscriminator(), 28, 28, 1) == discriminator == 1_231_441


def test_a_perceptron_by_hand():
    network = mlp.Discriminator((3,))
    x = np.random.default_rng(0).normal(size=(4, 1, 2, 1)).astype(np.float32)
    logits, variables = drawn(network, jnp.asarray(x))
    first, last = (variables["params"][f"Dense_{n}"]["kernel"] for n in (0, 1))
    expected = np.maximum(x.reshape(4, 2) @ first, 0) @ last
    np.testing.assert_allclose(logits, expected[:, 0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "output, low, high", [(nn.sigmoid, 0, 1), (nn.tanh, -1, 1), (lambda x: x, -1e9, 1e9)]
)
def test_samples_have_their_shape_and_range(output, low, high):
    network = mlp.Generator((4, 3, 1), (8,), output=output)
    latents = 100 * jax.random.normal(jax.random.key(1), (16, 5))
    samples, _ = drawn(network, latents)
    assert samples.shape == (16, 4, 3, 1)
    assert low <= float(samples.min()) < float(samples.max()) <= high
    if output is not nn.sigmoid and output is not nn.tanh:
        assert float(samples.max()) > 1


def test_hidden_layers_of_samples_may_be_batch_normalized():
    """Before the activation, by the running moments outside of training; the last is not."""
    network = mlp.Generator((2,), (8, 8), output=lambda x: x, batch_norm=True)
    latents = jax.random.normal(jax.random.key(1), (4, 3))
    samples, variables = drawn(network, latents)
    x = latents
    for n in range(2):
        x = x @ variables["params"][f"Dense_{n}"]["kernel"] / np.sqrt(1 + 1e-5)
        x = np.maximum(x, 0)
    x = x @ variables["params"]["Dense_2"]["kernel"]
    np.testing.assert_allclose(samples, x, rtol=1e-4, atol=1e-5)
    assert set(variables["batch_stats"]) == {"BatchNorm_0", "BatchNorm_1"}


def test_initial_weights_fill_their_interval():
    network = mlp.Generator((2,), (200, 200), kernel_init=mlp.symmetric_uniform(0.05))
    params = drawn(network, jnp.zeros((1, 100)))[1]["params"]
    kernel = np.asarray(params["Dense_1"]["kernel"])
    assert np.abs(kernel).max() <= 0.05
    assert kernel.std() == pytest.approx(0.05 / np.sqrt(3), rel=0.02)
    assert kernel.mean() == pytest.approx(0, abs=5 * 0.05 / np.sqrt(3 * kernel.size))


def test_the_maxout_network_drops_inputs_and_units_only_in_training():
    network = mlp.MaxoutDiscriminator((6,), 2)
    x = jnp.ones((8, 10))
    logits, variables = drawn(network, x)

    @jax.jit
    def train(seed):
        rngs = {"dropout": jax.random.key(seed)}
        return jax.vmap(
            lambda x: network.apply(variables, x, train=True, rngs=rngs), axis_name="data"
        )(x[None])[0]

    assert len(np.unique(logits)) == 1
    assert len(np.unique(train(0))) > 1
    assert not np.array_equal(train(0), train(1))
