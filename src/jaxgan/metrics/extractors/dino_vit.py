"""The vision transformer of DINOv2, as a pure function of its weights.

Oquab et al. 2023, "DINOv2: learning robust visual features without supervision", which takes the
network of Dosovitskiy et al. 2021 with blocks that normalize first, a learned scale on every branch
(Touvron et al. 2021, "Going deeper with image transformers", eq. 2), patches of 14 pixels, and in
the giant one gated hidden layers (Shazeer 2020, "GLU variants improve transformer").

Names of tensors are those of the published files.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.metrics.extractors.resize import keys

PATCH = 14
GRID = 37
"""Patches along a side of the 518-pixel images that the published positions are for."""

OFFSET = 0.1
"""Added to the number of patches where the published code scales its positions."""

CUBIC = -0.75
"""Keys' parameter of the bicubic kernel in PyTorch (Pillow's and clean-fid's is -0.5)."""

EPSILON = 1e-6


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Sizes of a network.

    Attributes:
      width: numbers a token has.
      depth: blocks.
      heads: of each attention; they divide the width.
      gated: SwiGLU in place of the hidden layer.
    """

    width: int
    depth: int
    heads: int
    gated: bool = False


def state_dict_shapes(architecture: Architecture) -> Mapping[str, tuple[int, ...]]:
    """The published file's tensors, name -> shape, in PyTorch's layout (``[out, in]``)."""
    width = architecture.width
    hidden = 4 * width
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1 + GRID**2, width),
        "mask_token": (1, width),  # of the training; not used here
        "patch_embed.proj.weight": (width, 3, PATCH, PATCH),
        "patch_embed.proj.bias": (width,),
    }
    layers = {"attn.qkv": (3 * width, width), "attn.proj": (width, width)}
    if architecture.gated:
        # Two thirds, so that three matrices cost what two did, filled up to a multiple of eight.
        hidden = (hidden * 2 // 3 + 7) // 8 * 8
        layers |= {"mlp.w12": (2 * hidden, width), "mlp.w3": (width, hidden)}
    else:
        layers |= {"mlp.fc1": (hidden, width), "mlp.fc2": (width, hidden)}
    for number in range(architecture.depth):
        block = f"blocks.{number}"
        for name, shape in layers.items():
            shapes[f"{block}.{name}.weight"] = shape
            shapes[f"{block}.{name}.bias"] = shape[:1]
        for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"):
            shapes[f"{block}.{name}"] = (width,)
        for name in ("ls1.gamma", "ls2.gamma"):
            shapes[f"{block}.{name}"] = (width,)
    return shapes | {"norm.weight": (width,), "norm.bias": (width,)}


def variables_of(tensors: Mapping[str, np.ndarray], side: int) -> dict[str, Any]:
    """The published tensors as ``network``'s variables, for images of ``side`` patches a side.

    Blocks are stacked along a first axis, so that they compile as one.
    """
    depth = sum(name.endswith("norm1.weight") for name in tensors)
    inside = [name.removeprefix("blocks.0.") for name in tensors if name.startswith("blocks.0.")]

    def stacked(name: str) -> np.ndarray:
        # Vectors stay what they are; matrices become [in, out].
        return np.stack([tensors[f"blocks.{number}.{name}"].T for number in range(depth)])

    patches = tensors["patch_embed.proj.weight"].transpose(2, 3, 1, 0)
    positions = positions_for(tensors["pos_embed"][0], side)
    cls = tensors["cls_token"][0, 0] + positions[0]
    return jax.tree.map(
        lambda tensor: jnp.asarray(tensor, jnp.float32),
        {
            "patches": {"kernel": patches.reshape(-1, patches.shape[-1])},
            "cls": cls,
            "positions": positions[1:] + tensors["patch_embed.proj.bias"],
            "blocks": {name: stacked(name) for name in inside},
            "norm.weight": tensors["norm.weight"],
            "norm.bias": tensors["norm.bias"],
        },
    )


def positions_for(positions: np.ndarray, side: int) -> np.ndarray:
    """Brings learned positions to another number of patches, as the published code does.

    Bicubic without antialiasing, and with ``OFFSET`` in the scale: the sources lie at
    ``(i + 0.5) M / (side + 0.1) - 0.5`` and not at ``(i + 0.5) M / side - 0.5``.

    Args:
      positions: ``[1 + M * M, width]``, the class token's first.
      side: patches a side that are wanted.

    Returns:
      ``[1 + side * side, width]``; ``positions`` themselves if they are that many.
    """
    before = math.isqrt(len(positions) - 1)
    if before == side:
        return positions
    weights = _bicubic(before, side, before / (side + OFFSET))
    grid = positions[1:].reshape(before, before, -1).astype(np.float64)
    grid = np.einsum("ya,xb,abd->yxd", weights, weights, grid, optimize=True)
    return np.concatenate([positions[:1], grid.reshape(side * side, -1)])


def _bicubic(before: int, after: int, scale: float) -> np.ndarray:
    """Weights ``[after, before]`` of four neighbors each, those beyond the edge moved onto it."""
    weights = np.zeros((after, before))
    places = (np.arange(after) + 0.5) * scale - 0.5
    first = np.floor(places).astype(int)
    for tap in range(-1, 3):
        sources = np.clip(first + tap, 0, before - 1)
        np.add.at(weights, (np.arange(after), sources), keys(places - first - tap, CUBIC))
    return weights


def network(variables: Any, images: jax.Array, heads: int) -> jax.Array:
    """The normalized class token.

    Args:
      variables: ``variables_of``'s, for this size of images.
      images: normalized, float32 ``[n, 14 side, 14 side, 3]``.
      heads: of each attention.

    Returns:
      float32 ``[n, width]``.
    """
    count, height, width, channels = images.shape
    x = images.reshape(count, height // PATCH, PATCH, width // PATCH, PATCH, channels)
    x = x.transpose(0, 1, 3, 2, 4, 5).reshape(count, -1, PATCH * PATCH * channels)
    x = _matmul(x, variables["patches"]["kernel"]) + variables["positions"]
    first = jnp.broadcast_to(variables["cls"], (count, 1, x.shape[-1]))
    x = jnp.concatenate([first, x], axis=1)
    x = lax.scan(lambda x, block: (_block(x, block, heads), None), x, variables["blocks"])[0]
    return _norm(x[:, 0], variables, "norm")


def _block(x: jax.Array, weights: Mapping[str, jax.Array], heads: int) -> jax.Array:
    x = x + weights["ls1.gamma"] * _attention(_norm(x, weights, "norm1"), weights, heads)
    hidden = _norm(x, weights, "norm2")
    if "mlp.w12.weight" in weights:
        gate, value = jnp.split(_linear(hidden, weights, "mlp.w12"), 2, axis=-1)
        hidden = _linear(jax.nn.silu(gate) * value, weights, "mlp.w3")
    else:
        hidden = jax.nn.gelu(_linear(hidden, weights, "mlp.fc1"), approximate=False)
        hidden = _linear(hidden, weights, "mlp.fc2")
    return x + weights["ls2.gamma"] * hidden


def _attention(x: jax.Array, weights: Mapping[str, jax.Array], heads: int) -> jax.Array:
    count, tokens, width = x.shape
    each = width // heads
    qkv = _linear(x, weights, "attn.qkv").reshape(count, tokens, 3, heads, each)
    query, key, value = (qkv[:, :, part].swapaxes(1, 2) for part in range(3))
    scores = jax.nn.softmax(_matmul(query, key.swapaxes(2, 3)) * each**-0.5)
    out = _matmul(scores, value).swapaxes(1, 2).reshape(count, tokens, width)
    return _linear(out, weights, "attn.proj")


def _linear(x: jax.Array, weights: Mapping[str, jax.Array], name: str) -> jax.Array:
    return _matmul(x, weights[f"{name}.weight"]) + weights[f"{name}.bias"]


def _norm(x: jax.Array, weights: Mapping[str, jax.Array], name: str) -> jax.Array:
    """Layer normalization over the last axis."""
    centered = x - jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.mean(centered * centered, axis=-1, keepdims=True)
    scaled = centered * lax.rsqrt(variance + EPSILON)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _matmul(x: jax.Array, y: jax.Array) -> jax.Array:
    """In full float32, which accelerators otherwise round away."""
    return jnp.matmul(x, y, precision=lax.Precision.HIGHEST)
