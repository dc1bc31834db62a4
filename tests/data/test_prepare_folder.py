"""A folder of images, decoded once, reads as the folder itself does."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.open import open_source
from jaxgan.data.prepare import folders
from jaxgan.errors import UserError

pytest_plugins = ["support.run_fixtures"]


@pytest.fixture
def birds(tmp_path, data_dir):
    """Two splits, two classes, images of several sizes, more than a block of them."""
    random, folder = np.random.default_rng(0), tmp_path / "My Birds"
    for split, count in (("train", 9), ("test", 4)):
        for number in range(count):
            place = folder / split / ("owl" if number % 3 else "crow")
            place.mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 256, (8 + number, 12, 3), np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


@pytest.mark.parametrize("split", ["train", "test", "train[:50%]"])
def test_the_prepared_folder_has_the_same_samples(birds, split, monkeypatch, command):
    monkeypatch.setattr(folders, "BLOCK", 2)
    code, said = command(["data", "prepare", f"folder:{birds}", "--resolution", 6])
    assert code == 0, said
    assert "my_birds/6 is ready in" in said
    expected = open_source(f"folder:{birds}", split, resolution=6)
    found = open_source("my_birds/6", split)
    assert found.class_names == expected.class_names == ("crow", "owl")
    one, other = found.arrays(), expected.arrays()
    order = [
        np.lexsort([rows["label"], *rows["image"].reshape(len(rows["label"]), -1).T])
        for rows in (one, other)
    ]
    if split != "train[:50%]":  # TFDS shuffles what it writes
        for key in ("image", "label"):
            np.testing.assert_array_equal(one[key][order[0]], other[key][order[1]])
    assert found.size == expected.size


def test_it_is_prepared_once(birds, data_dir, capsys):
    name, folder = folders.prepare_folder(birds, 6, channels=1)
    assert open_source(name).shape == (6, 6, 1)
    (birds / "train" / "owl" / "1.png").unlink()
    assert folders.prepare_folder(birds, 6) == (name, folder)
    assert "already prepared" in capsys.readouterr().err
    assert open_source(name).size == 9
    assert folders.prepare_folder(birds, 4)[0] == "my_birds/4"


def test_a_damaged_image_leaves_nothing(birds, data_dir):
    (birds / "test" / "owl" / "1.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"1\.png cannot be read"):
        folders.prepare_folder(birds, 6)
    assert not (data_dir / "my_birds").exists()
    name, _ = folders.prepare_folder(birds, 6, unreadable="skip")
    assert open_source(name, "test").size == 3


@pytest.mark.parametrize(
    "folder, name", [("Äpfel", "pfel"), ("2024", "images_2024"), ("a-b c", "a_b_c")]
)
def test_a_name_is_one_that_tfds_takes(folder, name, tmp_path):
    assert folders.name_of_folder(tmp_path / folder) == name


def test_flags_of_a_folder_are_refused_elsewhere(birds, refused):
    refused(["data", "prepare", f"folder:{birds}"], "--resolution 128")
    refused(["data", "prepare", "mnist", "--resolution", 32], "are for folder:DIR")
    refused(["data", "prepare", f"folder:{birds}", "--resolution", 8, "--debian"], "--debian")
    refused(["data", "prepare", "folder:/nowhere", "--resolution", 8], "There is no folder")
