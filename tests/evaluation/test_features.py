"""Features of many images, in order and on every device."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.source import from_arrays
from jaxgan.errors import UserError
from jaxgan.evaluation.features import extract
from jaxgan.evaluation.samples import chosen, of_sampler, of_source
from jaxgan.metrics import frechet
from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.sampling.load import load

pytest_plugins = ["support.run_fixtures"]


def apply(variables, images):
    x = images.reshape(len(images), -1).astype(jnp.float32)
    features = jnp.tanh(jnp.matmul(x, variables, precision="highest") / 255.0)
    return Output(features, features[:, :3])


@pytest.fixture(scope="module")
def extractor():
    kernel = np.random.default_rng(0).standard_normal((36, 5)).astype(np.float32)
    return Extractor("tiny", "FD-tiny", "0" * 64, 5, "none", apply, jnp.asarray(kernel))


@pytest.fixture(scope="module")
def source():
    random = np.random.default_rng(1)
    image = random.integers(0, 256, (1300, 6, 6, 1), np.uint8)
    return from_arrays("noise", "train", {"image": image, "label": np.arange(1300) % 3})


@pytest.fixture(params=[1, 8])
def devices(request, monkeypatch):
    """As if the process had so many devices."""
    few = jax.devices()[: request.param]
    monkeypatch.setattr(jax, "local_devices", lambda: few)
    return request.param


def test_rows_stay_in_order_and_the_last_block_is_cut(devices, extractor, source):
    images = of_source(source, np.arange(1300))
    told = []
    found = extract(extractor, images, told.append)
    expected = apply(extractor.variables, source.arrays()["image"])
    np.testing.assert_allclose(found.features, expected.features, atol=1e-6)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-6)
    assert sum(told) == 1300
    assert found.streamed is None


def test_statistics_are_streamed_where_features_are_too_many(
    devices, extractor, source, monkeypatch
):
    monkeypatch.setattr("jaxgan.evaluation.features.LIMIT", 1300 * 5 * 4 - 1)
    found = extract(extractor, of_source(source, np.arange(1300)))
    assert found.features is None
    assert found.logits is None
    features = np.asarray(apply(extractor.variables, source.arrays()["image"]).features, np.float64)
    np.testing.assert_allclose(found.streamed.mean, features.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.streamed.covariance, np.cov(features.T), rtol=1e-4, atol=1e-6)
    exact = frechet.gaussian_of_features(features)
    assert frechet.between(found.gaussian, exact) < 1e-8
    # One sample fewer fits.
    assert extract(extractor, of_source(source, np.arange(1299))).features is not None


def test_what_is_held_out_is_not_in_the_reference():
    reference, held_out = chosen(100, 60), chosen(100, 40, after=60)
    assert sorted([*reference, *held_out]) == list(range(100))
    np.testing.assert_array_equal(reference, chosen(100, 60))
    assert list(reference) != list(range(60))
    assert (np.diff(reference) > 0).all()


def test_images_of_a_run_are_those_of_jaxgan_sample(devices, finished):
    """Bit for bit, however many devices draw them and in whatever blocks they are read."""
    sampler = load(finished)
    expected = sampler(150, seed=4)
    images = of_sampler(sampler, 150, seed=4)
    np.testing.assert_array_equal(images.array(), expected)
    np.testing.assert_array_equal(images.read(70, 60), expected[70:130])
    assert images.about["seed"] == 4
    assert images.about["weights"] == "ema"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_diverged_generator_is_refused_and_not_scored_as_gray(bad, finished):
    sampler = load(finished)
    params = jax.tree.map(lambda leaf: np.full_like(leaf, bad), sampler.params)
    images = of_sampler(dataclasses.replace(sampler, params=params), 10)
    with pytest.raises(UserError, match=r"samples hold NaN or infinity.*diverged"):
        images.read(0, 10)


def test_the_sum_over_images_is_of_every_pixel_and_their_order(source):
    images = of_source(source, np.arange(1100))
    assert images.sha256() == of_source(source, np.arange(1100)).sha256()
    rows = source.arrays()["image"].copy()
    rows[1099, 5, 5, 0] ^= 1
    changed = from_arrays("noise", "train", {"image": rows})
    assert of_source(changed, np.arange(1100)).sha256() != images.sha256()
    assert of_source(source, np.arange(1100)[::-1]).sha256() != images.sha256()
    assert of_source(source, np.arange(1099)).sha256() != images.sha256()
