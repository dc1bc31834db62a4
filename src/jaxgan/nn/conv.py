"""Two-dimensional convolutions whose gradients are fast on every backend.

A convolution is bilinear in its input and its kernel, and so are its two adjoints, the
gradient with respect to the input (a transposed convolution) and with respect to the
kernel. The derivative of each of the three is made of the other two, which gives
gradients of any order (penalties need the second) from three functions.

They are written out because XLA's CPU backend loses its fast path in two places: the
kernel gradient of a convolution inside a loop (jax issue 12868), and the kernel gradient
of a transposed convolution everywhere. Handing it a plain NHWC convolution over
explicitly transposed operands keeps the fast path. It is slow, too, where a convolution has fewer
than a handful of output channels, as images have, and where the stride of a transposed one divides
its kernel's side: these are computed in other ways. Other backends get XLA's own form;
``scripts/benchmarks/speed_notes.md`` has the times.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.xla import target

Images = Float[Array, "batch _ _ _"]
"""``[batch, height, width, channels]``; a convolution changes all but the first."""

Kernel = Float[Array, "_ _ _ _"]
"""``[height, width, input channels, output channels]``."""


@dataclasses.dataclass(frozen=True)
class Geometry:
    """How a kernel moves over an image, per spatial axis (height, width)."""

    size: tuple[int, int]
    """Height and width of the convolution's input."""
    kernel: tuple[int, int]
    stride: tuple[int, int]
    low: tuple[int, int]
    """Padding before the first row and column."""
    high: tuple[int, int]
    """Padding after the last row and column."""

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the convolution's output."""
        sizes = zip(self.size, self.low, self.high, self.kernel, self.stride, strict=True)
        height, width = ((n + lo + hi - k) // s + 1 for n, lo, hi, k, s in sizes)
        return height, width


def same(size: Sequence[int], kernel: int, stride: int) -> Geometry:
    """Padding that gives an output of ``ceil(size / stride)`` (TensorFlow's ``SAME``)."""
    pads = [max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in size]
    low = (pads[0] // 2, pads[1] // 2)
    high = (pads[0] - low[0], pads[1] - low[1])
    return Geometry((size[0], size[1]), (kernel, kernel), (stride, stride), low, high)


def _convolve(x, kernel, stride, padding, dilation=(1, 1), kernel_dilation=(1, 1)):
    return lax.conv_general_dilated(
        x,
        kernel,
        stride,
        padding,
        lhs_dilation=dilation,
        rhs_dilation=kernel_dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def _forward(geometry: Geometry, x: Images, kernel: Kernel) -> Images:
    padding = list(zip(geometry.low, geometry.high, strict=True))
    if _few_outputs(kernel) and geometry.stride == (1, 1):
        return _by_pixel(x, kernel, padding)
    return _convolve(x, kernel, geometry.stride, padding)


FEW = 4
"""Output channels up to which XLA's convolution on CPU is slower than ``_by_pixel``."""


def _few_outputs(kernel: Kernel) -> bool:
    """Whether there are few enough, of more inputs, on CPU."""
    inputs, outputs = kernel.shape[2:]
    return target() == "cpu" and outputs <= FEW < inputs


def _by_pixel(x: Images, kernel: Kernel, padding: Sequence[tuple[int, int]]) -> Images:
    """A convolution of stride 1: a product for all places of the kernel, then a sum over them."""
    (kh, kw, i, o), (height, width) = kernel.shape, x.shape[1:3]
    places = jnp.transpose(kernel, (2, 0, 1, 3)).reshape(i, kh * kw * o)
    products = lax.dot_general(x, places, (((3,), (0,)), ((), ())))
    zero = jnp.zeros((), x.dtype)
    products = lax.pad(products, zero, [(0, 0, 0), *((*pad, 0) for pad in padding), (0, 0, 0)])
    products = products.reshape(*products.shape[:3], kh, kw, o)
    rows, columns = (n + sum(pad) for n, pad in zip((height, width), padding, strict=True))
    m, n = rows - kh + 1, columns - kw + 1
    places = [(a, c) for a in range(kh) for c in range(kw)]
    return sum(products[:, a : a + m, c : c + n, a, c] for a, c in places)  # type: ignore


def _input_gradient(geometry: Geometry, dy: Images, kernel: Kernel) -> Images:
    strided = geometry.stride != (1, 1)
    if geometry.kernel[0] == 1:  # of waves
        geometry, kernel = _filled_up(geometry, kernel)
    divided = all(k % s == 0 for k, s in zip(geometry.kernel, geometry.stride, strict=True))
    if strided and divided and target() == "cpu":
        return _interleaved(geometry, dy, kernel)
    padding = []
    for n, m, k, s, lo in zip(
        geometry.size, geometry.output, geometry.kernel, geometry.stride, geometry.low, strict=True
    ):
        before = k - 1 - lo
        padding.append((before, n + k - 2 - (m - 1) * s - before))
    flipped = jnp.swapaxes(kernel[::-1, ::-1], 2, 3)
    if _few_outputs(flipped) and not strided:
        return _by_pixel(dy, flipped, padding)
    return _convolve(dy, flipped, (1, 1), padding, dilation=geometry.stride)


def _filled_up(geometry: Geometry, kernel: Kernel) -> tuple[Geometry, Kernel]:
    """The same convolution, zeros at the kernel's end making its width a multiple of the stride."""
    more = -geometry.kernel[1] % geometry.stride[1]
    (kh, kw), (top, right) = geometry.kernel, geometry.high
    wider = dataclasses.replace(geometry, kernel=(kh, kw + more), high=(top, right + more))
    return wider, jnp.pad(kernel, ((0, 0), (0, more), (0, 0), (0, 0)))


def _interleaved(geometry: Geometry, dy: Images, kernel: Kernel) -> Images:
    """The gradient with respect to the input, where the stride divides the kernel's side.

    A pixel of it meets every ``stride``-th row and column of the kernel, which depend on its place
    in its block of ``stride x stride`` pixels. So one convolution without gaps computes all places
    of a block as channels, and these are then laid out (sub-pixel convolution, Shi et al. 2016,
    arXiv:1609.05158).
    """
    (sh, sw), (i, o) = geometry.stride, kernel.shape[2:]
    th, tw = geometry.kernel[0] // sh, geometry.kernel[1] // sw
    padding, begin = [], []
    for n, m, s, lo, taps in zip(
        geometry.size, geometry.output, geometry.stride, geometry.low, (th, tw), strict=True
    ):
        first, last = lo // s, (n - 1 + lo) // s  # blocks, counted from the padding's first pixel
        padding.append((taps - 1 - first, last - (m - 1)))
        begin.append(lo - s * first)
    split = kernel.reshape(th, sh, tw, sw, i, o)[::-1, :, ::-1]
    split = split.transpose(0, 2, 5, 1, 3, 4).reshape(th, tw, o, sh * sw * i)
    blocks = _convolve(dy, split, (1, 1), padding)
    b, h, w, _ = blocks.shape
    x = blocks.reshape(b, h, w, sh, sw, i).transpose(0, 1, 3, 2, 4, 5)
    x = x.reshape(b, h * sh, w * sw, i)
    (top, left), (height, width) = begin, geometry.size
    return x[:, top : top + height, left : left + width]


def _kernel_gradient(geometry: Geometry, x: Images, dy: Images) -> Kernel:
    cpu, stride = target() == "cpu", geometry.stride
    if cpu and geometry.kernel == geometry.stride == (1, 1):
        return lax.dot_general(x, dy, (((0, 1, 2), (0, 1, 2)), ((), ())))[None, None]
    # The batch becomes the contracted feature axis, the channels the batch.
    padding = []
    for n, m, k, s, lo in zip(
        geometry.size, geometry.output, geometry.kernel, stride, geometry.low, strict=True
    ):
        padding.append((lo, k - 1 + (m - 1) * s + 1 - n - lo))
    if not cpu:
        x, dy = jnp.transpose(x, (3, 1, 2, 0)), jnp.transpose(dy, (1, 2, 0, 3))
        out = _convolve(x, dy, (1, 1), padding, kernel_dilation=stride)
        return jnp.transpose(out, (1, 2, 0, 3))
    # Without the barriers XLA merges the transposes with what makes x and dy, or folds them into
    # the convolution, and either takes several times as long.
    x, dy = lax.optimization_barrier((x, dy))
    if stride == (1, 1) and dy.shape[-1] < x.shape[-1] and min(geometry.kernel) > 1:
        # The other way around, since convolutions are faster with more outputs. Of sequences, with
        # kernels of one row, it is many times slower.
        padding = [
            (k - 1 - lo, n - m + lo)
            for n, m, k, lo in zip(
                geometry.size, geometry.output, geometry.kernel, geometry.low, strict=True
            )
        ]
        dy, x = jnp.transpose(dy, (3, 1, 2, 0)), jnp.transpose(x, (1, 2, 0, 3))
        dy, x = lax.optimization_barrier((dy, x))
        return jnp.transpose(_convolve(dy, x, (1, 1), padding)[:, ::-1, ::-1], (1, 2, 3, 0))
    x, dy = jnp.transpose(x, (3, 1, 2, 0)), jnp.transpose(dy, (1, 2, 0, 3))
    x, dy = lax.optimization_barrier((x, dy))
    out = _convolve(x, dy, (1, 1), padding, kernel_dilation=stride)
    return jnp.transpose(out, (1, 2, 0, 3))


def _bilinear(compute: Callable, first: Callable, second: Callable) -> Callable:
    """A bilinear function with given adjoints in its first and second operand."""

    @partial(jax.custom_vjp, nondiff_argnums=(0,))
    def function(geometry, a, b):
        return compute(geometry, a, b)

    def forward(geometry, a, b):
        return function(geometry, a, b), (a, b)

    def backward(geometry, operands, cotangent):
        a, b = operands
        return first(geometry, a, b, cotangent), second(geometry, a, b, cotangent)

    function.defvjp(forward, backward)
    return function


convolution = _bilinear(
    _forward,
    lambda geometry, x, kernel, dy: transposed_convolution(geometry, dy, kernel),
    lambda geometry, x, kernel, dy: kernel_gradient(geometry, x, dy),
)
"""``(geometry, x [b, *size, i], kernel [k, k, i, o]) -> y [b, *output, o]``."""

transposed_convolution = _bilinear(
    _input_gradient,
    lambda geometry, dy, kernel, dx: convolution(geometry, dx, kernel),
    lambda geometry, dy, kernel, dx: kernel_gradient(geometry, dx, dy),
)
"""``(geometry, y [b, *output, o], kernel [k, k, i, o]) -> x [b, *size, i]``, the adjoint."""

kernel_gradient = _bilinear(
    _kernel_gradient,
    lambda geometry, x, dy, kernel: transposed_convolution(geometry, dy, kernel),
    lambda geometry, x, dy, kernel: convolution(geometry, x, kernel),
)
"""``(geometry, x, y) -> kernel [k, k, i, o]``, the gradient of ``convolution``."""


def filtered(
    layer: Any,
    operation: Callable[..., Images],
    geometry: Geometry,
    x: Images,
    channels: tuple[int, int],
    untied: bool = False,
    change: Callable[[Kernel], Kernel] = lambda kernel: kernel,
    sides: int = 2,
) -> Images:
    """``x`` under the layer's kernel, plus its bias: the body of every module of convolutions.

    Args:
      layer: a module inside ``nn.compact``, with ``kernel``, ``bias``, ``kernel_init``, ``dtype``.
      operation: ``convolution`` or ``transposed_convolution``.
      geometry: of the convolution, or of the one whose adjoint this is.
      x: the input.
      channels: the kernel's last two sizes.
      untied: whether every output pixel has its own bias.
      change: makes the kernel that is applied of the layer's, in float32.
      sides: of the layer's kernel, ``layer.kernel`` each.
    """
    shape = (layer.kernel,) * sides + channels
    kernel = layer.param("kernel", layer.kernel_init, shape, jnp.float32)
    y = operation(geometry, x.astype(layer.dtype), change(kernel).astype(layer.dtype))
    if layer.bias:
        size = y.shape[1:] if untied else y.shape[-1:]
        y += layer.param("bias", nn.initializers.zeros, size).astype(layer.dtype)
    return y


class Conv(nn.Module):
    """Strided convolution with ``SAME`` padding, ``[b, h, w, i] -> [b, h/s, w/s, o]``.

    ``untied`` gives every output pixel its own bias.
    """

    features: int
    kernel: int
    stride: int = 1
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32
    untied: bool = False

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """How the kernel moves over an input of this height and width."""
        return same(size, self.kernel, self.stride)

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Convolves ``x``."""
        geometry = self.geometry((x.shape[1], x.shape[2]))
        channels = (x.shape[-1], self.features)
        return filtered(self, convolution, geometry, x, channels, self.untied)


class ConvTranspose(nn.Module):
    """The adjoint of a strided ``SAME`` convolution, ``[b, h, w, i] -> [b, hs, ws, o]``."""

    features: int
    kernel: int
    stride: int = 2
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)
    dtype: Any = jnp.float32

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """That of the convolution whose output has this height and width."""
        height, width = (n * self.stride for n in size)
        return same((height, width), self.kernel, self.stride)

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Upsamples ``x``; the kernel is ``[k, k, output, input]``, as its adjoint's."""
        geometry = self.geometry((x.shape[1], x.shape[2]))
        channels = (self.features, x.shape[-1])
        return filtered(self, transposed_convolution, geometry, x, channels)
