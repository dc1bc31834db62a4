"""ADA in a game: penalties before the augmentation, and a strength that follows the logits."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, penalties
from jaxgan.augment import ada
from jaxgan.game.gan import Gan
from jaxgan.game.terms import scale
from jaxgan.rng import Rng
from jaxgan.types import Seen
from support import games
from support.exact import Trainings
from support.games import SIDE, Judge, Pictures

ROWS, STEPS = 8, 3

COLORS = ada.Pipeline(contrast=1.0, saturation=1.0, cutout=1.0)


def augment(images, rng, strength):
    return ada.augment(images, rng, strength, COLORS)


GAME = Gan(
    Pictures(),
    Judge(),
    forward.augmented_within(
        augment,
        lambda adaptive: adaptive["ada"]["strength"],
        forward.unconditional(forward.normal(3)),
    ),
    losses.nonsaturating.terms(
        discriminator={"r1": scale(0.1, penalties.r1), "r2": scale(0.1, penalties.r2)}
    ),
    {who: optax.sgd(0.3) for who in ("g", "d")},
    adaptive={"ada": {**ada.START, "strength": 0.5}},
    adapt=ada.controlled(target=0.0, ramp=100.0, interval=2),
)


def chunk(name="ada"):
    del name
    size = (STEPS, 1, ROWS, SIDE, SIDE, 3)
    return {"image": np.random.default_rng(0).uniform(-1, 1, size).astype(np.float32)}


TRAININGS = Trainings({"ada": GAME}, chunk)


@pytest.mark.slow
def test_eight_devices_equal_one():
    TRAININGS.check_devices("ada", rtol=2e-5, atol=1e-5)
    eight, one = (TRAININGS.trained("ada", count)[0].adaptive for count in (8, 1))
    games.close(eight, one, 0, 0)
    assert one["ada"]["strength"] != 0.5
    assert int(one["ada"]["images"]) == ROWS  # of the step after the last move


@pytest.mark.slow
def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(tmp_path):
    TRAININGS.check_resume("ada", tmp_path)


def test_penalties_differentiate_with_respect_to_images_before_the_augmentation():
    weights = np.random.default_rng(0).normal(size=(SIDE, SIDE, 3)).astype(np.float32)

    class Linear:
        slopes = True

        def __call__(self, images):
            return jnp.einsum("bhwc,hwc->b", images, weights), {}

        def after(self, stats):
            return self

    class Fixed(Linear):
        def __call__(self, latents):
            return jnp.zeros((len(latents), SIDE, SIDE, 3)), {}

    state = {"ada": {**ada.START, "strength": 1.0}}
    batch, rng = (
        {"image": jnp.asarray(chunk()["image"][0, 0])},
        Rng(jax.random.key(3), jnp.arange(ROWS)),
    )
    outputs = GAME.forward.run(Fixed(), Linear(), batch, rng, state)
    np.testing.assert_array_equal(outputs.real, batch["image"])
    first = ada.draw(rng.named("augmentation 0"), 1.0, COLORS)
    slope = jax.grad(lambda x: Linear()(ada.apply(x, first, COLORS))[0].sum())(batch["image"])
    expected = 0.5 * np.square(slope).sum(axis=(1, 2, 3)).mean()
    assert float(penalties.r1(outputs)) == pytest.approx(float(expected), rel=1e-5)
    assert expected != pytest.approx(0.5 * np.square(weights).sum(), rel=0.01)
    np.testing.assert_array_equal(outputs.remember["signs"], np.sign(outputs.real_logits))


@pytest.mark.parametrize("share, way", [(0.9, 1), (0.7, -1)])
def test_the_strength_follows_the_signs(share, way):
    """A share of 0.9 of real images called real is a mean sign of 0.8, above the target of 0.6."""
    signs = jnp.where(jnp.arange(100) < 100 * share, 1.0, -1.0)
    seen = Seen({}, {}, {"d": {"signs": signs}})
    adapt, state = ada.controlled(), {"ada": {**ada.START, "strength": 0.5}}
    found = []
    for _ in range(8):
        state = adapt(state, seen)
        found.append(float(state["ada"]["strength"]))
    np.testing.assert_allclose(found[:3], 0.5)
    moved = 4 * 100 / 500_000
    np.testing.assert_allclose(found[3:7], 0.5 + way * moved, rtol=1e-5)
    np.testing.assert_allclose(found[7], 0.5 + 2 * way * moved, rtol=1e-5)


def test_the_strength_is_never_below_zero():
    seen = Seen({}, {}, {"d": {"signs": -jnp.ones(8)}})
    state = ada.controlled(interval=1)({"ada": dict(ada.START)}, seen)
    assert float(state["ada"]["strength"]) == 0.0
