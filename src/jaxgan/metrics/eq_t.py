"""EQ-T: how well images move with a shift of what they are made from.

Karras et al. 2021, "Alias-free generative adversarial networks" (StyleGAN3), section 2.2 and
appendix E.1: the peak signal-to-noise ratio between shifted images and images of a shifted input,
over the pixels that both have. Shifts are of whole pixels, up to an eighth of the side.
"""

import jax
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.metric import IMAGES, Comparison, Found, Generator, Metric

IMAGES_MADE, AT_ONCE = 1000, 10
"""Images, and how many are shifted alike."""

MOST = 1 / 8
"""The largest shift, as a share of the side."""

RANGE = 255.0
"""From black to white."""


def shifted(images: np.ndarray, right: int, down: int) -> tuple[np.ndarray, np.ndarray]:
    """Images ``[n, h, w, c]`` moved by whole pixels, and where they are known, bool ``[h, w]``."""
    sizes = zip(images.shape[1:3], (down, right), strict=True)
    places = [np.arange(size) - by for size, by in sizes]
    inside = [(at >= 0) & (at < len(at)) for at in places]
    rows, columns = (np.clip(at, 0, len(at) - 1) for at in places)
    return images[:, rows][:, :, columns], inside[0][:, None] & inside[1][None, :]


def signal_to_noise(squares: float, count: int) -> float:
    """The peak signal-to-noise ratio in decibels, of the sum of so many squared errors."""
    least = max(squares, np.finfo(np.float64).tiny)
    return float(10 * (np.log10(RANGE**2 * count) - np.log10(least)))


def eq_t(generator: Generator, count: int = IMAGES_MADE, at_once: int = AT_ONCE) -> float:
    """EQ-T in decibels.

    Args:
      generator: one whose images can be moved by what they are made from.
      count: how many images are made.
      at_once: how many of them are moved alike.

    Raises:
      UserError: its images cannot be moved.
    """
    random = np.random.default_rng(generator.seed)
    key, squares, values = jax.random.key(generator.seed), 0.0, 0
    for number in range(-(-count // at_once)):
        latents = generator.latents(jax.random.fold_in(key, number), at_once)
        condition = generator.condition(at_once, number * at_once)
        plain = np.asarray(generator.moved(latents, condition, np.eye(3)))
        height, width = plain.shape[1:3]
        right, down = (
            int(np.round(random.uniform(-MOST, MOST) * size)) for size in (width, height)
        )
        transform = np.eye(3)
        transform[:2, 2] = -right / width, -down / height
        found = np.asarray(generator.moved(latents, condition, transform))
        expected, known = shifted(plain, right, down)
        squares += float(np.square(found.astype(np.float64) - expected)[:, known].sum())
        values += int(known.sum()) * found.shape[-1] * at_once
    return signal_to_noise(squares, values)


def _compute(comparison: Comparison) -> Found:
    generator = comparison.generated.generator
    if generator is None:
        raise UserError("eq_t moves what images are made from; name a run folder.")
    return {"psnr": eq_t(generator)}, {}


METRIC = Metric(
    name="eq_t",
    about="how well images move with shifts of what they are made from, in decibels (StyleGAN3)",
    compute=_compute,
    values={"psnr": "higher"},
    modalities=frozenset({IMAGES}),
    title=lambda distance: "EQ-T dB",
    network="",
    parameters=lambda comparison: {"images": IMAGES_MADE, "shift": "whole pixels, up to an eighth"},
    real_score="",
    against="",
    quantized=False,
    keeps="",
    walks=True,
)
