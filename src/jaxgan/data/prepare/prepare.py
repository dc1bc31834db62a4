"""Makes a data set ready to be read: downloaded through TFDS, or imported from files."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from rich.console import Console

from jaxgan.data.prepare.cifar import CIFAR10, CIFAR100
from jaxgan.data.prepare.convert import tfrecord_to_array_record
from jaxgan.data.prepare.debian import PACKAGE, debian_fashion_mnist
from jaxgan.data.prepare.mnist import MNIST
from jaxgan.data.prepare.network import why_unreachable
from jaxgan.data.prepare.recipe import Recipe, check_counts
from jaxgan.data.prepare.write import array_record_command, builder_of, download_and_prepare
from jaxgan.data.sources.tfds import check_sound, find_builder, resolve_data_dir, stored_format
from jaxgan.errors import UserError

RECIPES: Mapping[str, Recipe] = {
    "mnist": MNIST,
    "fashion_mnist": MNIST,
    "kmnist": MNIST,
    "cifar10": CIFAR10,
    "cifar100": CIFAR100,
}
"""What is prepared without TensorFlow; the names that ``jaxgan data prepare`` knows by itself."""


def prepare(
    name: str,
    *,
    data_dir: str | None = None,
    source_dir: Path | None = None,
    timeout: float = 15.0,
    debian: bool = False,
    partial: bool = False,
    console: Console | None = None,
) -> Path:
    """Makes a data set ready to be read: downloads it through TFDS, or imports files.

    Does nothing if the data set is already prepared. It is written into a temporary folder that is
    renamed when complete, so an interruption leaves no incomplete data set behind.

    Args:
      name: a TFDS name, e.g. ``fashion_mnist`` or ``my_set/config``.
      data_dir: TFDS's data folder; by default ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``.
      source_dir: a folder (or archive) with the published files; nothing is downloaded then.
      timeout: seconds after which the network counts as missing.
      debian: if the download fails, take ``fashion_mnist`` from its Debian package.
      partial: accept files with fewer samples than the official ones.
      console: where progress is shown; standard error by default.

    Returns:
      The folder of the prepared data set.

    Raises:
      UserError: it cannot be prepared; the message says why and what to do.
    """
    console = console if console is not None else Console(stderr=True, soft_wrap=True)
    folder = resolve_data_dir(data_dir)
    builder = find_builder(name, folder)
    if builder.data_path.exists():
        if stored_format(builder) == "tfrecord":
            console.print(f"Converting {name} in {builder.data_path} from tfrecord")
            tfrecord_to_array_record(builder, console)
            builder = find_builder(name, folder)
        check_sound(builder)
        console.print(f"{name} is already prepared in {builder.data_path}")
        return Path(builder.data_path)
    recipe = RECIPES.get(builder.name)
    check_writable(folder)
    if recipe is None:
        if source_dir is not None:
            raise UserError(
                f"Files of {builder.name} cannot be imported with --from, only those of "
                f"{', '.join(RECIPES)}. Put images into a folder and train on folder:PATH."
            )
        return _prepare_with_tfds(builder, folder, timeout, console)

    parent = tfds.builder_cls(builder.name)
    paths: Mapping[str, Path] | None = None
    if source_dir is not None:
        paths = recipe.find(Path(source_dir).expanduser())
    else:
        reason = why_unreachable(next(iter(recipe.urls(parent).values())), timeout)
        if reason is not None:
            unpacked = None
            if debian and builder.name == "fashion_mnist":
                unpacked = debian_fashion_mnist(folder / "downloads" / "debian", console)
            if unpacked is None:
                raise UserError(how_without_network(builder.name, recipe, reason, debian))
            paths = recipe.find(unpacked)
    # Read before anything is written: a damaged file then leaves no trace.
    loaded = recipe.load(parent, paths) if paths is not None else None
    if loaded is not None and not partial:
        check_counts(builder.name, recipe, loaded)
    made = builder_of(parent, recipe, loaded, partial, console)(
        data_dir=str(folder), file_format="array_record"
    )
    console.print(f"Preparing {name} in {made.data_path}")
    download_and_prepare(made, folder)
    return Path(made.data_path)


def how_without_network(name: str, recipe: Recipe, reason: str, tried_debian: bool = False) -> str:
    """The message for a download that fails, with the commands to type instead."""
    text = (
        f"{name} cannot be downloaded: {reason}. Copy {', '.join(recipe.files)} into a folder and "
        f"run: jaxgan data prepare {name} --from FOLDER"
    )
    if name == "fashion_mnist":
        tried = " (fetching it by itself failed too)" if tried_debian else ""
        text += (
            f". On Debian or Ubuntu{tried}: sudo apt-get install {PACKAGE}, then: "
            "jaxgan data prepare fashion_mnist --from /usr/share/datasets/fashion-mnist"
        )
    return text


def check_writable(folder: Path) -> None:
    """Raises ``UserError`` unless files can be written into ``folder``, which is made if missing.

    It writes a file to find out: permission bits say nothing of full or read-only disks.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"The data folder {folder} cannot be written to ({error.strerror}). "
            "Choose another one with --data-dir or the variable TFDS_DATA_DIR."
        ) from error


def _prepare_with_tfds(builder: Any, folder: Path, timeout: float, console: Console) -> Path:
    for url in list(builder.url_infos)[:1]:
        reason = why_unreachable(url, timeout) if url.startswith("http") else None
        if reason is not None:
            raise UserError(
                f"{builder.name} cannot be downloaded: {reason}. Prepare it on a machine with a "
                f"network: {array_record_command(builder.name, 'DIR')} and copy "
                f"DIR/{builder.name} into {folder}."
            )
    builder = find_builder(
        builder.info.full_name.rsplit("/", 1)[0], folder, file_format="array_record"
    )
    console.print(f"Preparing {builder.name} in {builder.data_path}")
    download_and_prepare(builder, folder)
    return Path(builder.data_path)
