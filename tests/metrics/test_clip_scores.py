"""Scores of clips: content, direction and Fréchet distances, by hand."""

import dataclasses
import math

import numpy as np
import pytest

from jaxgan.data.sources.shape_motion import shape_clips
from jaxgan.metrics import motion
from jaxgan.metrics.acd import colors, content_distance
from jaxgan.metrics.clip_features import clip_features, of_clips
from jaxgan.metrics.extractors.extractor import Extractor, Output


def test_the_content_distance_by_hand():
    """A square of one color that moves, and one that turns from (30, 0, 0) to (0, 40, 0)."""
    clips = np.zeros((2, 2, 6, 6, 3), np.uint8)
    clips[0, 0, :2, :2] = clips[0, 1, 3:5, 1:3] = (30, 10, 90)
    clips[1, 0, :2, :2] = (30, 0, 0)
    clips[1, 1, :3, :3] = (0, 40, 0)
    np.testing.assert_array_equal(colors(clips)[1], [[30, 0, 0], [0, 40, 0]])
    np.testing.assert_array_equal(content_distance(clips), [0.0, 50.0])


def test_three_frames_are_compared_in_pairs():
    clips = np.zeros((1, 3, 2, 2, 1), np.uint8)
    clips[0, 1], clips[0, 2] = 30, 90
    assert content_distance(clips) == pytest.approx([(30 + 90 + 60) / 3])


def test_real_shapes_keep_their_color_exactly_and_move_as_their_label_says():
    clips, label = shape_clips(np.arange(64), seed=7, side=32, every=2)
    visible = clips.max(axis=(1, 2, 3, 4)) > 0  # a color may be black
    assert content_distance(clips).max() == 0.0
    wanted = np.where(label == 0, motion.DIRECTIONS.index("up"), motion.DIRECTIONS.index("left"))
    np.testing.assert_array_equal(motion.directions(clips)[visible], wanted[visible])


def test_a_direction_is_read_from_the_first_and_the_last_frame():
    clips = np.zeros((5, 3, 9, 9, 1), np.uint8)
    ends = [((4, 1), (4, 7)), ((4, 7), (4, 1)), ((1, 4), (7, 5)), ((7, 4), (1, 4))]
    for clip, (first, last) in zip(clips, ends, strict=False):
        clip[0][first] = clip[1][4, 4] = clip[2][last] = 200
    np.testing.assert_array_equal(motion.directions(clips), [0, 1, 2, 3, -1])


def test_information_by_hand():
    first = np.array([0, 0, 1, 1])
    assert motion.information(first, 3 - first) == pytest.approx(math.log(2))
    assert motion.information(first, np.array([0, 1, 0, 1])) == pytest.approx(0.0, abs=1e-12)
    # P = (1/2, 1/4, 1/4) for (0, 0), (1, 0), (1, 1).
    wanted = 0.5 * math.log(0.5 / (0.5 * 0.75)) + 0.25 * math.log(0.25 / (0.5 * 0.75))
    wanted += 0.25 * math.log(0.25 / (0.5 * 0.25))
    assert motion.information(first, np.array([0, 0, 0, 1])) == pytest.approx(wanted)


def test_a_clip_is_seen_frame_by_frame():
    def apply(variables, images):
        return Output(variables * images.astype(np.float32).mean(axis=(1, 2)), None)

    frames = Extractor("mean", "FD-mean", "0", 3, "none", apply, 2.0)
    clips = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 6, 3)).astype(np.uint8)
    seen = of_clips(frames, 5)
    found = np.asarray(seen.apply(seen.variables, clips).features).reshape(4, 5, 3)
    np.testing.assert_allclose(found, 2 * clips.mean(axis=(2, 3)), rtol=1e-5)
    assert seen.dimension == 15
    assert seen.name == "mean, each of 5 frames"
    assert dataclasses.replace(frames, name=seen.name).distance == seen.distance


def test_a_clips_features_are_what_stays_and_what_changes():
    frames = np.array([[[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]]])
    np.testing.assert_allclose(clip_features(frames), [[2.0, 5.0, 1.5, 0.0]])
