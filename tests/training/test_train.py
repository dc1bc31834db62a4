"""The loop: how a run ends, and what it leaves."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import load
from jaxgan.data.source import from_arrays
from jaxgan.errors import UserError
from jaxgan.experiment import load_experiment
from jaxgan.runs import checkpoint
from jaxgan.runs.exit_codes import EXIT_DIVERGED
from jaxgan.runs.folder import RunFolder, locked
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.runs.settings import Training
from jaxgan.sampling.load import rebuild
from jaxgan.training import hooks, start
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.loop import Meter, StepInfo
from jaxgan.types import Mean
from support.tiny_runs import TINY, config, contents, rows, state_of, status, unchanged

pytest_plugins = ["support.run_fixtures"]


def test_a_finished_run_leaves_its_folder(finished):
    present = {path.split("/")[0] for path in contents(finished)}
    assert present == {
        *("config.json", "experiment.py", "status.json", "metrics.jsonl", "curves.png"),
        *("interpolation.png", "samples", "checkpoints", "tensorboard"),
    }
    assert status(finished) == {"outcome": "finished", "step": 12, "note": ""}
    assert (finished / "experiment.py").read_text() == TINY.read_text()
    pictures = sorted(path.name for path in (finished / "samples").iterdir())
    assert pictures == ["0000006.png", "0000012.png"]


def test_rows_count_steps_images_and_epochs(finished):
    for row in rows(finished):
        assert row["images"] == 8 * row["step"]
        assert row["epoch"] == row["images"] / 50
        assert row["d_steps"] == row["g_steps"] == row["step"]
    assert sum(row["averaged_steps"] for row in rows(finished)) == 12


@pytest.fixture(scope="module")
def detailed(trainer, tmp_path_factory):
    """The run ``finished`` again, with a row for every step and the best checkpoint."""
    run = tmp_path_factory.mktemp("detailed") / "run"
    cadence = ("--log-every", 1, "--checkpoint-every", 2, "--keep", 1)
    assert trainer(run, "--seed", 3, *cadence, "--best=-d/parameter_norm") == 0
    return run


def test_a_row_is_the_mean_over_its_steps(finished, detailed):
    losses = [row["d/loss"] for row in rows(detailed)]
    assert len(set(losses)) == 12
    for row in rows(finished):
        part = losses[row["step"] - row["averaged_steps"] : row["step"]]
        assert row["d/loss"] == pytest.approx(np.mean(part), rel=1e-5)
    assert [row["step"] for row in rows(finished)] == [4, 5, 8, 10, 12]


def test_the_best_checkpoint_is_kept(detailed):
    norms = {row["step"]: row["d/parameter_norm"] for row in rows(detailed)}
    best = max((step for step in norms if step % 2 == 0), key=norms.__getitem__)
    assert {int(path.name) for path in (detailed / "checkpoints").iterdir()} == {best, 12}
    assert best < 10  # which --keep 1 would not have kept


def test_the_best_is_the_smallest_or_with_a_minus_the_largest():
    def ranks(metric, *means):
        best = hooks.best_of(metric, (), (), lambda: ["d/loss", "d/r1"])
        for step, seen in enumerate(means):
            best(StepInfo(step, None, Meter(), seen, False))
        return best.rank

    assert ranks("d/loss", {"d/loss": 2.0}) == 2.0
    assert ranks("-d/loss", {"d/loss": 2.0}) == -2.0
    assert ranks("d/r1", {"d/r1": 7.0}, {"d/loss": 2.0}) == 7.0, "a lazy term was not due"
    assert ranks("d/r1", {"d/loss": 2.0}) is None
    assert hooks.best_of(None, (), (), list) is None


def test_a_diverging_run_ends_with_its_last_sound_checkpoint(trainer, tmp_path, capsys):
    """The learning rate is an argument of the compiled step: it is raised after step five."""
    run = tmp_path / "run"
    assert trainer(run, "--steps", 5, "--keep", 1) == 0
    sound = checkpoint.digest(state_of(run))

    def explosive(build, values, *parts):
        return CompiledEngine(build, values | {"learning_rate": np.float32(1e30)}, *parts)

    # No row falls between the explosion and the next checkpoint.
    flags = ("--keep", 1, "--log-every", 100, "--checkpoint-every", 2)
    for _ in range(2):  # the same command goes on, and says so again
        assert trainer(run, *flags, make_engine=explosive) == 3
    assert EXIT_DIVERGED == 3
    assert "Diverged: not finite: " in capsys.readouterr().out
    assert status(run)["outcome"] == "diverged"
    assert "last sound checkpoint: step " in status(run)["note"]
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["5"]
    assert checkpoint.digest(state_of(run)) == sound
    last = read_metrics(run / "metrics.jsonl")[-1]
    assert last["step"] == status(run)["step"]
    assert None in last.values()
    for line in (run / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_an_unknown_metric_is_refused_before_there_is_a_folder(trainer, tmp_path):
    with pytest.raises(UserError, match=r"--best d/los: no such metric; this run logs .*d/loss"):
        trainer(tmp_path / "run", "--best", "d/los")
    assert not (tmp_path / "run").exists()


def test_what_best_may_name_is_what_is_logged(finished):
    """Found from shapes alone, it is what the rows of a run have; labels may be NumPy's int64."""
    run = rebuild(RunFolder(finished))
    rows_of_noise = {"image": np.zeros((8, *run.task.shape), np.uint8), "label": np.arange(8) % 3}
    source = from_arrays("noise", "train", rows_of_noise, classes=run.task.classes)
    training = Training(batch_size=8)
    game = start.game_of(run.experiment, run.config, source, training, 12, 2)
    counted = {"step", "d_steps", "g_steps", "images", "epoch", "averaged_steps"}
    assert {*game.logged()} == {*rows(finished)[-1]} - counted


def test_a_run_starts_from_the_networks_of_another(finished, trainer, tmp_path):
    seen = []

    def watch(state, step, count):
        seen.append(jax.device_get(state.replace(key=jax.random.key_data(state.key))))
        raise KeyboardInterrupt

    watch.longest = 1
    for number, flags in enumerate((("--init-from", finished), ())):
        with pytest.raises(KeyboardInterrupt):
            trainer(tmp_path / str(number), "--seed", 8, *flags, make_engine=lambda *_: watch)
    warm, cold = seen
    other = state_of(finished)
    same = lambda a, b: checkpoint.digest(a) == checkpoint.digest(b)  # noqa: E731
    for who in ("g", "d"):
        assert same(warm.players[who].params, other.players[who].params)
        assert same(warm.players[who].stats, other.players[who].stats)
        assert same(warm.players[who].opt, cold.players[who].opt)
        assert not same(cold.players[who].params, other.players[who].params)
        assert not same(warm.players[who].opt, other.players[who].opt)
    assert same(warm.ema, other.ema)
    assert warm.step == 0
    assert same(warm.key, cold.key)


@pytest.mark.parametrize(
    "flags, expected",
    [
        (("--width", 9), ("networks differ", "match the config")),
        (("--init-from", "nowhere"), ("No run in nowhere",)),
    ],
)
def test_a_start_from_other_networks_is_refused(
    flags, expected, finished, usual, tmp_path, refused
):
    run = tmp_path / "run"
    command = ("train", TINY, *usual, "--workdir", run, "--init-from", finished, *flags)
    refused(command, "--init-from" if "--width" in flags else "", *expected)
    # The folder can be used when the mistake is mended.
    assert not (run / "config.json").exists()


@pytest.mark.slow
def test_a_profile_leaves_a_trace(trainer, tmp_path):
    run = tmp_path / "run"
    assert trainer(run, "--profile", "--steps", 24, "--log-every", 10) == 0
    traces = list((run / "profile").rglob("*.trace.json.gz"))
    assert traces
    assert all(trace.stat().st_size > 0 for trace in traces)
    assert list((run / "profile").rglob("*.xplane.pb"))


def test_debugging_nans_stops_at_the_first_with_a_short_message(
    usual, tmp_path, command, monkeypatch
):
    """JAX repeats a step that gives a NaN one operation at a time: minutes, but for one."""

    def logarithm(function, *_):
        return lambda state, *_: (state, {"g/loss": Mean.of(jnp.log(-jnp.ones(())))})

    monkeypatch.setattr("jaxgan.parallel.spread", logarithm)
    try:
        words = ("train", TINY, *usual, "--workdir", tmp_path / "run", "--debug-nans")
        code, said = command(words)
    finally:
        jax.config.update("jax_debug_nans", False)
    assert code == EXIT_DIVERGED
    assert "nan" in said
    assert "Step 1: " in said
    assert "lower the learning rate" in said
    assert "Traceback" not in said
    assert len(said) < 1000


def test_a_run_goes_on_from_the_networks_that_it_began_with(
    finished, trainer, refused, usual, tmp_path
):
    run = tmp_path / "run"
    assert trainer(run, "--init-from", finished, "--steps", 4) == 0
    assert config(run)["origin"]["run"] == str(finished)
    assert trainer(run, "--steps", 6) == 0, "the flag may be left out"
    other = ("train", TINY, *usual, "--workdir", run, "--init-from", tmp_path / "other")
    refused(other, "init_from: ", "another --workdir")
    shutil.rmtree(run / "checkpoints")
    described = config(run)
    described["origin"]["sha256"] = "0" * 64
    (run / "config.json").write_text(json.dumps(described))
    refused(("train", TINY, *usual, "--workdir", run), "no longer those")
    assert status(run)["outcome"] == "failed"


def test_rows_of_a_try_without_a_checkpoint_are_set_aside(copy, trainer, caplog):
    before = (copy / "metrics.jsonl").read_text()
    shutil.rmtree(copy / "checkpoints")
    assert trainer(copy, "--seed", 3) == 0
    assert (copy / "metrics.before-restart.jsonl").read_text() == before
    assert rows(copy)


def test_one_folder_has_one_writer(copy, usual, refused):
    with unchanged(copy), locked(RunFolder(copy)):
        refused(
            ("train", TINY, *usual, "--seed", 3, "--steps", 20, "--workdir", copy),
            "Another process trains",
            "--workdir",
        )


@pytest.mark.parametrize(
    "flags, expected",
    [
        (("--seed", -1), "--seed -1: use 0 to 4294967295"),
        (("--seed", 2**32), "--seed 4294967296"),
        (("--steps", 2**31), "--steps 2147483648"),
        (("--width", 0), "--width 0: must be at least 1"),
        (("--learning-rate", "nan"), "--learning-rate nan: must be a finite number"),
        (("--process-id", 1), "--coordinator"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(flags, expected, usual, refused, tmp_path):
    run = tmp_path / "run"
    refused(("train", TINY, *usual, "--workdir", run, *map(str, flags)), expected)
    assert not run.exists()


@pytest.fixture
def edited(tmp_path):
    """``edited(old, new, ...)`` writes ``tiny.py`` with these changes; its path."""

    def write(*pairs):
        text = TINY.read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "mine.py").write_text(text)
        return tmp_path / "mine.py"

    return write


SCHEDULE = ("cfg.learning_rate, momentum", "optax.linear_schedule(0.1, 0.0, task.steps), momentum")


def test_a_budget_that_a_schedule_reads_identifies_the_run(
    edited, tmp_path, usual, refused, recorder
):
    """``task.steps``, with ``fixed_budget=True``: the number of steps may then not be raised."""
    file = edited(SCHEDULE, ("steps=12", "fixed_budget=True, steps=12"))
    flags = (*usual, "--workdir", tmp_path / "run", "--steps")
    command = ("train", file, *flags)
    assert recorder(file, *flags, 3) == 0
    assert config(tmp_path / "run")["training"]["steps"] == 3
    refused((*command, "5"), "steps: 3 -> 5")
    assert load(tmp_path / "run")(2).shape == (2, 6, 6, 1)


def test_a_budget_that_nobody_fixes_is_no_business_of_the_game(edited):
    """The control: ``build`` cannot read a budget that a resume may change."""
    experiment = load_experiment(edited(SCHEDULE))
    with pytest.raises(TypeError, match="None"):
        experiment.game(experiment.default(), experiment.task(steps=3))


ROWS_OF_PRESETS = """    presets={
        "ring": dict(data=jg.datasets.DataSpec("ring", (6, 6, 1), 3), steps=12),
        "other": dict(data=jg.datasets.DataSpec("grid", (6, 6, 1), 3), width=16),
    },"""


def test_a_change_of_another_preset_a_budget_or_a_number_is_the_same_run(
    edited, tmp_path, usual, refused, recorder
):
    """Those of the run's own preset are compared by their values, not as lines of code."""
    data = '    data=jg.datasets.DataSpec("ring", (6, 6, 1), 3),\n    steps=12,'
    presets = (data, ROWS_OF_PRESETS)
    flags = (*usual, "--workdir", tmp_path / "run", "--steps")
    assert recorder(edited(presets), "ring", *flags, 3) == 0
    assert config(tmp_path / "run")["experiment"] == "mine-ring"
    assert config(tmp_path / "run")["training"]["preset"] == "ring"

    file = edited(
        presets,
        ("width=16", "width=32, learning_rate=0.5"),
        ("steps=12", 'steps=24, published=(jg.Published("FID", "21.7", "Table 3"),)'),
    )
    assert recorder(file, *flags, 4) == 0, "the first preset need not be named"
    assert status(tmp_path / "run")["step"] == 4
    assert load(tmp_path / "run")(2).shape == (2, 6, 6, 1)

    refused(("train", file, "other", *flags, 5), "mine-ring -> mine-other", "width: 8 -> 32")
    mine = edited(presets, ("steps=12", "steps=12, learning_rate=0.5"))
    refused(("train", mine, *flags, 5), "learning_rate: 0.01 -> 0.5", "another --workdir")
    code = edited(presets, ("momentum=0.5", "momentum=0.6"))
    refused(("train", code, *flags, 5), "code of mine.py: ", "momentum=0.6")
