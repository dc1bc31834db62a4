"""Pictures of samples and scores, pixel by pixel."""

import numpy as np
import pytest

from jaxgan.viz import figures

BLUE, RED = (31, 119, 180), (214, 39, 40)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def of_color(picture, color):
    return (picture == np.array(color, np.uint8)).all(-1)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_is_in_color_and_each_pixel_is_enlarged(channels):
    images = noise(4, 16, 16, channels)
    sheet = figures.sheet(images, 2)
    assert sheet.shape == ((16 + 2 + 16) * 4,) * 2 + (3,)
    np.testing.assert_array_equal(
        sheet[18 * 4 :: 4, : 16 * 4 : 4], np.broadcast_to(images[2], (16, 16, 3))
    )


@pytest.mark.parametrize("size, wanted", [(28, 8), (64, 8), (256, 4), (1024, 2)])
def test_a_sheet_of_large_images_has_fewer_of_them(size, wanted):
    assert figures.fitting((size, size, 3)) == wanted


def test_words_are_drawn_as_large_as_fits():
    short, long = figures.words("7.25", 64), figures.words("a name that is much too long", 64)
    assert short.shape == long.shape == (figures.LINE, 64, 3)
    assert (short < 100).any()
    assert (short[:, 0] == 255).all()
    assert (figures.words("7.25", 64) != figures.words("7.26", 64)).any()


def test_each_sample_stands_above_its_neighbor():
    fakes, reals = noise(5, 32, 32, 1), noise(5, 32, 32, 1, seed=1)
    picture = figures.neighbors(fakes, reals, np.arange(5.0), columns=3)
    cell, tile = 32 * 2, (64 * 2 + 2 + figures.LINE, 64)
    assert picture.shape == (2 * tile[0] + figures.GAP, 3 * 64 + 2 * figures.GAP, 3)
    for number in range(5):
        row, column = divmod(number, 3)
        top, left = row * (tile[0] + figures.GAP), column * (64 + figures.GAP)
        for image, offset in ((fakes, 0), (reals, cell + 2)):
            shown = picture[top + offset : top + offset + cell : 2, left : left + cell : 2, 0]
            np.testing.assert_array_equal(shown, image[number, ..., 0])
        assert (picture[top + 2 * cell + 2 : top + tile[0], left : left + cell] < 100).any()


def test_a_class_has_a_row_after_its_name():
    images = noise(3, 4, 32, 32, 3)
    picture = figures.per_class(images, ["shirt", "a", "ankle boot"])
    width = figures.words_width("ankle boot") + 2 * figures.GAP
    assert picture.shape == (3 * 64 + 2 * 2, width + (4 * 32 + 3 * 2) * 2, 3)
    for row in range(3):
        line = picture[row * 66 : row * 66 + 64]
        assert (line[:, :width] < 100).any()
        np.testing.assert_array_equal(line[::2, width : width + 64 : 2], images[row, 0])


def test_a_strip_has_one_height_and_a_title_on_each():
    pictures = [np.full((h, w, 3), v, np.uint8) for h, w, v in ((90, 60, 10), (60, 60, 90))]
    strip = figures.strip(pictures, ["step 1", "step 20"])
    assert strip.shape == (60 + figures.LINE, 40 + figures.GAP + 60, 3)
    assert (strip[figures.LINE :, :40] == 10).all()
    assert (strip[figures.LINE :, 40 + figures.GAP :] == 90).all()
    assert (strip[: figures.LINE, :40] < 100).any()
    wide = figures.strip([np.zeros((500, 1500, 1), np.uint8)] * 3, ["a", "b", "c"])
    assert wide.shape[1] <= figures.WIDTH


def panels(picture):
    """The two panels of a density picture, without the scale beside them."""
    middle, end = int(picture.shape[1] * 0.46), int(picture.shape[1] * 0.88)
    return picture[:, :middle], picture[:, middle:end]


def colored(picture):
    return int((np.ptp(picture, axis=-1) > 40).sum())


def test_equal_points_look_equal_and_others_do_not():
    real = np.random.default_rng(0).normal(size=(4000, 2))
    same = [colored(panel) for panel in panels(figures.density(real, real))]
    assert same[0] > 10_000
    assert same[0] == pytest.approx(same[1], rel=0.03)
    narrow, wide = panels(figures.density(real * 0.2, real))
    assert 100 < colored(narrow) < 0.2 * colored(wide)
    # One scale: the brightest cells are where the points are dense.
    bright = lambda panel: int(((panel[..., 0] > 150) & (panel[..., 2] < 90)).sum())  # noqa: E731
    assert bright(narrow) > 50
    assert bright(wide) == 0


def test_modes_are_marked_and_points_outside_are_said():
    random = np.random.default_rng(0)
    real, modes = random.normal(size=(500, 2)), np.array([[0.0, 0.0], [1.0, 1.0]])
    plain, marked = figures.density(real, real), figures.density(real, real, modes)
    assert not of_color(plain, RED).any()
    assert of_color(marked, RED).sum() > 40
    outside = figures.density(real + np.array([100, 0]), real)
    title = np.s_[:40, :600]
    assert (outside[title] < 100).sum() > 1.5 * (plain[title] < 100).sum()


def inside(picture, color):
    """Where a color is, below the upper edge of the panel."""
    edge = np.flatnonzero((picture < 60).all(-1).mean(1) > 0.8)[0]
    found = of_color(picture, color)
    found[: edge + 1] = False
    return found


def bars(picture):
    """The height of the blue in each column, in pixels."""
    return inside(picture, BLUE).sum(0)


def test_bars_are_as_high_as_the_counts():
    counts = np.array([10, 20, 0, 40])
    heights = bars(figures.mode_counts(counts, ["a", "b", "c", "d"]))
    on = np.flatnonzero(np.diff((heights > 0).astype(int)))
    middles = [(on[i] + on[i + 1]) // 2 for i in range(0, len(on), 2)]
    seen = heights[middles]
    assert len(seen) == 3  # one has none
    # The dashed line of what is expected may hide a few pixels of a bar.
    np.testing.assert_allclose(seen / seen[0], [1, 2, 4], rtol=0.06)


def test_the_line_is_at_the_expected_share():
    counts = np.array([10, 10, 20])
    for expected in ([0.5, 0.25, 0.25], None):
        picture = figures.mode_counts(counts, expected=expected and np.array(expected))
        red, blue = inside(picture, RED), inside(picture, BLUE)
        rows = np.flatnonzero(red.sum(1) > 30)
        base = np.flatnonzero(blue.any(1)).max() + 1
        top = np.flatnonzero(blue.any(1)).min()  # of the bar of a half
        shares = 0.5 * (base - rows) / (base - top)
        for share in set(expected or [1 / 3]):
            assert np.abs(shares - share).min() < 0.01


def test_many_modes_are_sorted():
    counts = np.random.default_rng(0).poisson(26, 1000)
    counts[:300] = 0
    heights = bars(figures.mode_counts(counts))
    shown = np.flatnonzero(heights)
    assert heights[shown[20:60]].mean() > heights[shown[-60:-20]].mean() * 1.3
    smooth = np.convolve(heights[shown], np.ones(31) / 31, "valid")
    assert (np.diff(smooth[::30]) <= 1).all()
    assert (shown.max() - shown.min()) / 1100 == pytest.approx(0.7, abs=0.05)


def test_the_sweep_shows_every_point_and_the_real_score():
    points = [figures.TruncationPoint(str(n), 50.0 - n, 0.2 + n / 10, 0.8 - n / 10) for n in (1, 5)]
    plain = figures.truncation_sweep(points, "FD-X")
    real = figures.truncation_sweep(points, "FD-X", figures.TruncationPoint("", 3.0, 0.9, 0.9))
    gray = lambda picture: of_color(picture, (102, 102, 102)).sum()  # noqa: E731
    assert gray(real) > gray(plain) + 20
    alone = figures.truncation_sweep(points[:1], "FD-X")
    assert of_color(plain, BLUE).sum() > of_color(alone, BLUE).sum()


def test_each_way_of_measuring_has_a_panel():
    lines = {"ema": ([1, 2, 3], [9.0, 5.0, 4.0])}
    one = figures.Course("A", "lower", lines)
    two = figures.Course("B", "higher", {**lines, "raw": ([1, 3], [2.0, 1.0])}, real_score=3.0)
    alone, both = figures.scores_over_steps([one]), figures.scores_over_steps([one, two])
    assert alone.shape == both.shape
    right = np.s_[:, alone.shape[1] // 2 + 40 :]
    assert (alone[right] == 255).all()
    assert of_color(both[right], BLUE).sum() > 100
    assert of_color(both[right], (255, 127, 14)).sum() > 30  # the second line
    assert of_color(both[right], (102, 102, 102)).sum() > 30  # the real score
    assert of_color(both[:, : alone.shape[1] // 2], (102, 102, 102)).sum() < 10
    three = figures.scores_over_steps([one, two, one])
    assert three.shape[0] == 2 * alone.shape[0]
