"""``jaxgan data prepare cycle_gan/...`` from small archives and folders."""

import os
import types
import zipfile

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from tensorflow_datasets.image_classification import cycle_gan

from jaxgan.cli.data import data
from jaxgan.data.modality import UNPAIRED
from jaxgan.data.open import open_source
from jaxgan.data.prepare import prepare as prepare_module
from jaxgan.data.prepare.cyclegan import SPLITS
from jaxgan.data.prepare.listing import list_prepared, unprepared
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.recipes import RECIPES, recipe_of
from jaxgan.errors import UserError

NAME = "cycle_gan/horse2zebra"
COUNTS = dict(zip(SPLITS, (12, 15, 3, 4), strict=True))


@pytest.fixture
def folder(tmp_path):
    """The four folders, each image of one color and the first a gray one, and what a Mac leaves."""
    place = tmp_path / "unpacked" / "horse2zebra"
    random = np.random.default_rng(0)
    for split, count in COUNTS.items():
        (place / split).mkdir(parents=True)
        (place / split / ".DS_Store").write_bytes(b"a Mac's")
        for number in range(count):
            pixels = np.uint8(random.integers(0, 256, () if number == 0 else 3) + np.zeros(3))
            image = np.broadcast_to(pixels, (6, 8, 3))
            saved = Image.fromarray(image).convert("L" if number == 0 else "RGB")
            saved.save(place / split / f"n0{random.integers(10**6)}_{number}.jpg")
    return place.parent


@pytest.fixture
def archive(folder):
    path = folder.parent / "downloads" / "horse2zebra.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        for split in SPLITS:
            for image in (folder / "horse2zebra" / split).iterdir():
                file.write(image, image.relative_to(folder))
    return path


def records(data_dir):
    """Split -> files and labels in their order, as plain TFDS reads them."""
    decoders = {"image": tfds.decode.SkipDecoding()}
    return {
        split: [
            (row["image"], int(row["label"]))
            for row in tfds.data_source(
                NAME, split=split, data_dir=str(data_dir), download=False, decoders=decoders
            )
        ]
        for split in SPLITS
    }


def test_folders_and_archive_give_what_tfds_gives(folder, archive, tmp_path, data_dir, monkeypatch):
    """TFDS's own builder, which lists a folder with TensorFlow, is the control."""
    for split in SPLITS:
        (folder / "horse2zebra" / split / ".DS_Store").unlink()
    files = types.SimpleNamespace(listdir=os.listdir)
    fake = types.SimpleNamespace(io=types.SimpleNamespace(gfile=files))
    monkeypatch.setattr(cycle_gan, "tf", fake)
    manager = tfds.download.DownloadManager
    monkeypatch.setattr(manager, "download_and_extract", lambda self, url: str(folder))
    official = tfds.builder(NAME, data_dir=str(tmp_path / "tfds-own"), file_format="array_record")
    official.download_and_prepare()
    wanted = records(tmp_path / "tfds-own")
    assert [len(wanted[split]) for split in SPLITS] == list(COUNTS.values())
    for source, where in (
        (folder, "a"),
        (folder / "horse2zebra", "b"),
        (archive.parent, "c"),
        (archive, "d"),
    ):
        prepare(NAME, source_dir=source, data_dir=str(tmp_path / where), partial=True)
        assert records(tmp_path / where) == wanted


def test_unpaired_images_are_read_back(folder, data_dir):
    prepare(NAME, source_dir=folder, partial=True)
    for split, count in (("train", 15), ("test", 4)):
        source = open_source(NAME, split, resolution=4)
        assert (source.modality, source.size, source.shape) == (UNPAIRED, count, (4, 4, 3))
        rows = source.arrays()
        for key, letter in (("source", "A"), ("target", "B")):
            known = {
                tuple(np.asarray(Image.open(file).convert("RGB"))[0, 0])
                for file in (folder / "horse2zebra" / f"{split}{letter}").glob("*.jpg")
            }
            assert {tuple(image[0, 0]) for image in rows[key]} == known
    assert "horse2zebra:3.0.0" in list_prepared()[0].name
    assert list_prepared()[0].recipe is RECIPES[NAME]
    assert not {NAME} & unprepared(list_prepared()).keys()
    assert {"cycle_gan/maps", "glyphs"} <= unprepared(list_prepared()).keys()


def test_a_download_needs_no_tensorflow(archive, data_dir, monkeypatch):
    asked = []

    def download(self, urls):
        asked.append(urls)
        return {"archive": archive}

    monkeypatch.setattr(prepare_module, "why_unreachable", lambda url, timeout: None)
    monkeypatch.setattr(tfds.download.DownloadManager, "download", download)
    prepare(NAME, partial=True)
    assert asked == [{"archive": cycle_gan._DL_URLS["horse2zebra"]}]
    assert {split: len(rows) for split, rows in records(data_dir).items()} == COUNTS


def test_every_configuration_of_tfds_is_listed(data_dir, capsys):
    configs = {f"cycle_gan/{one.name}" for one in tfds.builder_cls("cycle_gan").BUILDER_CONFIGS}
    assert {name for name in RECIPES if name.startswith("cycle_gan")} == configs
    for name in configs:
        (url,) = RECIPES[name].urls(tfds.builder(name)).values()
        assert url == cycle_gan._DL_URLS[name.partition("/")[2]]
    assert recipe_of("cycle_gan/maps") is RECIPES["cycle_gan/maps"]
    assert recipe_of("glyphs/32") is RECIPES["glyphs"]
    assert recipe_of("cycle_gan") is recipe_of("svhn_cropped") is None
    assert data(["list"]) == 0
    said = capsys.readouterr().out
    assert "1,067 horses and 1,334 zebras in train\n    license: none stated; source: Zhu" in said


def test_a_configuration_that_there_is_not(data_dir):
    with pytest.raises(
        UserError, match=r"^No cycle_gan configuration horse2zebr; did you mean hor"
    ):
        prepare("cycle_gan/horse2zebr")


def test_without_network_the_message_says_what_to_fetch(data_dir, monkeypatch):
    monkeypatch.setattr(prepare_module, "why_unreachable", lambda url, timeout: "no network")
    with pytest.raises(UserError) as caught:
        prepare(NAME)
    said = str(caught.value)
    assert "\n" not in said
    for words in (
        f"{NAME} cannot be downloaded: no network. Copy horse2zebra.zip or its folders trainA,",
        f" from {cycle_gan._DL_URL.rstrip('/')} into a folder",
        f"jaxgan data prepare {NAME} --from FOLDER",
    ):
        assert words in said


def test_faults(folder, archive, tmp_path, data_dir):
    def refused(words, source):
        with pytest.raises(UserError, match=words) as caught:
            prepare(NAME, source_dir=source)
        assert "\n" not in str(caught.value)
        assert not (data_dir / "cycle_gan").exists()

    refused(r"12 samples of cycle_gan/horse2zebra's split trainA.*has 1067", folder)
    first = sorted((folder / "horse2zebra" / "testB").glob("*.jpg"))[0]
    first.write_bytes(first.read_bytes()[:200])
    refused(rf"testB/{first.name} is damaged or no image", folder)
    (folder / "horse2zebra" / "testB").rename(folder / "elsewhere")
    refused(r"has neither horse2zebra\.zip nor the folders trainA, .*, testB\. Put", folder)
    refused("is not a folder", tmp_path / "nowhere")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    refused(r"horse2zebra\.zip is damaged or no zip archive", archive)
    place = whole.index(b"n0") + 40  # within the first image
    archive.write_bytes(whole[:place] + b"!" + whole[place + 1 :])
    refused(r"horse2zebra/trainA/.*\.jpg is damaged or no image \(Bad CRC", archive.parent)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("horse2zebra/trainA/a.jpg", b"")
    refused("lacks one of the folders", archive)
