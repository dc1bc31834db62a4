import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.neighbors import nearest_neighbors
from jaxgan.metrics.prdc import prdc

GOLDEN = {3: (0.683667, 0.783667, 0.824778, 0.836), 5: (0.795333, 0.869, 0.837267, 0.946)}


@pytest.mark.parametrize("k", GOLDEN)
def test_the_golden_features_score_as_in_prdc(golden, k):
    found = prdc(*golden, k=k)
    values = (found.precision, found.recall, found.density, found.coverage)
    np.testing.assert_allclose(values, GOLDEN[k], atol=5.1e-7)


def by_loops(real, fake, k):
    def radius(x, i):
        return sorted(np.linalg.norm(x[i] - x[j]) for j in range(len(x)) if j != i)[k - 1]

    real_radii = [radius(real, i) for i in range(len(real))]
    fake_radii = [radius(fake, j) for j in range(len(fake))]
    distance = [[np.linalg.norm(x - y) for y in fake] for x in real]
    n, m = len(real), len(fake)
    held = [sum(distance[i][j] < real_radii[i] for i in range(n)) for j in range(m)]
    return (
        np.mean([count > 0 for count in held]),
        np.mean([any(distance[i][j] < fake_radii[j] for j in range(m)) for i in range(n)]),
        sum(held) / (k * m),
        np.mean([min(distance[i]) < real_radii[i] for i in range(n)]),
    )


@pytest.mark.parametrize("block", [5, 16, 1024])
def test_it_is_its_definition_whatever_the_block(block):
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((33, 4)), 0.7 * rng.standard_normal((27, 4))
    found = prdc(real, fake, k=2, block=block)
    values = (found.precision, found.recall, found.density, found.coverage)
    np.testing.assert_allclose(values, by_loops(real, fake, 2))


def test_a_sample_on_the_sphere_is_outside():
    """On a line at 0, 1, 2, ...: every k=1 ball has radius 1, and its neighbors lie on it."""
    line = np.arange(8.0)[:, None]
    found = prdc(line, line + 100, k=1)
    assert (found.precision, found.recall, found.coverage) == (0, 0, 0)
    real, fake = line * 4, np.arange(8.0)[:, None] * 4 + 4
    found = prdc(real[:4], fake[:2], k=1)  # reals 0 4 8 12, fakes 4 8: each only in its own ball
    assert (found.precision, found.density) == (1, 1)
    assert found.coverage == 0.5


def test_the_same_set_is_precise_recalled_dense_and_covered():
    x = np.random.default_rng(0).standard_normal((200, 8))
    found = prdc(x, x, k=5)
    assert found.precision == found.recall == found.coverage == 1
    assert found.density == pytest.approx(1, abs=1e-12)  # itself and k-1 others on average


def test_faults_are_refused():
    x = np.random.default_rng(0).standard_normal((20, 3))
    for call, words in (
        (lambda: prdc(x, x[:3]), "needs 4"),
        (lambda: prdc(x, x, k=0), "k = 0"),
        (lambda: prdc(x, x[:, :2]), "dimensions"),
        (lambda: prdc(x, x * np.inf), "generated features"),
    ):
        with pytest.raises(UserError, match=words), np.errstate(all="ignore"):
            call()


def test_nearest_neighbors():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((300, 6)) + 1000, rng.standard_normal((70, 6)) + 1000
    found = nearest_neighbors(real, fake, block=32)
    distances = np.linalg.norm(real[None] - fake[:, None], axis=-1)
    np.testing.assert_array_equal(found.rows, distances.argmin(axis=1))
    np.testing.assert_allclose(found.distances, distances.min(axis=1))


def test_a_copy_is_at_distance_zero_exactly():
    """Also where float32 would tell neither it from a near copy."""
    rng = np.random.default_rng(0)
    real = rng.standard_normal((100, 50)).astype(np.float32) * 1000
    real[40] = real[70]
    real[40, 0] += 0.01
    found = nearest_neighbors(real, real[[70, 3]])
    np.testing.assert_array_equal(found.rows, [70, 3])
    np.testing.assert_array_equal(found.distances, [0, 0])
