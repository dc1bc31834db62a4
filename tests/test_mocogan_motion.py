"""MoCoGAN learns to move: its shapes go up or to the left, as those of the data do.

The direction of a clip is read from the places of the shape in its first and its last frame.
"""

import subprocess
import sys

import pytest

from jaxgan.evaluation.score import read_scores
from support.tiny_runs import EXPERIMENTS, as_users_compile

pytestmark = pytest.mark.slow

STEPS = 800
SMALL = ("--data", "shape_motion:8", "--resolution", 16, "--generator-width", 16)
FLAGS = (*SMALL, "--batch-size", 32, "--learning-rate", 1e-3, "--devices", 1, "--sample-every", 0)
EACH, BOTH = 0.25, 0.75
"""Least shares of clips that move up, and to the left; one run had 0.40 and 0.44."""


def shares(folder, steps):
    """Of 1024 clips after so many steps, the share of each direction."""
    file = next(path for path in EXPERIMENTS if path.stem == "mocogan")
    scored = ("--evaluate-every", steps, "--evaluate-num", 64, "--evaluate-metrics", "category")
    command = [sys.executable, file, "shape_motion_small", *FLAGS, *scored]
    command += ["--steps", steps, "--workdir", folder]
    subprocess.run(list(map(str, command)), env=as_users_compile(), check=True)
    (score,) = read_scores(folder / "evaluations.jsonl")
    counted = score.details["directions"].values()
    return {name: sum(row[name] for row in counted) / 1024 for name in next(iter(counted))}


def is_real(found):
    """Whether clips move as real ones, half of which go up and half to the left."""
    up, left = found["up"], found["left"]
    return min(up, left) >= EACH and up + left >= BOTH


def test_shapes_move_up_or_left_and_not_before_the_training(tmp_path):
    untrained, trained = shares(tmp_path / "untrained", 1), shares(tmp_path / "trained", STEPS)
    assert sum(trained.values()) == pytest.approx(1)
    assert is_real(trained), trained
    assert not is_real(untrained), untrained
