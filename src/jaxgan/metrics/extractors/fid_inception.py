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
import safetensors
import safetensors.numpy

from jaxgan.errors import UserError
from jaxgan.metrics.extractors import resize as resizes
from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.metrics.extractors.inception import (
    inception_features,
    state_dict_shapes,
    variables_of,
)
from jaxgan.metrics.extractors.pth import read_pth
from jaxgan.metrics.extractors.weights import check_sha256, check_shapes, sha256_of_tensors

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
    if not path.is_file():
        raise UserError(f"There is no file {path}. {WHERE}")
    if path.suffix == ".safetensors":
        tensors, source = _read_converted(path)
    else:
        check_sha256(path, PUBLISHED_SHA256, WHERE)
        tensors, source = read_pth(path), PUBLISHED_SHA256
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


def _read_converted(path: Path):
    """Tensors and their source's SHA-256, of a file made by ``convert_inception``."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(
            f"{path} is damaged ({error}). Run scripts/convert_inception again."
        ) from error
    found = sha256_of_tensors(tensors)
    stated = about.get("tensors_sha256", "any stated one")
    if stated != found or "source_sha256" not in about:
        raise UserError(
            f"{path} holds tensors of SHA-256 {found}, not {stated}. Run scripts/convert_inception "
            "again."
        )
    return tensors, about["source_sha256"]
