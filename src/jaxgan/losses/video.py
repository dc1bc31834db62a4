"""Losses of clips."""

import jax.numpy as jnp

from jaxgan.types import Outputs, Scalar


def mask_size(outputs: Outputs) -> Scalar:
    """``E |m|``, the foreground's mean share of a pixel (Vondrick et al. 2016, section 3.2).

    The authors' code sums the mask's absolute values and divides by their number.
    """
    return jnp.mean(jnp.abs(outputs.extras["mask"].astype(jnp.float32)))
