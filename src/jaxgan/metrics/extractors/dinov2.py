"""The extractors of FD-DINOv2, from the weights that the user has fetched.

Stein et al. 2023, "Exposing flaws of generative model evaluation metrics and their unfair treatment
of diffusion models": the Fréchet distance over the class token of DINOv2 ViT-L/14 instead of
Inception's features. Images are resized to 224 pixels as Pillow's bicubic does, scaled to [0, 1]
and normalized by ImageNet's mean and standard deviation. Other tools that say FD-DINOv2 resize
otherwise (torch-fidelity as TensorFlow 1 did), which is another distance.

The weights cannot be shipped. Either of these is taken: a published ``dinov2_*_pretrain.pth``, or
what ``scripts/convert_dinov2`` made of one. Meta publishes no sums of its files; those below are
the ones that finegrain-ai/refiners pins with the files' addresses, and others that fetched them
report the same. The architecture is checked against the published code at random weights; the real
weights were not at hand where the tests were written.
"""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.metrics.extractors.dino_vit import (
    PATCH,
    Architecture,
    network,
    state_dict_shapes,
    variables_of,
)
from jaxgan.metrics.extractors.extractor import Extractor, Output, rgb
from jaxgan.metrics.extractors.resize import pillow_bicubic
from jaxgan.metrics.extractors.weights import check_shapes, read_weights

SIZE = 224
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclasses.dataclass(frozen=True)
class Model:
    """One of the published networks.

    Attributes:
      name: as in its file's name.
      architecture: its sizes.
      distance: what the Fréchet distance over its features is called.
      sha256: of the published file.
      bytes: its size.
    """

    name: str
    architecture: Architecture
    distance: str
    sha256: str
    bytes: int

    @property
    def where(self) -> str:
        """Where the weights come from, a sentence."""
        return (
            f"Fetch https://dl.fbaipublicfiles.com/dinov2/dinov2_{self.name}/"
            f"dinov2_{self.name}_pretrain.pth ({self.bytes:,} bytes) and give its path."
        )


VITS14 = Model(
    "vits14",
    Architecture(width=384, depth=12, heads=6),
    "FD-DINOv2-vits14",
    "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
    88_283_115,
)
VITB14 = Model(
    "vitb14",
    Architecture(width=768, depth=12, heads=12),
    "FD-DINOv2-vitb14",
    "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73",
    346_378_731,
)
VITL14 = Model(
    "vitl14",
    Architecture(width=1024, depth=24, heads=16),
    "FD-DINOv2",
    "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
    1_217_586_395,
)
VITG14 = Model(
    "vitg14",
    Architecture(width=1536, depth=40, heads=24, gated=True),
    "FD-DINOv2-vitg14",
    "baf8467e50af277596bbbafa06887c177ee899ab46033649c383577d7e9309d3",
    4_546_108_579,
)


def dinov2(path: Path, model: Model = VITL14) -> Extractor:
    """Loads a DINOv2 network.

    Args:
      path: the published .pth, or the .safetensors that ``scripts/convert_dinov2`` wrote.
      model: which of the networks; FD-DINOv2 is over ``VITL14``.

    Raises:
      UserError: missing, truncated or other weights; says both sums, and where they come from.
    """
    path = path.expanduser()
    tensors, source = read_weights(path, model.sha256, model.where, "scripts/convert_dinov2")
    check_shapes(tensors, state_dict_shapes(model.architecture), str(path))
    return dinov2_extractor(variables_of(tensors, SIZE // PATCH), source, model)


def dinov2_extractor(variables: Any, weights_sha256: str, model: Model = VITL14) -> Extractor:
    """The extractor with these variables.

    Only the published weights give something called FD-DINOv2; others are named by their sum.
    """
    name, distance = f"dinov2-{model.name}", model.distance
    if weights_sha256 != model.sha256:
        name = f"{name}/weights-not-verified-{weights_sha256[:8]}"
        distance = f"FD-DINOv2-{model.name}-{weights_sha256[:8]}"
    return Extractor(
        name=name,
        distance=distance,
        weights_sha256=weights_sha256,
        dimension=model.architecture.width,
        resize=f"Pillow bicubic, 8 bits, to {SIZE}",
        apply=partial(_apply, heads=model.architecture.heads),
        variables=variables,
    )


def _apply(variables: Any, images: jax.Array, heads: int) -> Output:
    x = rgb(pillow_bicubic(images, SIZE)) / 255
    return Output(network(variables, (x - MEAN) / STD, heads), None)
