"""Pairs of images: put together, taken apart, in folders, in TFDS's data sets, and by name."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from published import make_tfds

from jaxgan.data.modality import IMAGES, PAIRS, UNPAIRED
from jaxgan.data.open import absolute, open_source
from jaxgan.data.prepare.write import png
from jaxgan.data.source import from_arrays, read_all
from jaxgan.data.sources import image_files
from jaxgan.data.sources.pairs import aligned, swapped, unaligned, without_partners
from jaxgan.errors import UserError
from jaxgan.rng import Rng


def pictures(count, height=4, width=4, channels=3, seed=0):
    """Images that all differ."""
    shape = (count, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def source(name, count, seed=0, **shape):
    return from_arrays(name, "train", {"image": pictures(count, seed=seed, **shape)})


def numbers(images, of):
    """Which of the images ``of`` each one is."""
    found = [int(np.flatnonzero((of == image).all((1, 2, 3)))[0]) for image in images]
    return np.array(found)


def same_rows(found, expected):
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_array_equal(found[key], values)


# Put together and taken apart


def test_aligned_rows_hold_the_images_of_one_place():
    a, b = source("a", 5), source("b", 5, seed=1, height=6, channels=1)
    pairs = aligned(a, b)
    assert (pairs.size, pairs.shape, pairs.modality) == (5, (6, 4, 1), PAIRS)
    assert (pairs.name, pairs.split, pairs.classes) == ("a,b", "train", None)
    places = np.array([3, 0, 3])
    expected = {"source": a.arrays()["image"][places], "target": b.arrays()["image"][places]}
    same_rows(pairs.read(places), expected)
    assert aligned(a, b, "both").name == "both"
    with pytest.raises(UserError, match=r"^a has 5 images and c 4\."):
        aligned(a, source("c", 4))


def test_the_fingerprint_is_of_both():
    a, b, c = source("a", 4), source("b", 4, seed=1), source("c", 4, seed=2)
    made = [aligned(a, b), aligned(a, c), aligned(c, b), aligned(b, a), unaligned(a, b)]
    made += [swapped(made[0]), without_partners(made[0])]
    assert len({one.fingerprint for one in made}) == len(made)
    assert aligned(source("other", 4), b).fingerprint == made[0].fingerprint


@pytest.mark.parametrize("first, second", [(7, 3), (3, 7), (5, 5)])
def test_unaligned_rows_use_every_image_about_equally(first, second):
    a, b = source("a", first), source("b", second, seed=1)
    made = unaligned(a, b)
    assert (made.size, made.modality) == (max(first, second), UNPAIRED)
    rows = made.arrays()
    images = a.arrays()["image"], b.arrays()["image"]
    chosen = [numbers(rows[key], of) for key, of in zip(("source", "target"), images, strict=True)]
    for count, places in zip((first, second), chosen, strict=True):
        uses = np.bincount(places, minlength=count)
        assert uses.min() >= made.size // count
        assert uses.max() <= -(-made.size // count)
    np.testing.assert_array_equal(chosen[0], np.arange(made.size) % first)
    assert (chosen[1] != np.arange(made.size) % second).any()  # shuffled
    assert unaligned(a, b).fingerprint == made.fingerprint
    same_rows(unaligned(a, b).arrays(), rows)


def test_pairs_without_partners_never_meet():
    pairs = aligned(source("a", 9), source("b", 9, seed=1))
    whole = pairs.arrays()
    made = without_partners(pairs)
    assert (made.size, made.modality) == (5, UNPAIRED)
    rows = made.arrays()
    first = numbers(rows["source"], whole["source"])
    second = numbers(rows["target"], whole["target"])
    assert set(first) == {0, 1, 2, 3}
    assert set(second) == {4, 5, 6, 7, 8}
    with pytest.raises(UserError, match="has 1 pair; unpaired images need two"):
        without_partners(aligned(source("a", 1), source("b", 1)))


def test_swapped_pairs():
    a, b = source("a", 4), source("b", 4, seed=1, channels=1)
    made = swapped(aligned(a, b))
    assert (made.shape, made.modality, made.name) == ((4, 4, 3), PAIRS, "backward:a,b")
    expected = {"source": b.arrays()["image"], "target": a.arrays()["image"]}
    same_rows(made.arrays(), expected)
    same_rows(swapped(made).arrays(), aligned(a, b).arrays())


def test_the_fast_way_gives_what_reading_gives():
    def loading(source):
        return dataclasses.replace(source, load=lambda: read_all(source))

    a, b = loading(source("a", 6)), loading(source("b", 6, seed=1))
    pairs = aligned(a, b)
    for made in (
        pairs,
        unaligned(a, b),
        without_partners(pairs),
        swapped(pairs),
        swapped(without_partners(pairs)),
    ):
        assert made.load is not None
        same_rows(made.load(), read_all(made))
    assert aligned(a, source("b", 6)).load is None


@pytest.mark.parametrize("modality, together", [(PAIRS, True), (UNPAIRED, False)])
def test_flips_of_a_pair(modality, together):
    """Both images of a pair or none; of unpaired ones each by itself."""
    batch = {key: jnp.asarray(pictures(64, seed=i)) for i, key in enumerate(("source", "target"))}
    seen = modality.seen(batch, Rng(jax.random.key(0), jnp.arange(64)), (0.0, 255.0), True)
    flipped = {}
    for key, images in batch.items():
        same = (seen[key] == images).all((1, 2, 3))
        mirrored = (seen[key] == images[:, :, ::-1]).all((1, 2, 3))
        assert (same != mirrored).all()
        flipped[key] = np.asarray(mirrored)
        assert 16 < flipped[key].sum() < 48
    assert (flipped["source"] == flipped["target"]).all() == together
    np.testing.assert_array_equal(seen["image"], seen["target"])
    plain = modality.seen(batch, Rng(jax.random.key(0), jnp.arange(64)), (0.0, 255.0), False)
    np.testing.assert_array_equal(plain["source"], batch["source"])


# Folders


def save(folder, images, names=None, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    names = names or [f"{i}" for i in range(len(images))]
    for name, image in zip(names, images, strict=True):
        path = folder / f"{name}{suffix}"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)


@pytest.fixture
def here(tmp_path, data_dir, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def facades(here):
    """pix2pix's layout: both images side by side, three splits."""
    a, b = pictures(6), pictures(6, seed=1)
    both = np.concatenate([a, b], 2)
    for split, rows in {"train": slice(0, 3), "val": slice(3, 4), "test": slice(4, 6)}.items():
        save(here / "facades" / split, both[rows])
    return a, b


def test_files_side_by_side(facades):
    a, b = facades
    pairs = open_source("pairs:facades")
    assert (pairs.name, pairs.size, pairs.shape) == ("pairs:facades", 3, (4, 4, 3))
    assert (pairs.modality, pairs.split) == (PAIRS, "train")
    same_rows(pairs.arrays(), {"source": a[:3], "target": b[:3]})
    same_rows(open_source("pairs:facades", "test").arrays(), {"source": a[4:], "target": b[4:]})
    part = open_source("pairs:facades", "train[1:]+val")
    same_rows(part.arrays(), {"source": a[1:4], "target": b[1:4]})
    again = open_source("pairs:facades")  # of what the first opening decoded
    assert again.fingerprint == pairs.fingerprint != part.fingerprint
    back = open_source("backward:pairs:facades")
    assert back.name == "backward:pairs:facades"
    same_rows(back.arrays(), {"source": b[:3], "target": a[:3]})


def test_files_side_by_side_without_splits(here):
    save(here / "few", np.concatenate([pictures(2), pictures(2, seed=1)], 2))
    assert open_source("pairs:few").size == 2
    assert open_source("pairs:few", "train[:1]").size == 1
    with pytest.raises(UserError, match="no split test"):
        open_source("pairs:few", "test")


def test_a_large_folder_of_pairs_is_read_lazily_and_the_same(facades, monkeypatch):
    small = open_source("pairs:facades", resolution=3)
    monkeypatch.setattr(image_files, "CACHE_BYTES", 10)
    for _ in range(2):  # checked, and from what was kept
        same_rows(open_source("pairs:facades", resolution=3).arrays(), small.arrays())


@pytest.fixture
def folders(here):
    """Two folders with equal names, the targets gray and of another format."""
    a, b = pictures(4), pictures(4, seed=1, channels=1)
    names = ["b", "a", "deep/c", "a.b"]
    save(here / "set/A", a, names, ".png")
    save(here / "set/B", b, names, ".bmp")
    order = [3 - 2, 3, 0, 2]  # a, a.b, b, deep/c
    return a[order], b[order]


def test_two_folders_with_equal_names(folders):
    a, b = folders
    pairs = open_source("pairs:set")
    assert (pairs.name, pairs.size, pairs.shape) == ("pairs:set", 4, (4, 4, 3))
    same_rows(pairs.arrays(), {"source": a, "target": b.repeat(3, -1)})
    assert open_source("pairs:set", channels=1).spec["source"].shape == (4, 4, 1)


def test_two_folders_with_splits(here):
    a, b = pictures(5), pictures(5, seed=1)
    for side, images in (("A", a), ("B", b)):
        save(here / "set" / side / "train", images[:3])
        save(here / "set" / side / "test", images[3:])
    same_rows(open_source("pairs:set", "test").arrays(), {"source": a[3:], "target": b[3:]})
    (here / "set/B/test").rename(here / "set/B/val")
    with pytest.raises(UserError, match=r"set/A has a split test and set/B has not"):
        open_source("pairs:set")


def test_both_images_are_cropped_and_resized_alike(here):
    """The right half of the target is white where the source's is, after the crop too."""
    wide = np.zeros((1, 8, 16, 3), np.uint8)
    wide[:, :, 8:] = 255
    save(here / "set/A", wide)
    save(here / "set/B", wide[:, ::2, ::2])  # half the size, the same shape
    save(here / "side", np.concatenate([wide, wide], 2))
    for name in ("set", "side"):
        rows = open_source(f"pairs:{name}", resolution=4, channels=1).arrays()
        assert rows["source"].shape == rows["target"].shape == (1, 4, 4, 1)
        for key in ("source", "target"):
            np.testing.assert_array_equal(rows[key][0, ..., 0] > 127, np.tile([0, 0, 1, 1], (4, 1)))
    save(here / "set/B", wide[:, :, :12])
    with pytest.raises(UserError, match=r"set/A/0\.png is 16x8 and set/B/0\.png is 12x8: a crop"):
        open_source("pairs:set", resolution=4)


def test_a_picture_that_the_camera_held_upright_fits_its_partner(here):
    exif = Image.Exif()
    exif[0x0112] = 6
    (here / "set/A").mkdir(parents=True)
    Image.new("RGB", (8, 4)).save(here / "set/A/0.jpg", exif=exif)
    save(here / "set/B", np.zeros((1, 8, 4, 3), np.uint8))
    assert open_source("pairs:set", resolution=4).size == 1


def test_faults_of_pairs(folders, here):
    def refused(spec, match, **options):
        with pytest.raises(UserError, match=match) as caught:
            open_source(spec, **options)
        assert "\n" not in str(caught.value)

    save(here / "set/B", pictures(2), ["alone", "lonely"])
    refused(
        "pairs:set", r"set/B/alone\.png has no partner of its name in set/A, and 1 more like it"
    )
    for name in ("alone", "lonely"):
        (here / f"set/B/{name}.png").unlink()
    save(here / "set/A", pictures(1), ["a"], ".jpg")
    refused("pairs:set", r"set/A/a\.jpg and set/A/a\.png have one name")
    (here / "set/A/a.jpg").unlink()
    (here / "set/B/b.bmp").write_bytes(b"no")
    refused("pairs:set", r"set/B/b\.bmp cannot be read \(not an image\)")
    save(here / "odd", pictures(2, width=7))
    refused("pairs:odd", r"odd/0\.png cannot be read \(its width of 7 pixels is odd, .*1 more")
    save(here / "sizes", [pictures(1, width=8)[0], pictures(1, width=12)[0]])
    refused("pairs:sizes", "differ in size.*--resolution")
    (here / "empty").mkdir()
    refused("pairs:empty", "holds no images")
    (here / "half/A").mkdir(parents=True)
    refused("pairs:half", "half has only one of the folders A and B")
    refused("pairs:nowhere", "There is no folder nowhere")
    refused("pairs:", "pairs: names no data")
    refused("backward:ring", "ring has points, not pairs")
    refused("unpaired:folder:odd", "folder:odd has images, not pairs")
    refused("unpaired:glyphs/32", "Run: jaxgan data prepare glyphs/32")


def test_a_pair_with_an_unreadable_image_is_left_out(folders, here, capsys):
    a, b = folders
    (here / "set/B/b.bmp").write_bytes(b"no")
    (here / "set/A/a.b.png").write_bytes(b"no")
    pairs = open_source("pairs:set", unreadable="skip")
    same_rows(pairs.arrays(), {"source": a[[0, 3]], "target": b[[0, 3]].repeat(3, -1)})
    assert capsys.readouterr().err.count("Skipped 1 of 4 images") == 2
    both = pictures(3, width=8)
    save(here / "side", both)
    (here / "side/1.png").write_bytes(b"no")
    pairs = open_source("pairs:side", unreadable="skip")
    same_rows(pairs.arrays(), {"source": both[[0, 2], :, :4], "target": both[[0, 2], :, 4:]})
    for file in (here / "set/A").rglob("*.png"):
        file.write_bytes(b"no")
    with pytest.raises(UserError, match="cannot be read"):
        open_source("pairs:set", unreadable="skip")


def test_unpaired_folders(here):
    a, b = pictures(5), pictures(3, seed=1, height=4)
    save(here / "horses", a)
    save(here / "zebras", b)
    made = open_source("unpaired:horses,zebras")
    assert (made.name, made.size, made.modality) == ("unpaired:horses,zebras", 5, UNPAIRED)
    rows = made.arrays()
    np.testing.assert_array_equal(rows["source"], a)
    assert set(numbers(rows["target"], b)) == {0, 1, 2}
    same_rows(open_source("backward:unpaired:horses,zebras").arrays(),
              {"source": rows["target"], "target": rows["source"]})  # fmt: skip
    small = open_source("unpaired:horses,zebras", "train[:2]", resolution=2, channels=1)
    assert (small.size, small.shape) == (2, (2, 2, 1))
    for wrong, match in (("horses,zebras,cows", "two folders"), ("horses,cows", "no folder cows")):
        with pytest.raises(UserError, match=match):
            open_source(f"unpaired:{wrong}")


def test_cyclegan_s_folders(here):
    names = ("trainA", "trainB", "testA", "testB")
    images = {name: pictures(3 + i, seed=i) for i, name in enumerate(names)}
    for name, some in images.items():
        save(here / "horses" / name, some)
    for split in ("train", "test"):
        made = open_source("unpaired:horses", split)
        assert (made.name, made.modality) == ("unpaired:horses", UNPAIRED)
        rows = made.arrays()
        for key, side in (("source", "A"), ("target", "B")):
            found = numbers(rows[key], images[f"{split}{side}"])
            assert set(found) == set(range(len(images[f"{split}{side}"])))
    with pytest.raises(UserError, match=r"no split val.*test, train"):
        open_source("unpaired:horses", "val")
    (here / "horses/trainB").rename(here / "horses/elsewhere")
    with pytest.raises(UserError, match=r"horses has no folder trainB.*unpaired:DIR_A,DIR_B"):
        open_source("unpaired:horses")
    with pytest.raises(UserError, match="has no folder trainA"):
        open_source("unpaired:./facades")


def test_the_data_of_a_run_are_found_from_another_folder(facades, here, monkeypatch):
    save(here / "zebras/trainA", pictures(3))
    save(here / "zebras/trainB", pictures(2))
    names = ("pairs:facades", "backward:pairs:facades", "unpaired:pairs:facades", "unpaired:zebras",
             "unpaired:zebras/trainA,./zebras/trainB")  # fmt: skip
    before = {absolute(name): open_source(name) for name in names}
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    for name, source in before.items():
        again = open_source(name)
        assert (again.name, again.fingerprint) == (source.name, source.fingerprint)


# TFDS


@pytest.fixture
def prepared_pairs(data_dir):
    """Pairs whose target is the source turned upside down; 12 + 4 of them."""
    image = tfds.features.Image(shape=(4, 4, 1))
    features = {"source": image, "target": image, "code": tfds.features.Text()}
    examples = [
        {"source": png(one), "target": png(one[::-1]), "code": str(i)}
        for i, one in enumerate(pictures(16, channels=1))
    ]
    make_tfds("MyPairs", features, {"train": examples[:12], "test": examples[12:]}, data_dir)


def test_prepared_pairs(prepared_pairs):
    pairs = open_source("my_pairs")
    assert (pairs.name, pairs.size, pairs.modality) == ("my_pairs", 12, PAIRS)
    rows = pairs.arrays()
    np.testing.assert_array_equal(rows["target"], rows["source"][:, ::-1])
    assert len({one.tobytes() for one in rows["source"]}) == 12
    same_rows(pairs.read(np.array([5, 1])), {key: rows[key][[5, 1]] for key in rows})
    small = open_source("my_pairs:1.0.0", "test", resolution=2, channels=3)
    assert [small.spec[key].shape for key in rows] == [(2, 2, 3)] * 2
    assert small.size == 4
    assert small.preparation.startswith("center crop")


def test_unpaired_data_keep_true_pairs_outside_training(prepared_pairs):
    def true_pairs(split):
        made = open_source("unpaired:my_pairs", split)
        modality = UNPAIRED if split.startswith("train") else PAIRS  # whose truth is known
        assert (made.name, made.modality, made.split) == ("unpaired:my_pairs", modality, split)
        rows = made.arrays()
        upright = {one[::-1].tobytes() for one in rows["target"]}
        aligned = [
            a.tobytes() == b[::-1].tobytes()
            for a, b in zip(rows["source"], rows["target"], strict=True)
        ]
        return made.size, sum(aligned), sum(one.tobytes() in upright for one in rows["source"])

    assert true_pairs("train") == (6, 0, 0)
    assert true_pairs("train[:50%]") == (3, 0, 0)
    assert true_pairs("test") == (4, 4, 4)
    whole = open_source("my_pairs", "test")
    same_rows(open_source("unpaired:my_pairs", "test").arrays(), whole.arrays())
    back = open_source("backward:unpaired:my_pairs", "test").arrays()
    np.testing.assert_array_equal(back["source"], whole.arrays()["target"])


def test_splits_that_come_in_two_are_unpaired(data_dir):
    names = ("trainA", "trainB", "testA", "testB")
    images = {name: pictures(4 + i, seed=i) for i, name in enumerate(names)}
    features = {
        "image": tfds.features.Image(shape=(None, None, 3)),
        "label": tfds.features.ClassLabel(names=["A", "B"]),
    }
    examples = {
        name: [{"image": png(one), "label": name[-1]} for one in some]
        for name, some in images.items()
    }
    make_tfds("MyHorses", features, examples, data_dir)
    for split in ("train", "test", "train[:75%]+test"):
        made = open_source("my_horses", split, resolution=4)
        assert (made.name, made.split, made.modality) == ("my_horses", split, UNPAIRED)
        assert set(made.spec) == {"source", "target"}
    rows = open_source("my_horses", "test", resolution=4).arrays()
    assert set(numbers(rows["source"], images["testA"])) == set(range(6))
    assert set(numbers(rows["target"], images["testB"])) == set(range(7))
    assert open_source("my_horses", "train[:75%]+test", resolution=4).size == 4 + 7
    one = open_source("my_horses", "trainA", resolution=4)
    assert (one.size, one.modality, one.classes) == (4, IMAGES, 2)
    with pytest.raises(UserError, match=r"no split valA\. Choose among testA, testB"):
        open_source("my_horses", "val", resolution=4)
