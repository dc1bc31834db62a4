"""Arrays in a NumPy ``.npz`` file."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from jaxgan.data.source import Source, from_arrays
from jaxgan.data.sources.decode import fit_array
from jaxgan.data.splits import rows_of
from jaxgan.errors import UserError

NAMES = {
    "train": (("image", "label"), ("x_train", "y_train")),
    "test": (("image_test", "label_test"), ("x_test", "y_test")),
}
"""Of each split, the arrays' names; the second ones are those of Keras's files."""


def open_npz(
    path: Path,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
) -> Source:
    """Opens an ``.npz`` file.

    It holds ``image``, uint8 ``[n, height, width, channels]`` or ``[n, height, width]`` (or points,
    floating ``[n, 2]``), and if wanted ``label``, integers ``[n]`` from 0; for a test split also
    ``image_test`` and ``label_test``. Keras's names (``x_train``, ``y_train``, ...) do as well.

    Args:
      path: the file.
      split: TFDS's split syntax.
      resolution: see ``decode.fit``.
      channels: 1, 3, or None for what the images have.

    Raises:
      UserError: missing, damaged, or without arrays of these names, shapes and dtypes.
    """
    path = path.expanduser()
    arrays = _load(path)
    splits = {}
    for name, choices in NAMES.items():
        for image, label in choices:
            if image in arrays:
                splits[name] = _checked(path, arrays, image, label)
                break
    if not splits:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise UserError(f"{path} has no array `image` (it holds {found}). Save one: np.savez(...).")
    rows = rows_of(split, splits)
    if rows["image"].dtype == np.uint8 and (resolution or channels):
        rows["image"] = np.stack([fit_array(x, channels, resolution) for x in rows["image"]])
    # Of all splits, so that a part has as many classes as the whole.
    labels = [part["label"] for part in splits.values() if "label" in part]
    classes = max(int(part.max()) for part in labels) + 1 if labels else None
    return from_arrays(f"npz:{path.stem}", split, rows, classes=classes)


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                raise UserError(f"{path} is a single .npy array. Save it with np.savez instead.")
            return {key: loaded[key] for key in loaded.files}
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}. Check the path after npz:.") from error
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read as .npz ({reason}). Save it again.") from error


def _checked(
    path: Path, arrays: dict[str, np.ndarray], image_key: str, label_key: str
) -> dict[str, np.ndarray]:
    image = arrays[image_key]
    if image.ndim == 2 and image.shape[1] == 2 and np.issubdtype(image.dtype, np.floating):
        image = image.astype(np.float32)
    elif image.dtype != np.uint8:
        raise UserError(
            f"`{image_key}` in {path} is {image.dtype}; images must be uint8 from 0 to 255. "
            "Convert them before saving."
        )
    elif image.ndim == 3:
        image = image[..., None]
    elif image.ndim != 4 or image.shape[-1] not in (1, 3):
        raise UserError(
            f"`{image_key}` in {path} has shape {image.shape}; it must be "
            "[n, height, width, 1 or 3]. Transpose it before saving."
        )
    if not image.size:
        raise UserError(f"`{image_key}` in {path} is empty. Save at least one image.")
    rows = {"image": image}
    if label_key in arrays:
        label = arrays[label_key]
        if label.ndim == 2 and label.shape[1] == 1:  # Keras's CIFAR
            label = label[:, 0]
        whole = label.ndim == 1 and np.issubdtype(label.dtype, np.integer)
        if not whole or len(label) != len(image) or label.min() < 0:
            raise UserError(
                f"`{label_key}` in {path} must be {len(image)} whole numbers from 0, one per "
                f"image; it is {label.dtype} of shape {label.shape}."
            )
        rows["label"] = label.astype(np.int32)
    return rows
