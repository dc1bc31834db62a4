"""A generator that makes images from images, or sounds from sounds, on a person's own."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.errors import FlaxError

from jaxgan.data.modality import to_float
from jaxgan.errors import UserError
from jaxgan.sampling.sampler import Sampler, Static, generate
from jaxgan.spectrograms import of_int16


@dataclasses.dataclass(frozen=True)
class Applier:
    """Makes an image from an image, or a sound from a sound.

    Attributes:
      sampler: the trained generator.
      key: of the condition, e.g. ``source``.
    """

    sampler: Sampler
    key: str

    @property
    def shape(self) -> tuple[int, ...]:
        """``(height, width, channels)`` of the images of the training, ``(samples,)`` of sounds."""
        return tuple(self.sampler.task.spec[self.key].shape)

    @property
    def takes_masks(self) -> bool:
        """Whether a person may say what is to be completed."""
        return "mask" in self.sampler.gan.forward.optional

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether the network makes images of this size from images ``(h, w, c)`` of it."""
        sampler, image = self.sampler, np.zeros(shape, np.uint8)
        latents = sampler.latents(1)
        try:
            floats = to_float(jnp.asarray(image), *sampler.gan.range)
            made = jax.eval_shape(lambda: self._made(floats, latents, None))
        except (FlaxError, TypeError, ValueError):  # layers that do not fit, or lack weights
            return False
        return made.shape[1:3] == shape[:2]

    def __call__(
        self, image: np.ndarray, latents: np.ndarray, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """An image of an image uint8 ``[h, w, c]``, uint8 ``[h, w, c']``.

        Args:
          image: of a size that the network ``takes``.
          latents: float32 ``[1, d]``.
          mask: bool ``[h, w]``, true where the image is to be completed.
        """
        return self._checked(
            self._made(to_float(jnp.asarray(image), *self.sampler.gan.range), latents, mask)
        )

    def sound(self, sound: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """A sound of a sound int16 ``[n]``, of equal length.

        Args:
          sound: of the rate of the training, of any length.
          latents: float32 ``[1, d]``.
        """
        # To whole multiples of the training's length: its generator takes those, and recordings of
        # all lengths then need few compilations.
        full = np.pad(sound, (0, -len(sound) % self.shape[0]))
        made = self._checked(self._made(of_int16(jnp.asarray(full)), latents, None))[: len(sound)]
        return np.pad(made, (0, len(sound) - len(made)))

    def _checked(self, made: jax.Array) -> np.ndarray:
        samples = np.asarray(made)
        if not np.isfinite(samples).all():
            raise UserError(
                "The generator makes NaN or infinity. It has diverged; name an earlier checkpoint "
                "with --step."
            )
        return self.sampler.quantize(samples)[0]

    def _made(self, floats: jax.Array, latents: np.ndarray, mask: np.ndarray | None) -> jax.Array:
        sampler = self.sampler
        condition: dict[str, Any] = {self.key: floats[None]}
        if mask is not None:
            condition["mask"] = jnp.asarray(mask, jnp.float32)[None, :, :, None]
        weights = sampler.params, sampler.stats
        return generate(Static(sampler.gan), sampler.arithmetic, *weights, latents, condition)


def applier(sampler: Sampler, reverse: bool = False) -> Applier:
    """What makes images from images, or sounds from sounds, by a trained generator.

    Args:
      sampler: the generator.
      reverse: from targets to sources, by a game that learns both ways.

    Raises:
      UserError: it makes samples of latents alone, or learned one way only.
    """
    gan = sampler.gan
    keys = gan.forward.row_keys
    if len(keys) != 1:
        raise UserError("This run makes samples of latents alone; jaxgan sample draws them.")
    if not reverse:
        return Applier(sampler, keys[0])
    if gan.forward.reverse is None:
        raise UserError("--reverse: this run learned one direction only; omit it.")
    turned = dataclasses.replace(gan.forward, sample=gan.forward.reverse, condition=("target",))
    return Applier(
        dataclasses.replace(sampler, gan=dataclasses.replace(gan, forward=turned)), "target"
    )
