"""Downloads or imports data sets and writes them as TFDS does, without TensorFlow.

TFDS's own builders of the classic sets need TensorFlow to unpack and to encode images. The
builders here derive from them and replace only that part, so that the result carries the
official name, version and order and is read by plain ``tfds.data_source``.
"""

import contextlib
import dataclasses
import io
import tempfile
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image
from rich.console import Console
from rich.progress import Progress
from tensorflow_datasets.core import registered
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from jaxgan.data.prepare import formats
from jaxgan.data.prepare.convert import tfrecord_to_array_record
from jaxgan.data.prepare.debian import PACKAGE, debian_fashion_mnist
from jaxgan.data.prepare.network import tensorflow_missing, why_unreachable
from jaxgan.data.sources.tfds import check_sound, find_builder, resolve_data_dir, stored_format
from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one data set is made from the files it is published as.

    Attributes:
      files: names of the files that ``--from DIR`` must hold, for messages.
      urls: name -> address, from TFDS's class.
      find: name -> path in a folder; raises ``UserError`` for what is missing.
      load: reads and checks the files, given TFDS's class and name -> path.
      counts: official number of samples of each split.
    """

    files: tuple[str, ...]
    urls: Callable[[Any], dict[str, str]]
    find: Callable[[Path], dict[str, Path]]
    load: Callable[[Any, Mapping[str, Path]], "Loaded"]
    counts: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Loaded:
    """The content of the published files: arrays per split, and names of the classes."""

    splits: Mapping[str, Mapping[str, np.ndarray]]
    names: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)


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

    Does nothing if that is already done. What is being written lies in a folder that is renamed
    when complete, so that an interruption leaves nothing that could be taken for whole.

    Args:
      name: a TFDS name, e.g. ``fashion_mnist`` or ``my_set/config``.
      data_dir: TFDS's data folder; by default ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``.
      source_dir: a folder (or archive) with the published files; nothing is downloaded then.
      timeout: seconds after which the network counts as missing.
      debian: where the download is impossible, take ``fashion_mnist`` from Debian's package.
      partial: accept files with fewer samples than the official ones.
      console: where progress is shown; standard error by default.

    Returns:
      The folder of the prepared data set.

    Raises:
      UserError: names the fault and what to do.
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
        _check_counts(builder.name, recipe, loaded)
    made = _builder(parent, recipe, loaded, partial, console)(
        data_dir=str(folder), file_format="array_record"
    )
    console.print(f"Preparing {name} in {made.data_path}")
    _download_and_prepare(made, folder)
    return Path(made.data_path)


def how_without_network(name: str, recipe: Recipe, reason: str, tried_debian: bool = False) -> str:
    """What to do where the download fails: one message with the commands to type."""
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

    It tries, because permission bits do not tell of full or read-only file systems.
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


def _builder(
    parent: Any, recipe: Recipe, loaded: Loaded | None, partial: bool, console: Console
) -> Any:
    """TFDS's class with the parts replaced that need TensorFlow; keeps its name and version."""
    urls = recipe.urls(parent)

    def split_generators(self, dl_manager):
        content = loaded
        if content is None:
            with console.status(f"Downloading {', '.join(recipe.files)}"):
                paths = dl_manager.download(urls)
            content = recipe.load(parent, {key: Path(path) for key, path in paths.items()})
            if not partial:
                _check_counts(parent.name, recipe, content)
        for feature, names in content.names.items():
            self.info.features[feature].names = names
        return {split: _examples(split, rows, console) for split, rows in content.splits.items()}

    body = {
        "name": parent.name,
        "url_infos": parent.url_infos,
        "VERSION": parent.VERSION,
        "_split_generators": split_generators,
        "_generate_examples": lambda self: iter(()),  # abstract; split_generators does its work
    }
    with registered.skip_registration():
        return type(parent.__name__, (parent,), body)


def _examples(split: str, rows: Mapping[str, np.ndarray], console: Console) -> Iterable[Any]:
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        count = len(rows["image"])
        for index in progress.track(range(count), total=count, description=f"Writing {split}"):
            example: dict[str, Any] = {
                key: int(values[index])
                for key, values in rows.items()
                if key not in ("image", "id")
            }
            if "id" in rows:
                example["id"] = str(rows["id"][index])
            # As a PNG file: given an array, TFDS would call TensorFlow to encode it.
            yield index, {**example, "image": io.BytesIO(_png(rows["image"][index]))}


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    return file.getvalue()


def _download_and_prepare(builder: Any, folder: Path) -> None:
    """Runs TFDS's preparation, quietly, and words what can go wrong with it."""
    tfds.disable_progress_bar()
    config = tfds.download.DownloadConfig(try_download_gcs=False)  # Google's copies are tfrecord
    again = f"Run `jaxgan data prepare {builder.name}` again, or use --from FOLDER."
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(
                download_dir=str(folder / "downloads"), download_config=config
            )
    except UserError:
        raise
    except NonMatchingChecksumError as error:
        raise UserError(
            f"A downloaded file of {builder.name} is not what was published: {_first_line(error)}. "
            + again
        ) from error
    except Exception as error:
        if tensorflow_missing(error):
            raise UserError(
                f"TFDS needs TensorFlow to prepare {builder.name}, once. On any machine, in an "
                "environment of its own: pip install tensorflow-cpu tensorflow-datasets "
                f"array_record && {array_record_command(builder.name, 'DIR')} and copy "
                f"DIR/{builder.name} into {folder}; it is then read here without TensorFlow."
            ) from error
        raise UserError(
            f"Preparing {builder.name} failed ({type(error).__name__}: {_first_line(error)}). "
            + again
        ) from error


def array_record_command(name: str, data_dir: str) -> str:
    """The one line that prepares any TFDS data set as array_record, where TensorFlow is there."""
    return (
        'python -c "import tensorflow_datasets as tfds; '
        f"tfds.builder('{name}', data_dir='{data_dir}', file_format='array_record')"
        '.download_and_prepare()"'
    )


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
    _download_and_prepare(builder, folder)
    return Path(builder.data_path)


def _check_counts(name: str, recipe: Recipe, loaded: Loaded) -> None:
    for split, rows in loaded.splits.items():
        count = len(rows["image"])
        if count != recipe.counts[split]:
            raise UserError(
                f"The files hold {count} samples of {name}'s split {split}; the data "
                f"set has {recipe.counts[split]}. Fetch the complete files."
            )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no reason given"


# --- MNIST and its relatives: four IDX files ---------------------------------------------------

IDX_FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}


def _idx_urls(parent: Any) -> dict[str, str]:
    return {key: urllib.parse.urljoin(parent.URL, name) for key, name in IDX_FILES.items()}


def _idx_find(folder: Path) -> dict[str, Path]:
    _check_folder(folder)
    found = {}
    for key, name in IDX_FILES.items():
        plain = name.removesuffix(".gz")
        # The name with a dot is what some mirrors' archives unpack to.
        names = (name, plain, plain.replace("-idx", ".idx"), plain.replace("-idx", ".idx") + ".gz")
        path = next((folder / n for n in names if (folder / n).is_file()), None)
        if path is None:
            raise UserError(
                f"{folder} has no file {name} (or unpacked, {plain}). "
                f"It must hold {', '.join(IDX_FILES.values())}."
            )
        found[key] = path
    return found


def _idx_load(parent: Any, paths: Mapping[str, Path]) -> Loaded:
    splits = {}
    for split in ("train", "test"):
        images, labels = formats.read_labelled_idx(
            paths[f"{split}_images"], paths[f"{split}_labels"], classes=10
        )
        if images.shape[1:] != (28, 28, 1):
            raise UserError(
                f"{paths[f'{split}_images']} holds images of {images.shape[1]}x{images.shape[2]} "
                f"pixels; {parent.name} has 28x28. Fetch it again."
            )
        splits[split] = {"image": images, "label": labels}
    return Loaded(splits)


IDX = Recipe(
    files=tuple(IDX_FILES.values()),
    urls=_idx_urls,
    find=_idx_find,
    load=_idx_load,
    counts={"train": 60000, "test": 10000},
)


# --- CIFAR: one archive, or its unpacked binary files -------------------------------------------


def _cifar(archive: str, classes: tuple[int, ...]) -> Recipe:
    """The recipe of CIFAR-10 (``classes=(10,)``) or CIFAR-100 (``(20, 100)``)."""

    def binaries(parent: Any) -> tuple[str, ...]:
        info = _cifar_info(parent)
        return (*info.train_files, *info.test_files)

    def find(folder: Path) -> dict[str, Path]:
        if folder.is_file():
            return {"archive": folder}
        _check_folder(folder)
        if (folder / archive).is_file():
            return {"archive": folder / archive}
        inner = _cifar_info(tfds.builder_cls(_cifar_name(classes))).prefix.rstrip("/")
        here = folder / inner if (folder / inner).is_dir() else folder
        if any(here.glob("*.bin")):
            return {"folder": here}
        other = " What is there is the Python version." if _python_version(folder) else ""
        raise UserError(
            f"{folder} has neither {archive} nor its *.bin files.{other} "
            "Put the binary version there."
        )

    def load(parent: Any, paths: Mapping[str, Path]) -> Loaded:
        info = _cifar_info(parent)
        names = (*binaries(parent), *info.label_files)
        if "folder" in paths:
            where = paths["folder"]
            content = {n: (where / n).read_bytes() for n in names if (where / n).is_file()}
        else:
            where = paths["archive"]
            content = formats.read_members(where, names)
        for name in binaries(parent):
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
        files=(archive,),
        urls=lambda parent: {"archive": _cifar_info(parent).url},
        find=find,
        load=load,
        counts={"train": 50000, "test": 10000},
    )


def _cifar_name(classes: tuple[int, ...]) -> str:
    return f"cifar{classes[-1]}"


def _cifar_info(parent: Any) -> Any:
    """TFDS's table of CIFAR's file names; a property that looks at nothing but the name."""
    return parent._cifar_info.fget(parent)


def _python_version(folder: Path) -> bool:
    return any(folder.glob("cifar-*-python*")) or (folder / "data_batch_1").exists()


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder. Give --from the folder that holds the files.")


RECIPES: Mapping[str, Recipe] = {
    "mnist": IDX,
    "fashion_mnist": IDX,
    "kmnist": IDX,
    "cifar10": _cifar("cifar-10-binary.tar.gz", (10,)),
    "cifar100": _cifar("cifar-100-binary.tar.gz", (20, 100)),
}
"""What is prepared without TensorFlow; the names that ``jaxgan data prepare`` knows by itself."""
