"""The mean distance between two samples, by hand and of a known distribution."""

import math

import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.pairwise import mean_pairwise_distance


def test_three_points_by_hand():
    assert mean_pairwise_distance(np.array([[0.0], [3.0], [4.0]])) == pytest.approx((3 + 4 + 1) / 3)


def test_normal_points_in_the_plane_are_the_root_of_pi_apart():
    # The difference of two has variance 2 in each coordinate: a Rayleigh mean of sqrt(pi).
    points = np.random.default_rng(0).normal(size=(4000, 2))
    assert mean_pairwise_distance(points) == pytest.approx(math.sqrt(math.pi), rel=0.03)


def test_samples_that_are_all_alike_have_no_distance():
    assert mean_pairwise_distance(np.ones((5, 3), np.float32)) == 0.0


def test_of_many_samples_some_are_drawn_from_all_of_them():
    halves = np.repeat([[0.0], [1.0]], 500, axis=0)
    found = mean_pairwise_distance(halves, most=400)
    assert found == pytest.approx(0.5, abs=0.05)
    assert found == mean_pairwise_distance(halves, most=400)


def test_one_sample_has_no_pair():
    with pytest.raises(UserError, match="needs two"):
        mean_pairwise_distance(np.zeros((1, 2)))
