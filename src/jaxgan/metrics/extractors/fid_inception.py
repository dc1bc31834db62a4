"""The FID's extractor, from the weights that the user has fetched.

They cannot be shipped. Either of these is taken: the published PyTorch port of the graph,
``pt_inception-2015-12-05-6726825d.pth``; or what ``scripts/convert_inception`` made of it or of
TensorFlow's own graph. The architecture is checked against torch-fidelity at random weights; the
real weights were not at hand where these tests were written.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import jax

from jaxgan.metrics.extractors import resize as resizes
from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.metrics.extractors.inception import inception_features, state_dict_shapes, variables_of
from jaxgan.metrics.extractors.weights import check_shapes, read_weights

PUBLISHED_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""Of ``pt_inception-2015-12-05-6726825d.pth``, 95,628,359 bytes."""

WHERE = (
    "Fetch https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth (91 MB) and give its path."
)

Resize = Literal["tf1-legacy", "clean"]


def fid_inception(path: Path, resize: Resize = "tf1-legacy") -> Extractor:
    """Loads the FID's Inception.

    Args:
      path: the published .pth, or the .safetensors that ``scripts/convert_inception`` wrote.
      resize: ``tf1-legacy`` for FID as published, ``clean`` for clean-fid's.

    Raises:
      UserError: missing, truncated or other weights; says both sums, and where they come from.
    """
    path = path.expanduser()
    tensors, source = read_weights(path, PUBLISHED_SHA256, WHERE, "scripts/convert_inception")
    check_shapes(tensors, state_dict_shapes(), str(path))
    return inception_extractor(variables_of(tensors), source, resize)


def inception_extractor(variables: Any, weights_sha256: str, resize: Resize) -> Extractor:
    """The extractor with these variables.

    Only the published weights give something called FID; others are named by their sum.
    """
    function: Callable = {"tf1-legacy": resizes.tf1_bilinear, "clean": resizes.clean}[resize]
    name, distance = (
        f"inception-2015-12-05/{resize}",
        {"tf1-legacy": "FID", "clean": "clean-FID"}[resize],
    )
    if weights_sha256 != PUBLISHED_SHA256:
        name = f"{name}/weights-not-verified-{weights_sha256[:8]}"
        distance = f"FD-Inception-{weights_sha256[:8]}"
    return Extractor(
        name=name,
        distance=distance,
        weights_sha256=weights_sha256,
        dimension=2048,
        resize=f"{resize} to 299",
        apply=partial(_apply, resize=function),
        variables=variables,
    )


def _apply(variables: Any, images: jax.Array, resize: Callable) -> Output:
    out = inception_features(variables, images, resize)
    return Output(out["2048"], out["logits_unbiased"])
