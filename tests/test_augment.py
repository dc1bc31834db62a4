import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import augment
from support.outputs import drawn

pytestmark = pytest.mark.usefixtures("strict")

COUNT = 32


def images(channels=3, side=8, count=COUNT):
    return np.random.default_rng(0).uniform(-1, 1, (count, side, side, channels)).astype(np.float32)


def applied(function, x, rng=None):
    return np.asarray(function(jnp.asarray(x), drawn(len(x)) if rng is None else rng))


ALL = {
    "brightness": augment.brightness,
    "saturation": augment.saturation,
    "contrast": augment.contrast,
    "translation": augment.translation,
    "shift": augment.shift,
    "cutout": augment.cutout,
    "flip": augment.flip,
}
every = pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())


def test_a_strength_of_zero_changes_nothing_and_may_be_traced():
    @jax.jit
    def all_of_them(strength, x):
        return augment.composed(*(make(strength) for make in ALL.values()))(x, drawn(len(x)))

    x = images()
    np.testing.assert_array_equal(all_of_them(jnp.float32(0.0), x), x)
    assert not np.array_equal(all_of_them(jnp.float32(0.2), x), x)


@every
def test_the_default_strength_changes_images_and_keeps_their_shape_and_dtype(make):
    x = images()
    seen = applied(make(), x)
    assert seen.shape == x.shape
    assert np.mean(np.any(seen != x, axis=(1, 2, 3))) > 0.3
    half = jax.eval_shape(lambda x: make()(x, drawn(COUNT)), jnp.asarray(x, jnp.bfloat16))
    assert half.dtype == jnp.bfloat16


def test_brightness_adds_one_number_to_each_image():
    x = images()
    added = applied(augment.brightness(), x) - x
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1, :1], x.shape), atol=1e-6)
    assert np.abs(added).max() <= 0.5
    assert added.min() < -0.3
    assert added.max() > 0.3
    assert len(np.unique(np.round(added[:, 0, 0, 0], 5))) > COUNT / 2


@pytest.mark.parametrize("make, reach", [(augment.saturation, 1.0), (augment.contrast, 0.5)])
def test_saturation_and_contrast_scale_about_their_means(make, reach):
    x = images()
    axes = (3,) if make is augment.saturation else (1, 2, 3)
    center = x.mean(axes, keepdims=True)
    factors = (applied(make(), x) - center) / (x - center)
    factor = np.median(factors.reshape(COUNT, -1), axis=1)
    np.testing.assert_allclose(
        applied(make(), x), center + (x - center) * factor[:, None, None, None], atol=1e-5
    )
    assert 1 - reach <= factor.min() < 1 - 0.6 * reach
    assert 1 + 0.6 * reach < factor.max() <= 1 + reach


def test_gray_images_have_no_saturation():
    x = images(channels=1)
    np.testing.assert_allclose(applied(augment.saturation(), x), x, atol=1e-6)


@pytest.mark.parametrize("make", [augment.translation, augment.shift])
def test_images_move_by_whole_pixels_up_to_an_eighth(make):
    side = 16
    x = images(channels=1, side=side)
    seen, found = applied(make(), x), set()
    mode = {"mode": "constant"} if make is augment.translation else {"mode": "reflect"}
    for image, moved in zip(x[..., 0], seen[..., 0], strict=True):
        padded = np.pad(image, 2, **mode)
        offsets = [
            (down - 2, right - 2)
            for down in range(5)
            for right in range(5)
            if np.array_equal(padded[down : down + side, right : right + side], moved)
        ]
        assert len(offsets) == 1
        found.update(offsets)
    # 32 images, 25 moves: both directions, both ends, and not only the diagonal.
    assert {down for down, _ in found} == {right for _, right in found} == {-2, -1, 0, 1, 2}
    assert any(down != right for down, right in found)


@pytest.mark.parametrize("side, hole", [(8, 4), (7, 4), (6, 3)])
def test_cutout_hides_a_square_of_half_the_side(side, hole):
    x = np.ones((400, side, side, 2), np.float32)
    hidden = applied(augment.cutout(), x) == 0
    assert (hidden == hidden[..., :1]).all()
    rows, columns = hidden[..., 0].any(2), hidden[..., 0].any(1)
    np.testing.assert_array_equal(hidden[..., 0], rows[:, :, None] & columns[:, None])
    for line in (rows, columns):
        length = line.sum(1)
        assert set(length) == set(range(hole - hole // 2, hole + 1))
        # It hangs over both borders, equally far.
        least = line[length == hole - hole // 2]
        assert least[:, 0].any()
        assert least[:, -1].any()
        # Consecutive: one beginning at most.
        assert (np.diff(line.astype(int), axis=1) == 1).sum(1).max() <= 1


def test_flips_are_fair_and_mirror_columns():
    x = images(count=400)
    seen = applied(augment.flip(), x)
    flipped = np.any(seen != x, axis=(1, 2, 3))
    np.testing.assert_array_equal(seen[flipped], x[flipped, :, ::-1])
    assert 0.4 < flipped.mean() < 0.6
    np.testing.assert_array_equal(applied(augment.flip(1.0), x), x[:, :, ::-1])


def test_diffaugment_is_differentiable():
    """Against finite differences along a direction."""
    x = images(count=4)
    weight = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    direction = np.random.default_rng(2).normal(size=x.shape).astype(np.float32)

    @jax.jit
    @jax.value_and_grad
    def loss(x):
        return jnp.sum(weight * jnp.tanh(augment.diff_augment(x, drawn(4))))

    slope, step = np.asarray(loss(x)[1]), 1e-2
    above, below = (float(loss(x + sign * step * direction)[0]) for sign in (1, -1))
    expected = (above - below) / (2 * step)
    assert float(np.sum(slope * direction)) == pytest.approx(expected, rel=1e-2)
    assert abs(expected) > 1e-2


def test_gradients_of_translation_and_cutout_are_ones_where_the_image_stays():
    """Linear in the image: the gradient of the sum counts the pixels that are still seen."""
    for make in (augment.translation, augment.cutout):
        x = images(channels=1)
        slope = np.asarray(jax.grad(lambda x: jnp.sum(make()(x, drawn(COUNT))))(jnp.asarray(x)))  # noqa: B023
        assert set(np.unique(slope)) == {0.0, 1.0}
        np.testing.assert_allclose(np.sum(slope * x), applied(make(), x).sum(), rtol=1e-4)


def test_a_row_is_augmented_alike_wherever_it_lies():
    """A device whose first row is the fifth sees there what one of all rows sees; rows differ."""
    x = images()
    whole = applied(augment.diff_augment, x)
    part = applied(augment.diff_augment, np.roll(x, -4, axis=0), drawn(COUNT, first=4))
    np.testing.assert_array_equal(part[:-4], whole[4:])
    assert not np.array_equal(part[-4:], whole[:4])
    same = applied(augment.diff_augment, np.repeat(x[:1], COUNT, axis=0))
    assert len(np.unique(same.reshape(COUNT, -1), axis=0)) == COUNT


def test_parts_of_a_composition_draw_for_themselves():
    twice = augment.composed(augment.brightness(), augment.brightness())
    x = np.zeros((COUNT, 2, 2, 1), np.float32)
    one, two = applied(augment.composed(augment.brightness()), x), applied(twice, x)
    assert not np.allclose(two, 2 * one, atol=1e-3)
