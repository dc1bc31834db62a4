"""Clips that are drawn, and folders of them."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.open import absolute, open_source
from jaxgan.data.sources.moving_mnist import digit_clips
from jaxgan.data.sources.shape_motion import SIZES, shape_clips
from jaxgan.data.videos import VIDEOS
from jaxgan.errors import NoSplitError, UserError
from jaxgan.metrics.motion import centers
from jaxgan.viz.moving import gif_bytes


def areas(clips):
    """Pixels of each frame that are seen, ``[n, t]``, which do not change in time."""
    area = (clips.max(axis=-1) > 0).sum(axis=(2, 3))
    np.testing.assert_array_equal(area, np.broadcast_to(area[:, :1], area.shape))
    return area


def test_shapes_have_the_sizes_colors_and_kinds_of_the_recipe():
    """Every eighth frame is looked at, of many clips."""
    clips, label = shape_clips(np.arange(600), seed=3, every=8)
    assert clips.shape == (600, 4, 64, 64, 3)
    area, first = areas(clips), clips[:, 0].max(axis=-1) > 0
    tall, wide = first.any(axis=2).sum(axis=1), first.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(tall, wide)
    visible = tall > 0
    sides, counts = np.unique(tall[visible], return_counts=True)
    assert tuple(sides) == SIZES
    assert counts.min() > 100
    filled = area[:, 0] / np.maximum(tall, 1) ** 2
    squares = (filled == 1)[visible].mean()
    circles = (np.abs(filled - np.pi / 4) < 0.06)[visible].mean()
    assert 0.43 < squares < 0.57
    assert squares + circles == 1
    assert 0.43 < label.mean() < 0.57
    colors = clips.reshape(600, -1, 3).max(axis=1)
    assert np.abs(colors.mean(axis=0) - 127.5).max() < 15
    assert len(np.unique(colors.reshape(-1))) > 200


def test_paths_are_quartic_and_cross_the_frame():
    """Every path is a polynomial of degree 4 in time but for whole pixels, and of no lower."""
    clips, label = shape_clips(np.arange(100), seed=3)
    assert clips.shape == (100, 32, 64, 64, 3)
    areas(clips)
    where = centers(clips)
    visible = clips.max(axis=(1, 2, 3, 4)) > 0
    where, along = where[visible], np.where(label[visible] == 0, 1, 0)
    rows = np.arange(len(where))
    ends = where[:, [0, -1]][rows, :, along]
    half = np.sqrt((clips[visible, 0].max(axis=-1) > 0).sum(axis=(1, 2))) / 2
    assert (ends[:, 0] > 60 - 1.3 * half - 1).all()
    assert (ends[:, 1] < 1.3 * half + 1).all()
    beside = where[rows, :, 1 - along]
    assert np.abs(beside[:, 0] - beside[:, -1]).max() <= 1

    t = np.linspace(-1, 1, 32)

    def residual(degree):
        basis = np.vander(t, degree + 1)
        values = where.transpose(1, 0, 2).reshape(32, -1)
        fitted = basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
        return np.abs(values - fitted).max()

    assert residual(4) <= 0.8
    assert residual(3) > 1.0


def test_a_clip_depends_on_its_place_alone():
    source = open_source("shape_motion:16", "train", resolution=32)
    assert (source.shape, source.size, source.classes) == ((16, 32, 32, 3), 8000, 2)
    assert source.class_names == ("up", "left")
    assert source.modality is VIDEOS
    some = source.read(np.array([70, 3, 7999]))
    np.testing.assert_array_equal(some["image"][1], source.read(np.array([3]))["image"][0])
    part = open_source("shape_motion:16", "train[50%:]", resolution=32)
    np.testing.assert_array_equal(part.read(np.array([3999]))["image"][0], some["image"][2])
    other = open_source("shape_motion:16", "test", resolution=32)
    assert not np.array_equal(other.read(np.array([3]))["image"][0], some["image"][1])
    assert len({source.fingerprint, part.fingerprint, other.fingerprint}) == 3


def test_digits_move_straight_and_bounce():
    digits = np.zeros((2, 28, 28), np.uint8)
    digits[:, 10:18, 10:18] = (np.array([90, 200], np.uint8))[:, None, None]
    clips = digit_clips(digits, np.arange(40), seed=1, frames=20)
    assert clips.shape == (40, 20, 64, 64)
    same = [clip for clip in clips if len(np.unique(clip)) == 2 and clip.max() == 200]
    # Two digits alike: their mean moves by at most a tenth of the 36 pixels they can go.
    where = centers(np.stack(same)[..., None])
    steps = np.linalg.norm(np.diff(where, axis=1), axis=-1)
    assert steps.max() < 3.6 + 1.5
    edges = clips.max(axis=(0, 1)) > 0
    inside = np.flatnonzero(edges.any(axis=0))
    assert (inside.min(), inside.max()) == (10, 63 - 10)


def gif(path, frames, side=6, value=200):
    clip = np.zeros((frames, side, side, 3), np.uint8)
    for number in range(frames):
        clip[number, number % side] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gif_bytes(clip))
    return clip


def stills(folder, frames, side=6):
    folder.mkdir(parents=True)
    clip = np.zeros((frames, side, side, 3), np.uint8)
    for number in range(frames):
        clip[number, :, number % side] = 100
        Image.fromarray(clip[number]).save(folder / f"{number:03d}.png")
    return clip


def test_gifs_and_folders_of_frames_are_clips(tmp_path):
    walk, run = gif(tmp_path / "walk" / "a.gif", 7), stills(tmp_path / "run" / "b", 12)
    source = open_source(f"clips:3x2:{tmp_path}")
    # Windows of 5 frames begin every 6: two of the stills, one of the GIF.
    assert (source.size, source.shape, source.class_names) == (3, (3, 6, 6, 3), ("run", "walk"))
    rows = source.read(np.arange(3))
    np.testing.assert_array_equal(rows["label"], [0, 0, 1])
    np.testing.assert_array_equal(rows["image"][0], run[:5:2])
    np.testing.assert_array_equal(rows["image"][1], run[6:11:2])
    np.testing.assert_array_equal(rows["image"][2], walk[:5:2])
    whole = open_source(f"clips:{tmp_path}")
    assert (whole.size, whole.shape) == (2, (7, 6, 6, 3))
    assert absolute(f"clips:3x2:{tmp_path}") == f"clips:3x2:{tmp_path.resolve()}"


def test_splits_are_subfolders(tmp_path):
    gif(tmp_path / "train" / "a.gif", 4)
    gif(tmp_path / "test" / "b.gif", 4, value=50)
    assert open_source(f"clips:{tmp_path}", "test").read(np.arange(1))["image"].max() == 50
    with pytest.raises(NoSplitError):
        open_source(f"clips:{tmp_path}", "validation")


def broken(folder):
    (folder / "a.gif").write_bytes(b"GIF89a no clip")


def empty(folder):
    (folder / "a.gif").write_bytes(b"")


def short(folder):
    gif(folder / "a.gif", 3)


def uneven(folder):
    gif(folder / "a.gif", 20)
    gif(folder / "b.gif", 20, side=8)


def movies(folder):
    (folder / "holiday.mp4").write_bytes(b"")


@pytest.mark.parametrize(
    "make, fault",
    [
        (broken, "a.gif cannot be read"),
        (empty, "a.gif cannot be read"),
        (short, "fewer than the 16 frames"),
        (uneven, "several sizes, from 6x6 to 8x8"),
        (movies, "holiday.mp4, which is not read"),
        (lambda folder: None, "holds no clips"),
    ],
)
def test_bad_folders_are_refused_in_one_line(tmp_path, make, fault):
    make(tmp_path)
    with pytest.raises(UserError, match=fault) as refused:
        open_source(f"clips:16:{tmp_path}")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "spec, fault",
    [
        ("shape_motion:5", "one of 2, 4, 8, 16, 32"),
        ("shape_motion:x", "number of frames"),
        ("moving_mnist:21", "2 to 20"),
        ("clips:", "names no"),
        ("clips:1:there", "at least 2 frames"),
        ("clips:nowhere", "no folder nowhere"),
    ],
)
def test_bad_names_are_refused(spec, fault):
    with pytest.raises(UserError, match=fault):
        open_source(spec)


def test_frames_that_cannot_be_drawn_are_refused():
    with pytest.raises(UserError, match="16, 32, 48"):
        open_source("shape_motion", resolution=30)
    with pytest.raises(UserError, match="leave out --channels"):
        open_source("shape_motion", channels=1)
