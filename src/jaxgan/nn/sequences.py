"""Convolutions of sequences ``[batch, time, channels]``: strided, dilated, grouped.

All of them are convolutions of stride 1 and without holes, of which ``jaxgan.nn.conv`` has fast
gradients of any order: a stride sees blocks of samples as channels, a transposed convolution makes
such blocks (sub-pixel convolution), and a dilation sees every ``d``-th sample as a row of its own.
On CPU, where XLA has no fast grouped convolution, the kernel of a narrow one is filled up with
zeros.
"""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.nn.conv import Geometry, convolution
from jaxgan.types import Key
from jaxgan.xla import target

Sequence = Float[Array, "batch _ _"]
"""``[batch, time, channels]``."""

SequenceKernel = Float[Array, "_ _ _"]
"""``[taps, input channels of a group, output channels]``."""

NARROW = 64
"""Input channels up to which groups are computed as one kernel with zeros between them, on CPU."""

torch_kernel = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""PyTorch's default for convolutions, uniform within ``1 / sqrt(fan_in)``."""


def convolve(
    x: Sequence,
    kernel: SequenceKernel,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
) -> Sequence:
    """``y[t] = sum_j kernel[j] x[t stride + (j - (taps - 1) / 2) dilation]``, zeros outside.

    ``[b, n, i] -> [b, (n - 1) // stride + 1, o]`` for an odd number of taps. Output channels are
    divided into ``groups``, each of which sees its own inputs alone, in their order.
    """
    taps, pad = len(kernel), (len(kernel) - 1) // 2
    count = (x.shape[1] + 2 * pad - taps) // stride + 1
    if groups > 1:
        if target() != "cpu" or kernel.shape[1] * groups > NARROW:
            return lax.conv_general_dilated(
                x,
                kernel,
                (stride,),
                [(pad * dilation, pad * dilation)],
                rhs_dilation=(dilation,),
                feature_group_count=groups,
                dimension_numbers=("NHC", "HIO", "NHC"),
            )
        kernel = _filled(kernel, groups)
    if dilation > 1:
        assert stride == 1, "a stride and a dilation"
        return _dilated(x, kernel, pad, dilation)
    if stride > 1:
        x, kernel = _blocks(x, kernel, pad, stride, count)
        pad = 0
    return _rows(x[:, None], kernel, pad)[:, 0]


def convolve_transposed(x: Sequence, kernel: SequenceKernel, stride: int, cut: int) -> Sequence:
    """``y[t + j - cut] += kernel[j] x[t / stride]``, ``[b, n, i] -> [b, m, o]``.

    With ``m = (n - 1) stride + taps - 2 cut``, as PyTorch's ``ConvTranspose1d`` of that padding.
    """
    taps, inputs, outputs = kernel.shape
    length = (x.shape[1] - 1) * stride + taps - 2 * cut
    blocks = -(-taps // stride)
    kernel = jnp.pad(kernel, ((0, blocks * stride - taps), (0, 0), (0, 0)))
    kernel = kernel.reshape(blocks, stride, inputs, outputs)[::-1].transpose(0, 2, 1, 3)
    y = _rows(x[:, None], kernel.reshape(blocks, inputs, stride * outputs), blocks - 1)[:, 0]
    return y.reshape(len(x), -1, outputs)[:, cut : cut + length]


def _rows(x: Array, kernel: SequenceKernel, pad: int) -> Array:
    """Every row of ``[b, rows, n, i]`` under a kernel, ``[b, rows, n + 2 pad - taps + 1, o]``."""
    rows, count = x.shape[1:3]
    geometry = Geometry((rows, count), (1, len(kernel)), (1, 1), (0, pad), (0, pad))
    return convolution(geometry, x, kernel[None])


def _dilated(x: Sequence, kernel: SequenceKernel, pad: int, dilation: int) -> Sequence:
    """Every ``dilation``-th sample is a row: no other one meets it."""
    b, n, i = x.shape
    each = -(-n // dilation)
    x = jnp.pad(x, ((0, 0), (0, each * dilation - n), (0, 0)))
    y = _rows(x.reshape(b, each, dilation, i).swapaxes(1, 2), kernel, pad)
    return y.swapaxes(1, 2).reshape(b, each * dilation, -1)[:, :n]


def _blocks(
    x: Sequence, kernel: SequenceKernel, pad: int, stride: int, count: int
) -> tuple[Sequence, SequenceKernel]:
    """A strided convolution as one of blocks of ``stride`` samples: its input and its kernel."""
    (b, n, i), (taps, _, o) = x.shape, kernel.shape
    blocks = -(-taps // stride)
    length = (count + blocks - 1) * stride
    after = max(0, length - n - pad)
    x = jnp.pad(x, ((0, 0), (pad, after), (0, 0)))[:, :length]
    kernel = jnp.pad(kernel, ((0, blocks * stride - taps), (0, 0), (0, 0)))
    return x.reshape(b, -1, stride * i), kernel.reshape(blocks, stride * i, o)


def _filled(kernel: SequenceKernel, groups: int) -> SequenceKernel:
    """The same kernel for all inputs, zeros between the groups, ``[taps, groups i, o]``."""
    taps, i, o = kernel.shape
    own = jnp.eye(groups, dtype=kernel.dtype)[:, None, :, None]
    return (kernel.reshape(taps, 1, i, groups, o // groups) * own).reshape(taps, groups * i, o)


class SequenceConv(nn.Module):
    """Convolution with half of the taps as padding, ``[b, n, i] -> [b, (n - 1) / stride + 1, o]``.

    Attributes:
      features: output channels, ``o``.
      kernel: taps, an odd number.
      stride: of the output.
      dilation: samples from one tap to the next.
      groups: of channels that see each other.
      weight_norm: whether each output channel's kernel is a direction times the parameter ``gain``
        (Salimans & Kingma 2016, "Weight normalization", equation 2), which begins as its norm.
      kernel_init: of the kernel.
      dtype: of the output.
    """

    features: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    weight_norm: bool = False
    kernel_init: Callable[..., Any] = torch_kernel
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Sequence) -> Sequence:
        """Convolves ``x``."""
        shape = (self.kernel, x.shape[-1] // self.groups, self.features)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        fan_in = shape[0] * shape[1]
        if self.weight_norm:
            kernel = _normalized(self, kernel, (0, 1))
        kernel, x = kernel.astype(self.dtype), x.astype(self.dtype)
        return _with_bias(
            self, convolve(x, kernel, self.stride, self.dilation, self.groups), fan_in
        )


class SequenceConvTranspose(nn.Module):
    """Transposed convolution to ``stride`` times as many samples, ``[b, n, i] -> [b, n s, o]``.

    The kernel is ``[taps, i, o]``, and ``(taps - stride) / 2`` samples are cut off at both ends.
    PyTorch's weight normalization gives each *input* channel's kernel a gain here, and so does
    this one. Its default for kernels takes outputs for inputs.
    """

    features: int
    kernel: int
    stride: int
    weight_norm: bool = False
    kernel_init: Callable[..., Any] = nn.initializers.variance_scaling(
        1 / 3, "fan_in", "uniform", in_axis=-1, out_axis=-2
    )
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Sequence) -> Sequence:
        """Enlarges ``x``."""
        shape = (self.kernel, x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        if self.weight_norm:
            kernel = _normalized(self, kernel, (0, 2))
        cut = (self.kernel - self.stride) // 2
        y = convolve_transposed(x.astype(self.dtype), kernel.astype(self.dtype), self.stride, cut)
        return _with_bias(self, y, self.kernel * self.features)


def _normalized(layer: nn.Module, kernel: SequenceKernel, axes: tuple[int, int]) -> SequenceKernel:
    """The kernel's directions times the layer's gains; norms are taken over these axes."""
    norm = jnp.sqrt(jnp.sum(jnp.square(kernel), axes, keepdims=True))
    gain = layer.param("gain", lambda key: norm.ravel())
    return kernel * (gain.reshape(norm.shape) / norm)


def _with_bias(layer: SequenceConv | SequenceConvTranspose, y: Sequence, fan_in: int) -> Sequence:
    """``y`` plus the layer's bias, which begins as PyTorch's, within ``1 / sqrt(fan_in)``."""
    bound = 1 / math.sqrt(fan_in)

    def init(key: Key) -> Array:
        return jax.random.uniform(key, (layer.features,), jnp.float32, -bound, bound)

    return y + layer.param("bias", init).astype(layer.dtype)
