"""Normalizations, of the global batch and of a sample."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.types import AXIS

BatchNorm = partial(nn.BatchNorm, axis_name=AXIS)
"""Batch normalization synchronized over the devices of ``AXIS`` (Ioffe & Szegedy 2015).

``use_running_average=False`` takes the moments of the global batch, so that one device
and eight compute the same function; the moments are float32 whatever the dtype.
"""


def gain_init(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
    """Of a normalization's gains, as DCGAN's code and its heirs have it: normal, 1 +- 0.02."""
    return 1.0 + 0.02 * jax.random.normal(key, tuple(shape), dtype)


LayerNorm = partial(
    nn.LayerNorm,
    reduction_axes=(-3, -2, -1),
    feature_axes=-1,
    epsilon=1e-5,
    use_fast_variance=False,
)
"""Layer normalization of images ``[b, h, w, c]``: by the moments of each, over pixels and channels.

Ba et al. 2016, with one gain and bias per channel, as in WGAN-GP's code (layernorm.py). The
moments are float32 whatever the dtype.
"""

InstanceNorm = partial(
    nn.InstanceNorm, epsilon=1e-5, use_bias=False, use_scale=False, use_fast_variance=False
)
"""Instance normalization of images ``[b, h, w, c]``: by the moments of each channel of each image.

Ulyanov et al. 2016, without gain and bias, as in CycleGAN's code. The moments are float32 whatever
the dtype.
"""
