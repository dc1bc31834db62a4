"""A study becomes trials, each of which is a command line that is parsed as it was checked."""

import dataclasses
import re

import pytest

import jaxgan as jg
from jaxgan.errors import UserError
from jaxgan.experiment import load_experiment
from jaxgan.sweep.study import Study, Variant, load_study
from jaxgan.sweep.trials import baseline_of, folder_name, plan, scored_of, steps_for
from support.parsing import parse_once as parse
from support.tiny_runs import EXPERIMENTS, TINY

FILES = {path.stem: path for path in EXPERIMENTS}


def ring(**study):
    return Study({"": Variant(FILES["gan_ring"])}, **study)


def names(trials):
    return [f"{trial.name}/{trial.seed}" for trial in trials]


def test_a_grid_is_crossed_with_seeds_and_the_first_seed_comes_first():
    found = plan(ring(grid={"r1": ["0", "1"], "batch_size": ["64"]}, seeds=(0, 3)), (), parse)
    assert names(found) == [
        *("r1=0,batch_size=64/0", "r1=1,batch_size=64/0"),
        *("r1=0,batch_size=64/3", "r1=1,batch_size=64/3"),
    ]
    assert found[1].levels == {"r1": 1.0, "batch_size": 64}
    assert found[1].folder == "trials/r1=1,batch_size=64/seed-0"


@pytest.mark.parametrize(
    "study, words",
    [
        ({"grid": {"r1": ["0", "1"], "simultaneous": ["False", "true"]}}, ("--steps", "7")),
        ({"grid": {"hidden": [("8", "9"), ("7",)], "data": ["grid"]}}, ("--ema", "0.5")),
        ({"ablations": ["R1", "simultaneous"]}, ("--batch-size=8",)),
        ({"random": {"r1": "loguniform(1e-3,10)x3", "latent": "int(2,99)"}}, ()),
        ({"flags": {"steps": 9, "simultaneous": True}, "grid": {"beta1": [0.5, 0.9]}}, ()),
        ({"flags": {"steps": 9}}, ("--steps", "11")),
        ({"d_steps": 12}, ()),
    ],
)
def test_the_words_of_a_trial_are_parsed_to_what_was_checked(study, words):
    found = plan(ring(**study), words, parse)
    assert found
    for trial in found:
        _, config, training, runtime = parse(load_experiment(trial.file), trial.words, "test")
        assert dataclasses.asdict(config) == dataclasses.asdict(trial.config)
        assert (training, runtime) == (trial.training, trial.runtime)


def test_a_flag_of_the_command_line_goes_before_that_of_a_study():
    (trial,) = plan(ring(flags={"steps": 9, "batch_size": 8}), ("--steps", "11"), parse)
    assert (trial.steps, trial.training.batch_size) == (11, 8)


def test_ablations_stand_beside_the_experiment_as_it_is():
    found = plan(ring(ablations=["R1"], grid={"batch_size": ["8"]}), (), parse)
    assert names(found) == ["as it is,batch_size=8/0", "R1,batch_size=8/0"]
    assert [trial.levels["ablation"] for trial in found] == ["", "R1"]
    assert [trial.config.r1 for trial in found] == [0.0, 0.1]


def test_variants_are_experiments_with_a_budget_in_updates_of_the_discriminator():
    """WGAN-GP has five of them in a step, the non-saturating game one."""
    file = FILES["lucic"]
    variants = {"NS": Variant(file, "nonsaturating"), "WGAN-GP": Variant(file, "wgan_gp")}
    found = plan(Study(variants, d_steps=100, seeds=(0, 1)), (), parse)
    assert [(trial.name, trial.seed, trial.steps) for trial in found] == [
        *(("NS", 0, 100), ("WGAN-GP", 0, 20), ("NS", 1, 100), ("WGAN-GP", 1, 20)),
    ]
    assert [trial.training.preset for trial in found[:2]] == ["nonsaturating", "wgan_gp"]
    with pytest.raises(UserError, match=r"WGAN-GP: no number of steps has 101 updates"):
        plan(Study(variants, d_steps=101), (), parse)
    with pytest.raises(UserError, match="leave one out"):
        plan(Study(variants, d_steps=100), ("--steps", "3"), parse)


def test_steps_of_a_lazy_discriminator_by_hand():
    gan = load_experiment(TINY).game(load_experiment(TINY).config(), load_experiment(TINY).task())
    lazy = dataclasses.replace(jg.D, every=3)
    # After steps 1, 2, 3, 4 it has moved 1, 1, 1, 2 times; with one more in every step 2, 3, 4, 6.
    assert steps_for(dataclasses.replace(gan, updates=(lazy, jg.G)), 2) == 4
    assert steps_for(dataclasses.replace(gan, updates=(jg.D, lazy, jg.G)), 6) == 4
    assert steps_for(dataclasses.replace(gan, updates=(jg.D, lazy, jg.G)), 5) is None
    assert steps_for(dataclasses.replace(gan, updates=(jg.D, jg.D, jg.G)), 5) is None


@pytest.mark.parametrize(
    "study, words, fault",
    [
        ({"grid": {"lerning_rate": ["1"]}}, (), "No flag of gan_ring --lerning-rate; did you"),
        ({}, ("--lerning-rate", "1"), "did you mean --learning-rate"),
        ({"flags": {"lerning_rate": 1}}, (), "did you mean --learning-rate"),
        ({"grid": {"seed": ["1"]}}, (), "--seed is not for trials to set: --seeds says which"),
        ({}, ("--workdir", "x"), "--workdir is not for trials to set"),
        ({}, ("--smoke",), "--smoke is not for trials to set"),
        ({"grid": {"r1": ["1"]}}, ("--r1", "2"), "--r1 is both varied and set for all trials"),
        ({"grid": {"simultaneous": ["yes"]}}, (), "--simultaneous yes: use True or False"),
        ({"grid": {"r1": ["0", "0.0"]}}, (), "r1: 0 and 0.0 are the same value"),
        ({"grid": {"r1": ["-1"]}}, (), "--r1 -1.0: must not be below 0"),
        ({"grid": {"batch_size": ["0"]}}, (), "--batch-size 0: must be at least 1"),
        ({"grid": {"r1": ["1"]}, "ablations": ["R1"]}, (), "'R1' changes r1, which is varied"),
        ({"ablations": ["simultanous"]}, (), "did you mean simultaneous?"),
        ({"ablations": ["R1", "R1"]}, (), "names one twice"),
        ({"grid": {"r1": ["1"]}, "random": {"r1": "int(1,2)x1"}}, (), "both in --grid and in"),
        ({"seeds": ()}, (), "has no seeds"),
        ({"seeds": (-1,)}, (), "--seed -1"),
    ],
)
def test_what_makes_no_sense_is_refused(study, words, fault):
    with pytest.raises(UserError, match=re.escape(fault)):
        plan(ring(**study), words, parse)


def test_a_value_of_another_type_is_refused_by_the_command_line():
    with pytest.raises(UserError, match=r"^Error parsing --r1: could not .* 'high'; see .* --help"):
        plan(ring(grid={"r1": ["1", "high"]}), (), parse)


def test_points_that_coincide_are_trained_once():
    assert len(plan(ring(random={"latent": "choice(2,3)x8"}), (), parse)) == 2


def test_the_baseline_is_the_experiment_as_it_is_or_one_that_is_named():
    study = ring(grid={"r1": ["1", "0"]})
    assert baseline_of(study, plan(study, (), parse)) == {"r1": 0.0}
    named = dataclasses.replace(study, baseline="r1=1")
    assert baseline_of(named, plan(study, (), parse)) == {"r1": 1.0}
    other = ring(grid={"r1": ["1", "2"]})
    assert baseline_of(other, plan(other, (), parse)) is None
    with pytest.raises(UserError, match="No variant r1=3; did you mean"):
        baseline_of(dataclasses.replace(study, baseline="r1=3"), plan(study, (), parse))


def test_a_baseline_may_be_spelled_in_other_ways():
    study = ring(grid={"r1": ["0", "1"], "hidden": [(8, 8), (16,)]})
    trials = plan(study, (), parse)
    wanted = {"r1": 0.0, "hidden": [8, 8]}
    for words in ("r1=0,hidden=8 8", "r1=0.0, hidden=[8, 8]", "hidden=[8, 8],r1=0e0"):
        assert baseline_of(dataclasses.replace(study, baseline=words), trials) == wanted
    for words in ("r1=0", "hidden=[8, 8]"):
        with pytest.raises(UserError, match=r"2 variants are so, as r1=0,hidden=8 8 and"):
            baseline_of(dataclasses.replace(study, baseline=words), trials)


def test_the_score_is_the_first_that_is_taken_or_one_that_is_named():
    study = ring()
    trials = plan(study, (), parse)
    assert scored_of(study, trials) == ("modes/captured", -1.0)
    named = dataclasses.replace(study, scored="modes/reverse_kl")
    assert scored_of(named, trials) == ("modes/reverse_kl", 1.0)
    silent = plan(study, ("--evaluate-every", "0"), parse)
    assert scored_of(study, silent) is None
    with pytest.raises(UserError, match="is not scored by modes/reverse_kl; add --evaluate-every"):
        scored_of(named, silent)
    with pytest.raises(UserError, match="No metric mode; did you mean modes"):
        scored_of(dataclasses.replace(study, scored="mode"), trials)


def test_a_folder_s_name_is_safe_and_tells_names_apart():
    assert folder_name("learning_rate=0.0001,r1=0") == "learning_rate=0.0001,r1=0"
    assert folder_name("no spectral norm") == "no-spectral-norm"
    assert folder_name("data=npz:a/b") != folder_name("data=npz:a:b")
    assert "/" not in folder_name("data=npz:a/b")
    assert len(folder_name("x" * 500)) < 100
    assert folder_name("..") not in ("..", ".")


def test_a_study_file_declares_a_study(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import jaxgan as jg\n"
        f"STUDY = jg.Study({{'ring': jg.Variant({str(FILES['gan_ring'])!r})}}, seeds=range(2))\n"
    )
    study = load_study(tmp_path / "mine.py")
    assert study is not None
    assert names(plan(study, (), parse)) == ["gan_ring/0", "gan_ring/1"]
    assert load_study(FILES["gan_ring"]) is None
