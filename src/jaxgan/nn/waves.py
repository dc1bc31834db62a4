"""Strided convolutions of waves, and phase shuffle.

A wave is an image of one row, so that the gradients, of any order, are those of
``jaxgan.nn.conv``, which are fast on every backend. On CPU the transposed convolution of a kernel
of 25 with stride 4 is one without gaps that computes four samples as channels;
``scripts/benchmarks/speed_notes.md`` has the times.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.nn.conv import Geometry, convolution, filtered, transposed_convolution
from jaxgan.rng import Rng, global_rows

Waves = Float[Array, "batch _ _"]
"""``[batch, samples, channels]``."""

Shared: TypeAlias = Literal["layer", "sample"]
"""What has one shift: all samples of the global batch in a layer, or each for itself."""


def same(samples: int, kernel: int, stride: int) -> Geometry:
    """Padding that gives ``ceil(samples / stride)`` samples (TensorFlow's ``SAME``).

    Where the padding is odd, its larger half comes last.
    """
    pad = max((-(-samples // stride) - 1) * stride + kernel - samples, 0)
    low, high = (0, pad // 2), (0, pad - pad // 2)
    return Geometry((1, samples), (1, kernel), (1, stride), low, high)


class WaveConv(nn.Module):
    """Strided convolution with ``SAME`` padding, ``[b, n, i] -> [b, n/s, o]``.

    The kernel is ``[k, i, o]``.
    """

    features: int
    kernel: int = 25
    stride: int = 4
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.glorot_uniform()
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Waves) -> Waves:
        """Convolves ``x``."""
        geometry = same(x.shape[1], self.kernel, self.stride)
        return _filtered(self, convolution, geometry, x, (x.shape[2], self.features))


class WaveConvTranspose(nn.Module):
    """The adjoint of ``WaveConv``, ``[b, n, i] -> [b, ns, o]``.

    The kernel is ``[k, o, i]``, as its adjoint's.
    """

    features: int
    kernel: int = 25
    stride: int = 4
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.glorot_uniform(in_axis=-1, out_axis=-2)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Waves) -> Waves:
        """Upsamples ``x``."""
        geometry = same(x.shape[1] * self.stride, self.kernel, self.stride)
        return _filtered(self, transposed_convolution, geometry, x, (self.features, x.shape[2]))


def _filtered(
    layer: WaveConv | WaveConvTranspose,
    operation: Callable[..., Any],
    geometry: Geometry,
    x: Waves,
    channels: tuple[int, int],
) -> Waves:
    """``filtered`` of one row."""
    row = x[:, None]
    return filtered(
        layer, operation, geometry, row, channels, change=lambda kernel: kernel[None], sides=1
    )[:, 0]


class PhaseShuffle(nn.Module):
    """Moves activations in time by a few samples at random, ``[b, n, c] -> [b, n, c]``.

    Donahue et al. 2019 (WaveGAN, section 3.3): the shift is uniform in ``-radius .. radius``, what
    moves in at the border is reflected. It keeps a discriminator from telling generated sounds by
    the phase of the artifacts of transposed convolutions. Shifts are those of training only.

    As with ``Dropout``, every call of a network in one phase of training gets the same shifts, and
    they do not depend on the number of devices.

    Attributes:
      radius: the largest shift, below ``n``; 0 for none.
      per: ``layer`` moves all samples of the global batch alike, as the authors' code does;
        ``sample`` each by a shift of its own.
    """

    radius: int
    per: Shared = "layer"

    @nn.compact
    def __call__(self, x: Waves, *, train: bool) -> Waves:
        """Moves ``x``."""
        if self.radius == 0 or not train or self.is_initializing():
            return x
        key, low, high = self.make_rng("noise"), -self.radius, self.radius + 1
        draw = partial(jax.random.randint, shape=(), minval=low, maxval=high)
        if self.per == "layer":
            return shifted(x, draw(key), self.radius)
        return shifted(x, jax.vmap(draw)(Rng(key, global_rows(len(x))).keys()), self.radius)


def shifted(x: Waves, shifts: jax.Array, radius: int) -> Waves:
    """``x`` moved later by ``shifts``, its borders reflected (and not repeated).

    Args:
      x: ``[b, n, c]``.
      shifts: int32 in ``-radius .. radius``, one or ``[b]``.
      radius: below ``n``.
    """
    samples = x.shape[1]
    wide = jnp.pad(x, ((0, 0), (radius, radius), (0, 0)), mode="reflect")
    if shifts.ndim == 0:
        return lax.dynamic_slice_in_dim(wide, radius - shifts, samples, axis=1)
    # A choice between few, whose gradient is one too, where that of a gather is a slow scatter.
    moved = jnp.zeros_like(x)
    for shift in range(-radius, radius + 1):
        there = wide[:, radius - shift : radius - shift + samples]
        moved = jnp.where((shifts == shift)[:, None, None], there, moved)
    return moved
