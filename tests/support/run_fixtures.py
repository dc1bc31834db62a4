"""Fixtures that share runs of ``tiny.py``: a plugin, by ``pytest_plugins``.

A test that damages a run folder takes a copy.
"""

import dataclasses
import functools
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from jaxgan.cli.exit import exit_code_of
from jaxgan.cli.experiment import run as train_by_flags
from jaxgan.cli.main import dispatch
from jaxgan.cli.progress import Progress
from jaxgan.experiment import load_experiment
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.train import train
from support.tiny_runs import TINY

COMPILED = {}
"""Compiled steps of earlier runs of ``tiny.py``, by what makes them differ."""


def shared_engine(config, training, *parts):
    """An engine with the compiled step of an earlier run of ``tiny.py`` of the same structure.

    Compiling is most of the time of a tiny run. That a compilation in another process gives
    the same bits is tested where a run is killed.
    """
    engine = CompiledEngine(*parts)
    _, _, _, feed, devices, *how = parts
    whole = {n: v for n, v in dataclasses.asdict(config).items() if type(v) is not float}
    same = dataclasses.replace(training, seed=0)
    key = (*how, *devices, bool(feed.arrays), same, *sorted(whole.items()))
    engine.compiled = COMPILED.setdefault(key, engine.compiled)
    return engine


class StillEngine:
    """Counts steps and trains nothing: no step is compiled."""

    longest = 2

    def __init__(self, *parts):
        del parts

    def __call__(self, state, step, count):
        del step
        return dataclasses.replace(state, step=state.step + count), {}


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """50 labeled images of 6 x 6: an epoch is not a whole number of batches of 8."""
    path = tmp_path_factory.mktemp("data") / "images.npz"
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (50, 6, 6, 1), np.uint8)
    np.savez(path, image=image, label=np.arange(50) % 3)
    return path


@pytest.fixture(scope="session")
def usual(images):
    """Flags of most runs: they share one executable.

    Rows at 4, 8, 12 and checkpoints at 5, 10, 12, so that dispatches (of two steps: the four to
    a row in equal parts of at most three) are cut short, and an epoch (6.25 steps) ends between
    checkpoints.
    """
    return [
        *("--data", f"npz:{images}", "--flip", "--devices", "2"),
        *("--repeat", "loop", "--steps-per-dispatch", "3"),
        *("--log-every", "4", "--checkpoint-every", "5", "--sample-every", "0"),
    ]


@pytest.fixture(scope="session")
def trainer(usual):
    """Trains ``tiny.py`` for 12 steps: ``trainer(folder, *flags)`` is the exit code."""

    def run(folder, *flags, pictures=False, make_engine=None, more=()):
        given = [*usual, "--workdir", str(folder), *map(str, flags)]

        def by(experiment, config, training, runtime):
            shared = functools.partial(shared_engine, config, training)
            return train(
                experiment,
                config,
                training,
                runtime,
                progress=Progress,
                make_engine=make_engine or shared,
                more=more,
                pictures=pictures,
            )

        return train_by_flags(load_experiment(TINY), given, "tiny", by)

    return run


@pytest.fixture(scope="session")
def recorder():
    """``recorder(file, *words)`` is ``jaxgan train FILE WORDS`` without training: the exit code.

    For tests of what a run folder records, and of what a resume compares.
    """

    def by(experiment, config, training, runtime):
        return train(experiment, config, training, runtime, make_engine=StillEngine, pictures=False)

    return lambda file, *words: train_by_flags(
        load_experiment(file), [*map(str, words)], "tiny", by
    )


@pytest.fixture
def still(monkeypatch):
    """Commands train nothing: their runs have a ``StillEngine``, and draw no pictures."""
    by = functools.partial(train, make_engine=StillEngine, pictures=False)
    monkeypatch.setattr("jaxgan.training.train.train", by)


@pytest.fixture(scope="session")
def finished(trainer, tmp_path_factory):
    """A run of 12 steps in one go, with pictures; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    assert trainer(folder, "--sample-every", "6", "--seed", "3", pictures=True) == 0
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of ``finished`` to damage."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture
def command(capsys):
    """``command(words)`` runs ``jaxgan WORDS`` as the script does: exit code, and what it said."""

    def run(words):
        capsys.readouterr()
        logger, absl = logging.getLogger("jaxgan"), logging.getLogger("absl")
        before = logger.handlers, logger.propagate, absl.level
        try:
            code = exit_code_of(lambda: dispatch([str(word) for word in words]))
        except SystemExit as stop:  # of the flag parser
            code = stop.code
        finally:
            logger.handlers, logger.propagate = before[:2]
            absl.setLevel(before[2])
        seen = capsys.readouterr()
        return code, " ".join((seen.out + seen.err).replace("\u2502", " ").split())

    return run


@pytest.fixture
def refused(command):
    """``refused(words, *expected)``: ends with code 2 and one short message.

    No traceback, and every expected text in the message, which is returned.
    """

    def check(words, *expected):
        code, said = command(words)
        assert code == 2, said
        assert "Traceback" not in said
        assert len(said) < 1000
        for text in expected:
            assert text in said
        return said

    return check
