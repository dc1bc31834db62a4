"""Structural similarity to the true image.

Wang, Bovik, Sheikh & Simoncelli 2004, "Image quality assessment: from error visibility to
structural similarity", equation 13: a Gaussian window of 11 pixels and deviation 1.5 without
padding, K1 = 0.01, K2 = 0.03, range 255; the mean over places and channels.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.metrics.metric import Metric
from jaxgan.metrics.ms_ssim import Scales, fit, similarity_terms
from jaxgan.metrics.paired import MODALITIES, mean_of


def _scale(height: int, width: int) -> Scales:
    """One scale; images below 11 pixels get a smaller window."""
    return dataclasses.replace(fit(height, width), scales=1)


def ssim(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    """The SSIM of each pair of images uint8 ``[n, h, w, c]``, float32 ``[n]``."""
    return np.asarray(_ssim(true, made, _scale(*true.shape[1:3])))


@functools.partial(jax.jit, static_argnames="scale")
def _ssim(true: jax.Array, made: jax.Array, scale: Scales) -> jax.Array:
    similarity, _ = similarity_terms(true.astype(jnp.float32), made.astype(jnp.float32), scale)
    return jnp.mean(similarity, axis=-1)


METRIC = Metric(
    name="ssim",
    about="structural similarity to the true image, one scale",
    compute=mean_of(ssim),
    values={"mean": "higher", "standard_error": ""},
    title=lambda distance: "SSIM",
    network="",
    modalities=MODALITIES,
    parameters=lambda comparison: dataclasses.asdict(_scale(*comparison.generated.shape[:2])),
    real_score="",
    precision="float32",
    keeps="samples",
    paired=True,
)
