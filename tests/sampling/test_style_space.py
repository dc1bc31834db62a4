"""Styles of a StyleGAN: truncated, mixed, walked through, and looked for."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import forward
from jaxgan.cli.styles import numbers, taken
from jaxgan.data.datasets import DataSpec
from jaxgan.errors import UserError
from jaxgan.evaluation.measured import Walker
from jaxgan.experiment import Task
from jaxgan.nets import stylegan2
from jaxgan.sampling import project
from jaxgan.sampling.sampler import BATCH, Sampler
from jaxgan.sampling.styles import Truncation, style_space, truncated
from support import games

pytest_plugins = ["support.run_fixtures"]

LATENT, STYLE, SIDE = 5, 6, 8
GENERATOR = stylegan2.Generator(stylegan2.widths(SIDE, 32, 4), 3, STYLE, 2)
GAN = games.gan(generator=GENERATOR, forward=forward.unconditional(forward.normal(LATENT)))


@pytest.fixture(scope="module")
def sampler():
    """A generator at random weights, whose average style is not zero."""
    init = partial(GENERATOR.init, train=False)
    variables = jax.jit(init)(jax.random.key(0), jnp.zeros((1, LATENT)))
    params, noise = variables["params"], variables["noise"]
    average = jax.tree.map(lambda x: x + jnp.linspace(-0.5, 0.5, STYLE), variables["average"])
    stats = {"average": average, "noise": noise}
    task = Task.of(DataSpec("pictures", (SIDE, SIDE, 3)))
    return Sampler(GAN, *jax.device_get((params, stats)), task, 0, "ema")


@pytest.fixture(scope="module")
def space(sampler):
    return style_space(sampler)


def test_images_of_a_sample_s_styles_are_the_sample(sampler, space):
    assert (space.layers, space.size) == (4, STYLE)
    styles = space.of_samples(np.array([0, 2, 5]), seed=3)
    assert styles.shape == (3, 4, STYLE)
    # Two programs may round a pixel to either side.
    difference = space.images(styles).astype(int) - sampler(6, seed=3)[[0, 2, 5]]
    assert np.abs(difference).max() <= 1


def test_truncated_styles_lie_between_the_average_and_their_own(sampler, space):
    latents = sampler.latents(3)
    whole, average = space.styles(latents), np.asarray(sampler.stats["average"]["mean"])
    half = space.styles(latents, truncation=Truncation(0.5))
    np.testing.assert_allclose(half, (whole + average) / 2, atol=1e-6)
    none = space.styles(latents, truncation=Truncation(0.0, cutoff=1))
    np.testing.assert_allclose(none[:, 0], np.broadcast_to(average, (3, STYLE)), atol=1e-6)
    np.testing.assert_allclose(none[:, 1:], whole[:, 1:], atol=1e-6)
    drawn = truncated(sampler, Truncation(0.5))(3).astype(int)
    assert np.abs(drawn - space.images(half)).max() <= 1
    assert np.abs(drawn - sampler(3)).max() > 1
    with pytest.raises(UserError, match="--cutoff 5: this generator has 4 layers"):
        truncated(sampler, Truncation(0.5, 5))


def test_mixed_styles_are_the_row_s_but_for_some_layers(space):
    rows, columns = (space.of_samples(np.arange(*each)) for each in ((0, 2), (2, 5)))
    mixed = space.mixed(rows, columns, slice(1, 3))
    assert mixed.shape == (2, 3, 4, STYLE)
    for i in range(2):
        for j in range(3):
            np.testing.assert_array_equal(mixed[i, j, [0, 3]], rows[i, [0, 3]])
            np.testing.assert_array_equal(mixed[i, j, 1:3], columns[j, 1:3])


def test_a_walk_leads_through_the_styles_and_back(space):
    stations = space.of_samples(np.arange(3))
    walk = space.walk(stations, 4)
    assert len(walk) == 12
    np.testing.assert_allclose(walk[::4], stations)
    np.testing.assert_allclose(walk[10], (stations[2] + stations[0]) / 2, atol=1e-6)


def test_a_projection_comes_near_to_an_image_of_the_generator(space, monkeypatch):
    monkeypatch.setattr(project, "DRAWN", 64)
    monkeypatch.setattr(project, "SEEN", 32)
    target = space.images(space.of_samples(np.array([7]), seed=5))[0]
    found = project.project(space, target, steps=40)
    assert found.styles.shape == (4, STYLE)
    assert np.ptp(found.styles, axis=0).max() == 0.0  # one style for all layers
    assert found.distances[-1] < 0.3 * found.distances[0]
    np.testing.assert_array_equal(found.image, space.images(found.styles[None])[0])


def test_the_search_begins_and_ends_slowly_and_its_noise_goes_early():
    """As the authors' projector: rates 0.1 at most, noise gone after three quarters."""
    rates, noises = np.array([project.schedule(step, 100) for step in range(100)]).T
    assert rates[0] == 0
    np.testing.assert_allclose(rates[[5, 50, 75]], 0.1, rtol=1e-6)
    assert rates[88] == pytest.approx(0.1 * (0.5 - 0.5 * np.cos(np.pi * 0.48)))
    np.testing.assert_allclose(noises[[0, 30, 75, 90]], [0.05, 0.05 * 0.36, 0, 0], atol=1e-12)


def test_generators_without_styles_are_refused(sampler):
    plain = dataclasses.replace(sampler, gan=games.gan())
    with pytest.raises(UserError, match="has no styles"):
        style_space(plain)


def test_words_for_samples_and_layers():
    assert numbers("2:5", "--rows").tolist() == [2, 3, 4]
    assert numbers("7,0", "--rows").tolist() == [7, 0]
    assert [*range(8)[taken("", 8)]] == [0, 1, 2, 3]
    assert [*range(8)[taken("6:", 8)]] == [6, 7]
    for words in ("a", "1-3", "3:3", "0:101", "-1", ""):
        with pytest.raises(UserError, match="--rows"):
            numbers(words, "--rows")
    for words in ("4", "x:2", "9:", "3:3"):
        with pytest.raises(UserError, match="--layers"):
            taken(words, 8)


def test_flags_that_make_no_sense_are_refused(refused, tmp_path):
    run = tmp_path / "run"
    for words, said in (
        (["styles", run, "--out", tmp_path / "a.jpg"], "ends in .png, .gif or .mp4"),
        (["styles", run, "--cutoff", 3], "--cutoff goes with --psi"),
        (["styles", run, "--psi", 3], "--psi 3.0: use -2 to 2"),
        (["styles", run, "--out", tmp_path / "a.gif", "--layers", "0:2"], "--layers changes"),
        (["styles", run, "--frames", 3], "--frames changes nothing of a grid"),
        (["sample", run, "--psi", -3], "--psi -3.0: use -2 to 2"),
        (["project", run, tmp_path / "a.png", "--out", tmp_path], "There is no image"),
        (["project", run, "--out", tmp_path], "Name at least one image"),
    ):
        refused(words, said)


def test_a_metric_walks_through_the_styles_of_the_images_that_it_draws(sampler):
    """In float32, 0 to 255: images of styles are the images of their latents."""
    walker = Walker(sampler, seed=0)
    latents = walker.latents(jax.random.key(1), 3)
    styles = walker.styles(latents, {})
    assert styles.shape == (3, 4, STYLE)
    found = walker.images_of(styles)
    placed = np.asarray(walker.images(jnp.tile(latents, (BATCH, 1))[:BATCH], {}))[:3]
    np.testing.assert_allclose(found, placed, atol=1e-2)
    plain = dataclasses.replace(sampler, gan=games.gan())
    with pytest.raises(UserError, match="has no styles"):
        Walker(plain, seed=0).styles(latents, {})
