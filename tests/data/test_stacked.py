import numpy as np
import pytest
from published import make_idx

from jaxgan.data.open import open_source
from jaxgan.data.sources import stacked
from jaxgan.errors import UserError
from jaxgan.evaluation.reference import reference_of


@pytest.fixture
def digits(tmp_path, data_dir):
    """mnist with 40 + 12 random images."""
    from jaxgan.data.prepare.prepare import prepare

    make_idx(tmp_path / "published")
    prepare("mnist", source_dir=tmp_path / "published", partial=True)
    return open_source("mnist", "train+test").arrays()


def test_a_triple_is_three_digits_and_its_label_says_which(digits):
    source = open_source("stacked_mnist:500")
    rows = source.read(np.array([3, 499, 3]))
    assert source.shape == rows["image"].shape[1:] == (28, 28, 3)
    assert (source.size, source.classes) == (500, 1000)
    np.testing.assert_array_equal(rows["image"][0], rows["image"][2])
    chosen = stacked.triples(np.array([3, 499]), 52, stacked.SEEDS["train"])
    for image, label, triple in zip(rows["image"], rows["label"], chosen, strict=False):
        for channel, place in enumerate(triple):
            np.testing.assert_array_equal(image[..., channel], digits["image"][place, ..., 0])
        hundreds, tens, ones = digits["label"][triple]
        assert label == 100 * hundreds + 10 * tens + ones


def test_triples_are_uniform_independent_and_fixed():
    found = stacked.triples(np.arange(200_000), 10, 2018)
    np.testing.assert_array_equal(found[:3], stacked.triples(np.arange(3), 10, 2018))
    np.testing.assert_array_equal(found[7], stacked.triples(np.array([7]), 10, 2018)[0])
    counts = np.bincount(found @ [100, 10, 1], minlength=1000)
    chi_squared = np.sum((counts - 200) ** 2 / 200)
    assert 999 - 5 * (2 * 999) ** 0.5 < chi_squared < 999 + 5 * (2 * 999) ** 0.5
    assert (stacked.triples(np.arange(100), 10, 2019) != found[:100]).any(axis=1).mean() > 0.9


def test_the_border_and_the_splits(digits):
    small, large = open_source("stacked_mnist"), open_source("stacked_mnist", resolution=32)
    assert small.size == large.size == 128_000
    image = large.read(np.array([5]))["image"]
    assert image.shape == (1, 32, 32, 3)
    inner = image[:, 2:30, 2:30]
    np.testing.assert_array_equal(inner, small.read(np.array([5]))["image"])
    assert image.sum(dtype=int) == inner.sum(dtype=int)
    both = open_source("stacked_mnist:20", "train[10:]+test[:3]")
    assert both.size == 13
    np.testing.assert_array_equal(
        both.read(np.array([11, 0]))["label"],
        [
            open_source("stacked_mnist:20", "test").read(np.array([1]))["label"][0],
            open_source("stacked_mnist:20").read(np.array([10]))["label"][0],
        ],
    )
    prints = {
        open_source(name, split, resolution=pixels).fingerprint
        for name, split, pixels in (
            ("stacked_mnist", "train", 28),
            ("stacked_mnist", "train", 32),
            ("stacked_mnist", "test", 28),
            ("stacked_mnist:500", "train", 28),
        )
    }
    assert len(prints) == 4
    assert small.channels_of("test").size == 12


def test_what_cannot_be_is_refused(digits, tmp_path):
    for spec, options, expected in (
        ("stacked_mnist:0", {}, "use 1 to"),
        ("stacked_mnist:many", {}, "give a number of triples"),
        ("stacked_mnist", {"resolution": 64}, "28 or 32"),
        ("stacked_mnist", {"channels": 1}, "3 channels"),
        ("stacked_mnist", {"split": "validation"}, "There is no split validation"),
        ("stacked_mnist", {"data_dir": str(tmp_path / "none")}, "mnist is not prepared"),
    ):
        with pytest.raises(UserError, match=expected):
            open_source(spec, **options)


def test_it_is_scored_by_a_classifier_of_single_digits(digits, monkeypatch, tmp_path):
    """Which sees each channel by itself, whatever the border."""
    from jaxgan.evaluation.classifier import Classifier

    seen = []

    def trained(train, test):
        seen.append((train.shape, train.size, test.size))
        return Classifier(None)

    def predictions(extractor, images):
        assert images.shape[1:] == (28, 28, 1)
        known = {image.tobytes(): label for image, label in zip(*digits.values(), strict=True)}
        return np.array([known[image.tobytes()] for image in images])

    monkeypatch.setattr("jaxgan.evaluation.reference.classifier_of", trained)
    monkeypatch.setattr("jaxgan.evaluation.classifier.predictions", predictions)
    for resolution in (28, 32):
        opened = lambda split, r=resolution: open_source("stacked_mnist", split, resolution=r)  # noqa: E731
        reference = reference_of(opened, "train", None, 30)
        classify = reference.classifier()
        np.testing.assert_array_equal(classify(reference.real.array()), reference.real.labels)
    assert seen == [((28, 28, 1), 40, 12)] * 2
