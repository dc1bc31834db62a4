"""Rewrites the tfrecord shards of a TFDS data set as array_record, without TensorFlow.

Both hold the same serialized examples; only the containers differ. A tfrecord file is a sequence
of: length (uint64, little-endian), its checksum (4 bytes), content, its checksum (4 bytes).
"""

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from array_record.python.array_record_module import (  # pyright: ignore[reportAttributeAccessIssue]
    ArrayRecordWriter,
)
from rich.console import Console
from rich.progress import Progress

from jaxgan.errors import UserError
from jaxgan.files import replacing


def tfrecord_to_array_record(builder: Any, console: Console) -> None:
    """Adds array_record shards next to the tfrecord shards, which TFDS reads by default.

    TFDS then reads either format where the version is given (``name:1.0.0``).

    Shards are written under other names and renamed, and the description names the new format
    last: an interruption leaves the data set as it was.

    Args:
      builder: TFDS's builder of the prepared data set.
      console: where progress is shown.

    Raises:
      UserError: a shard is missing or damaged, or the folder cannot be written to.
    """
    path = Path(builder.data_path)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            for split in builder.info.splits.values():
                task = progress.add_task(f"Converting {split.name}", total=split.num_examples)
                template = split.filename_template.replace(filetype_suffix="array_record")
                targets = template.sharded_filepaths(num_shards=split.num_shards)
                sources = template.replace(filetype_suffix="tfrecord").sharded_filepaths(
                    num_shards=split.num_shards
                )
                for source, target, length in zip(
                    sources, targets, split.shard_lengths, strict=True
                ):
                    _convert_shard(Path(source), Path(target), length)
                    progress.advance(task, length)
        _add_format(path / "dataset_info.json")
    except OSError as error:
        raise UserError(f"{path} cannot be converted ({error}).") from error


def _convert_shard(source: Path, target: Path, length: int) -> None:
    if not source.exists():
        raise UserError(f"{source} is missing. Prepare the data set again.")
    with replacing(target) as part:
        writer = ArrayRecordWriter(str(part), "group_size:1")  # as TFDS and Grain want it
        count = 0
        with source.open("rb") as file:
            for record in _records(file, source):
                writer.write(record)
                count += 1
        writer.close()
        if count != length:
            raise UserError(f"{source} is damaged: it holds {count} of {length} samples.")


def _records(file: BinaryIO, path: Path) -> Iterator[bytes]:
    while head := file.read(12):
        size = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else -1
        left = os.fstat(file.fileno()).st_size - file.tell()
        if not 0 <= size <= left - 4:
            raise UserError(f"{path} is damaged: it ends in the middle of a sample.")
        yield file.read(size)
        file.read(4)


def _add_format(description: Path) -> None:
    content = json.loads(description.read_text())
    others = content.get("alternativeFileFormats", [])
    content["alternativeFileFormats"] = [*others, "array_record"]
    content.setdefault("fileFormat", "tfrecord")
    with replacing(description) as part:
        part.write_text(json.dumps(content, indent=2))
        part.chmod(description.stat().st_mode)
