"""The loss of completed images: how far the prediction is from what was hidden."""

import jax.numpy as jnp

from jaxgan.types import Outputs, Scalar


def weighted_squared_error(outputs: Outputs) -> Scalar:
    """``mean(w (G(x) - y)^2)`` over pixels, channels and rows (Pathak et al. 2016, equation 1).

    ``y`` is ``outputs.real``; the extras hold the prediction ``predicted`` and the ``weights`` of
    its pixels, which need not have a mean of 1: the authors' code multiplies the error of the known
    border by ten and divides by the number of values.
    """
    predicted = outputs.extras["predicted"].astype(jnp.float32)
    return jnp.mean(outputs.extras["weights"] * jnp.square(predicted - outputs.real))
