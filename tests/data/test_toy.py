import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.open import open_source
from jaxgan.data.sources import toy
from jaxgan.errors import UserError


def test_centers():
    ring = np.asarray(toy.ring_modes())
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(ring[2], [0.0, 1.0], atol=1e-6)
    grid = np.asarray(toy.grid_modes())
    assert grid.shape == (25, 2)
    assert sorted(set(grid[:, 0])) == [-4, -2, 0, 2, 4]
    assert len({tuple(p) for p in grid}) == 25


@pytest.mark.parametrize(
    "draw, modes, std",
    [(toy.labeled_ring, toy.ring_modes(), 0.01), (toy.labeled_grid, toy.grid_modes(), 0.05)],
)
def test_mixtures_have_their_moments(draw, modes, std):
    count = 50_000
    points, which = (np.asarray(x) for x in draw(jax.random.key(0), count))
    noise = points - np.asarray(modes)[which]
    np.testing.assert_allclose(noise.std(axis=0), std, rtol=0.02)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=5 * std / count**0.5)
    share = np.bincount(which, minlength=len(modes)) / count
    np.testing.assert_allclose(share, 1 / len(modes), atol=5 * (1 / len(modes) / count) ** 0.5)
    # The whole's covariance: that of the centers plus the noise's.
    expected = np.cov(np.asarray(modes).T, bias=True) + std**2 * np.eye(2)
    np.testing.assert_allclose(np.cov(points.T), expected, atol=0.03 * expected.max())


def test_swiss_roll_lies_on_its_spiral():
    points = np.asarray(toy.swiss_roll(jax.random.key(0), 2000, std=0.0))
    radius = np.linalg.norm(points, axis=1)
    t = radius / 2.0 * 4.0
    assert t.min() > 0.99
    assert t.max() < 4.01
    spiral = radius[:, None] * np.stack([np.cos(np.pi * t), np.sin(np.pi * t)], axis=-1)
    np.testing.assert_allclose(points, spiral, atol=1e-4)
    assert t.mean() == pytest.approx(2.5, abs=0.1)


def test_options_and_purity():
    key = jax.random.key(3)
    np.testing.assert_array_equal(toy.ring(key, 10), toy.ring(key, 10))
    far = np.asarray(toy.ring(key, 100, modes=3, radius=5.0, std=0.0))
    np.testing.assert_allclose(np.linalg.norm(far, axis=1), 5.0, rtol=1e-5)
    assert len({tuple(p) for p in far.round(3)}) == 3


def test_sources():
    train, test = open_source("grid"), open_source("grid", "test[:100]")
    assert (train.size, train.shape, train.classes) == (100_000, (2,), 25)
    assert train.fingerprint == open_source("grid").fingerprint != test.fingerprint
    rows = test.arrays()
    assert rows["image"].dtype == np.float32
    assert rows["label"].dtype == np.int32
    nearest = np.linalg.norm(rows["image"][:, None] - np.asarray(toy.grid_modes()), axis=-1)
    np.testing.assert_array_equal(nearest.argmin(axis=1), rows["label"])
    assert open_source("swiss_roll").classes is None
    assert set(open_source("swiss_roll", "train[:5]").arrays()) == {"image"}
    with pytest.raises(UserError, match="ring consists of points"):
        open_source("ring", resolution=64)
    with pytest.raises(UserError, match="ring has no split validation"):
        open_source("ring", "validation")


@pytest.mark.parametrize("name", ["ring", "grid", "swiss_roll"])
def test_toys_carry_their_mixture(name):
    source = open_source(name, "train[:1000]")
    if name == "swiss_roll":
        assert source.mixture is None
        return
    rows, mixture = source.arrays(), source.mixture
    assert mixture is not None
    assert mixture.centers.dtype == np.float32
    noise = rows["image"] - mixture.centers[rows["label"]]
    assert noise.std() == pytest.approx(mixture.deviation, rel=0.1)


def test_the_ring_is_that_of_jax_to_the_bit():
    angles = 2 * jnp.pi * jnp.arange(8, dtype=jnp.float32) / 8
    circle = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1)
    np.testing.assert_array_equal(toy.ring_modes(), circle)


def test_without_the_cpu_backend_the_points_are_the_same(monkeypatch):
    """As under JAX_PLATFORMS=cuda."""
    expected = open_source("ring", "test")

    def no_cpu(*args, backend=None, **kwargs):
        raise RuntimeError(f"Unknown backend {backend}")

    monkeypatch.setattr(jax, "local_devices", no_cpu)
    monkeypatch.setattr(jax, "devices", no_cpu)
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    found = open_source("ring", "test")
    assert found.fingerprint == expected.fingerprint
    np.testing.assert_array_equal(found.arrays()["label"], expected.arrays()["label"])


def test_a_failure_to_draw_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(toy.sys, "executable", "/bin/false")
    with pytest.raises(UserError, match=r"^The points of ring .*JAX_PLATFORMS=cuda,cpu\.$"):
        toy._drawn_by_another_process("ring", "train")
