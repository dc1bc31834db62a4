"""The one interface of all feature extractors."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from jaxgan.errors import UserError


class Output(NamedTuple):
    """What a network makes of a batch: features ``[n, d]``, and logits or None, float32."""

    features: Float[Array, "n d"]
    logits: Float[Array, "n classes"] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Extractor:
    """A network with its weights, and all that its result depends on.

    Attributes:
      name: says network, weights and resolution; part of the protocol of every score.
      distance: what a Fréchet distance over its features is called. Only one extractor may say
        "FID".
      weights_sha256: of the file that the weights were published in.
      dimension: number of features.
      resize: how images get to the network's size, in words.
      apply: (variables, images 0 to 255 ``[n, h, w, 1 or 3]``, uint8 or floating) -> ``Output``.
        A pure function: jit it, or map it over devices with ``variables`` as an argument.
      variables: what ``apply`` takes first.
      accuracy: of a classifier that was trained here, on samples that it was not trained on.
    """

    name: str
    distance: str
    weights_sha256: str
    dimension: int
    resize: str
    apply: Callable[[Any, Array], Output] = dataclasses.field(repr=False)
    variables: Any = dataclasses.field(repr=False)
    accuracy: float | None = None

    @functools.cached_property
    def compiled(self) -> Callable[[Any, Array], Output]:
        """``apply``, compiled once for each shape and sharding."""
        return jax.jit(self.apply)

    def output(self, images: np.ndarray | UInt8[Array, "n h w c"]) -> Output:
        """Features and logits of a batch; one compilation for each shape.

        Raises:
          UserError: not uint8 images. A score is that of the images people get to see, and those
            are quantized; ``apply`` takes others (for path lengths).
        """
        if images.dtype != jnp.uint8 or images.ndim != 4 or images.shape[-1] not in (1, 3):
            raise UserError(
                f"{self.name} takes uint8 images [n, height, width, 1 or 3]; these are "
                f"{images.dtype} {images.shape}. Quantize them first: round, then clip to 0..255."
            )
        return self.compiled(self.variables, jnp.asarray(images))

    def features(self, images: np.ndarray | UInt8[Array, "n h w c"]) -> Float[Array, "n d"]:
        """Float32 features ``[n, dimension]`` of uint8 images; see ``output``."""
        return self.output(images).features

    def logits(self, images: np.ndarray | UInt8[Array, "n h w c"]) -> Float[Array, "n classes"]:
        """The classifier's logits for uint8 images; see ``output``.

        Raises:
          UserError: this network does not classify.
        """
        logits = self.output(images).logits
        if logits is None:
            raise UserError(f"{self.name} has no classes; choose an extractor that classifies.")
        return logits


def rgb(images: Array) -> Array:
    """Three channels as float32: gray is repeated (the tfgan and compare_gan convention)."""
    images = images.astype(jnp.float32)
    return jnp.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
