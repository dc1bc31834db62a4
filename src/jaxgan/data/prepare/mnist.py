"""MNIST and its relatives: four IDX files."""

import dataclasses
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxgan.data.prepare import formats
from jaxgan.data.prepare.debian import DebianPackages
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder
from jaxgan.errors import UserError

FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}


def _urls(builder: Any) -> dict[str, str]:
    return {key: urllib.parse.urljoin(builder.URL, name) for key, name in FILES.items()}


def _find(folder: Path) -> dict[str, Path]:
    check_folder(folder)
    found = {}
    for key, name in FILES.items():
        plain = name.removesuffix(".gz")
        # The name with a dot is what some mirrors' archives unpack to.
        names = (name, plain, plain.replace("-idx", ".idx"), plain.replace("-idx", ".idx") + ".gz")
        path = next((folder / n for n in names if (folder / n).is_file()), None)
        if path is None:
            raise UserError(
                f"{folder} has no file {name} (or unpacked, {plain}). "
                f"It must hold {', '.join(FILES.values())}."
            )
        found[key] = path
    return found


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    splits = {}
    for split in ("train", "test"):
        images, labels = formats.read_labeled_idx(
            paths[f"{split}_images"], paths[f"{split}_labels"], classes=10
        )
        if images.shape[1:] != (28, 28, 1):
            raise UserError(
                f"{paths[f'{split}_images']} holds images of {images.shape[1]}x{images.shape[2]} "
                f"pixels; {builder.name} has 28x28. Fetch it again."
            )
        splits[split] = {"image": images, "label": labels}
    return Loaded(splits)


MNIST = Recipe(
    about="70,000 handwritten digits, gray, 28 px",
    license="CC BY-SA 3.0",
    source="Yann LeCun and Corinna Cortes",
    files=tuple(FILES.values()),
    find=_find,
    load=_load,
    counts={"train": 60000, "test": 10000},
    urls=_urls,
)

FASHION_MNIST = dataclasses.replace(
    MNIST,
    about="70,000 photographs of garments, gray, 28 px",
    license="MIT",
    source="Zalando Research",
    packages=DebianPackages(
        names=("dataset-fashion-mnist",),
        folder=Path("/usr/share/datasets/fashion-mnist"),
        files={
            "train-images-idx3-ubyte.gz": (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
            ),
            "train-labels-idx1-ubyte.gz": (
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
            ),
        },
        size="26 MB",
    ),
)

KMNIST = dataclasses.replace(
    MNIST,
    about="70,000 handwritten characters of old Japanese, gray, 28 px",
    license="CC BY-SA 4.0",
    source="ROIS-DS Center for Open Data in the Humanities",
)
