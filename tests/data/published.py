"""Small files in the formats that the real data sets are published in."""

import gzip
import struct
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds


def idx_bytes(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def make_idx(folder: Path, train: int = 40, test: int = 12, gz: bool = True) -> dict:
    """Writes MNIST's four files with random content; returns the arrays."""
    rng = np.random.default_rng(7)
    folder.mkdir(parents=True, exist_ok=True)
    content = {}
    for split, prefix, count in (("train", "train", train), ("test", "t10k", test)):
        image = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        label = rng.integers(0, 10, count, dtype=np.uint8)
        content[split] = (image, label)
        for array, kind in ((image, "images-idx3"), (label, "labels-idx1")):
            name = f"{prefix}-{kind}-ubyte"
            if gz:
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
            else:
                (folder / name).write_bytes(idx_bytes(array))
    return content


def make_cifar(folder: Path, label_bytes: int = 1, count: int = 6) -> dict:
    """Writes CIFAR-10's (or with two label bytes CIFAR-100's) binary files; returns the arrays."""
    rng = np.random.default_rng(8)
    folder.mkdir(parents=True, exist_ok=True)
    train = [f"data_batch_{i}.bin" for i in range(1, 6)] if label_bytes == 1 else ["train.bin"]
    test = ["test_batch.bin"] if label_bytes == 1 else ["test.bin"]
    content = {}
    for split, names in (("train", train), ("test", test)):
        planes = rng.integers(0, 256, (len(names) * count, 3, 32, 32), dtype=np.uint8)
        labels = rng.integers(0, 10, (len(planes), label_bytes), dtype=np.uint8)
        content[split] = (planes.transpose(0, 2, 3, 1), labels[:, -1])
        for i, name in enumerate(names):
            part = slice(i * count, (i + 1) * count)
            rows = [
                label.tobytes() + plane.tobytes()
                for label, plane in zip(labels[part], planes[part], strict=True)
            ]
            (folder / name).write_bytes(b"".join(rows))
    if label_bytes == 1:
        (folder / "batches.meta.txt").write_text("\n".join(f"kind{i}" for i in range(10)) + "\n\n")
    return content


def make_tfds(name: str, features: dict, splits: dict, data_dir: Path) -> None:
    """Prepares a data set of the user's own, as any TFDS user would; split -> examples."""
    body = {
        "VERSION": tfds.core.Version("1.0.0"),
        "_info": lambda self: tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features)
        ),
        "_split_generators": lambda self, dl: {
            split: iter(enumerate(examples)) for split, examples in splits.items()
        },
        "_generate_examples": lambda self: iter(()),
        "__module__": "jaxgan_made",
    }
    with tfds.core.registered.skip_registration():
        cls = type(name, (tfds.core.GeneratorBasedBuilder,), body)
    cls.pkg_dir_path = None
    builder = cls(data_dir=str(data_dir), file_format="array_record")
    tfds.disable_progress_bar()
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(try_download_gcs=False)
    )


def make_font(path: Path, boxes: dict) -> None:
    """Writes a font of 1024 units whose glyphs are boxes: character -> left, low, right, high."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    def glyph(left, low, right, high):
        pen = TTGlyphPen(None)
        pen.moveTo((left, low))
        for corner in ((left, high), (right, high), (right, low)):
            pen.lineTo(corner)
        pen.closePath()
        return pen.glyph()

    names = {character: f"u{ord(character):X}" for character in boxes}
    glyphs = {".notdef": glyph(0, 0, 1024, 800)}
    glyphs |= {names[character]: glyph(*box) for character, box in boxes.items()}
    font = FontBuilder(1024, isTTF=True)
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap({ord(character): name for character, name in names.items()})
    font.setupGlyf(glyphs)
    bearings = {names[character]: box[0] for character, box in boxes.items()}
    font.setupHorizontalMetrics({name: (1024, bearings.get(name, 0)) for name in glyphs})
    font.setupHorizontalHeader(ascent=880, descent=-144)
    font.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)
