import os

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.open import open_source
from jaxgan.data.source import digest
from jaxgan.data.sources import image_files, verify
from jaxgan.data.sources.decode import decode
from jaxgan.errors import UserError

RNG = np.random.default_rng(0)


def picture(height=12, width=10, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def flowers(tmp_path, data_dir):
    """Two classes, five pictures of several formats and sizes."""
    folder = tmp_path / "flowers"
    for name, size in (
        ("rose/b.png", (12, 10)),
        ("rose/a.jpg", (9, 20)),
        ("tulip/c.webp", (16, 16)),
        ("tulip/deep/d.bmp", (8, 8)),
        ("tulip/.hidden.png", (8, 8)),
        ("rose/notes.txt", None),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(*size).save(path) if size else path.write_text("x")
    return folder


def by_hand(path, side):
    """Center crop and resize written differently: Pillow's box argument on a cropped copy."""
    image = Image.open(path).convert("RGB")
    edge = min(image.size)
    x, y = (image.width - edge) // 2, (image.height - edge) // 2
    array = np.asarray(image)[y : y + edge, x : x + edge]
    return np.asarray(
        Image.fromarray(array).resize((side, side), resample=Image.Resampling.LANCZOS)
    )


def test_decoding_matches_pillow(flowers):
    source = open_source(f"folder:{flowers}", resolution=8)
    order = ["rose/a.jpg", "rose/b.png", "tulip/c.webp", "tulip/deep/d.bmp"]
    assert (source.size, source.shape, source.classes) == (4, (8, 8, 3), 2)
    assert source.class_names == ("rose", "tulip")
    assert source.name == "folder:flowers"
    rows = source.arrays()
    assert rows["label"].tolist() == [0, 0, 1, 1]
    for got, name in zip(rows["image"], order, strict=True):
        np.testing.assert_array_equal(got, by_hand(flowers / name, 8))
    # The second opening reads what the first one decoded.
    again = open_source(str(flowers), resolution=8)
    assert again.fingerprint == source.fingerprint
    np.testing.assert_array_equal(again.arrays()["image"], rows["image"])
    assert open_source(str(flowers), resolution=4).fingerprint != source.fingerprint


def test_a_large_folder_is_read_lazily_and_the_same(flowers, monkeypatch):
    small = open_source(str(flowers), resolution=8)
    monkeypatch.setattr(image_files, "CACHE_BYTES", 10)
    large = open_source(str(flowers), resolution=8)
    places = np.array([3, 0, 2])
    for key, values in small.read(places).items():
        np.testing.assert_array_equal(large.read(places)[key], values)
    # The verdicts are kept: nothing is decoded again.
    monkeypatch.setattr(verify, "_try", None)
    assert open_source(str(flowers), resolution=8).size == 4
    (flowers / "rose/a.jpg").write_bytes(b"replaced meanwhile")
    with pytest.raises(UserError, match=r"rose/a\.jpg cannot be read \(not an image\)"):
        large.read(np.array([0]))


@pytest.mark.parametrize("limit", [2**30, 10])
def test_unreadable_files(flowers, monkeypatch, capsys, limit):
    monkeypatch.setattr(image_files, "CACHE_BYTES", limit)
    (flowers / "rose/a.jpg").write_bytes(b"")
    whole = (flowers / "rose/b.png").read_bytes()
    (flowers / "rose/b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"rose/a\.jpg cannot be read.*1 more.*--unreadable skip"):
        open_source(str(flowers), resolution=8)
    for _ in range(2):  # decoded, and from the cache
        source = open_source(str(flowers), resolution=8, unreadable="skip")
        assert source.size == 2
        assert source.arrays()["label"].tolist() == [1, 1]
        said = capsys.readouterr().err
        assert "Skipped 2 of 4 images" in said
        assert "rose/b.png" in said.replace("\n", "")
    for name in ("tulip/c.webp", "tulip/deep/d.bmp"):
        (flowers / name).write_text("no")
    with pytest.raises(UserError, match="cannot be read"):
        open_source(str(flowers), resolution=8, unreadable="skip")


def test_sizes_without_a_resolution(flowers, tmp_path, data_dir):
    with pytest.raises(UserError, match=r"differ in size.*--resolution"):
        open_source(str(flowers))
    plain = tmp_path / "plain"
    plain.mkdir()
    for i in range(3):
        picture(6, 4).save(plain / f"{i}.png")
    source = open_source(str(plain))
    assert source.shape == (6, 4, 3)
    assert source.classes is None
    assert set(source.arrays()) == {"image"}
    assert open_source(str(plain), channels=1).shape == (6, 4, 1)
    assert open_source(str(plain), "train[:2]").size == 2


def test_splits_as_folders(tmp_path, data_dir):
    for name in ("train/a/1.png", "train/b/2.png", "test/b/3.png"):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True)
        picture().save(path)
    spec = f"folder:{tmp_path / 'set'}"
    assert open_source(spec).size == 2
    test = open_source(spec, "test")
    assert test.class_names == ("a", "b")
    assert test.arrays()["label"].tolist() == [1]
    with pytest.raises(UserError, match=r"no split validation. Choose among test, train"):
        open_source(spec, "validation")


def test_faults_of_the_folder(tmp_path, flowers, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="write folder:flowers"):
        open_source("flowers")
    with pytest.raises(UserError, match=r"no folder .*nowhere"):
        open_source(f"folder:{tmp_path / 'nowhere'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"holds no images. Put jpg"):
        open_source(f"folder:{tmp_path / 'empty'}")
    picture().save(flowers / "loose.png")
    with pytest.raises(UserError, match=r"loose\.png lies beside them"):
        open_source(str(flowers), resolution=8)
    with pytest.raises(UserError, match="positive"):
        open_source(str(flowers), resolution=0)
    with pytest.raises(UserError, match="1 or 3 channels, not 4"):
        open_source(str(flowers), channels=4)


def save(tmp_path, image, **options):
    path = tmp_path / "x.png"
    image.save(path, **options)
    return path


def test_kinds_of_pictures(tmp_path):
    gray = picture(channels=1)
    level = np.asarray(gray)
    assert decode(save(tmp_path, gray), 1, None).tolist() == level[..., None].tolist()
    np.testing.assert_array_equal(
        decode(save(tmp_path, gray), 3, None), level[..., None].repeat(3, 2)
    )
    palette = picture().quantize(16)
    np.testing.assert_array_equal(
        decode(save(tmp_path, palette), 3, None), np.asarray(palette.convert("RGB"))
    )
    half = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    half.putpixel((1, 0), (0, 0, 255, 255))
    got = decode(save(tmp_path, half), 3, None)
    assert got.tolist() == [[[255, 255, 255], [0, 0, 255]]]
    deep = Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16))
    assert decode(save(tmp_path, deep), 1, None)[0, :, 0].tolist() == [0, 0, 1, 255]
    bits = Image.fromarray(np.array([[True, False]]))
    assert decode(save(tmp_path, bits), 1, None)[0, :, 0].tolist() == [255, 0]


def test_exif_orientation(tmp_path):
    image = picture(4, 6)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter clockwise
    got = decode(save(tmp_path, image, exif=exif), 3, None)
    np.testing.assert_array_equal(got, np.rot90(np.asarray(image), -1))


def test_shrinking_does_not_alias(tmp_path):
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    got = decode(save(tmp_path, Image.fromarray(stripes)), 1, 8)
    assert abs(got.astype(float) - 127.5).max() < 8


def test_the_fingerprint_is_the_hash_of_the_decoded_samples(flowers):
    source = open_source(str(flowers), resolution=8)
    assert source.fingerprint == digest(source.arrays())


@pytest.mark.parametrize("limit", [2**30, 10])
def test_an_edited_image_of_the_same_size_is_other_data(tmp_path, data_dir, monkeypatch, limit):
    """Bitmaps of one shape have one size, whatever they show."""
    monkeypatch.setattr(image_files, "CACHE_BYTES", limit)
    folder = tmp_path / "pictures"
    folder.mkdir()
    prints = []
    for shade in (10, 11):
        Image.new("RGB", (8, 8), (shade,) * 3).save(folder / "a.bmp")
        os.utime(folder / "a.bmp", (shade, shade))
        prints.append(open_source(f"folder:{folder}").fingerprint)
    assert len(set(prints)) == 2
