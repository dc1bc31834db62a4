"""Stacked MNIST: three digits as the channels of one image, 1000 modes that can be counted.

Metz et al. 2017, "Unrolled generative adversarial networks", section 3.3.1, and Srivastava et al.
2017, "VEEGAN". PacGAN's code draws 128,000 triples once, from MNIST's 70,000 digits, 28 pixels;
R3GAN and DDGAN pad to 32.
"""

import functools

import numpy as np

from jaxgan.data.source import Rows, RowSpec, Source, digest
from jaxgan.data.sources.drawn import reader
from jaxgan.data.sources.tfds import open_tfds
from jaxgan.data.splitmix import splitmix64
from jaxgan.data.splits import split_indices
from jaxgan.errors import UserError

COUNT = 128_000
"""Triples, where the name does not say: PacGAN's number."""

LARGEST = 2**26
"""Triples at most: an epoch's order is a permutation of them in memory."""

DIGITS = {"train": "train+test", "test": "test"}
"""MNIST's splits that the digits of each split come from."""

SEEDS = {"train": 2018, "test": 2019}


def open_stacked(
    count: int | None = None,
    split: str = "train",
    data_dir: str | None = None,
    *,
    resolution: int | None = None,
) -> Source:
    """Stacked MNIST: images ``[28 or 32, 28 or 32, 3]``, labels 0 to 999, hundreds first.

    A triple is a function of its place alone and is put together when it is read: the default
    128,000 are fixed triples as in PacGAN, and a count of millions is as good as fresh ones.

    Args:
      count: number of triples; None for ``COUNT``.
      split: ``train`` (of all 70,000 digits, as in PacGAN), ``test``, or a part of them.
      data_dir: where MNIST is prepared.
      resolution: 28, or 32 for a black border of two pixels.

    Raises:
      UserError: MNIST is not prepared, or there is no such count, split or resolution.
    """
    count = COUNT if count is None else count
    if not 1 <= count <= LARGEST:
        raise UserError(f"stacked_mnist:{count}: use 1 to {LARGEST} triples.")
    if resolution not in (None, 28, 32):
        raise UserError(f"stacked_mnist has 28 or 32 pixels (a black border), not {resolution}.")
    parts = split_indices(split, dict.fromkeys(DIGITS, count))
    opened = {name: open_tfds("mnist", DIGITS[name], data_dir) for name, _ in parts}
    digits = functools.cache(lambda name: opened[name].arrays())
    border = 0 if resolution in (None, 28) else 2
    side = 28 + 2 * border

    spec = {"image": RowSpec((side, side, 3), np.uint8), "label": RowSpec((), np.int32)}

    def draw(name: str, places: np.ndarray) -> Rows:
        rows = digits(name)
        chosen = triples(places, len(rows["label"]), SEEDS[name])
        stacked = rows["image"][chosen][..., 0].transpose(0, 2, 3, 1)
        edge = (border, border)
        image = np.pad(stacked, ((0, 0), edge, edge, (0, 0)))
        return {"image": image, "label": rows["label"][chosen] @ np.array([100, 10, 1], np.int32)}

    size, read = reader(parts, spec, draw)
    return Source(
        name="stacked_mnist" if count == COUNT else f"stacked_mnist:{count}",
        split=split,
        size=size,
        shape=(side, side, 3),
        read=read,
        fingerprint=digest(
            "triples of splitmix64",
            border,
            *((name, opened[name].fingerprint, indices) for name, indices in parts),
        ),
        classes=1000,
        preparation="none" if border == 0 else f"black border of {border}",
        channels_of=lambda split: open_tfds("mnist", split, data_dir),
    )


def triples(indices: np.ndarray, digits: int, seed: int) -> np.ndarray:
    """The three digits of each place, integers below ``digits``, ``[n, 3]``.

    Splitmix64 of the place and the channel: no table, and the same on every machine.
    """
    places = np.asarray(indices, np.uint64)[:, None] * np.uint64(3) + np.arange(3, dtype=np.uint64)
    return (splitmix64(places, seed) % np.uint64(digits)).astype(np.int64)
