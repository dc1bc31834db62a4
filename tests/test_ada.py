"""StyleGAN2-ADA's augmentations: the authors' at fixed draws, and by hand."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erfinv

from jaxgan.augment import ada
from support.outputs import drawn

GOLDEN = np.load(Path(__file__).parent / "nets" / "r3gan.npz")
EVERY = ada.Pipeline(**{name: 1.0 for name in ada.Pipeline.__dataclass_fields__})


def nothing(count):
    """Draws that change nothing."""
    zero, one = jnp.zeros(count), jnp.ones(count)
    two = jnp.zeros((count, 2))
    return ada.Draws(
        zero, zero, two, one, zero, one, zero, two, zero, one, zero, zero, one, zero, two
    )


def at_percentile(u, count=1):
    """What the authors' code draws where every number is that percentile."""
    normal = erfinv(2 * u - 1)

    def every(value, *more):
        return jnp.full((count, *more), value, jnp.float32)

    return ada.Draws(
        flipped=every(np.floor(2 * u)),
        quarters=every(np.floor(4 * u)),
        whole_shift=every((2 * u - 1) / 8, 2),
        zoom=every(2 ** (0.2 * normal)),
        turn=every((2 * u - 1) * np.pi),
        stretch=every(2 ** (0.2 * normal)),
        turn_after=every(0.0),
        shift=every(0.125 * normal, 2),
        brightness=every(0.2 * normal),
        contrast=every(2 ** (0.5 * normal)),
        luma_flipped=every(np.floor(2 * u)),
        hue=every((2 * u - 1) * np.pi),
        saturation=every(2**normal),
        hole=every(0.5),
        center=every(u, 2),
    )


@pytest.mark.parametrize("percentile", [0.3, 0.62, 0.88])
@pytest.mark.parametrize("kind", ["color", "gray"])
def test_images_and_gradients_are_those_of_the_authors_code(kind, percentile):
    x = jnp.asarray(GOLDEN["picture"])[..., : 3 if kind == "color" else 1]

    def augmented(x):
        return ada.apply(x, at_percentile(percentile), EVERY)

    name = f"ada/{kind}/{percentile}"
    np.testing.assert_allclose(jax.jit(augmented)(x), GOLDEN[f"{name}/out"], atol=2e-4)
    slope = jax.jit(jax.grad(lambda x: jnp.square(augmented(x)).sum()))(x)
    expected = GOLDEN[f"{name}/slope"]
    np.testing.assert_allclose(slope, expected, atol=1e-3 * np.abs(expected).max())


def picture(count=2):
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (count, 8, 10, 3)), jnp.float32)


def changed(x, pipeline=EVERY, **draws):
    return np.asarray(
        jax.jit(lambda x: ada.apply(x, nothing(len(x))._replace(**draws), pipeline))(x)
    )


def test_nothing_happens_at_strength_zero():
    x = picture()
    run = jax.jit(lambda x, strength: ada.augment(x, drawn(2), strength, EVERY))
    np.testing.assert_allclose(run(x, 0.0), x, atol=1e-5)
    assert np.abs(run(x, 1.0) - x).max() > 0.1


def smooth(side_x, side_y):
    """Pictures without fine detail, of three channels."""
    y, x = np.mgrid[:side_y, :side_x]
    found = [np.cos(0.5 * x + 0.3 * y), np.sin(0.4 * y), np.cos(0.6 * x)]
    return jnp.asarray(np.stack(found, -1)[None], jnp.float32)


def test_a_shift_by_a_pixel_is_exact_and_reflects():
    x = picture()
    right = jnp.tile(jnp.array([0.1, 0.0]), (2, 1))  # of 10 pixels one
    moved = changed(x, whole_shift=right)
    np.testing.assert_allclose(moved[:, :, 1:], x[:, :, :-1], atol=1e-4)
    np.testing.assert_allclose(moved[:, :, 0], x[:, :, 1], atol=1e-4)


def test_flips_and_turns_are_pixels_of_a_smooth_picture():
    """Not exactly: the filter is not quite symmetric."""
    wide, square, one = smooth(20, 16), smooth(16, 16), jnp.ones(1)
    inner = np.s_[:, 3:-3, 3:-3]
    np.testing.assert_allclose(changed(wide, flipped=one)[inner], wide[:, :, ::-1][inner], atol=0.1)
    half = changed(wide, quarters=2 * one)
    np.testing.assert_allclose(half[inner], wide[:, ::-1, ::-1][inner], atol=0.1)
    quarter = changed(square, quarters=one)
    np.testing.assert_allclose(quarter[inner], np.rot90(square, 1, (1, 2))[inner], atol=0.1)


def test_colors_by_hand():
    x, two = picture(), jnp.ones(2)
    gray = np.asarray(x).mean(-1, keepdims=True)
    np.testing.assert_allclose(changed(x, brightness=0.25 * two), x + 0.25, atol=1e-4)
    np.testing.assert_allclose(changed(x, contrast=1.5 * two), 1.5 * x, atol=1e-4)
    np.testing.assert_allclose(changed(x, luma_flipped=two), x - 2 * gray, atol=1e-4)
    np.testing.assert_allclose(changed(x, saturation=0 * two), gray + 0 * x, atol=1e-4)
    third = changed(x, hue=2 * np.pi / 3 * two)
    np.testing.assert_allclose(third, np.roll(x, 1, axis=-1), atol=1e-4)


def test_a_hole_is_half_of_each_side():
    x = jnp.ones((1, 8, 8, 1))
    found = changed(
        x, ada.Pipeline(cutout=1.0), hole=jnp.full(1, 0.5), center=jnp.full((1, 2), 0.5)
    )
    expected = np.ones((8, 8))
    expected[2:6, 2:6] = 0
    np.testing.assert_array_equal(found[0, ..., 0], expected)


def test_each_happens_as_often_as_it_should():
    count = 4000
    draws = jax.jit(lambda: ada.draw(drawn(count), 0.4, ada.R3GAN))()
    deviation = np.sqrt(0.25 / count)
    for name, share in (("zoom", 0.4), ("stretch", 0.4), ("contrast", 0.2), ("saturation", 0.2)):
        often = np.mean(np.asarray(getattr(draws, name)) != 1)
        assert often == pytest.approx(share, abs=4 * deviation), name
    turned = (np.asarray(draws.turn) != 0) | (np.asarray(draws.turn_after) != 0)
    assert turned.mean() == pytest.approx(0.4, abs=4 * deviation)
    assert np.mean(np.asarray(draws.flipped)) == pytest.approx(0.2, abs=4 * deviation)
    assert np.mean(np.asarray(draws.hole)) == pytest.approx(0.2, abs=4 * deviation)
    assert np.abs(draws.whole_shift).max() <= 0.125
    zooms = np.log2(np.asarray(draws.zoom)[np.asarray(draws.zoom) != 1])
    assert zooms.std() == pytest.approx(0.2, rel=0.1)
