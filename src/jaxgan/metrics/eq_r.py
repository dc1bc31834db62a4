"""EQ-R: how well images turn with what they are made from.

Karras et al. 2021, "Alias-free generative adversarial networks" (StyleGAN3), section 2.2 and
appendix E.2: the peak signal-to-noise ratio between turned images and images of a turned input,
over the pixels that both have. The angle may be any.

Turned pixels are no pixels: an image is turned by a filter that lets through what both grids, the
old and the turned one, can show. The images it is compared with pass the same filter.
"""

import jax
import numpy as np
from scipy import ndimage, signal

from jaxgan.errors import UserError
from jaxgan.metrics.eq_t import AT_ONCE, IMAGES_MADE, signal_to_noise
from jaxgan.metrics.metric import IMAGES, Comparison, Found, Generator, Metric

LANCZOS = 3
"""Pixels to each side of a window of one grid."""

REACH = 2 * LANCZOS
"""Pixels to each side of the filter, which is of two grids."""

FIELD = 64
"""Pixels to each side in which both grids' filters are convolved with one another."""

FINER = 4
"""Places between two pixels at which a turned image is known, and between them interpolated."""


def rotation(angle: float) -> np.ndarray:
    """The matrix ``[2, 2]`` that turns places (right, down) by an angle in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def both_grids(angle: float, finer: int = 1) -> np.ndarray:
    """A filter for what a grid and the grid turned by ``angle`` can both show.

    Args:
      angle: in radians.
      finer: its taps between two pixels.

    Returns:
      ``[k, k]`` (down, right) of ``k = 2 * REACH * finer - 1``; the taps that one pixel meets add
      up to ``1 / finer**2``.
    """
    side = 2 * FIELD * finer - 1
    taps = (np.arange(side) + 1) / finer - FIELD
    down, right = np.meshgrid(taps, taps, indexing="ij")
    turned_right, turned_down = np.einsum("ij,jhw->ihw", rotation(angle), np.stack([right, down]))

    def convolved(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return signal.fftconvolve(one, other, mode="same")

    low = convolved(np.sinc(right) * np.sinc(down), np.sinc(turned_right) * np.sinc(turned_down))
    window = convolved(
        _lanczos(right) * _lanczos(down), _lanczos(turned_right) * _lanczos(turned_down)
    )
    cut = (FIELD - REACH) * finer
    taps = (low * window)[cut:-cut, cut:-cut]
    # Every place sees other taps, and each of these sets is to keep a constant.
    padded = np.pad(taps, (0, 1)).reshape(2 * REACH, finer, 2 * REACH, finer)
    padded = padded / padded.sum(axis=(0, 2), keepdims=True) / finer**2
    return padded.reshape(2 * REACH * finer, -1)[:-1, :-1]


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < LANCZOS, np.sinc(x / LANCZOS), 0.0)


def turned(images: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Images ``[n, h, w, c]`` turned about their middle, and where they are known, ``[h, w]``."""
    taps, (height, width) = both_grids(angle, FINER), images.shape[1:3]
    spread = np.zeros((len(images), height * FINER, width * FINER, images.shape[3]))
    spread[:, ::FINER, ::FINER] = images
    fine = signal.fftconvolve(spread, FINER**2 * taps[None, :, :, None], mode="same", axes=(1, 2))
    down, right = np.meshgrid(
        np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij"
    )
    right, down = np.einsum("ij,jhw->ihw", rotation(angle).T, np.stack([right, down]))
    places = ((down + (height - 1) / 2) * FINER, (right + (width - 1) / 2) * FINER)
    found = [
        [ndimage.map_coordinates(channel, places, order=1) for channel in np.moveaxis(image, -1, 0)]
        for image in fine
    ]
    edge = len(taps) // 2
    ends = (height * FINER - 1 - edge, width * FINER - 1 - edge)
    known = [(at >= edge) & (at <= end) for at, end in zip(places, ends, strict=True)]
    return np.moveaxis(np.array(found), 1, -1), known[0] & known[1]


def limited(images: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Images made turned by ``angle``, filtered as ``turned`` does, and where they are known."""
    taps = both_grids(-angle)
    found = signal.fftconvolve(images, taps[None, :, :, None], mode="same", axes=(1, 2))
    known, edge = np.zeros(images.shape[1:3], bool), len(taps) // 2
    known[edge:-edge, edge:-edge] = True
    return found, known


def eq_r(generator: Generator, count: int = IMAGES_MADE, at_once: int = AT_ONCE) -> float:
    """EQ-R in decibels.

    Args:
      generator: one whose images can be turned by what they are made from.
      count: how many images are made.
      at_once: how many of them are turned alike.

    Raises:
      UserError: its images cannot be turned, or are too small to be known anywhere when they are.
    """
    random = np.random.default_rng(generator.seed)
    key, squares, values = jax.random.key(generator.seed), 0.0, 0
    for number in range(-(-count // at_once)):
        latents = generator.latents(jax.random.fold_in(key, number), at_once)
        condition = generator.condition(at_once, number * at_once)
        angle = random.uniform(-np.pi, np.pi)
        transform = np.eye(3)
        transform[:2, :2] = rotation(angle).T
        plain = np.asarray(generator.moved(latents, condition, np.eye(3)), np.float64)
        made = np.asarray(generator.moved(latents, condition, transform), np.float64)
        (expected, here), (found, there) = turned(plain, angle), limited(made, angle)
        known = here & there
        squares += float(np.square(found - expected)[:, known].sum())
        values += int(known.sum()) * found.shape[-1] * at_once
    if not values:
        raise UserError(
            f"eq_r: images of {plain.shape[1]} pixels have no place that is known when they are "
            f"turned; it needs {4 * REACH} or more."
        )
    return signal_to_noise(squares, values)


def _compute(comparison: Comparison) -> Found:
    generator = comparison.generated.generator
    if generator is None:
        raise UserError("eq_r turns what images are made from; name a run folder.")
    return {"psnr": eq_r(generator)}, {}


METRIC = Metric(
    name="eq_r",
    about="how well images turn with what they are made from, in decibels (StyleGAN3)",
    compute=_compute,
    values={"psnr": "higher"},
    modalities=frozenset({IMAGES}),
    title=lambda distance: "EQ-R dB",
    network="",
    parameters=lambda comparison: {"images": IMAGES_MADE, "angle": "uniform, a full circle"},
    real_score="",
    against="",
    quantized=False,
    keeps="",
    walks=True,
)
