"""Two-dimensional convolutions whose gradients are fast on every backend.

A convolution is bilinear in its input and its kernel, and so are its two adjoints, the
gradient with respect to the input (a transposed convolution) and with respect to the
kernel. The derivative of each of the three is made of the other two, which gives
gradients of any order (penalties need the second) from three functions.

They are written out because XLA's CPU backend loses its fast path in two places: the
kernel gradient of a convolution inside a loop (jax issue 12868), and the kernel gradient
of a transposed convolution everywhere. Handing it a plain NHWC convolution over
explicitly transposed operands keeps the fast path. Other backends get XLA's own form.
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
    return _convolve(x, kernel, geometry.stride, padding)


def _input_gradient(geometry: Geometry, dy: Images, kernel: Kernel) -> Images:
    padding = []
    for n, m, k, s, lo in zip(
        geometry.size, geometry.output, geometry.kernel, geometry.stride, geometry.low, strict=True
    ):
        before = k - 1 - lo
        padding.append((before, n + k - 2 - (m - 1) * s - before))
    flipped = jnp.swapaxes(kernel[::-1, ::-1], 2, 3)
    return _convolve(dy, flipped, (1, 1), padding, dilation=geometry.stride)


def _kernel_gradient(geometry: Geometry, x: Images, dy: Images) -> Kernel:
    padding = []
    for n, m, k, s, lo in zip(
        geometry.size, geometry.output, geometry.kernel, geometry.stride, geometry.low, strict=True
    ):
        padding.append((lo, k - 1 + (m - 1) * s + 1 - n - lo))
    # The batch becomes the contracted feature axis, the channels the batch.
    x, dy = jnp.transpose(x, (3, 1, 2, 0)), jnp.transpose(dy, (1, 2, 0, 3))
    if jax.default_backend() == "cpu":
        # Without the barrier XLA folds the transposes back and takes the slow path.
        x, dy = lax.optimization_barrier((x, dy))
    out = _convolve(x, dy, (1, 1), padding, kernel_dilation=geometry.stride)
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
) -> Images:
    """``x`` under the layer's kernel, plus its bias: the body of every module of convolutions.

    Args:
      layer: a module inside ``nn.compact``, with ``kernel``, ``bias``, ``kernel_init``, ``dtype``.
      operation: ``convolution`` or ``transposed_convolution``.
      geometry: of the convolution, or of the one whose adjoint this is.
      x: the input.
      channels: the kernel's last two sizes.
      untied: whether every output pixel has its own bias.
    """
    shape = (layer.kernel, layer.kernel, *channels)
    kernel = layer.param("kernel", layer.kernel_init, shape, jnp.float32)
    y = operation(geometry, x.astype(layer.dtype), kernel.astype(layer.dtype))
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
