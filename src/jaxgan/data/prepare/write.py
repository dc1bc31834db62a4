"""Writes a data set as TFDS does, without TensorFlow.

TFDS's own builders of the classic data sets need TensorFlow to unpack and to encode images. The
builders here derive from them and replace only that part, so that the result carries the
official name, version and order and is read by plain ``tfds.data_source``.
"""

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from rich.console import Console
from rich.progress import Progress
from tensorflow_datasets.core import registered
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from jaxgan.data.prepare.network import tensorflow_missing
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_counts
from jaxgan.data.sources.tfds import name_of
from jaxgan.errors import UserError
from jaxgan.viz.pictures import to_pillow


def without_tensorflow(
    builder: Any, recipe: Recipe, loaded: Loaded | None, partial: bool, console: Console
) -> Any:
    """TFDS's builder as one that needs no TensorFlow, of the same name, version and folder.

    Args:
      builder: TFDS's.
      recipe: reads the files.
      loaded: their content; None if they are to be downloaded from ``recipe.urls``.
      partial: accept fewer samples than the official ones.
      console: where progress is shown.
    """
    parent = type(builder)
    urls = recipe.urls(builder) if recipe.urls is not None else {}

    def split_generators(self, dl_manager):
        content = loaded
        if content is None:
            with console.status(f"Downloading {name_of(builder)}"):
                paths = dl_manager.download(urls)
            content = recipe.load(builder, {key: Path(path) for key, path in paths.items()})
            if not partial:
                check_counts(name_of(builder), recipe, content)
        for feature, names in content.names.items():
            self.info.features[feature].names = names
        return {
            split: _examples(split, rows, content.keys.get(split), console)
            for split, rows in content.splits.items()
        }

    body = {
        "name": parent.name,
        "url_infos": parent.url_infos,
        "VERSION": parent.VERSION,
        "_split_generators": split_generators,
        "_generate_examples": lambda self: iter(()),  # abstract; split_generators does its work
    }
    with registered.skip_registration():
        made = type(parent.__name__, (parent,), body)
    return made(
        config=builder.builder_config,
        data_dir=builder.data_dir_root,
        file_format="array_record",
    )


def _examples(
    split: str, rows: Mapping[str, np.ndarray], keys: Sequence[str] | None, console: Console
) -> Iterable[Any]:
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        count = len(next(iter(rows.values())))
        for index in progress.track(range(count), total=count, description=f"Writing {split}"):
            key = index if keys is None else keys[index]
            yield key, {name: _encoded(values[index]) for name, values in rows.items()}


def _encoded(value: Any) -> Any:
    """One image, image file, sound, text or number as TFDS takes it."""
    if hasattr(value, "read_bytes"):
        return io.BytesIO(value.read_bytes())
    if np.ndim(value) == 3:
        # As a PNG file: given an array, TFDS would call TensorFlow to encode it.
        return io.BytesIO(png(value))
    if np.ndim(value):
        return value
    return str(value) if isinstance(value, str) else int(value)


def png(image: np.ndarray) -> bytes:
    """A PNG file of an image, uint8 ``[height, width, 1 or 3]``."""
    file = io.BytesIO()
    to_pillow(image).save(file, "PNG")
    return file.getvalue()


def download_and_prepare(builder: Any, folder: Path) -> None:
    """Runs TFDS's preparation without its output; its errors become ``UserError``."""
    tfds.disable_progress_bar()
    config = tfds.download.DownloadConfig(try_download_gcs=False)  # Google's copies are tfrecord
    name = name_of(builder)
    again = f"Run `jaxgan data prepare {name}` again, or use --from FOLDER."
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(
                download_dir=str(folder / "downloads"), download_config=config
            )
    except UserError:
        raise
    except NonMatchingChecksumError as error:
        raise UserError(
            f"A downloaded file of {name} is not what was published: {_first_line(error)}. " + again
        ) from error
    except Exception as error:
        if tensorflow_missing(error):
            raise UserError(
                f"TFDS needs TensorFlow to prepare {name}, once. On any machine, in an "
                "environment of its own: pip install tensorflow-cpu tensorflow-datasets "
                f"array_record && {array_record_command(name, 'DIR')} and copy "
                f"DIR/{builder.name} into {folder}; it is then read here without TensorFlow."
            ) from error
        raise UserError(
            f"Preparing {name} failed ({type(error).__name__}: {_first_line(error)}). " + again
        ) from error


def array_record_command(name: str, data_dir: str) -> str:
    """The command that prepares any TFDS data set as array_record; it needs TensorFlow."""
    return (
        'python -c "import tensorflow_datasets as tfds; '
        f"tfds.builder('{name}', data_dir='{data_dir}', file_format='array_record')"
        '.download_and_prepare()"'
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no reason given"
