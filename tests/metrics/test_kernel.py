import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics import kernel
from jaxgan.metrics.kernel import kernel_distance, kernel_distance_of_subsets


def by_loops(x: np.ndarray, y: np.ndarray) -> float:
    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    xy = sum(k(a, b) for a in x for b in y)
    return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)


@pytest.mark.parametrize("block", [4, 7, 2048])
def test_it_is_its_definition_whatever_the_block(monkeypatch, block):
    monkeypatch.setattr(kernel, "BLOCK", block)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((21, 5)), rng.standard_normal((16, 5)) + 0.5
    assert kernel_distance(x, y) == pytest.approx(by_loops(x, y), rel=1e-12)


def test_the_golden_features_score_as_in_torchmetrics(golden):
    assert kernel_distance(*golden) == pytest.approx(0.00729165, abs=6e-9)


def test_subsets_of_everything_are_everything(golden):
    real, fake = (x[:200] for x in golden)
    found = kernel_distance_of_subsets(real, fake, subsets=3, size=200)
    np.testing.assert_allclose(found.values, kernel_distance(real, fake), rtol=1e-9)


def test_subsets_are_unbiased_and_seeded(golden):
    real, fake = golden
    found = kernel_distance_of_subsets(real, fake, subsets=20, size=300, seed=1)
    error = found.deviation / np.sqrt(20)
    assert found.mean == pytest.approx(kernel_distance(real, fake), abs=4 * error)
    again = kernel_distance_of_subsets(real, fake, subsets=20, size=300, seed=1)
    np.testing.assert_array_equal(again.values, found.values)
    other = kernel_distance_of_subsets(real, fake, subsets=20, size=300, seed=2)
    assert other.mean != found.mean


def test_one_distribution_is_near_zero_on_both_sides():
    rng = np.random.default_rng(0)
    values = [
        kernel_distance(rng.standard_normal((40, 6)), rng.standard_normal((40, 6)))
        for _ in range(40)
    ]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(40)


def test_faults_are_refused(golden):
    real, fake = (x[:50] for x in golden)
    for call, words in (
        (lambda: kernel_distance_of_subsets(real, fake, size=60), "needs 60"),
        (lambda: kernel_distance_of_subsets(real, fake, size=1), "at least"),
        (lambda: kernel_distance(real, fake[:, :3]), "dimensions"),
        (lambda: kernel_distance(real * np.nan, fake), "real features"),
    ):
        with pytest.raises(UserError, match=words):
            call()
