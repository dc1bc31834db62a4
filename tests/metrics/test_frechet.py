import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxgan.errors import UserError
from jaxgan.metrics.frechet import (
    Statistics,
    frechet_distance,
    frechet_distance_of_features,
    gaussian_of_features,
    statistics,
)
from jaxgan.metrics.frechet_infinity import frechet_infinity
from jaxgan.metrics.intra_class import intra_class_distances


def features(seed: int, n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((d, d)) / np.sqrt(np.arange(1, d + 1))[:, None]
    return rng.standard_normal((n, d)) @ mixing + rng.standard_normal(d)


def by_sqrtm(x: np.ndarray, y: np.ndarray) -> float:
    """As pytorch-fid and clean-fid compute it."""
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(a @ b).real
    offset = x.mean(axis=0) - y.mean(axis=0)
    return float(offset @ offset + np.trace(a) + np.trace(b) - 2 * np.trace(root))


def test_the_golden_features_score_as_in_pytorch_fid(golden):
    real, fake = golden
    assert frechet_distance_of_features(real, fake) == pytest.approx(0.3422422190, abs=2e-9)
    assert frechet_distance(statistics(real), statistics(fake)) == pytest.approx(
        0.3422422190, abs=2e-9
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 24), st.integers(30, 80), st.integers(30, 80))
def test_it_agrees_with_scipys_matrix_square_root(seed, d, n, m):
    x, y = features(seed, n, d), features(seed + 1, m, d)
    assert frechet_distance_of_features(x, y) == pytest.approx(by_sqrtm(x, y), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("n, m", [(12, 20), (12, 200), (200, 12), (2, 2)])
def test_fewer_samples_than_dimensions(n, m):
    """The thin factor, the covariance's, and mixtures of them agree; sqrtm is only near them."""
    x, y = features(0, n, 40), features(1, m, 40)
    thin = frechet_distance_of_features(x, y)
    assert thin == pytest.approx(frechet_distance(statistics(x), statistics(y)), rel=1e-9)
    if n > 2:
        assert thin == pytest.approx(by_sqrtm(x, y), rel=1e-5)


def test_gaussians_in_closed_form():
    """Diagonal covariances: |m|^2 + sum (s_1 - s_2)^2."""
    first = Statistics(9, np.array([1.0, 2.0, 3.0]), np.diag([1.0, 4.0, 9.0]))
    second = Statistics(9, np.array([0.0, 2.0, 5.0]), np.diag([4.0, 4.0, 0.0]))
    assert frechet_distance(first, second) == pytest.approx(1 + 4 + 1 + 0 + 9, abs=1e-12)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    turned = [Statistics(9, turn @ s.mean, turn @ s.covariance @ turn.T) for s in (first, second)]
    assert frechet_distance(*turned) == pytest.approx(15, abs=1e-7)


@pytest.mark.parametrize("n", [300, 20])
def test_a_set_has_no_distance_from_itself(n):
    x = features(3, n, 64)
    assert frechet_distance_of_features(x, x) < 1e-9
    assert frechet_distance(statistics(x), statistics(x)) < 1e-9
    assert frechet_distance_of_features(x, x[::-1]) < 1e-9


@pytest.mark.parametrize("n", [500, 6])
def test_a_generator_that_makes_one_image(n):
    """Zero covariance: what is left is the real variance and the offset."""
    real = features(0, 400, 16)
    fake = np.tile(real[:1], (n, 1))
    expected = np.sum((real.mean(axis=0) - real[0]) ** 2) + np.trace(np.cov(real, rowvar=False))
    assert frechet_distance_of_features(real, fake) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance_of_features(fake, fake) < 1e-20


def test_statistics_divide_by_one_less_than_the_number():
    x = features(0, 50, 5).astype(np.float32)
    found = statistics(x)
    np.testing.assert_allclose(found.covariance, np.cov(x.astype(np.float64), rowvar=False))
    assert found.count == 50


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_numbers_are_refused_by_name(bad):
    real, fake = features(0, 60, 8), features(1, 60, 8)
    fake[[3, 7], 2] = bad
    with pytest.raises(UserError, match=r"2 of 60 rows of the generated features .*row 3"):
        frechet_distance_of_features(real, fake)
    with pytest.raises(UserError, match="real features"):
        frechet_distance_of_features(fake, real)
    broken = Statistics(5, np.full(8, bad), np.eye(8))
    with pytest.raises(UserError, match="generated statistics"):
        frechet_distance(statistics(real), broken)


def test_other_faults_are_refused():
    x = features(0, 60, 8)
    for call in (
        lambda: frechet_distance_of_features(x, x[:, :5]),
        lambda: frechet_distance_of_features(x, x[:1]),
        lambda: statistics(x[0]),
        lambda: frechet_distance(statistics(x), statistics(x[:, :5])),
    ):
        with pytest.raises(UserError):
            call()


def test_infinitely_many_samples_have_no_bias():
    """Two sets of one Gaussian: the distance falls as 1/N, and its line meets 0."""
    rng = np.random.default_rng(0)
    real = gaussian_of_features(rng.standard_normal((40_000, 16)))
    fake = rng.standard_normal((8000, 16))
    found = frechet_infinity(real, fake, points=15, smallest=200)
    assert len(found.counts) == 15
    assert (found.counts[0], found.counts[-1]) == (200, 8000)
    assert found.distances[0] > 0.3
    assert abs(found.value) < 0.05 * found.distances[0]
    assert found.slope == pytest.approx(found.distances[0] * 200, rel=0.2)
    assert frechet_infinity(real, fake, smallest=200).value == found.value
    assert frechet_infinity(real, fake, smallest=200, seed=1).value != found.value
    with pytest.raises(UserError, match="different numbers"):
        frechet_infinity(real, fake[:12])


def test_each_class_by_itself():
    x, y = features(0, 90, 6), features(1, 90, 6)
    labels = np.arange(90) % 3
    found = intra_class_distances(x, labels, y, labels)
    assert list(found) == [0, 1, 2]
    assert found[1] == frechet_distance_of_features(x[1::3], y[1::3])
    # Classes swapped: the sets as a whole do not notice.
    swapped = intra_class_distances(x, labels, x, (labels + 1) % 3)
    assert min(swapped.values()) > 0
    with pytest.raises(UserError, match="Class 2"):
        intra_class_distances(x, labels, y, labels % 2)
    with pytest.raises(UserError, match="labels"):
        intra_class_distances(x, labels[:5], y, labels)
