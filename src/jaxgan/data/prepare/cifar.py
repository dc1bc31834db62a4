"""CIFAR-10 and CIFAR-100: one archive, or its unpacked binary files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jaxgan.data.prepare import formats
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder
from jaxgan.errors import UserError


def _recipe(name: str, archive: str, classes: tuple[int, ...]) -> Recipe:
    """The recipe of CIFAR-10 (``classes=(10,)``) or CIFAR-100 (``(20, 100)``)."""

    def binaries(info: Any) -> tuple[str, ...]:
        return (*info.train_files, *info.test_files)

    def find(folder: Path) -> dict[str, Path]:
        if folder.is_file():
            return {"archive": folder}
        check_folder(folder)
        if (folder / archive).is_file():
            return {"archive": folder / archive}
        # The property looks at nothing but the name.
        parent: Any = tfds.builder_cls(name)
        inner = parent._cifar_info.fget(parent).prefix.rstrip("/")
        here = folder / inner if (folder / inner).is_dir() else folder
        if any(here.glob("*.bin")):
            return {"folder": here}
        other = " What is there is the Python version." if _python_version(folder) else ""
        raise UserError(
            f"{folder} has neither {archive} nor its *.bin files.{other} "
            "Put the binary version there."
        )

    def load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
        info = builder._cifar_info
        names = (*binaries(info), *info.label_files)
        if "folder" in paths:
            where = paths["folder"]
            content = {n: (where / n).read_bytes() for n in names if (where / n).is_file()}
        else:
            where = paths["archive"]
            content = formats.read_members(where, names)
        for name in binaries(info):
            if name not in content:
                raise UserError(f"{where} has no file {name}. Put the whole binary version there.")
        splits = {}
        for split, files in (("train", info.train_files), ("test", info.test_files)):
            parts = [formats.read_cifar(content[n], f"{where}/{n}", classes) for n in files]
            images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
            splits[split] = {
                "image": images,
                "id": np.array([f"{split}_{i:05d}" for i in range(len(images))]),
                **{key: labels[:, i] for i, key in enumerate(info.label_keys)},
            }
        label_names = {
            key: content[file].decode().split()
            for key, file in zip(info.label_keys, info.label_files, strict=True)
            if file in content
        }
        return Loaded(splits, label_names)

    return Recipe(
        about=f"60,000 photographs of {classes[-1]} classes, color, 32 px",
        license="none stated",
        source="Alex Krizhevsky, University of Toronto",
        files=(archive,),
        find=find,
        load=load,
        counts={"train": 50000, "test": 10000},
        urls=lambda builder: {"archive": builder._cifar_info.url},
    )


def _python_version(folder: Path) -> bool:
    return any(folder.glob("cifar-*-python*")) or (folder / "data_batch_1").exists()


CIFAR10 = _recipe("cifar10", "cifar-10-binary.tar.gz", (10,))
CIFAR100 = _recipe("cifar100", "cifar-100-binary.tar.gz", (20, 100))
