"""DiffAugment (Zhao et al. 2020), whose images lie in ``[-1, 1]``.

A strength of zero changes nothing. The defaults are the paper's.
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp

from jaxgan.rng import Rng
from jaxgan.types import Image, ScalarLike

Augment: TypeAlias = Callable[[Image, Rng], Image]
"""An augmentation: images and per-sample randomness to images."""


def composed(*augments: Augment) -> Augment:
    """One augmentation after the other, each with randomness of its own."""

    def apply(x: Image, rng: Rng) -> Image:
        for number, augment in enumerate(augments):
            x = augment(x, rng.named(f"augment {number}"))
        return x

    return apply


def _stretched(x: Image, center: Image, change: jax.Array) -> Image:
    """``x`` with its distance from ``center`` grown by the factor ``1 + change``."""
    return x + (x - center) * change.astype(x.dtype)


def brightness(reach: ScalarLike = 0.5) -> Augment:
    """Adds one number in ``[-reach, reach)`` to the whole image."""

    def apply(x: Image, rng: Rng) -> Image:
        return x + (reach * rng.uniform((1, 1, 1), -1.0, 1.0)).astype(x.dtype)

    return apply


def saturation(reach: ScalarLike = 1.0) -> Augment:
    """Scales each pixel's distance from its gray by a factor in ``[1 - reach, 1 + reach)``.

    Nothing happens to an image of one channel.
    """

    def apply(x: Image, rng: Rng) -> Image:
        gray = jnp.mean(x, axis=-1, keepdims=True)
        return _stretched(x, gray, reach * rng.uniform((1, 1, 1), -1.0, 1.0))

    return apply


def contrast(reach: ScalarLike = 0.5) -> Augment:
    """Scales the distance from the image's mean by a factor in ``[1 - reach, 1 + reach)``."""

    def apply(x: Image, rng: Rng) -> Image:
        mean = jnp.mean(x, axis=(1, 2, 3), keepdims=True)
        return _stretched(x, mean, reach * rng.uniform((1, 1, 1), -1.0, 1.0))

    return apply


def flip(probability: ScalarLike = 0.5) -> Augment:
    """Mirrors left and right."""

    def apply(x: Image, rng: Rng) -> Image:
        return jnp.where(rng.bernoulli(probability, (1, 1, 1)), x[:, :, ::-1], x)

    return apply


def _whole(rng: Rng, low: jax.Array, high: jax.Array) -> jax.Array:
    """A whole number in ``[low, high)`` for each row, int32 ``[batch]``."""
    return jax.vmap(lambda key: jax.random.randint(key, (), low, high))(rng.keys())


def _pixels(size: int, ratio: ScalarLike) -> jax.Array:
    """``ratio`` of ``size``, rounded (as the authors' PyTorch code; their TensorFlow floors)."""
    return jnp.floor(size * jnp.asarray(ratio, jnp.float32) + 0.5).astype(jnp.int32)


def _outside(x: Image, index: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """``index`` ``[batch, size]`` shaped to take along ``axis``, and where it lies inside."""
    shape = [len(x), 1, 1, 1]
    shape[axis] = x.shape[axis]
    inside = (index >= 0) & (index < x.shape[axis])
    return index.reshape(shape), inside.reshape(shape)


def _moved(x: Image, rng: Rng, ratio: ScalarLike, border: Callable) -> Image:
    for axis, name in ((1, "down"), (2, "right")):
        reach = _pixels(x.shape[axis], ratio)
        offset = _whole(rng.named(name), -reach, reach + 1)
        index = jnp.arange(x.shape[axis], dtype=jnp.int32)[None] + offset[:, None]
        x = border(x, *_outside(x, index, axis), axis)
    return x


def translation(ratio: ScalarLike = 1 / 8) -> Augment:
    """Shifts by whole pixels, up to ``ratio`` of each side; what comes in is zero."""

    def zeros(x: Image, index: jax.Array, inside: jax.Array, axis: int) -> Image:
        index = jnp.clip(index, 0, x.shape[axis] - 1)
        return jnp.where(inside, jnp.take_along_axis(x, index, axis=axis), jnp.zeros((), x.dtype))

    def apply(x: Image, rng: Rng) -> Image:
        return _moved(x, rng, ratio, zeros)

    return apply


def shift(ratio: ScalarLike = 1 / 8) -> Augment:
    """Shifts by whole pixels, up to ``ratio`` of each side; what comes in is reflected.

    With ``flip()``, the augmentation of consistency regularization (Zhang et al. 2020: a few
    pixels; a reflected border in StudioGAN).
    """

    def reflected(x: Image, index: jax.Array, inside: jax.Array, axis: int) -> Image:
        del inside
        last = x.shape[axis] - 1
        index = last - jnp.abs(last - jnp.abs(index))
        return jnp.take_along_axis(x, index, axis=axis)

    def apply(x: Image, rng: Rng) -> Image:
        return _moved(x, rng, ratio, reflected)

    return apply


def cutout(ratio: ScalarLike = 1 / 2) -> Augment:
    """Sets a rectangle of ``ratio`` of each side to zero; it may hang over the border."""

    def apply(x: Image, rng: Rng) -> Image:
        hidden = jnp.ones((1, 1, 1, 1), bool)
        for axis, name in ((1, "down"), (2, "right")):
            size = x.shape[axis]
            hole = _pixels(size, ratio)
            center = _whole(rng.named(name), jnp.int32(0), size + 1 - hole % 2)
            index = jnp.arange(size, dtype=jnp.int32)[None] - (center - hole // 2)[:, None]
            shape = [len(x), 1, 1, 1]
            shape[axis] = size
            hidden = hidden & ((index >= 0) & (index < hole)).reshape(shape)
        return jnp.where(hidden, jnp.zeros((), x.dtype), x)

    return apply


color = composed(brightness(), saturation(), contrast())
"""DiffAugment's policy of that name."""

diff_augment = composed(color, translation(), cutout())
"""All of DiffAugment (Zhao et al. 2020), in the authors' order."""
