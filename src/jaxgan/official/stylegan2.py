"""StyleGAN2's official weights, as StyleGAN2-ADA's authors publish them.

Karras et al. 2020, arXiv:2006.06676; github.com/NVlabs/stylegan2-ada-pytorch (training/networks.py)
names the arrays. Its networks need not be those of a preset: sizes are read from the arrays.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.official.pickles import Network
from jaxgan.official.weights import Arrays, Imported, convolution

FILTER = ("resample_filter",)
"""Buffers that are the same in all networks."""


def stylegan2(networks: Mapping[str, Network]) -> Imported:
    """The networks of ``stylegan2_ada.py``.

    Raises:
      UserError: there are other networks, or of another kind.
    """
    missing = {"G", "D", "G_ema"} - networks.keys()
    if missing:
        raise UserError(f"This file has no {sorted(missing)[0]}; give a network pickle of theirs.")
    g, average = (Arrays(name, networks[name].arrays) for name in ("G", "G_ema"))
    d = Arrays("D", networks["D"].arrays)
    sides = [
        side for side in (2**n for n in range(2, 12)) if f"synthesis.b{side}.conv1.weight" in g
    ]
    if not sides:
        raise UserError(
            "G has no synthesis.b4.conv1.weight: these are no weights of StyleGAN2. Those of "
            "StyleGAN3 are not read."
        )
    if "b8.skip.weight" not in d and f"b{sides[-2]}.fromrgb.weight" in d:
        raise UserError("D has output skips, which the discriminators here do not have.")
    resolution = sides[-1]
    widths = [g[f"synthesis.b{side}.conv1.weight"].shape[0] for side in sides]
    depth = sum(f"mapping.fc{n}.weight" in g for n in range(100))
    style = g["mapping.w_avg"].shape[0]
    classes = g["mapping.embed.weight"].shape[1] if "mapping.embed.weight" in g else None
    embedded = 0 if classes is None else style
    channels = g[f"synthesis.b{resolution}.torgb.weight"].shape[0]
    base, most = _rule(sides, widths)
    flags = {
        "base": base,
        "most": most,
        "latent": g["mapping.fc0.weight"].shape[1] - embedded,
        "style": style,
        "depth": depth,
        "residual": "b8.skip.weight" in d,
        "group": _group(networks["D"]),
        "conditional": classes is not None,
    }
    found = Imported(
        "stylegan2_ada",
        flags,
        (resolution, resolution, channels),
        classes,
        _generator(g, sides, depth),
        _generator(average, sides, depth),
        {"params": _discriminator(d, sides)},
    )
    for arrays in (g, average, d):
        arrays.check_used(FILTER)
    return found


def _rule(sides: list[int], widths: list[int]) -> tuple[int, int]:
    """``base`` and ``most`` for which feature maps are ``min(base / side, most)``.

    Raises:
      UserError: there are none.
    """
    most = max(widths)
    base = next((s * w for s, w in zip(sides, widths, strict=True) if w < most), most * sides[-1])
    if [min(base // side, most) for side in sides] != widths:
        raise UserError(f"G has feature maps {widths}, which are not min(base / side, most).")
    return base, most


def _group(network: Network) -> int:
    """Samples whose deviation the discriminator compares, which its arrays do not say."""
    group = (network.settings.get("epilogue_kwargs") or {}).get("mbstd_group_size", 4)
    return group if isinstance(group, int) and group > 0 else 4


def _dense(theirs: Arrays, name: str) -> dict[str, np.ndarray]:
    return {"kernel": theirs[f"{name}.weight"].T, "bias": theirs[f"{name}.bias"]}


def _conv(theirs: Arrays, name: str) -> dict[str, np.ndarray]:
    found = {"kernel": convolution(theirs[f"{name}.weight"])}
    return found | ({"bias": theirs[f"{name}.bias"]} if f"{name}.bias" in theirs else {})


def _mapping(theirs: Arrays, depth: int) -> dict[str, Any]:
    found = {f"EqualizedDense_{n}": _dense(theirs, f"mapping.fc{n}") for n in range(depth)}
    labels = "mapping.embed.weight" in theirs
    return found | ({"labels": _dense(theirs, "mapping.embed")} if labels else {})


def _modulated(theirs: Arrays, name: str) -> dict[str, Any]:
    return {
        "kernel": convolution(theirs[f"{name}.weight"]),
        "scales": _dense(theirs, f"{name}.affine"),
    }


def _generator(theirs: Arrays, sides: list[int], depth: int) -> dict[str, Any]:
    """The variables of ``nets.stylegan2.Generator``."""
    names = [f"synthesis.b{side}.{layer}" for side in sides for layer in ("conv0", "conv1")][1:]
    synthesis: dict[str, Any] = {"constant": theirs["synthesis.b4.const"].transpose(1, 2, 0)}
    for number, name in enumerate(names):
        synthesis[f"Layer_{number}"] = {
            "ModulatedConv_0": _modulated(theirs, name),
            "strength": theirs[f"{name}.noise_strength"],
            "bias": theirs[f"{name}.bias"],
        }
    for number, side in enumerate(sides):
        colors = f"synthesis.b{side}.torgb"
        synthesis[f"ModulatedConv_{number}"] = _modulated(theirs, colors)
        synthesis[f"bias{number}"] = theirs[f"{colors}.bias"]
    noise = np.concatenate([theirs[f"{name}.noise_const"].ravel() for name in names])
    return {
        "params": {"mapping": _mapping(theirs, depth), "synthesis": synthesis},
        "noise": {"synthesis": {"PixelNoise_0": {"fixed": noise}}},
        "average": {"mean": theirs["mapping.w_avg"]},
    }


def _discriminator(theirs: Arrays, sides: list[int]) -> dict[str, Any]:
    """The parameters of ``nets.stylegan2.Discriminator``."""
    size = theirs["b4.fc.weight"].shape[0]
    flat = theirs["b4.fc.weight"].reshape(size, -1, 4, 4).transpose(2, 3, 1, 0)
    found: dict[str, Any] = {
        "colors": _conv(theirs, f"b{sides[-1]}.fromrgb"),
        "last": _conv(theirs, "b4.conv"),
        "features": {"kernel": flat.reshape(-1, size), "bias": theirs["b4.fc.bias"]},
        "logit": _dense(theirs, "b4.out"),
    }
    for number, side in enumerate(sides[:0:-1]):
        names = [f"b{side}.{layer}" for layer in ("conv0", "conv1", "skip")]
        layers = [name for name in names if f"{name}.weight" in theirs]
        found[f"Block_{number}"] = {
            f"EqualizedConv_{n}": _conv(theirs, layer) for n, layer in enumerate(layers)
        }
    depth = sum(f"mapping.fc{n}.weight" in theirs for n in range(100))
    return found | ({"mapping": _mapping(theirs, depth)} if depth else {})
