"""TFDS data sets, read through ``tfds.data_source`` without TensorFlow."""

import dataclasses
import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from array_record.python.array_record_module import (  # pyright: ignore[reportAttributeAccessIssue]
    ArrayRecordReader,
)
from tensorflow_datasets.core import registered

from jaxgan.data.cache import CACHE_BYTES, cached
from jaxgan.data.hashes import hash_files, kept, stats_of
from jaxgan.data.modality import IMAGES, Modality
from jaxgan.data.prepare import recipes as _recipes  # noqa: F401  # TFDS then knows jaxgan's own
from jaxgan.data.source import Rows, Source, digest, read_all
from jaxgan.data.sources.decode import UnreadableError, decode, fit_array
from jaxgan.errors import NoSplitError, UserError, one_of

DESCRIPTION = ("dataset_info.json", "features.json")
"""Files without which a prepared folder is not whole."""

OWN = ("ring", "grid", "swiss_roll", "stacked_mnist")
"""Names of data that TFDS does not know, for messages."""


def open_tfds(
    spec: str,
    split: str,
    data_dir: str | None = None,
    *,
    resolution: int | None = None,
    channels: int | None = None,
    image: str | None = None,
) -> Source:
    """A prepared TFDS data set of images.

    Args:
      spec: ``name``, ``name/config``, ``name:version``, as TFDS writes them.
      split: TFDS's split syntax.
      data_dir: TFDS's data folder.
      resolution: see ``decode.fit``; needed where the images differ in size.
      channels: 1, 3, or None for what the data set has.
      image: name of the feature that holds the images; None for ``image``, or else the first.

    Raises:
      UserError: not prepared, prepared as tfrecord, damaged, without images, or unknown.
    """
    folder = resolve_data_dir(data_dir)
    builder = prepared_builder(spec, folder)
    image_key, label_key = _keys(builder, image)
    feature = builder.info.features[image_key]
    native = tuple(feature.shape)
    shape = (
        resolution or native[0],
        resolution or native[1],
        channels or native[2],
    )
    if None in shape[:2]:
        raise UserError(
            f"The images of {spec} differ in size. Give one with --resolution, e.g. 64."
        )
    if shape[2] not in (1, 3):
        raise UserError(
            f"The images of {spec} have {native[2]} channels. Choose --channels 1 or 3."
        )
    encoded = isinstance(feature, tfds.features.Image)

    def one(row: Any, place: int) -> np.ndarray:
        if not encoded:
            return fit_array(row[image_key], channels, resolution)
        try:
            return decode(row[image_key], shape[2], resolution)
        except UnreadableError as error:
            raise UserError(
                f"Sample {place} of {spec} cannot be decoded ({error}). {_again(builder)}"
            ) from error

    named = () if image is None else (image,)
    return source_of(
        spec,
        split,
        folder,
        builder,
        one,
        shape,
        IMAGES,
        label_key,
        resolution,
        channels,
        *named,
    )


def prepared_builder(spec: str, folder: Path) -> Any:
    """TFDS's builder of a data set that is prepared and sound.

    Raises:
      UserError: it is not prepared, prepared as tfrecord, damaged, or unknown.
    """
    builder = find_builder(spec, folder)
    if not Path(builder.data_path).exists():
        raise UserError(f"{spec} is not prepared in {folder}. Run: {prepare_line(spec, folder)}")
    if stored_format(builder) == "tfrecord":
        raise UserError(array_record_line(builder, folder))
    check_sound(builder)
    return builder


def source_of(
    spec: str,
    split: str,
    folder: Path,
    builder: Any,
    one: Callable[[Any, int], np.ndarray],
    shape: tuple[int, ...],
    modality: Modality,
    label: str | None,
    *options: Any,
) -> Source:
    """The samples of a prepared data set.

    Args:
      spec: how it was named.
      split: TFDS's split syntax.
      folder: TFDS's data folder.
      builder: of the data set.
      one: ``(row, place) -> sample``.
      shape: of a sample.
      modality: what samples are.
      label: the name of the feature that is the class label.
      options: all that ``one`` depends on beside the row.

    Raises:
      UserError: there is no such split.
    """
    stored = stored_rows(spec, split, folder, builder)
    key = modality.key

    def read(indices: np.ndarray) -> Rows:
        samples = np.empty((len(indices), *shape), modality.dtype)
        labels = np.empty(len(indices), np.int32)
        # In blocks: the encoded rows of a whole data set would double the memory it takes.
        for start in range(0, len(indices), 1024):
            block = [int(place) for place in indices[start : start + 1024]]
            try:
                found = stored.__getitems__(block)
            except (OSError, ValueError, RuntimeError, IndexError) as error:
                raise UserError(f"{spec} cannot be read ({error}). {_again(builder)}") from error
            for i, (place, row) in enumerate(zip(block, found, strict=True), start):
                samples[i] = one(row, place)
                labels[i] = row[label] if label else 0
        return {key: samples, "label": labels} if label else {key: samples}

    feature = builder.info.features[label] if label else None
    source = Source(
        name=spec,
        split=split,
        size=len(stored),
        shape=shape,
        read=read,
        fingerprint="",
        classes=feature.num_classes if feature is not None else None,
        class_names=tuple(feature.names) if feature is not None and feature.names else (),
        dtype=modality.dtype,
        modality=modality,
    )
    shards = _shards(builder)
    stats = [(str(file), *stats_of(file)) for file, _ in shards]
    entry = digest(stats, split, *options)
    source = dataclasses.replace(
        source, load=lambda: cached(folder, entry, source.nbytes, lambda: read_all(source))
    )

    def of_samples() -> str:
        # Not of the bytes on disk, which depend on who encoded the images.
        return digest(source.arrays())

    def of_files() -> str:
        hashes = kept(stats, lambda: hash_files([file for file, _ in shards], spec))
        return digest(hashes, split, *options)

    if source.nbytes > CACHE_BYTES:  # hours to decode
        return dataclasses.replace(source, fingerprint=of_files())
    return dataclasses.replace(source, fingerprint=kept(entry, of_samples))


def resolve_data_dir(data_dir: str | None) -> Path:
    """TFDS's data folder: the argument, ``$TFDS_DATA_DIR``, or ``~/tensorflow_datasets``."""
    chosen = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(chosen).expanduser()


def find_builder(spec: str, folder: Path, **kwargs: Any) -> Any:
    """TFDS's builder of a name, prepared or not.

    Raises:
      UserError: unknown, with the names that are spelled nearly so.
    """
    try:
        builder = tfds.builder(spec, data_dir=str(folder), **kwargs)
        if not all((Path(builder.data_path) / name).exists() for name in DESCRIPTION):
            return builder
        # With its version TFDS describes the data by the files and not by its code, which would
        # forget that they exist in several formats.
        return tfds.builder(versioned(builder), data_dir=str(folder))
    except registered.DatasetNotFoundError as error:
        name = spec.split("/")[0].split(":")[0]
        raise UserError(f"There is no data set {name}.{near_names(name, folder)}") from error
    except (ValueError, AssertionError, RuntimeError, OSError, KeyError) as error:
        # A version or configuration that does not exist, or files that are half there.
        name, _, config = spec.partition(":")[0].partition("/")
        if config and (known := _configurations(name)):
            one_of(config, known, f"{name} configuration")
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise UserError(f"{spec} cannot be opened in {folder}: {reason}") from error


def named_with(
    features: set[str], spec: str, data_dir: str | None
) -> tuple[str, int | None] | None:
    """The data set and the number of ``NAME`` or ``NAME:NUMBER``, if its samples have these.

    Args:
      features: that they must have.
      spec: how it is named; without a number there is None.
      data_dir: TFDS's data folder.

    Raises:
      UserError: there is no such data set.
    """
    found = re.fullmatch(r"(.+):(\d+)", spec)
    name, number = (found[1], int(found[2])) if found else (spec, None)
    known = find_builder(name, resolve_data_dir(data_dir)).info.features
    return (name, number) if features <= {*known} else None


def _configurations(name: str) -> list[str]:
    """The names of a data set's configurations; none where TFDS does not know it."""
    try:
        return list(tfds.builder_cls(name).builder_configs)
    except registered.DatasetNotFoundError:
        return []


def near_names(name: str, folder: Path) -> str:
    """`` Did you mean ...?``, among TFDS's names, prepared folders and jaxgan's own words."""
    known = set(tfds.list_builders(with_community_datasets=False)) | set(OWN)
    if folder.is_dir():
        known |= {
            path.name for path in folder.iterdir() if path.is_dir() and path.name != "downloads"
        }
    near = difflib.get_close_matches(name, sorted(known), n=3)
    if Path(name).is_dir():
        return f" To train on the images of the folder {name}, write folder:{name}."
    if near:
        return f" Did you mean {' or '.join(near)}?"
    return f" Give a TFDS name, folder:PATH, npz:PATH, {', '.join(OWN[:-1])} or {OWN[-1]}."


def stored_format(builder: Any) -> str:
    """The format of a prepared data set: ``array_record`` if it is among them."""
    formats = {f.value for f in builder.info.available_file_formats()}
    if "array_record" in formats or not any(Path(builder.data_path).glob("*.tfrecord*")):
        return "array_record"  # or no shards at all, which is for check_sound to say
    return "tfrecord"


def array_record_line(builder: Any, folder: Path) -> str:
    """What to do about data prepared as tfrecord: the one line that adds array_record."""
    return (
        f"{builder.data_path} is prepared as tfrecord, which only TensorFlow reads. Prepare it as "
        f"array_record: {prepare_line(versioned(builder), folder)}"
    )


def prepare_line(name: str, folder: Path) -> str:
    """The command that prepares a data set."""
    where = "" if folder == resolve_data_dir(None) else f" --data-dir {folder}"
    return f"jaxgan data prepare {name}{where}"


def versioned(builder: Any) -> str:
    """``name:version`` or ``name/config:version``."""
    return f"{name_of(builder)}:{builder.version}"


def name_of(builder: Any) -> str:
    """``name`` or ``name/config``."""
    return builder.info.full_name.rpartition("/")[0]


def check_sound(builder: Any) -> None:
    """Raises ``UserError`` if a prepared folder lacks files or holds damaged ones.

    Every shard's footer is read (a fraction of a millisecond), since TFDS itself notices a
    missing or truncated shard only when it comes to read from it.
    """
    path = Path(builder.data_path)
    for name in DESCRIPTION:
        if not (path / name).exists():
            raise UserError(f"{path} is incomplete: it has no {name}. {_again(builder)}")
    if not builder.info.splits:
        raise UserError(f"{path} is incomplete: it has no splits. {_again(builder)}")
    for file, length in _shards(builder):
        if not file.exists():
            raise UserError(f"{path} is incomplete: {file.name} is missing. {_again(builder)}")
        try:
            reader = ArrayRecordReader(str(file))
            count = reader.num_records()
            reader.close()
        except Exception as error:  # the C++ reader's errors have no common class
            raise UserError(f"{file} is damaged. {_again(builder)}") from error
        if count != length:
            raise UserError(
                f"{file} is damaged: it holds {count} of {length} samples. {_again(builder)}"
            )


def _shards(builder: Any) -> list[tuple[Path, int]]:
    """The array_record files of all splits and how many samples each must hold."""
    found = []
    for split in builder.info.splits.values():
        # Not split.filepaths: those are of the first format where there are several.
        template = split.filename_template.replace(filetype_suffix="array_record")
        files = template.sharded_filepaths(num_shards=split.num_shards)
        found += zip(map(Path, files), split.shard_lengths, strict=True)
    return found


def _again(builder: Any) -> str:
    return (
        f"Remove the folder {builder.data_path} and prepare it again: "
        f"{prepare_line(versioned(builder), Path(builder.data_dir_root))}"
    )


def image_keys(builder: Any) -> list[str]:
    """The names of the images among the data set's features."""
    return [
        key
        for key, feature in builder.info.features.items()
        if len(feature.shape) == 3
        and feature.np_dtype == np.uint8
        and isinstance(feature, (tfds.features.Image, tfds.features.Tensor))
    ]


def _keys(builder: Any, image: str | None) -> tuple[str, str | None]:
    """The names of the image and of the class label among the data set's features."""
    images = image_keys(builder)
    if not images:
        features = ", ".join(builder.info.features)
        raise UserError(
            f"{builder.name} has no images of uint8 among its features ({features}). "
            "Choose an image data set."
        )
    return image or ("image" if "image" in images else images[0]), label_of(builder)


def label_of(builder: Any) -> str | None:
    """The name of the class label among the data set's features; None without labels."""
    features = builder.info.features
    labels = [k for k, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    first = (builder.info.supervised_keys or ("image", "label"))[-1]
    return next((key for key in ("label", first) if key in labels), labels[0] if labels else None)


def stored_rows(
    spec: str,
    split: str,
    folder: Path,
    builder: Any,
) -> Any:
    """The rows of a split as TFDS reads them, images encoded.

    Raises:
      UserError: there is no such split, or it is empty.
    """
    # Images are decoded here: TFDS offers no thread pool, and asks for OpenCV in its log.
    decoders: Any = {
        key: tfds.decode.SkipDecoding()
        for key, feature in builder.info.features.items()
        if isinstance(feature, tfds.features.Image)
    }
    try:
        size = builder.info.splits[split].num_examples
    except (ValueError, KeyError, AssertionError) as error:
        raise NoSplitError(
            f"{spec} has no split {split}. Choose among {', '.join(sorted(builder.info.splits))}, "
            "or a part of one such as train[:90%]."
        ) from error
    if not size:
        raise UserError(f"The split {split} of {spec} holds no samples. Choose a larger part.")
    return tfds.data_source(
        versioned(builder), split=split, data_dir=str(folder), download=False, decoders=decoders
    )
