"""``jaxgan sweep`` trains what is missing, and whatever happens to a trial is recorded."""

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_FAILED, EXIT_INTERRUPTED
from jaxgan.sweep.probe import Cost
from support.engines import OneByOne
from support.parsing import parse_once
from support.tiny_runs import TINY, contents, digest, process, rows, status, unchanged

pytest_plugins = ["support.run_fixtures"]


class Launches:
    """Stands in for processes of ``jaxgan train``: fills the run folder, and notes its name.

    Attributes:
      trained: the folders, in order.
      instead: what to do for a folder, ``(run, said, signals) -> exit code``.
    """

    def __init__(self, like):
        self.like, self.instead, self.trained = like, {}, []

    def __call__(self, words, log, signals):
        command, file, *flags = words
        assert command == "train"
        run = Path(flags[flags.index("--workdir") + 1])
        steps = int(flags[flags.index("--steps") + 1]) if "--steps" in flags else 12
        name = "/".join(run.parts[-2:])
        self.trained.append(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as said:
            if name in self.instead:
                return self.instead[name](run, said, signals)
        self.fill(run, Path(file), "finished", steps)
        return 0

    def fill(self, run, file, outcome, step, note=""):
        """A run folder as training leaves it."""
        shutil.copytree(self.like, run, dirs_exist_ok=True)
        (run / "experiment.py").write_text(file.read_text())
        row = {"outcome": outcome, "step": step, "note": note}
        (run / "status.json").write_text(json.dumps(row))


@pytest.fixture
def launches(monkeypatch, finished):
    found = Launches(finished)
    monkeypatch.setattr("jaxgan.cli.sweep.Local", lambda jobs, say: OneByOne(found))
    monkeypatch.setattr("jaxgan.cli.sweep.parse", parse_once)
    return found


@pytest.fixture
def sweep(usual, command, tmp_path, launches):
    """``sweep(*flags)``: a sweep of ``tiny.py`` over two learning rates and two seeds."""

    def run(*flags, seeds="0:2", rates="0.01,0.1"):
        varied = ("--seeds", seeds, "--grid", f"learning_rate={rates}")
        return command(["sweep", TINY, *usual, *varied, "--workdir", tmp_path / "s", *flags])

    return run


def manifest(folder):
    return json.loads((folder / "sweep.json").read_text())


def states(folder):
    found = manifest(folder)["trials"]
    return {trial["folder"].removeprefix("trials/"): trial["state"] for trial in found}


ALL = [f"learning_rate={rate}/seed-{seed}" for seed in (0, 1) for rate in (0.01, 0.1)]


def test_a_sweep_trains_every_trial_and_the_same_command_none(sweep, launches, tmp_path):
    code, said = sweep()
    assert code == 0
    assert launches.trained == ALL
    assert "4 trials:" in said
    assert "learning_rate=0.1 12 steps, seeds 0, 1" in said
    assert "4 finished" in said
    assert states(tmp_path / "s") == dict.fromkeys(ALL, "finished")
    found = manifest(tmp_path / "s")
    assert found["factors"] == {"learning_rate": [0.01, 0.1]}
    assert found["baseline"] == {"learning_rate": 0.01}
    assert found["scored"] is None
    before = contents(tmp_path / "s")
    assert sweep()[0] == 0
    assert launches.trained == ALL
    assert contents(tmp_path / "s") == before


def test_trials_that_fail_or_diverge_are_recorded_and_the_others_are_trained(
    sweep, launches, tmp_path
):
    def killed(run, said, signals):
        return -signal.SIGKILL

    def crashed(run, said, signals):
        said.write("jaxgan: WARNING: slow\nTraceback ...\nValueError: shapes do not match\n")
        return 1

    def diverged(run, said, signals):
        launches.fill(run, TINY, "diverged", 4, "not finite: g/loss at step 4")
        return 3

    hot = [f"learning_rate=1e+30/seed-{seed}" for seed in (0, 1)]
    launches.instead = {ALL[0]: killed, ALL[1]: crashed, **dict.fromkeys(hot, diverged)}
    code, said = sweep("--width", 7, rates="0.01,0.1,1e30")
    assert code == EXIT_FAILED
    assert "2 failed, 2 diverged, 2 finished" in said
    found = {trial["folder"]: trial for trial in manifest(tmp_path / "s")["trials"]}
    notes = [found[f"trials/{name}"]["note"] for name in ALL[:2]]
    assert notes[0].startswith("killed by SIGKILL, as when memory runs out")
    assert notes[1] == "ValueError: shapes do not match"
    for name in hot:
        assert found[f"trials/{name}"]["state"] == "diverged"
        assert found[f"trials/{name}"]["note"] == "not finite: g/loss at step 4"
    # The same command trains none of them again; --retry-failed those that failed.
    launches.instead, launches.trained = {}, []
    assert sweep("--width", 7, rates="0.01,0.1,1e30")[0] == EXIT_FAILED
    assert launches.trained == []
    assert sweep("--width", 7, "--retry-failed", rates="0.01,0.1,1e30")[0] == 0
    assert launches.trained == ALL[:2]


@pytest.mark.parametrize(
    "number, expected", [(signal.SIGINT, EXIT_INTERRUPTED), (signal.SIGTERM, EXIT_AGAIN)]
)
def test_a_signal_ends_the_sweep_and_the_same_command_goes_on(
    number, expected, sweep, launches, tmp_path
):
    def stopped(run, said, signals):
        signal.raise_signal(number)
        assert signals.asked == number
        return expected

    handlers = signal.getsignal(number)
    launches.instead = {ALL[1]: stopped}
    code, said = sweep()
    assert code == expected
    assert "The same command goes on." in said
    assert signal.getsignal(number) == handlers
    assert list(states(tmp_path / "s").values()) == [
        *("finished", "interrupted", "pending", "pending")
    ]
    launches.instead = {}
    assert sweep()[0] == 0
    assert launches.trained == [*ALL[:2], *ALL[1:]]


def test_what_a_killed_sweep_left_is_trained_and_nothing_else(sweep, launches, tmp_path):
    assert sweep(rates="0.01")[0] == 0
    found = manifest(tmp_path / "s")
    for trial in found["trials"]:  # as a kill leaves it: what is noted is behind
        trial["state"] = "running"
    (tmp_path / "s" / "sweep.json").write_text(json.dumps(found))
    half = tmp_path / "s" / "trials" / ALL[2]
    (half / "status.json").write_text('{"outcome": "running", "step": 0, "note": ""}')
    assert sweep(rates="0.01")[0] == 0
    assert launches.trained == [ALL[0], ALL[2], ALL[2]]
    assert {*states(tmp_path / "s").values()} == {"finished"}


def test_new_trials_join_and_a_later_step_trains_all_further(sweep, launches, tmp_path):
    assert sweep(seeds="0", rates="0.01")[0] == 0
    assert sweep(seeds="0", rates="0.1")[0] == 0
    assert launches.trained == ALL[:2]
    assert [*states(tmp_path / "s")] == ALL[:2]
    assert sweep("--steps", 14, seeds="0")[0] == 0
    assert launches.trained == ALL[:2] * 2
    assert [status(tmp_path / "s" / "trials" / name)["step"] for name in ALL[:2]] == [14, 14]


def test_what_another_command_writes_before_the_lock_is_kept(
    sweep, launches, monkeypatch, tmp_path
):
    assert sweep(seeds="0", rates="0.01")[0] == 0

    def checked(*_, **__):
        """While this command checks its trials, another one notes a failure."""
        found = manifest(tmp_path / "s")
        found["trials"][0] |= {"state": "failed", "note": "no memory"}
        (tmp_path / "s" / "sweep.json").write_text(json.dumps(found))

    monkeypatch.setattr("jaxgan.cli.sweep.check_games", checked)
    assert sweep(seeds="0", rates="0.1")[0] == 0
    assert [*states(tmp_path / "s").values()] == ["failed", "finished"]


@pytest.mark.parametrize(
    "flags, more, expected",
    [
        ((), {"rates": "high"}, "--learning-rate"),
        (("--grid", "lerning_rate=1"), {}, "did you mean --learning-rate?"),
        (("--lerning-rate", "1"), {}, "did you mean --learning-rate?"),
        (("--gird", "width=1"), {}, "No flag of tiny --gird; did you mean --grid?"),
        (("--seed", "1"), {}, "--seed is not for trials to set"),
        (("--random", "width=int(1,2)"), {}, "no number"),
        (("--ablation", "no norm"), {}, "declares no ablations"),
        (("--scored", "modes/captured"), {}, "add --evaluate-every"),
        (("--halving", "5"), {}, "--halving ranks trials by a score; add --evaluate-every"),
        (("--reduction", "3"), {}, "--reduction goes with --halving; add it"),
        (("--halving", "5", "--population", "2"), {}, "omit --population"),
        (("--random-seed", "0"), {}, "--random-seed goes with --random; add it"),
        (("--width", "0"), {}, "--width 0: must be at least 1"),
        (("--jobs", "0"), {}, "--jobs 0: must be at least 1"),
        (("--slurm", "time=1"), {}, "--slurm and --cancel are for --engine slurm"),
        (("--cancel",), {}, "--slurm and --cancel are for --engine slurm"),
        (("--engine", "slurm", "--slurm", "time"), {}, "--slurm time: give an option of sbatch as"),
        (("--engine", "slurm", "--slurm", "time=1:00"), {}, "time=1:00: give whole minutes"),
        (("--distributed",), {}, "train one trial each; use --engine slurm"),
        (("--split", "nowhere"), {}, "nowhere"),
        (("--grid", "batch_size=8,9"), {}, "batch_size=9: --batch-size 9 is not divisible by 2"),
        ((), {"seeds": "a"}, "--seeds a"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(
    flags, more, expected, sweep, launches, tmp_path
):
    with unchanged(tmp_path):
        code, said = sweep(*flags, **more)
    assert code == 2
    assert expected in said
    assert "Traceback" not in said
    assert launches.trained == []


def test_a_folder_with_another_sweep_or_with_anything_else_is_refused(sweep, launches, tmp_path):
    assert sweep(seeds="0", rates="0.01")[0] == 0
    with unchanged(tmp_path):
        for flags, difference in (
            (("--width", 9), "width: 8 -> 9"),
            (("--grid", "width=9"), "factors: learning_rate -> learning_rate, width"),
            (("--steps", 9), "steps of learning_rate=0.01: 12 -> 9"),
        ):
            code, said = sweep(*flags, seeds="0", rates="0.01")
            assert code == 2
            assert difference in said
        code, said = sweep("--workdir", tmp_path / "s" / "trials")
        assert code == 2
        assert "holds files but no sweep" in said
    assert launches.trained == ALL[:1]


def test_an_experiment_that_has_changed_is_refused(command, usual, launches, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(TINY.read_text())
    words = ["sweep", file, *usual, "--workdir", tmp_path / "s"]
    assert command([*words, "--seeds", "0"])[0] == 0
    file.write_text(TINY.read_text().replace("jg.scale(0.1", "jg.scale(0.2"))
    code, said = command([*words, "--seeds", "0:2"])
    assert code == 2
    assert "mine.py has changed since" in said
    assert launches.trained == ["mine/seed-0"]


def test_a_dry_run_lists_the_trials_and_what_they_cost_and_writes_nothing(
    sweep, launches, monkeypatch, tmp_path
):
    """Two structures; one of them cannot be trained."""
    probed = []

    def measured(trial):
        probed.append(trial.name)
        fault = "no memory" if trial.config.width == 9 else ""
        return Cost(trial, 1, start=2.0, steps=40, seconds=10.0, fault=fault)

    monkeypatch.setattr("jaxgan.sweep.probe.probe", measured)
    with unchanged(tmp_path):
        code, said = sweep("--grid", "width=8,9", "--dry-run")
    assert code == 0
    assert "8 trials:" in said
    assert probed == ["learning_rate=0.01,width=8", "learning_rate=0.01,width=9"]
    # Two rates with two seeds, each 2 seconds to start and 12 steps at 4 per second.
    assert "(4 trials): 20 s; measured: 2.0 s to start and compile, 4 steps/s over 40 steps" in said
    assert "width=9 (4 trials): not measured: no memory" in said
    assert "About 20 s of 4 of 8 trials, one after another" in said
    assert launches.trained == []


def test_a_study_file_compares_variants(command, usual, launches, tmp_path):
    (tmp_path / "study.py").write_text(
        "import jaxgan as jg\n"
        f"TINY = {str(TINY)!r}\n"
        "STUDY = jg.Study(\n"
        "    {'narrow': jg.Variant(TINY, flags={'width': 4}), 'usual': jg.Variant(TINY)},\n"
        "    d_steps=10, seeds=range(2), baseline='usual',\n"
        ")\n"
    )
    words = ["sweep", tmp_path / "study.py", *usual, "--workdir", tmp_path / "s"]
    assert command(words)[0] == 0
    found = manifest(tmp_path / "s")
    assert found["experiments"] == ["tiny"]
    assert found["factors"] == {"variant": ["narrow", "usual"]}
    assert found["baseline"] == {"variant": "usual"}
    assert launches.trained == ["narrow/seed-0", "usual/seed-0", "narrow/seed-1", "usual/seed-1"]
    assert status(tmp_path / "s" / "trials" / "narrow" / "seed-1")["step"] == 10
    code, said = command([*words, "--grid", "width=3"])
    assert code == 2
    assert "says what is varied; omit --grid" in said


def test_status_shows_every_run_and_every_trial_without_one(sweep, launches, command, tmp_path):
    def diverged(run, said, signals):
        launches.fill(run, TINY, "diverged", 4, "not finite: g/loss at step 4")
        return 3

    launches.instead = {
        ALL[1]: lambda run, said, signals: -signal.SIGSEGV,
        "learning_rate=1e+30/seed-0": diverged,
    }
    assert sweep(rates="0.01,0.1,1e30", seeds="0")[0] == EXIT_FAILED
    damaged = tmp_path / "s" / "trials" / ALL[0] / "config.json"
    damaged.write_text("{")
    code, said = command(["status", tmp_path])
    assert code == 0
    assert "3 runs: 1 damaged, 1 failed, 1 diverged" in said
    assert "killed by SIGSEGV" in said
    assert "config.json is damaged" in said
    assert "0/12" in said


def test_trials_with_a_job_in_slurm_are_shown_so_and_are_not_trained_here(
    sweep, launches, command, tmp_path
):
    """A run on another machine has a lock that is not seen here."""
    assert sweep(seeds="0:2")[0] == 0
    found = manifest(tmp_path / "s")
    for trial in found["trials"]:
        trial["state"] = "queued"
    (tmp_path / "s" / "sweep.json").write_text(json.dumps(found))
    for name, outcome in zip(ALL, ("running", "interrupted", "finished"), strict=False):
        launches.fill(tmp_path / "s" / "trials" / name, TINY, outcome, 4)
    shutil.rmtree(tmp_path / "s" / "trials" / ALL[3])
    _, said = command(["status", tmp_path / "s"])
    assert "4 runs: 2 queued, 1 running, 1 finished" in said
    (tmp_path / "s" / "slurm").mkdir()
    (tmp_path / "s" / "slurm" / "jobs.json").write_text('{"train tiny.py": "7"}')
    before = len(launches.trained)
    with unchanged(tmp_path):
        code, said = sweep(seeds="0:2")
    assert code == 2
    assert "1 jobs of" in said
    assert "or end them with --engine slurm --cancel" in said
    assert len(launches.trained) == before


@pytest.mark.parametrize("name, fault", [("none", "is not a folder"), ("", "holds no run")])
def test_status_of_nothing_is_refused(name, fault, command, tmp_path):
    code, said = command(["status", tmp_path / name])
    assert code == 2
    assert fault in said


JAXGAN = "from jaxgan.cli.main import main; main()"


@pytest.mark.slow
@pytest.mark.parametrize("number, jobs", [(signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_a_sweep_that_is_stopped_in_a_trial_ends_in_the_numbers_of_an_undisturbed_one(
    number, jobs, usual, tmp_path
):
    """In processes, as users run it: a signal while trials train, then the same again.

    Of one that is killed see ``tests/sweep/test_killed_sweep.py``.

    The undisturbed one trains one after another.
    """

    def words(name, jobs):
        flags = ("--devices", 1, "--steps", 1500, "--checkpoint-every", 200, "--seeds", "0:2")
        place = ("--jobs", jobs, "--workdir", tmp_path / name)
        return ("-c", JAXGAN, "sweep", TINY, *usual[:3], *flags, *place)

    def trials(name):
        return [tmp_path / name / "trials" / "tiny" / f"seed-{seed}" for seed in (0, 1)]

    child = process(*words("s", jobs), devices=1)
    begun = trials("s")[:jobs]
    try:
        deadline = time.monotonic() + 120
        while not all([*run.glob("checkpoints/*/commit_success.txt")] for run in begun):
            assert child.poll() is None, child.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.002)
        child.send_signal(number)
        said, _ = child.communicate(timeout=60)
    finally:
        child.kill()
        child.communicate()
    code = {signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_AGAIN}[number]
    assert child.returncode == code, said
    expected = ["interrupted"] * jobs + ["pending"] * (2 - jobs)
    assert [*states(tmp_path / "s").values()] == expected
    assert all(0 < status(run)["step"] < 1500 for run in begun)
    for name, at_once in (("s", jobs), ("whole", 1)):
        again = process(*words(name, at_once), devices=1, stdout=subprocess.DEVNULL)
        assert again.wait(timeout=300) == 0
    for mine, whole in zip(trials("s"), trials("whole"), strict=True):
        assert digest(mine) == digest(whole)
        assert rows(mine)[-1] == rows(whole)[-1]
