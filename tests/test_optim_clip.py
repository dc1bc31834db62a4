import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.game.gan import D, G
from jaxgan.optim import clip_weights
from support import games

PARAMS = {"kernel": jnp.array([0.5, -0.009, 0.0]), "scale": jnp.array(1.0)}
GRADS = {"kernel": jnp.array([0.0, 1.0, -0.001]), "scale": jnp.array(0.0)}


@pytest.mark.parametrize("bound", [0.01, jnp.float32(0.01)])
def test_the_update_lands_within_the_bound(bound):
    optimizer = optax.chain(optax.sgd(1.0), clip_weights(bound))
    updates, _ = optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)
    params = optax.apply_updates(PARAMS, updates)
    np.testing.assert_allclose(params["kernel"], [0.01, -0.01, 0.001], rtol=1e-6)
    # Every leaf, that of a normalization too.
    np.testing.assert_allclose(params["scale"], 0.01, rtol=1e-6)


def test_a_step_leaves_every_weight_of_the_critic_within_the_bound_and_the_generators_alone():
    """WGAN's algorithm 1: the critic's alone, after its update."""

    def after(constraint):
        critic = optax.chain(optax.sgd(0.5), constraint)
        gan = games.gan(updates=(D, G), optimizers={"g": optax.sgd(0.1), "d": critic})
        state, _ = games.Runner(gan)(games.born(gan), games.points(1, gan, 4))
        return [jax.tree.leaves(games.own(state)[1][who].params) for who in ("g", "d")]

    generator, critic = after(clip_weights(0.05))
    assert max(np.abs(leaf).max() for leaf in critic) <= 0.05 * (1 + 1e-6)  # p + (clipped - p)
    assert max(np.abs(leaf).max() for leaf in generator) > 0.1
    _, free = after(optax.identity())
    assert max(np.abs(leaf).max() for leaf in free) > 0.1


def test_an_optimizer_does_not_see_the_constraint():
    """RMSprop's moments are those of the gradients, as where weights are clipped afterwards."""
    plain, clipped = optax.rmsprop(0.1), optax.chain(optax.rmsprop(0.1), clip_weights(0.01))
    params, state, other = PARAMS, clipped.init(PARAMS), plain.init(PARAMS)
    reference = PARAMS
    for _ in range(5):
        updates, state = clipped.update(GRADS, state, params)
        params = optax.apply_updates(params, updates)
        updates, other = plain.update(GRADS, other, reference)
        moved = optax.apply_updates(reference, updates)
        reference = {name: jnp.clip(leaf, -0.01, 0.01) for name, leaf in moved.items()}
    for name in PARAMS:
        np.testing.assert_allclose(params[name], reference[name], rtol=1e-6)
