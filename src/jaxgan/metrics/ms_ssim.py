r"""Multi-scale structural similarity, and the diversity measured with it.

Wang, Simoncelli and Bovik 2003, "Multi-scale structural similarity for image quality assessment":
the product over scales of contrast-structure terms, ``cs_j^{w_j}``, and at the coarsest of the
whole SSIM; Gaussian window of deviation 1.5 pixels without padding, scales by 2x2 means.
Odena et al. 2017 ("Conditional image synthesis with auxiliary classifier GANs", section 4.2) take
the mean over random pairs of one class's images: lower is more diverse.

Five scales and an 11-pixel window need images of 176 pixels and more. For smaller ones say which
scales and window were used (``fit`` picks them): numbers of different choices do not compare.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.errors import UserError
from jaxgan.metrics.metric import Comparison, Found, Metric

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The paper's exponents, finest scale first. Fewer scales take the first, divided by their sum."""

PAIRS = 2000
"""Random pairs of which the metric is the mean."""

K1, K2, RANGE = 0.01, 0.03, 255.0


@dataclasses.dataclass(frozen=True)
class Scales:
    """Number of scales, and width and deviation of the window in pixels: part of the result."""

    scales: int = 5
    window: int = 11
    deviation: float = 1.5


@dataclasses.dataclass(frozen=True)
class Diversity:
    """Mean MS-SSIM over pairs, its standard error, and what it was computed with."""

    similarity: float
    standard_error: float
    pairs: int
    scales: Scales


def fit(height: int, width: int) -> Scales:
    """As many scales as an 11-pixel window allows; below 11 pixels one, of a smaller window."""
    side = min(height, width)
    if side < 11:
        return Scales(1, max(side - 1 + side % 2, 1))
    scales = 1
    while scales < 5 and side >> scales >= 11:
        scales += 1
    return Scales(scales)


@functools.partial(jax.jit, static_argnames="scales")
def ms_ssim(first: jax.Array, second: jax.Array, scales: Scales) -> jax.Array:
    """The MS-SSIM of each pair of images, float32 ``[n]``, mean over channels.

    Args:
      first: ``[n, height, width, channels]``, 0 to 255.
      second: as ``first``.
      scales: see ``fit``. A negative contrast term counts as 0, as in TensorFlow.

    Raises:
      UserError: the images are too small for it.
    """
    if not 1 <= scales.scales <= len(WEIGHTS):
        raise UserError(f"MS-SSIM has 1 to {len(WEIGHTS)} scales, not {scales.scales}.")
    side = min(first.shape[1:3])
    if side >> (scales.scales - 1) < scales.window:
        raise UserError(
            f"Images of {side} pixels are too small for {scales.scales} scales and a window of "
            f"{scales.window}; {fit(*first.shape[1:3])} fits."
        )
    weights = np.array(WEIGHTS[: scales.scales])
    weights = weights / weights.sum()
    x, y = first.astype(jnp.float32), second.astype(jnp.float32)
    value = jnp.ones(())
    for scale, weight in enumerate(weights):
        similarity, contrast = similarity_terms(x, y, scales)
        last = scale == scales.scales - 1
        term = jnp.maximum(similarity if last else contrast, 0)
        value = value * term ** float(weight)
        if not last:
            x, y = _halve(x), _halve(y)
    return jnp.mean(value, axis=-1)


def diversity(
    images: np.ndarray,
    *,
    pairs: int = 1000,
    seed: int = 0,
    scales: Scales | None = None,
    batch: int = 64,
) -> Diversity:
    """The mean MS-SSIM of random pairs of different images.

    Args:
      images: uint8 ``[n, height, width, channels]``, of one class where there are classes.
      pairs: how many, drawn with replacement.
      seed: of the draw.
      scales: None for ``fit``.
      batch: pairs at once.

    Raises:
      UserError: fewer than two images, or too small for ``scales``.
    """
    images = np.asarray(images)
    if images.ndim != 4 or len(images) < 2:
        raise UserError(f"Pairs need two images or more [n, h, w, c]; got {images.shape}.")
    scales = scales or fit(*images.shape[1:3])
    rng = np.random.default_rng(seed)
    first = rng.integers(len(images), size=pairs)
    second = (first + rng.integers(1, len(images), size=pairs)) % len(images)  # never itself
    values = []
    for start in range(0, pairs, batch):
        # The last batch is filled up by repeating rows: one shape, one compilation.
        rows = np.arange(start, start + batch) % pairs
        count = min(batch, pairs - start)
        values.append(
            np.asarray(ms_ssim(images[first[rows]], images[second[rows]], scales))[:count]
        )
    values = np.concatenate(values).astype(np.float64)
    error = float(values.std(ddof=1) / np.sqrt(pairs)) if pairs > 1 else float("nan")
    return Diversity(float(values.mean()), error, pairs, scales)


def _window(scales: Scales) -> np.ndarray:
    places = np.arange(scales.window) - (scales.window - 1) / 2
    window = np.exp(-(places**2) / (2 * scales.deviation**2))
    return (window / window.sum()).astype(np.float32)


def _blur(x: jax.Array, window: np.ndarray) -> jax.Array:
    """Weighted means without padding, one axis after the other."""
    # As sums of shifted images: XLA's depthwise convolution is slow on the CPU.
    for axis in (1, 2):
        size = x.shape[axis] - len(window) + 1
        shifted = (lax.slice_in_dim(x, at, at + size, axis=axis) for at in range(len(window)))
        parts = (float(weight) * part for weight, part in zip(window, shifted, strict=True))
        x = functools.reduce(jnp.add, parts)
    return x


def similarity_terms(x: jax.Array, y: jax.Array, scales: Scales) -> tuple[jax.Array, jax.Array]:
    """SSIM and its contrast-structure factor, means over places, float32 ``[n, channels]``.

    Both images are float32 ``[n, h, w, channels]``, 0 to 255.
    """
    window = _window(scales)
    # Second moments about 128, not 0: variances are then not small differences of large numbers.
    x, y = x - RANGE / 2, y - RANGE / 2
    x_mean, y_mean = _blur(x, window), _blur(y, window)
    variances = _blur(x * x + y * y, window) - x_mean**2 - y_mean**2
    covariance = _blur(x * y, window) - x_mean * y_mean
    x_mean, y_mean = x_mean + RANGE / 2, y_mean + RANGE / 2
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    contrast = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * x_mean * y_mean + c1) / (x_mean**2 + y_mean**2 + c1)
    return jnp.mean(luminance * contrast, axis=(1, 2)), jnp.mean(contrast, axis=(1, 2))


def _halve(x: jax.Array) -> jax.Array:
    """Means of 2x2 pixels; an odd last row or column is left out."""
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return jnp.mean(x.reshape(n, height // 2, 2, width // 2, 2, channels), axis=(2, 4))


def _compute(comparison: Comparison) -> Found:
    images, labels = comparison.generated.array(), comparison.generated.labels
    sets = [images] if labels is None else [images[labels == label] for label in np.unique(labels)]
    pairs, scales = _pairs(len(sets)), _scales(comparison)
    found = [diversity(one, pairs=pairs, scales=scales) for one in sets]
    values = np.array([each.similarity for each in found])
    errors = np.array([each.standard_error for each in found])
    return {
        "similarity": float(values.mean()),
        "standard_error": float(np.sqrt(np.sum(errors**2)) / len(found)),
    }, {}


def _pairs(sets: int) -> int:
    return max(PAIRS // sets, 2)


def _scales(comparison: Comparison) -> Scales:
    height, width, _ = comparison.generated.shape
    return fit(height, width)


def _parameters(comparison: Comparison) -> dict[str, Any]:
    labels = comparison.generated.labels
    sets = 1 if labels is None else len(np.unique(labels))
    about = {"pairs": _pairs(sets) * sets, "within_classes": labels is not None}
    return about | dataclasses.asdict(_scales(comparison))


METRIC = Metric(
    name="ms-ssim",
    about="similarity of random pairs of samples, within each class where there are labels",
    compute=_compute,
    values={"similarity": "lower", "standard_error": ""},
    title=lambda distance: "MS-SSIM",
    network="",
    parameters=_parameters,
    against="",
    precision="float32",
    keeps="samples",
)
