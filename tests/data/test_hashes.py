import hashlib
import json

import numpy as np
import pytest
from published import idx_bytes

from jaxgan.data import hashes
from jaxgan.data.hashes import hash_files, kept
from jaxgan.data.open import open_source
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.source import digest
from jaxgan.data.sources import tfds as tfds_module
from jaxgan.files import cache_folder


@pytest.fixture
def edited(idx, prepared, data_dir):
    """A second data folder, whose sample 1 (of the train split as read) differs in one pixel."""
    folder, content = idx
    images, labels = content["train"]
    chosen = open_source("fashion_mnist").read(np.array([1]))["image"][0, ..., 0]
    (place,) = [i for i, image in enumerate(images) if np.array_equal(image, chosen)]
    other = images.copy()
    other[place, 14, 14] ^= 1
    for name in ("images-idx3", "labels-idx1"):
        (folder / f"train-{name}-ubyte.gz").unlink()
    (folder / "train-images-idx3-ubyte").write_bytes(idx_bytes(other))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    where = str(data_dir.with_name("edited"))
    prepare("fashion_mnist", source_dir=folder, data_dir=where, partial=True)
    return where


@pytest.mark.parametrize("limit", [2**30, 10], ids=["decoded samples", "stored files"])
def test_one_pixel_of_one_sample_changes_the_fingerprint(edited, monkeypatch, limit):
    monkeypatch.setattr(tfds_module, "CACHE_BYTES", limit)
    one, two = open_source("fashion_mnist"), open_source("fashion_mnist", data_dir=edited)
    differing = (one.arrays()["image"] != two.arrays()["image"]).any(axis=(1, 2, 3))
    assert np.flatnonzero(differing).tolist() == [1]
    assert one.fingerprint != two.fingerprint
    again = open_source("fashion_mnist", data_dir=edited)
    assert again.fingerprint == two.fingerprint


def test_the_fingerprint_of_tfds_data_is_the_hash_of_the_decoded_samples(prepared):
    for split in ("train", "train[3:9]+test"):
        source = open_source("fashion_mnist", split)
        assert source.fingerprint == digest(source.arrays())
    assert (
        open_source("fashion_mnist", "train[:100%]").fingerprint
        == open_source("fashion_mnist").fingerprint
    )


@pytest.mark.parametrize("limit", [2**30, 10], ids=["decoded samples", "stored files"])
def test_data_are_hashed_once(prepared, data_dir, monkeypatch, limit):
    monkeypatch.setattr(tfds_module, "CACHE_BYTES", limit)
    first = open_source("fashion_mnist").fingerprint

    def never(*arguments):
        raise AssertionError("hashed again")

    with monkeypatch.context() as patch:
        patch.setattr(tfds_module, "read_all", never)
        patch.setattr(hashes, "hash_file", never)
        patch.setattr(tfds_module, "digest", lambda *parts: never() if dict in map(type, parts)
                      else digest(*parts))  # fmt: skip
        assert open_source("fashion_mnist").fingerprint == first
    for entry in (cache_folder() / "data_sha256").iterdir():
        entry.write_text("{")  # damaged: hashed again
    assert open_source("fashion_mnist").fingerprint == first


def test_files_are_hashed_whole(tmp_path):
    contents = [b"", b"x" * 3_000_000]
    for name, content in zip("ab", contents, strict=True):
        (tmp_path / name).write_bytes(content)
    found = hash_files([tmp_path / "a", tmp_path / "b"], "data")
    assert found == [hashlib.sha256(content).hexdigest() for content in contents]


def test_what_is_kept_belongs_to_its_key(tmp_path, monkeypatch):
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(tmp_path))
    assert kept(["a", 1], lambda: "first") == "first"
    assert kept(["a", 1], lambda: "second") == "first"
    assert kept(["a", 2], lambda: ["second"]) == ["second"]
    entries = list((tmp_path / "data_sha256").iterdir())
    assert {json.dumps(json.loads(e.read_text())["sha256"]) for e in entries} == {
        '"first"',
        '["second"]',
    }
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(entries[0]))  # a file: nothing can be kept
    assert kept(["a", 1], lambda: "third") == "third"
