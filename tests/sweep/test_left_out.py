"""Trials of a sweep with a term and without it are of two structures."""

from jaxgan import hyperparameters
from jaxgan.cli.sweep import planned
from jaxgan.sweep.check import groups
from jaxgan.training.population import group_key
from support.tiny_runs import EXPERIMENTS

(RING,) = [file for file in EXPERIMENTS if file.stem == "gan_ring"]


def test_trials_without_a_term_are_trained_apart(tmp_path):
    flags = ["--grid", "r1=0,0.1,10", "--seeds", "0:2", "--workdir", str(tmp_path / "sweep")]
    trials = planned([str(RING), *flags])[1]
    found = groups(trials)
    assert sorted({trial.config.r1 for trial in group} for group in found) == [{0.0}, {0.1, 10.0}]
    assert sorted(map(len, found)) == [2, 4]
    for group in found:
        keys = {group_key(t.experiment, t.config, t.training, t.runtime) for t in group}
        assert len(keys) == 1
        traced = {"r1" in hyperparameters.split(trial.config) for trial in group}
        assert traced == {group[0].config.r1 != 0}
