import dataclasses

import numpy as np
import pytest

from jaxgan.data.modality import POINTS
from jaxgan.data.open import open_source
from jaxgan.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 3])


def test_npz(tmp_path):
    file = tmp_path / "my.npz"
    np.savez(file, image=IMAGES, label=LABELS, image_test=IMAGES[:2], label_test=LABELS[:2])
    source = open_source(str(file))
    assert (source.name, source.size, source.shape) == ("npz:my", 6, (5, 4, 3))
    assert source.classes == 4
    np.testing.assert_array_equal(source.arrays()["image"], IMAGES)
    assert source.arrays()["label"].dtype == np.int32
    test = open_source(f"npz:{file}", "test")
    assert (test.size, test.classes) == (2, 4)
    part = open_source(str(file), "train[2:4]+test")
    np.testing.assert_array_equal(part.arrays()["label"], [2, 0, 0, 1])
    assert open_source(str(file), resolution=4, channels=1).shape == (4, 4, 1)
    changed = IMAGES.copy()
    changed[3, 0, 0, 0] ^= 1
    np.savez_compressed(tmp_path / "other.npz", image=IMAGES, label=LABELS)
    assert open_source(str(tmp_path / "other.npz")).fingerprint == source.fingerprint
    np.savez(tmp_path / "other.npz", image=changed, label=LABELS)
    assert open_source(str(tmp_path / "other.npz")).fingerprint != source.fingerprint


def test_keras_names_and_gray(tmp_path):
    file = tmp_path / "mnist.npz"
    np.savez(file, x_train=IMAGES[..., 0], y_train=LABELS[:, None].astype(np.uint8))
    source = open_source(str(file))
    assert source.shape == (5, 4, 1)
    np.testing.assert_array_equal(source.arrays()["label"], LABELS)


def test_points(tmp_path):
    np.savez(tmp_path / "p.npz", image=np.zeros((4, 2)))
    source = open_source(str(tmp_path / "p.npz"))
    assert source.arrays()["image"].dtype == np.float32
    assert source.classes is None


def test_samples_of_another_modality_have_its_key_and_dtype(tmp_path):
    waves = dataclasses.replace(POINTS, name="waves", key="wave")
    file, wave = tmp_path / "w.npz", np.ones((3, 7), np.float32)
    np.savez(file, wave=wave, label=LABELS[:3])
    source = open_source(str(file), "train[1:]", modality=waves)
    assert (source.modality, source.shape, source.size) == (waves, (7,), 2)
    np.testing.assert_array_equal(source.arrays()["wave"], wave[1:])
    np.savez(file, wave=wave.astype(np.int16))
    with pytest.raises(UserError, match=r"`wave` in .* is int16; waves are float32"):
        open_source(str(file), modality=waves)


@pytest.mark.parametrize("flag", ["resolution", "channels"])
def test_what_has_no_pixels_is_not_resized(flag, tmp_path):
    np.savez(tmp_path / "p.npz", image=np.zeros((4, 2)))
    with pytest.raises(UserError, match=r"p\.npz does not hold images: leave out --resolution"):
        open_source(str(tmp_path / "p.npz"), **{flag: 3})


@pytest.mark.parametrize(
    "arrays, words",
    [
        ({"picture": IMAGES}, r"no array `image` \(it holds picture\)"),
        ({"image": IMAGES / 255}, "`image` in .* is float64; images must be uint8"),
        ({"image": IMAGES.transpose(0, 3, 1, 2)}, "shape .*Transpose"),
        ({"image": IMAGES[:0]}, "is empty"),
        ({"image": IMAGES, "label": LABELS[:3]}, "must be 6 whole numbers"),
        ({"image": IMAGES, "label": LABELS * 0.5}, "must be 6 whole numbers"),
        ({"image": IMAGES, "label": LABELS - 1}, "must be 6 whole numbers"),
        ({"image": np.array([None, 1])}, "cannot be read as .npz"),
    ],
)
def test_wrong_content(tmp_path, arrays, words):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(UserError, match=words) as caught:
        open_source(str(tmp_path / "x.npz"))
    assert "x.npz" in str(caught.value)


def test_damaged_files(tmp_path):
    file = tmp_path / "x.npz"
    with pytest.raises(UserError, match="There is no file"):
        open_source(str(file))
    np.savez(file, image=IMAGES)
    whole = file.read_bytes()
    for content in (b"", b"garbage", whole[: len(whole) // 2], whole[:200] + b"x" + whole[201:]):
        file.write_bytes(content)
        with pytest.raises(UserError, match=r"x\.npz cannot be read as \.npz.*Save it again"):
            open_source(str(file))
    with file.open("wb") as out:
        np.save(out, IMAGES)
    with pytest.raises(UserError, match=r"single .npy array"):
        open_source(str(file))
