"""A folder of images, decoded and resized once into an array_record data set of its own.

Reading it then decodes nothing: pixels are stored as they are, compressed without loss.
"""

import concurrent.futures
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from rich.console import Console
from rich.progress import Progress

from jaxgan.data.prepare.prepare import check_writable
from jaxgan.data.prepare.write import download_and_prepare
from jaxgan.data.source import Source
from jaxgan.data.sources.folder import open_folder, split_folders
from jaxgan.data.sources.image_files import Unreadable
from jaxgan.data.sources.tfds import DESCRIPTION, check_sound, find_builder, resolve_data_dir
from jaxgan.errors import UserError

BLOCK = 64
"""Images that a thread decodes at a time."""


def prepare_folder(
    images: Path,
    resolution: int,
    *,
    channels: int | None = None,
    unreadable: Unreadable = "refuse",
    data_dir: str | None = None,
    console: Console | None = None,
) -> tuple[str, Path]:
    """Writes a folder of images, with its splits and classes, as an array_record data set.

    Does nothing if a data set of this name is there. It is written into a temporary folder that is
    renamed when complete.

    Args:
      images: as ``open_folder`` takes it.
      resolution: side that images are cropped and resized to; see ``decode.fit``.
      channels: 1 or 3, which is the default.
      unreadable: ``refuse`` a folder with files that cannot be decoded, or ``skip`` them.
      data_dir: TFDS's data folder; by default ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``.
      console: where progress is shown; standard error by default.

    Returns:
      The name that it is opened by, ``FOLDER/RESOLUTION``, and its folder.

    Raises:
      UserError: there are no such images, some cannot be read, or it cannot be written.
    """
    console = console if console is not None else Console(stderr=True, soft_wrap=True)
    if resolution < 1:
        raise UserError(f"--resolution {resolution}: must be at least 1.")
    images, where = images.expanduser(), resolve_data_dir(data_dir)
    spec = f"{name_of_folder(images)}/{resolution}"
    there = sorted(where.glob(f"{spec}/*/{DESCRIPTION[0]}"))
    if there:
        builder = find_builder(spec, where)
        check_sound(builder)
        console.print(f"{spec} is already prepared in {builder.data_path}")
        return spec, Path(builder.data_path)
    check_writable(where)
    options: dict[str, Any] = {"resolution": resolution, "channels": channels}
    options |= {"unreadable": unreadable, "data_dir": data_dir}
    if not images.is_dir():
        raise UserError(f"There is no folder {images}. Check its path.")
    sources = {split: open_folder(images, split, **options) for split in split_folders(images)}
    builder = builder_of(spec, sources, where, console)
    console.print(f"Preparing {spec} in {builder.data_path}")
    download_and_prepare(builder, where)
    return spec, Path(builder.data_path)


def name_of_folder(images: Path) -> str:
    """The folder's name as one that TFDS takes: ``my_pictures`` of ``My Pictures``.

    Raises:
      UserError: nothing of it can stay.
    """
    name = re.sub(r"\W+", "_", images.resolve().name.lower(), flags=re.ASCII).strip("_")
    if not name or not name[0].isalpha():
        name = f"images_{name}".rstrip("_")
    return name


def builder_of(spec: str, sources: dict[str, Source], where: Path, console: Console) -> Any:
    """TFDS's builder of these splits."""
    name, _, config = spec.partition("/")
    first = next(iter(sources.values()))
    features: dict[str, Any] = {"image": tfds.features.Tensor(shape=first.shape, dtype=np.uint8)}
    if first.class_names:
        features["label"] = tfds.features.ClassLabel(names=list(first.class_names))

    class Folder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        """The images of a folder."""

        VERSION = tfds.core.Version("1.0.0")
        BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=config)]  # noqa: RUF012

        def _info(self) -> Any:
            return tfds.core.DatasetInfo(
                builder=self,
                description=f"Images of the folder {name}, {config} pixels wide.",
                features=tfds.features.FeaturesDict(features),
            )

        def _split_generators(self, dl_manager: Any) -> Any:
            return {split: examples(split, source, console) for split, source in sources.items()}

        def _generate_examples(self) -> Any:  # abstract; _split_generators does its work
            return iter(())

    Folder.name = name
    return Folder(config=config, data_dir=str(where), file_format="array_record")


def examples(split: str, source: Source, console: Console) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a source with their numbers; several threads decode ahead."""
    threads = os.cpu_count() or 1
    blocks = [range(n, min(n + BLOCK, source.size)) for n in range(0, source.size, BLOCK)]
    with (
        concurrent.futures.ThreadPoolExecutor(threads) as pool,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task(f"Writing {split}", total=source.size)
        ahead = [pool.submit(source.read, np.asarray(block)) for block in blocks[: 2 * threads]]
        for number, block in enumerate(blocks):
            rows = ahead.pop(0).result()
            if number + 2 * threads < len(blocks):
                later = np.asarray(blocks[number + 2 * threads])
                ahead.append(pool.submit(source.read, later))
            for place, index in enumerate(block):
                row = {key: values[place] for key, values in rows.items()}
                yield index, row if "label" not in row else {**row, "label": int(row["label"])}
            progress.advance(task, len(block))
