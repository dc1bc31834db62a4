"""Every study file of the repository becomes trials that its experiments can be trained by."""

from pathlib import Path

import pytest

from jaxgan.errors import UserError
from jaxgan.experiment import load_declared
from jaxgan.game.gan import moves
from jaxgan.sweep.check import check_games
from jaxgan.sweep.study import load_study
from jaxgan.sweep.trials import baseline_of, plan, scored_of
from support.parsing import parse_once

FOLDER = Path(__file__).parents[2] / "experiments" / "studies"
STUDIES = [
    (file, name)
    for file in sorted(FOLDER.glob("*.py"))
    for name in load_declared(file, ("STUDIES",)) or [""]
]


def test_there_are_studies():
    assert STUDIES


@pytest.mark.parametrize("file, name", STUDIES, ids=lambda part: getattr(part, "stem", part))
def test_a_study_has_a_baseline_a_score_and_its_budget(file, name):
    study = load_study(file, name)
    assert study is not None
    trials = plan(study, (), parse_once)
    assert len({trial.seed for trial in trials}) > 1
    assert baseline_of(study, trials)
    assert scored_of(study, trials)
    if study.d_steps is not None:
        for trial in trials[: len(study.variants)]:
            gan = trial.experiment.game(trial.config, trial.experiment.task())
            assert moves(gan.updates, "d", trial.steps) == study.d_steps


def test_a_file_may_declare_several_studies():
    file = FOLDER / "mode_collapse.py"
    first, ring, grid = (load_study(file, name) for name in ("", "ring", "grid"))
    assert first is not None
    assert ring is not None
    assert grid is not None
    assert first.variants == ring.variants
    flags = [study.variants["RpGAN + R1 + R2"].flags["r1"] for study in (ring, grid)]
    assert flags == [0.001, 0.01]
    with pytest.raises(UserError, match="No study gird; did you mean grid"):
        load_study(file, "gird")
    with pytest.raises(UserError, match="declares one study"):
        load_study(FOLDER / "stacked_mnist.py", "ring")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ring", "grid"])
def test_the_games_of_mode_collapse_fit_their_data(name):
    study = load_study(FOLDER / "mode_collapse.py", name)
    assert study is not None
    check_games(plan(study, (), parse_once), alone=False)  # eight devices here, for batches of 100
