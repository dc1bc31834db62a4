"""Convolutions of doubled images, and averages of convolved ones, with fewer operations.

Repeating every pixel and then convolving with a kernel of side ``k`` is the adjoint of one
convolution of stride 2, whose kernel of side ``k + 1`` sums the given one over the places in a
2 x 2 block; convolving and then averaging over 2 x 2 blocks is such a convolution itself. For
``k = 3`` that is 4/9 of the multiplications (the fused scaling of Karras et al. 2018,
arXiv:1710.10196). A kernel of one pixel commutes with both instead, and is applied to the smaller
image. Parameters are those of ``Conv``; results differ by rounding only.

Where images are smoothed as they are resampled, as StyleGAN2's, the filter is applied to the larger
image, on its own: in one kernel with the convolution's it would have four times as many places.
"""

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.nn.conv import (
    Conv,
    Geometry,
    Images,
    Kernel,
    convolution,
    filtered,
    same,
    transposed_convolution,
)
from jaxgan.nn.resample import average_pool, smooth, smooth_downsample, upsample


def spread(kernel: Kernel) -> Kernel:
    """The kernel summed over its places in a 2 x 2 block, ``[k, k, ...] -> [k+1, k+1, ...]``."""
    rest = ((0, 0),) * 2
    tall = jnp.pad(kernel, ((0, 1), (0, 0), *rest)) + jnp.pad(kernel, ((1, 0), (0, 0), *rest))
    return jnp.pad(tall, ((0, 0), (0, 1), *rest)) + jnp.pad(tall, ((0, 0), (1, 0), *rest))


class UpsampledConv(Conv):
    """``Conv`` of ``upsample``, ``[b, h, w, i] -> [b, 2h, 2w, o]``, of stride 1."""

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Doubles ``x`` and convolves it."""
        height, width, channels = x.shape[1:]
        sizes = (channels, self.features)
        if self.kernel == 1:
            geometry = same((height, width), 1, 1)
            return upsample(filtered(self, convolution, geometry, x, sizes, self.untied))
        # An adjoint's kernel is turned, and with it the uneven padding of an even side.
        side, low, high = self.kernel + 1, self.kernel // 2, (self.kernel - 1) // 2
        size = (2 * height, 2 * width)
        geometry = Geometry(size, (side, side), (2, 2), (low, low), (high, high))

        def adjoint(kernel: Kernel) -> Kernel:
            return spread(jnp.swapaxes(kernel[::-1, ::-1], 2, 3))

        return filtered(self, transposed_convolution, geometry, x, sizes, self.untied, adjoint)


class PooledConv(Conv):
    """``average_pool`` of ``Conv``, ``[b, h, w, i] -> [b, h/2, w/2, o]``, of stride 1."""

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Convolves ``x`` and halves it."""
        height, width, channels = x.shape[1:]
        if height % 2 or width % 2:
            raise ValueError(f"an image of {height} x {width} pixels cannot be halved")
        sizes = (channels, self.features)
        if self.kernel == 1:
            geometry = same((height // 2, width // 2), 1, 1)
            return filtered(self, convolution, geometry, average_pool(x), sizes, self.untied)
        geometry = same((height, width), self.kernel + 1, 2)

        def mean(kernel: Kernel) -> Kernel:
            return spread(kernel) / 4

        return filtered(self, convolution, geometry, x, sizes, self.untied, mean)


def doubling_convolution(x: Images, kernel: Kernel) -> Images:
    """Zeros between the pixels, a convolution, a smoothing, ``[b, h, w, i] -> [b, 2h, 2w, o]``.

    Karras et al. 2020 (StyleGAN2, its code): the filter is ``[1, 3, 3, 1] / 4`` both ways.

    Args:
      x: the images.
      kernel: ``[3, 3, i, o]``, of a convolution in the mathematician's sense: turned.
    """
    height, width = x.shape[1:3]
    size = (2 * height + 1, 2 * width + 1)
    geometry = Geometry(size, (3, 3), (2, 2), (0, 0), (0, 0))
    # Of four pixels three are zeros.
    adjoint = 4.0 * jnp.swapaxes(kernel, 2, 3)
    return smooth(transposed_convolution(geometry, x, adjoint), 1)


def halving_convolution(x: Images, kernel: Kernel) -> Images:
    """A smoothing and a convolution of stride 2, ``[b, h, w, i] -> [b, h/2, w/2, o]``.

    Karras et al. 2020 (StyleGAN2, its code): the filter is ``[1, 3, 3, 1] / 8`` both ways, zeros
    around the image.

    Args:
      x: the images.
      kernel: ``[3, 3, i, o]``, or of one pixel.
    """
    if len(kernel) == 1:
        small = smooth_downsample(x)
        return convolution(same(small.shape[1:3], 1, 1), small, kernel)
    smoothed = smooth(x, 2)
    height, width = smoothed.shape[1:3]
    geometry = Geometry((height, width), (3, 3), (2, 2), (0, 0), (0, 0))
    return convolution(geometry, smoothed, kernel)
