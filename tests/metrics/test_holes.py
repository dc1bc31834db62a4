"""Errors of completed images, and what the two controls put in their place."""

import dataclasses

import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.hole import METRIC, errors, mean_color, nearest_border
from jaxgan.metrics.metric import Comparison

RNG = np.random.default_rng(0)
SIX = np.arange(36, dtype=np.uint8).reshape(1, 6, 6, 1)
MIDDLE = np.zeros((1, 6, 6), bool)
MIDDLE[:, 2:4, 2:4] = True
"""The four pixels in the middle: 14, 15, 20 and 21."""


@dataclasses.dataclass
class Images:
    """As much of ``Samples`` as these metrics ask for."""

    images: np.ndarray
    holes: np.ndarray | None = None
    name: str = "these"

    @property
    def count(self):
        return len(self.images)

    @property
    def shape(self):
        return self.images.shape[1:]

    def array(self):
        return self.images

    def hidden(self):
        return self.holes


def compared(real, generated, holes):
    return Comparison(Images(real), Images(generated, holes))  # type: ignore[arg-type]


def test_errors_by_hand():
    completed = SIX.copy()
    completed[0, 2, 2], completed[0, 3, 3] = 14 + 51, 21 + 102  # a fifth and two fifths of 255
    completed[0, 0, 0] = 99  # outside: it does not count
    found = errors(SIX, completed, MIDDLE)
    assert found.l1 == pytest.approx(100 * 0.6 / 4)
    assert found.l2 == pytest.approx(100 * (0.04 + 0.16) / 4)
    assert found.psnr == pytest.approx(-10 * np.log10(0.05))
    # Another image, of which something else is hidden: both count alike.
    row = np.zeros((1, 6, 6), bool)
    row[:, 5, :2] = True
    pair = np.concatenate([SIX, SIX]), np.concatenate([completed, completed * 0])
    two = errors(*pair, np.concatenate([MIDDLE, row]))
    black = np.square(np.array([30, 31]) / 255).mean()
    assert two.l2 == pytest.approx(100 * (0.05 + black) / 2)
    assert two.psnr == pytest.approx((-10 * np.log10(0.05) - 10 * np.log10(black)) / 2)


def test_a_copy_is_as_good_as_rounding():
    found = errors(SIX, SIX, MIDDLE)
    assert (found.l1, found.l2) == (0, 0)
    assert found.psnr == pytest.approx(10 * np.log10(12 * 255**2))  # 58.9 dB


def test_the_mean_color_is_that_of_known_pixels():
    images = np.concatenate([SIX, SIX + 100]).repeat(2, axis=-1)
    images[..., 1] = 7
    holes = MIDDLE.repeat(2, axis=0)
    filled = mean_color(images, holes)
    # Symmetric about 17.5, as the hole is; and about 67.5 of both images, rounded to even.
    assert filled[:, 2:4, 2:4, 0].tolist() == [[[68, 68]] * 2] * 2
    assert (filled[:, 2:4, 2:4, 1] == 7).all()
    np.testing.assert_array_equal(filled[~holes], images[~holes])


def test_the_nearest_pixel_of_the_border_by_hand():
    (filled,) = nearest_border(SIX, MIDDLE)[..., 0]
    # 14 lies between 8 above and 13 to the left, and so on around the hole.
    assert filled[2, 2] in (8, 13)
    assert filled[2, 3] in (9, 16)
    assert filled[3, 2] in (26, 19)
    assert filled[3, 3] in (27, 22)
    np.testing.assert_array_equal(filled[~MIDDLE[0]], SIX[~MIDDLE][:, 0])


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_the_nearest_pixel_is_nearest(share):
    """By brute force, in holes of any form: none that is known is nearer than the copied one."""
    missing = RNG.random((9, 7)) < share
    places = np.stack(np.meshgrid(range(9), range(7), indexing="ij"), -1)
    copied = nearest_border(places[None], missing[None])[0]  # images whose values are their places
    assert not missing[copied[..., 0], copied[..., 1]].any()
    known = places[~missing]
    least = np.square(places[:, :, None] - known).sum(-1).min(-1)
    np.testing.assert_array_equal(np.square(copied - places).sum(-1), least)


def test_the_metric_scores_the_holes_beside_both_controls():
    """Of other pixels in each image."""
    real, holes = RNG.integers(0, 256, (5, 16, 16, 3), np.uint8), RNG.random((5, 16, 16)) < 0.25
    generated = real.copy()
    generated[holes] //= 2
    comparison = compared(real, generated, holes)
    values, details = METRIC.compute(comparison)
    assert list(values) == list(METRIC.values)
    assert values == dataclasses.asdict(errors(real, generated, holes))
    assert details["controls"] == {
        "the mean color": dataclasses.asdict(errors(real, mean_color(real, holes), holes)),
        "the nearest border": dataclasses.asdict(errors(real, nearest_border(real, holes), holes)),
    }
    assert details["hidden_share"] == pytest.approx(holes.sum() / (5 * 16 * 16))
    assert (METRIC.paired, METRIC.better, METRIC.values["psnr"]) == (True, "lower", "higher")


def test_the_protocol_says_what_was_hidden_and_not_which_seed_hid_it():
    images = SIX.repeat(3, axis=0)

    def protocol(holes):
        return METRIC.parameters(compared(images, images, holes))

    drawn, anew = (np.random.default_rng(seed).random((3, 6, 6)) < 0.3 for seed in (1, 2))
    assert drawn.sum() != anew.sum()
    assert protocol(drawn) == protocol(anew) == {"hidden": "of each image what its own mask says"}
    middle = protocol(MIDDLE.repeat(3, axis=0))
    assert middle == {"hidden": "the same 4 of 36 pixels of each image"}


def test_samples_of_which_nothing_was_hidden_are_refused():
    with pytest.raises(UserError, match=r"^No hole is known of these; leave hole out"):
        METRIC.compute(compared(SIX, SIX, None))
