"""Arrays in a NumPy ``.npz`` file."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from jaxgan.data.modality import Modality
from jaxgan.data.source import Source, from_arrays
from jaxgan.data.sources.decode import fit_array
from jaxgan.data.splits import rows_of
from jaxgan.errors import UserError


def open_npz(
    path: Path,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
    modality: Modality | None = None,
) -> Source:
    """Opens an ``.npz`` file.

    It holds ``image``, uint8 ``[n, height, width, channels]`` or ``[n, height, width]`` (or points,
    floating ``[n, 2]``), and if wanted ``label``, integers ``[n]`` from 0; for a test split also
    ``image_test`` and ``label_test``. Keras's names (``x_train``, ``y_train``, ...) do as well.
    Other samples have the key and the dtype of their modality, as ``jaxgan sample`` writes them.

    Args:
      path: the file.
      split: TFDS's split syntax.
      resolution: see ``decode.fit``.
      channels: 1, 3, or None for what the images have.
      modality: what the samples are; None for images or points, as their shape says.

    Raises:
      UserError: missing, damaged, or without arrays of these names, shapes and dtypes; or resized
        and no images.
    """
    path = path.expanduser()
    arrays = _load(path)
    key = modality.key if modality is not None else "image"
    splits = {}
    for name, choices in _names(key).items():
        for samples, label in choices:
            if samples in arrays:
                splits[name] = {key: _samples(path, arrays[samples], samples, modality)}
                if label in arrays:
                    splits[name]["label"] = _labels(path, arrays[label], label, arrays[samples])
                break
    if not splits:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise UserError(f"{path} has no array `{key}` (it holds {found}). Save one: np.savez(...).")
    rows = rows_of(split, splits)
    if resolution or channels:
        if modality is not None or rows[key].dtype != np.uint8:
            raise UserError(f"{path} does not hold images: leave out --resolution and --channels.")
        rows[key] = np.stack([fit_array(x, channels, resolution) for x in rows[key]])
    # Of all splits, so that a part has as many classes as the whole.
    labels = [part["label"] for part in splits.values() if "label" in part]
    classes = max(int(part.max()) for part in labels) + 1 if labels else None
    return from_arrays(f"npz:{path.stem}", split, rows, classes=classes, modality=modality)


def _names(key: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Of each split, the names of samples and labels; the second are those of Keras's files."""
    return {
        "train": ((key, "label"), ("x_train", "y_train")),
        "test": ((f"{key}_test", "label_test"), ("x_test", "y_test")),
    }


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                raise UserError(f"{path} is a single .npy array. Save it with np.savez instead.")
            return {key: loaded[key] for key in loaded.files}
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}. Check the path after npz:.") from error
    except (OSError, ValueError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        # RuntimeError: a member is encrypted, or compressed in a way that Python does not know.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read as .npz ({reason}). Save it again.") from error


def _samples(path: Path, samples: np.ndarray, name: str, modality: Modality | None) -> np.ndarray:
    """The samples of one split, as their modality has them.

    Raises:
      UserError: their dtype or shape is another, or there are none.
    """
    points = samples.ndim == 2 and samples.shape[1] == 2
    if modality is not None:
        if samples.dtype != np.dtype(modality.dtype):
            raise UserError(
                f"`{name}` in {path} is {samples.dtype}; {modality.name} are "
                f"{np.dtype(modality.dtype)}. Convert them before saving."
            )
    elif points and np.issubdtype(samples.dtype, np.floating):
        samples = samples.astype(np.float32)
    elif samples.dtype != np.uint8:
        raise UserError(
            f"`{name}` in {path} is {samples.dtype}; images must be uint8 from 0 to 255. "
            "Convert them before saving."
        )
    elif samples.ndim == 3:
        samples = samples[..., None]
    elif samples.ndim != 4 or samples.shape[-1] not in (1, 3):
        raise UserError(
            f"`{name}` in {path} has shape {samples.shape}; it must be "
            "[n, height, width, 1 or 3]. Transpose it before saving."
        )
    if not samples.size:
        raise UserError(f"`{name}` in {path} is empty. Save at least one image.")
    return samples


def _labels(path: Path, label: np.ndarray, name: str, samples: np.ndarray) -> np.ndarray:
    """The labels of one split, int32 ``[n]``.

    Raises:
      UserError: they are no whole numbers from 0, one for each sample.
    """
    if label.ndim == 2 and label.shape[1] == 1:  # Keras's CIFAR
        label = label[:, 0]
    whole = label.ndim == 1 and np.issubdtype(label.dtype, np.integer)
    if not whole or len(label) != len(samples) or label.min() < 0:
        raise UserError(
            f"`{name}` in {path} must be {len(samples)} whole numbers from 0, one per "
            f"image; it is {label.dtype} of shape {label.shape}."
        )
    return label.astype(np.int32)
