"""Games whose generator completes images: part of each is hidden, and it says what was there.

The extras are what ``losses.weighted_squared_error`` asks for: ``predicted``, the generator's
output, and ``weights``, those of its pixels' errors.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.forward.base import Condition, Forward, judged
from jaxgan.forward.masks import free_form_masks
from jaxgan.forward.priors import normal
from jaxgan.rng import Rng
from jaxgan.types import Array, Batch, Image, Latent, Outputs, ScalarLike

MEAN_COLOR = (117 / 255, 104 / 255, 123 / 255)
"""What the authors of the Context Encoder hide pixels behind, as shares of white."""

PRIOR = normal(2)
"""Latents whose bits draw masks; a central square needs none."""


def central_square(
    overlap: int = 4,
    overlap_weight: ScalarLike = 10.0,
    color: Sequence[float] = MEAN_COLOR,
    range: tuple[float, float] = (-1.0, 1.0),
) -> Forward:
    """The Context Encoder's game of the central square (Pathak et al. 2016, sections 3.2, 5.1).

    The generator is called with the image, whose central square of half its side is hidden but for
    a border of ``overlap`` pixels, and its output is the square, the border included. The
    discriminator judges squares without what is around them; so ``outputs.real`` and
    ``outputs.fake`` are squares. Samples are whole images: the border is known and stays, what lies
    within it is the prediction's (the authors' test.lua).

    Args:
      overlap: pixels of the square, from each of its sides, that the generator sees.
      overlap_weight: weight of their squared errors; that of the others is 1.
      color: what is put in the place of hidden pixels, as shares of white; images with another
        number of channels get its mean.
      range: of the game's samples.

    Raises:
      UserError: when it is run, if such a border leaves nothing of the square.
    """

    def hole(image: Image) -> np.ndarray:
        _, height, width, _ = image.shape
        return central_hole(height, width, overlap)[..., None]

    def masked(image: Image) -> Image:
        return jnp.where(hole(image), _filling(color, range, image), image)

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        image = batch["image"]
        fake, g_stats = generator(masked(image))
        weights = jnp.where(hole(image), 1.0, overlap_weight)
        extras = {"predicted": fake, "weights": _square(weights)}
        return judged(discriminator, _square(image), fake, g_stats, adaptive, extras)

    def sample(generator, latents: Latent, condition: Condition) -> Image:
        del latents
        image = condition["image"]
        square, _ = generator(masked(image))
        around = [(0, 0), *((side // 4, side // 4) for side in image.shape[1:3]), (0, 0)]
        return jnp.where(hole(image), jnp.pad(square, around), image)

    def origin(latents: Latent, condition: Condition) -> Image:
        del latents
        return masked(condition["image"])

    def hidden(latents: Latent, condition: Condition) -> Array:
        del latents
        image = condition["image"]
        return jnp.broadcast_to(hole(image), (*image.shape[:3], 1))

    return Forward(PRIOR, run, sample, condition=("image",), origin=origin, hidden=hidden)


def free_form(
    known_weight: ScalarLike = 1.0,
    color: Sequence[float] = MEAN_COLOR,
    range: tuple[float, float] = (-1.0, 1.0),
) -> Forward:
    """The game of masks of any form, another one for each row: see ``masks.free_form_masks``.

    The generator is called with the image, hidden where the mask says so, and with the mask as one
    more channel, 1 where pixels are hidden. Its output is the whole image, of which only what was
    hidden is judged and kept: ``outputs.fake`` and samples are the image with that part of the
    prediction, ``outputs.real`` is the image. Masks are made of the latents' bits, in training and
    in sampling, unless the condition has a ``mask`` ``[b, h, w, 1]``, above 0 where the image is
    to be completed.

    Args:
      known_weight: weight of the squared errors of pixels that are not hidden; that of the others
        is 1. The Context Encoder's code (train_random.lua) has 1, or as an option 10.
      color: as for ``central_square``.
      range: as for ``central_square``.
    """

    def mask_of(latents: Latent, condition: Mapping[str, Array]) -> Array:
        if "mask" in condition:
            return condition["mask"] > 0
        return free_form_masks(latents, *condition["image"].shape[1:3])

    def masked(image: Image, mask: Array) -> Image:
        return jnp.where(mask, _filling(color, range, image), image)

    def seen(image: Image, mask: Array) -> Image:
        return jnp.concatenate([masked(image, mask), mask.astype(image.dtype)], axis=-1)

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        image, latents = batch["image"], PRIOR(rng.named("latent"))
        mask = mask_of(latents, {"image": image})
        predicted, g_stats = generator(seen(image, mask))
        completed = jnp.where(mask, predicted, image)
        extras = {"predicted": predicted, "weights": jnp.where(mask, 1.0, known_weight)}
        return judged(discriminator, image, completed, g_stats, adaptive, extras)

    def sample(generator, latents: Latent, condition: Condition) -> Image:
        image, mask = condition["image"], mask_of(latents, condition)
        return jnp.where(mask, generator(seen(image, mask))[0], image)

    def origin(latents: Latent, condition: Condition) -> Image:
        return masked(condition["image"], mask_of(latents, condition))

    return Forward(
        PRIOR,
        run,
        sample,
        condition=("image",),
        optional=("mask",),
        origin=origin,
        hidden=mask_of,
    )


def central_hole(height: int, width: int, overlap: int) -> np.ndarray:
    """The central square of half the side but for ``overlap`` known pixels, bool ``[h, w]``.

    Raises:
      UserError: nothing is hidden.
    """
    top, left = height // 4 + overlap, width // 4 + overlap
    hole = np.zeros((height, width), bool)
    hole[top : height - top, left : width - left] = True
    if not hole.any():
        raise UserError(
            f"An overlap of {overlap} hides nothing of the central square of images of {height} x "
            f"{width}; give a smaller one."
        )
    return hole


def _square(image: Any) -> Any:
    """The central square of half the side, ``[..., h, w, c] -> [..., h / 2, w / 2, c]``."""
    height, width = image.shape[-3:-1]
    top, left = height // 4, width // 4
    return image[..., top : height - top, left : width - left, :]


def _filling(color: Sequence[float], range: tuple[float, float], image: Image) -> np.ndarray:
    """What hidden pixels become, ``[channels]``."""
    channels, (low, high) = image.shape[-1], range
    shares = np.asarray(color) if len(color) == channels else np.full(channels, np.mean(color))
    return (low + (high - low) * shares).astype(np.float32)
