import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics import parzen
from jaxgan.metrics.parzen import SIGMAS, choose_sigma, log_likelihoods, parzen_score


def test_it_is_its_definition(monkeypatch):
    monkeypatch.setattr(parzen, "BLOCK", 4)
    rng = np.random.default_rng(0)
    samples, images = rng.random((30, 6)), rng.random((11, 6))
    for sigma in (0.1, 0.5):
        density = [
            np.mean(
                [
                    np.prod(np.exp(-((x - s) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi) / sigma)
                    for s in samples
                ]
            )
            for x in images
        ]
        np.testing.assert_allclose(log_likelihoods(samples, images, [sigma])[0], np.log(density))


def test_far_images_do_not_underflow():
    """784 pixels one away from the only sample: a closed form, far below the smallest float."""
    found = log_likelihoods(np.zeros((1, 784)), np.ones((1, 784)), [0.1])[0, 0]
    expected = -784 / (2 * 0.01) - 784 * np.log(0.1 * np.sqrt(2 * np.pi))
    assert found == pytest.approx(expected, rel=1e-12)


def test_sigma_is_chosen_on_validation_from_ten():
    rng = np.random.default_rng(0)
    assert len(SIGMAS) == 10
    assert (SIGMAS[0], SIGMAS[-1]) == pytest.approx((0.1, 1))
    samples = rng.random((200, 4))
    validation = samples[:50] + 0.28 * rng.standard_normal((50, 4))
    sigma = choose_sigma(samples, validation)
    means = [log_likelihoods(samples, validation, [s]).mean() for s in SIGMAS]
    assert sigma == SIGMAS[int(np.argmax(means))]
    test = rng.random((80, 4))
    score = parzen_score(samples, validation, test)
    values = log_likelihoods(samples, test, [sigma])[0]
    assert score.sigma == sigma
    assert score.mean == pytest.approx(values.mean())
    assert score.standard_error == pytest.approx(values.std() / np.sqrt(80))


def test_faults_are_refused():
    with pytest.raises(UserError, match="dimensions"):
        log_likelihoods(np.zeros((3, 4)), np.zeros((3, 5)), [0.1])
    with pytest.raises(UserError, match="samples"):
        parzen_score(np.full((3, 4), np.nan), np.zeros((3, 4)), np.zeros((3, 4)))
