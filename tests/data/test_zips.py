"""Archives of images, as StyleGAN's dataset tool writes them."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.open import absolute, open_source
from jaxgan.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3), np.uint8)
NAMES = [f"00000/img{number:08d}.png" for number in range(6)]


def content(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def archive(path, labels=None, names=NAMES, **more):
    """An archive of the images, in no order, with ``dataset.json`` unless ``labels`` is ``()``."""
    with zipfile.ZipFile(path, "w") as file:
        for name, image in reversed([*zip(names, IMAGES, strict=False)]):
            file.writestr(name, content(image))
        if labels != ():
            file.writestr("dataset.json", json.dumps({"labels": labels}))
        for name, text in more.items():
            file.writestr(name, text)
    return path


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))


def test_an_archive_with_labels(tmp_path):
    labels = [[name, number % 3] for number, name in enumerate(NAMES)]
    file = archive(tmp_path / "set.zip", labels)
    source = open_source(f"zip:{file}")
    rows = source.read(np.array([4, 1]))
    np.testing.assert_array_equal(rows["image"], IMAGES[[4, 1]])
    assert rows["label"].tolist() == [1, 1]
    assert (source.name, source.size, source.classes) == ("zip:set.zip", 6, 3)
    assert source.names[0] == "img00000000"
    part = open_source(f"zip:{file}", "train[4:]", resolution=4, channels=1)
    assert (part.size, part.shape) == (2, (4, 4, 1))
    assert part.read(np.arange(2))["label"].tolist() == [1, 2]


@pytest.mark.parametrize("labels", [None, ()], ids=["null", "no dataset.json"])
def test_an_archive_without_labels(labels, tmp_path):
    source = open_source(f"zip:{archive(tmp_path / 'set.zip', labels)}")
    assert source.classes is None
    assert source.read(np.arange(6)).keys() == {"image"}


def test_an_archive_is_unpacked_once_and_another_of_its_name_anew(tmp_path, monkeypatch):
    file = archive(tmp_path / "set.zip")
    first = open_source(f"zip:{file}").fingerprint
    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extract", lambda *_: pytest.fail("unpacked again"))
        assert open_source(f"zip:{file}").fingerprint == first
    archive(file, names=NAMES[::-1])
    assert open_source(f"zip:{file}").fingerprint != first
    left = [one.name for one in (tmp_path / "tfds" / "unpacked").iterdir()]
    assert len(left) == 2
    assert not [name for name in left if name.startswith("unpacking")]


def test_a_path_is_the_same_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("zip:set.zip") == f"zip:{tmp_path / 'set.zip'}"


def test_faults_are_told_in_a_line(tmp_path, monkeypatch):
    def refused(file, said):
        with pytest.raises(UserError, match=said):
            open_source(f"zip:{file}")

    refused(tmp_path / "none.zip", "There is no archive")
    (tmp_path / "text.zip").write_text("no archive")
    refused(tmp_path / "text.zip", "is no sound ZIP archive")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as file:
        file.writestr("readme.txt", "nothing")
    refused(tmp_path / "empty.zip", "holds no images")
    refused(archive(tmp_path / "out.zip", names=["../../up.png"]), "would lie outside")
    refused(archive(tmp_path / "root.zip", names=["/up.png"]), "would lie outside")
    refused(archive(tmp_path / "few.zip", [[NAMES[0], 1]]), "no class for 00000/img00000001.png")
    many = [[name, 2**31] for name in NAMES]
    refused(archive(tmp_path / "many.zip", many), "no class numbers")
    nested = archive(tmp_path / "nested.zip", (), **{"dataset.json": "[" * 100_000})
    refused(nested, "is no sound ZIP archive")
    (tmp_path / "folder.zip").mkdir()
    refused(tmp_path / "folder.zip", "is no sound ZIP archive")
    vectors = [[name, [0.5, 1.0]] for name in NAMES]
    refused(archive(tmp_path / "vectors.zip", vectors), "no class numbers")
    refused(archive(tmp_path / "words.zip", ["a"]), "no pairs of a name and a class")
    bad = archive(tmp_path / "bad.zip")
    whole = bytearray(bad.read_bytes())
    whole[whole.index(b"IDAT") + 8] ^= 255  # the checksum of the member no longer fits
    bad.write_bytes(whole)
    refused(bad, "is no sound ZIP archive")
    assert not list((tmp_path / "tfds" / "unpacked").glob("*bad*"))

    class Full:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda _: Full)
    refused(archive(tmp_path / "large.zip"), "needs 0.0 GiB when unpacked")
