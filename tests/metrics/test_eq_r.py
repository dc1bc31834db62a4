"""EQ-R: of an ideal turn, of none, and of StyleGAN3's two generators before any training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.eq_r import both_grids, eq_r, limited, rotation, turned
from jaxgan.nets import stylegan3


class Generator:
    """Images of ``draw(transform)``, 0 to 255."""

    seed = 0

    def __init__(self, draw):
        self.draw = draw

    def latents(self, key, count):
        return jax.random.normal(key, (count, 8))

    def condition(self, count, first):
        return {}

    def moved(self, latents, condition, transform):
        return self.draw(latents, transform)


def waves(side, most=4.0, follows=True):
    """Waves of up to ``most`` periods, at places after a transform."""

    def draw(latents, transform):
        places = (np.arange(side) + 0.5 - side / 2) / side
        at = np.stack([*np.meshgrid(places, places), np.ones((side, side))])
        x, y, _ = np.einsum("ij,jhw->ihw", transform if follows else np.eye(3), at)
        a, b = np.tanh(np.asarray(latents))[:, :2, None, None].swapaxes(0, 1) * most
        return (127.5 + 100 * np.sin(2 * np.pi * (a * x + b * y)))[..., None]

    return draw


def test_an_ideal_turn_and_none():
    """Smooth waves are interpolated to within a thousandth of the range."""
    assert eq_r(Generator(waves(48)), 10) > 55
    assert eq_r(Generator(waves(48, follows=False)), 10) < 15


def test_a_quarter_turn_is_numpys():
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1))
    found, known = turned(images, np.pi / 2)
    # A quarter turn from right to down: what was right is down.
    expected, both = limited(np.rot90(images, -1, axes=(1, 2)), np.pi / 2)
    inside = known & both
    assert 100 < inside.sum() < 32 * 32
    # The filters' taps are normalized where they are: finer ones for each place between pixels.
    np.testing.assert_allclose(found[:, inside], expected[:, inside], atol=2.0)


def test_the_filter_keeps_what_both_grids_show():
    angle = 0.5
    taps = both_grids(angle)
    assert taps.shape == (11, 11)
    assert taps.sum() == pytest.approx(1.0)

    def response(right, down):
        """Of a wave with so many periods a pixel."""
        at = np.arange(11) - 5
        phases = 2 * np.pi * (right * at[None, :] + down * at[:, None])
        return (taps * np.cos(phases)).sum()

    assert response(0.1, 0.05) == pytest.approx(1.0, abs=0.02)
    # Half a period a pixel is what a grid shows at most: this has 0.19 and 0.65 along the other's.
    np.testing.assert_allclose(rotation(angle) @ [0.48, 0.48], [0.19, 0.65], atol=0.01)
    assert abs(response(0.48, 0.48)) < 0.1


def test_small_images_are_refused():
    with pytest.raises(UserError, match="no place that is known"):
        eq_r(Generator(waves(10)), 10)


@pytest.mark.slow
def test_filters_that_are_round_turn_and_others_do_not():
    """StyleGAN3's R against its T at the same width, untrained: the difference is the filters'."""

    def untrained(**more):
        signals = tuple(stylegan3.signals(32, 1, 128, 4, layers=3, critical=1))
        module = stylegan3.Generator(signals, critical=1, style=8, **more)
        latent = jnp.zeros((2, 8))
        variables = module.init(jax.random.key(0), latent, train=False)
        images = jax.jit(
            lambda latents, transform: module.apply(
                variables, latents, transform=transform, train=False
            )
        )
        return lambda latents, transform: (
            127.5 + 127.5 * np.asarray(images(latents, jnp.asarray(transform, jnp.float32)))
        )

    round_ones = eq_r(Generator(untrained(kernel=1, radial=True)), 10)
    others = eq_r(Generator(untrained(kernel=3)), 10)
    assert round_ones > others + 10
