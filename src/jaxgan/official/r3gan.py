"""R3GAN's official weights.

Huang et al. 2024, arXiv:2501.05441; github.com/brownvc/R3GAN (R3GAN/Networks.py) names the arrays.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.official.pickles import Network
from jaxgan.official.weights import Arrays, Imported, convolution


def r3gan(networks: Mapping[str, Network]) -> Imported:
    """The networks of ``r3gan.py``.

    Raises:
      UserError: there are other networks, or of another kind.
    """
    missing = {"G", "D", "G_ema"} - networks.keys()
    if missing:
        raise UserError(f"This file has no {sorted(missing)[0]}; give a network pickle of theirs.")
    g, average, d = (Arrays(name, networks[name].arrays) for name in ("G", "G_ema", "D"))
    stages = _count(g, "Model.MainLayers.{}.Layers.1.LinearLayer1.Layer.weight")
    if not stages:
        raise UserError("G has no Model.MainLayers: these are no weights of R3GAN.")
    first = "Model.MainLayers.0.Layers"
    blocks = _count(g, first + ".{}.LinearLayer1.Layer.weight", 1)
    widths = tuple(
        g[f"Model.MainLayers.{n}.Layers.1.LinearLayer3.Layer.weight"].shape[0]
        for n in range(stages)
    )
    inputs = g[f"{first}.0.LinearLayer.weight"].shape[1]
    labels = "Model.EmbeddingLayer.weight" in g
    embedded, classes = g["Model.EmbeddingLayer.weight"].shape if labels else (0, None)
    if labels and embedded * 2 != inputs:
        raise UserError(
            f"G embeds labels in {embedded} numbers beside a latent of {inputs - embedded}, which "
            "must be as many here."
        )
    resolution = 4 * 2 ** (stages - 1)
    flags = {
        "widths": widths,
        "group": g[f"{first}.1.LinearLayer2.Layer.weight"].shape[1],
        "blocks": blocks,
        "latent": inputs - embedded,
        "conditional": labels,
    }
    found = Imported(
        "r3gan",
        flags,
        (resolution, resolution, g["Model.AggregationLayer.Layer.weight"].shape[0]),
        classes,
        {"params": _generator(g, stages, blocks)},
        {"params": _generator(average, stages, blocks)},
        {"params": _discriminator(d, stages, blocks)},
    )
    for arrays in (g, average, d):
        arrays.check_used(("Kernel",))  # buffers of the resampling
    return found


def _count(arrays: Arrays, pattern: str, first: int = 0) -> int:
    """How many arrays there are of a name with a number in it, in a row."""
    count = 0
    while pattern.format(first + count) in arrays:
        count += 1
    return count


def _linear(theirs: Arrays, name: str) -> dict[str, np.ndarray]:
    """Of a dense layer, or of a convolution of 1 x 1."""
    array = theirs[f"{name}.weight"]
    return {"kernel": array.reshape(array.shape[:2]).T}


def _block(theirs: Arrays, name: str) -> dict[str, Any]:
    return {
        "Dense_0": _linear(theirs, f"{name}.LinearLayer1.Layer"),
        "kernel": convolution(theirs[f"{name}.LinearLayer2.Layer.weight"]),
        "Dense_1": _linear(theirs, f"{name}.LinearLayer3.Layer"),
        "bias1": theirs[f"{name}.NonLinearity1.Bias"],
        "bias2": theirs[f"{name}.NonLinearity2.Bias"],
    }


def _stages(
    theirs: Arrays, stages: int, blocks: int, first: int, transition: int
) -> dict[str, Any]:
    """Blocks and changes of width, numbered as they come.

    Args:
      theirs: the arrays.
      stages: their number.
      blocks: of a stage.
      first: the place of the first block among a stage's layers.
      transition: the place of the change of width.
    """
    found: dict[str, Any] = {}
    changes = 0
    for stage in range(stages):
        layers = f"Model.MainLayers.{stage}.Layers"
        for block in range(blocks):
            name = f"{layers}.{first + block}"
            found[f"Block_{stage * blocks + block}"] = _block(theirs, name)
        change = f"{layers}.{transition}.LinearLayer.Layer"
        if f"{change}.weight" in theirs:
            found[f"Dense_{changes}"] = _linear(theirs, change)
            changes += 1
    return found


def _labels(theirs: Arrays) -> dict[str, Any]:
    name = "Model.EmbeddingLayer"
    return {"labels": _linear(theirs, name)} if f"{name}.weight" in theirs else {}


def _generator(theirs: Arrays, stages: int, blocks: int) -> dict[str, Any]:
    """The parameters of ``nets.r3gan.Generator``."""
    first = "Model.MainLayers.0.Layers.0"
    return {
        "basis": theirs[f"{first}.Basis"].transpose(1, 2, 0),
        "latents": _linear(theirs, f"{first}.LinearLayer"),
        **_stages(theirs, stages, blocks, 1, 0),
        "colors": _linear(theirs, "Model.AggregationLayer.Layer"),
        **_labels(theirs),
    }


def _discriminator(theirs: Arrays, stages: int, blocks: int) -> dict[str, Any]:
    """The parameters of ``nets.r3gan.Discriminator``."""
    last = f"Model.MainLayers.{stages - 1}.Layers.{blocks}"
    return {
        "colors": _linear(theirs, "Model.ExtractionLayer.Layer"),
        **_stages(theirs, stages, blocks, 0, blocks),
        "basis": theirs[f"{last}.Basis.weight"][:, 0].transpose(1, 2, 0),
        "logit": _linear(theirs, f"{last}.LinearLayer"),
        **_labels(theirs),
    }
