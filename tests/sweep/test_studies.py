"""Every study file of the repository becomes trials that its experiments can be trained by."""

from pathlib import Path

import pytest

from jaxgan.game.gan import moves
from jaxgan.sweep.study import load_study
from jaxgan.sweep.trials import baseline_of, plan, scored_of
from support.parsing import parse_once

STUDIES = sorted((Path(__file__).parents[2] / "experiments" / "studies").glob("*.py"))


def test_there_are_studies():
    assert STUDIES


@pytest.mark.parametrize("file", STUDIES, ids=lambda path: path.stem)
def test_a_study_has_a_baseline_a_score_and_its_budget(file):
    study = load_study(file)
    assert study is not None
    trials = plan(study, (), parse_once)
    assert len({trial.seed for trial in trials}) > 1
    assert baseline_of(study, trials)
    assert scored_of(study, trials)
    if study.d_steps is not None:
        for trial in trials[: len(study.variants)]:
            gan = trial.experiment.game(trial.config, trial.experiment.task())
            assert moves(gan.updates, "d", trial.steps) == study.d_steps
