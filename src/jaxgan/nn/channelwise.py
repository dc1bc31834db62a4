"""Filters of two dimensions that see each channel of each image by itself."""

from typing import Literal

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def channelwise(
    x: jax.Array, taps: ArrayLike, stride: int = 1, padding: Literal["SAME", "VALID"] = "VALID"
) -> jax.Array:
    """Images under one filter, ``[b, h, w, c] -> [b, h', w', c]``.

    ``y[i, j] = sum_kl taps[k, l] x[stride i + k, stride j + l]``, as a convolution of ``b c``
    images of one channel.

    Args:
      x: the images.
      taps: the filter, ``[k, l]``.
      stride: of the result's places.
      padding: zeros around the image that keep its size (``SAME``), or none.
    """
    batch, height, width, channels = x.shape
    alone = jnp.moveaxis(x, -1, 1).reshape(batch * channels, height, width, 1)
    kernel = jnp.asarray(taps, x.dtype)[:, :, None, None]
    y = jax.lax.conv_general_dilated(
        alone, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return jnp.moveaxis(y.reshape(batch, channels, *y.shape[1:3]), 1, -1)
