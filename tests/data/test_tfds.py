import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from published import make_tfds

from jaxgan.data.open import open_source
from jaxgan.data.prepare.listing import list_prepared
from jaxgan.data.prepare.write import png
from jaxgan.errors import UserError


def test_slices_and_fingerprints(prepared, data_dir):
    whole = open_source("fashion_mnist")
    part = open_source("fashion_mnist", "train[25%:50%]")
    assert part.size == 10
    assert part.classes == 10
    assert part.class_names[9] == "Ankle boot"
    np.testing.assert_array_equal(part.arrays()["image"], whole.arrays()["image"][10:20])
    both = open_source("fashion_mnist", "train+test")
    assert both.size == 52
    prints = {s.fingerprint for s in (whole, part, both, open_source("fashion_mnist", "test"))}
    assert len(prints) == 4
    assert whole.fingerprint == open_source("fashion_mnist", data_dir=str(data_dir)).fingerprint
    assert whole.nbytes == 40 * (28 * 28 + 4)
    for wrong in ("validation", "train[", "train[:200%]"):
        with pytest.raises(UserError, match=r"has no split.*test, train"):
            open_source("fashion_mnist", wrong)
    with pytest.raises(UserError, match="no samples"):
        open_source("fashion_mnist", "train[:0]")


def test_rows_come_in_the_order_asked(prepared):
    source = open_source("fashion_mnist")
    rows = source.arrays()
    places = np.array([7, 0, 39, 7])
    some = source.read(places)
    np.testing.assert_array_equal(some["image"], rows["image"][places])
    assert some["label"].dtype == np.int32


def test_resize_and_channels(prepared):
    native = open_source("fashion_mnist").arrays()["image"]
    source = open_source("fashion_mnist", resolution=16, channels=3)
    assert source.shape == (16, 16, 3)
    rgb = Image.fromarray(native[5, ..., 0]).convert("RGB")
    expected = np.asarray(rgb.resize((16, 16), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(source.read(np.array([5]))["image"][0], expected)


def test_the_decoded_cache(prepared, data_dir):
    first = open_source("fashion_mnist").arrays()
    entries = list((data_dir / "jaxgan_decoded").iterdir())
    assert len(entries) == 1
    again = open_source("fashion_mnist").arrays()
    np.testing.assert_array_equal(first["image"], again["image"])
    file = entries[0] / "image.npy"
    file.write_bytes(file.read_bytes()[:500])  # damaged: made again
    np.testing.assert_array_equal(open_source("fashion_mnist").arrays()["image"], first["image"])


def test_users_own_sets(data_dir):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 8, 6, 3), dtype=np.uint8)
    features = {"image": tfds.features.Tensor(shape=(8, 6, 3), dtype=np.uint8)}
    make_tfds("MyPlain", features, {"train": [{"image": image} for image in images]}, data_dir)
    source = open_source("my_plain:1.0.0")
    assert source.classes is None
    assert source.shape == (8, 6, 3)
    got = source.arrays()
    assert set(got) == {"image"}
    assert sorted(x.tobytes() for x in got["image"]) == sorted(x.tobytes() for x in images)
    assert open_source("my_plain", resolution=4, channels=1).arrays()["image"].shape == (5, 4, 4, 1)
    with pytest.raises(UserError, match="Did you mean my_plain"):
        open_source("my_plane")


def test_images_of_several_sizes(data_dir):
    files = [png(np.full((n, 9, 3), n, np.uint8)) for n in (5, 7)]
    examples = {"train": [{"picture": file} for file in files]}
    make_tfds("MySizes", {"picture": tfds.features.Image()}, examples, data_dir)
    with pytest.raises(UserError, match=r"differ in size.*--resolution"):
        open_source("my_sizes")
    assert open_source("my_sizes", resolution=4).arrays()["image"].shape == (2, 4, 4, 3)


def test_sets_without_images(data_dir):
    make_tfds("MyText", {"text": tfds.features.Text()}, {"train": [{"text": "a"}]}, data_dir)
    with pytest.raises(UserError, match=r"no images of uint8 among its features \(text\)"):
        open_source("my_text")


def test_not_prepared(data_dir, tmp_path):
    with pytest.raises(UserError, match=r"Run: jaxgan data prepare mnist$"):
        open_source("mnist")
    with pytest.raises(UserError, match=f"prepare mnist --data-dir {tmp_path}"):
        open_source("mnist", data_dir=str(tmp_path))


def test_listing(prepared, data_dir, tmp_path):
    (found,) = list_prepared()
    assert (found.name, found.splits) == ("fashion_mnist:3.0.1", {"test": 12, "train": 40})
    assert found.format == "array_record"
    assert open_source(found.name).size == 40
    (data_dir / "fashion_mnist/incomplete.A_3.0.1").mkdir()
    (data_dir / "fashion_mnist/incomplete.A_3.0.1/dataset_info.json").write_text("{}")
    (data_dir / "broken/1.0.0").mkdir(parents=True)
    (data_dir / "broken/1.0.0/dataset_info.json").write_text("{")
    assert list_prepared() == [found]
    assert list_prepared(str(tmp_path / "nowhere")) == []
