import gzip
import io
import tarfile

import numpy as np
import pytest
from published import idx_bytes

from jaxgan.data.prepare.formats import read_cifar, read_idx, read_labeled_idx, read_members
from jaxgan.errors import UserError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx(tmp_path, pack):
    file = tmp_path / "x"
    file.write_bytes(pack(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(read_idx(file, 3), IMAGES)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is not an IDX file of images"),
        (b"<html>not found</html>", "is not an IDX file of images"),
        (idx_bytes(IMAGES[:, 0, 0]), "is not an IDX file of images"),
        (idx_bytes(IMAGES)[:-1], "is damaged: it announces 24 bytes of data and holds 23"),
        (idx_bytes(IMAGES) + b"!", "holds 25"),
        (gzip.compress(idx_bytes(IMAGES), mtime=0)[:-9], "is damaged"),
        (b"\x1f\x8bgarbage of no kind at all", "is damaged"),
        (gzip.compress(idx_bytes(IMAGES), mtime=0)[:20] + b"\xff" * 30, "is damaged"),
        (idx_bytes(IMAGES[:0]), "is empty"),
    ],
)
def test_damaged_idx(tmp_path, content, words):
    file = tmp_path / "train-images.gz"
    file.write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        read_idx(file, 3)
    assert str(file) in str(caught.value)
    assert "etch it again" in str(caught.value)


def test_missing_idx(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_idx(tmp_path / "nowhere", 3)


def test_labels_must_fit(tmp_path):
    images, labels = tmp_path / "i", tmp_path / "l"
    images.write_bytes(idx_bytes(IMAGES))
    labels.write_bytes(idx_bytes(np.array([1, 2, 3])))
    with pytest.raises(UserError, match=r"2 images but .* 3 labels"):
        read_labeled_idx(images, labels, 10)
    labels.write_bytes(idx_bytes(np.array([1, 10])))
    with pytest.raises(UserError, match="label 10, but there are 10 classes"):
        read_labeled_idx(images, labels, 10)


def test_cifar_layout():
    planes = np.random.default_rng(0).integers(0, 256, (3, 3, 32, 32), dtype=np.uint8)
    data = b"".join(bytes([i, 10 * i]) + p.tobytes() for i, p in enumerate(planes))
    images, labels = read_cifar(data, "train.bin", (20, 100))
    np.testing.assert_array_equal(labels, [[0, 0], [1, 10], [2, 20]])
    assert images[1, 5, 7].tolist() == planes[1, :, 5, 7].tolist()


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "not records of 3073"),
        (b"x" * 3000, "not records of 3073"),
        (bytes([10]) + b"x" * 3072, "labels that do not exist"),
    ],
)
def test_damaged_cifar(data, words):
    with pytest.raises(UserError, match=f"batch.bin.*{words}"):
        read_cifar(data, "batch.bin", (10,))


def test_damaged_archive(tmp_path):
    file = tmp_path / "x.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo("folder/a.bin")
        info.size = 50_000
        tar.addfile(info, io.BytesIO(np.random.default_rng(0).bytes(50_000)))
    assert set(read_members(file, ("a.bin", "b.bin"))) == {"a.bin"}
    file.write_bytes(file.read_bytes()[:20_000])
    with pytest.raises(UserError, match=r"x.tar.gz is damaged"):
        read_members(file, ("a.bin",))
    file.write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"x.tar.gz is damaged"):
        read_members(file, ("a.bin",))
