"""Fixtures that share runs of ``tiny.py``: a plugin, by ``pytest_plugins``.

A test that damages a run folder takes a copy.
"""

import logging
import os
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxgan import cli, launch, report
from jaxgan.experiment import load_experiment
from tiny_runs import TINY


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Runs of one game share what XLA compiled, in this process and in others."""
    settings = {
        "jax_compilation_cache_dir": str(tmp_path_factory.getbasetemp() / "compiled"),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
        os.environ[name.upper()] = str(value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)
        del os.environ[name.upper()]


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """50 labelled images of 6 x 6: an epoch is not a whole number of batches of 8."""
    path = tmp_path_factory.mktemp("data") / "images.npz"
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (50, 6, 6, 1), np.uint8)
    np.savez(path, image=image, label=np.arange(50) % 3)
    return path


@pytest.fixture(scope="session")
def usual(images):
    """Flags of most runs: they share one executable.

    Rows at 4, 8, 12 and checkpoints at 5, 10, 12, so that dispatches of up to three steps
    are cut short, and an epoch (6.25 steps) ends between checkpoints.
    """
    return [
        *("--data", f"npz:{images}", "--flip", "--devices", "2"),
        *("--repeat", "loop", "--steps-per-dispatch", "3"),
        *("--log-every", "4", "--checkpoint-every", "5", "--sample-every", "0"),
    ]


@pytest.fixture(scope="session")
def trainer(usual):
    """Trains ``tiny.py`` for 12 steps: ``trainer(folder, *flags)`` is the exit code."""

    def train(folder, *flags, pictures=False):
        given = [*usual, "--workdir", str(folder), *map(str, flags)]
        with pytest.MonkeyPatch.context() as patch:
            if not pictures:  # most of the time of a tiny run
                patch.setattr(report, "save_curves", lambda *_: None)
                patch.setattr("jaxgan.train._Run._last_pictures", lambda *_: None)
            return launch.run(load_experiment(TINY), given, "tiny")

    return train


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
            code = launch.guarded(lambda: cli.dispatch([str(word) for word in words]))
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
