"""A run whose adaptive state holds past images goes on, bit for bit, as if it had not stopped."""

import functools
from pathlib import Path

import numpy as np
import pytest

from jaxgan.cli.experiment import run as train_by_flags
from jaxgan.experiment import load_experiment
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.train import train as train_with
from support.tiny_runs import digest, rows, state_of

DOMAINS = Path(__file__).parents[1] / "support" / "seats" / "domains.py"


@pytest.fixture
def train():
    """Trains by one compiled step, which is most of the time."""
    compiled = []

    def make_engine(*parts):
        engine = CompiledEngine(*parts)
        compiled.append(engine.compiled)
        engine.compiled = compiled[0]
        return engine

    by = functools.partial(train_with, make_engine=make_engine, pictures=False)

    def run(folder, *flags):
        usual = ("--devices", 2, "--log-every", 1, "--checkpoint-every", 2, "--keep", 9)
        words = [str(word) for word in ("--workdir", folder, *usual, *flags)]
        assert train_by_flags(load_experiment(DOMAINS), words, "test", by) == 0

    return run


@pytest.mark.slow
def test_a_pool_is_resumed_to_the_same_bits(train, tmp_path):
    train(tmp_path / "straight")
    train(tmp_path / "parts", "--steps", 3)
    train(tmp_path / "parts")
    assert digest(tmp_path / "parts") == digest(tmp_path / "straight")
    assert rows(tmp_path / "parts") == rows(tmp_path / "straight")
    # The pool was at stake: it was full before the stop, and another one at the end.
    early, late = (state_of(tmp_path / "straight", step).adaptive["pools"] for step in (2, 6))
    for before, after in zip(early, late, strict=True):
        assert before["held"] == after["held"] == 6
        assert not np.array_equal(before["images"], after["images"])
