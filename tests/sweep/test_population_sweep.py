"""``jaxgan sweep --population`` trains trials of one structure at once, and remembers which."""

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_FAILED
from support import fake_runs
from support.engines import OneByOne
from support.parsing import parse_once
from support.tiny_runs import process, rows, state_of, status, unchanged

pytest_plugins = ["support.run_fixtures"]

RING = Path(__file__).parents[2] / "experiments" / "gan_ring.py"
SMALL = ("--hidden", 8, "--sample-every", 0, "--batch-size", 16, "--devices", 1)
JAXGAN = "from jaxgan.cli.main import main; main()"


class Launches:
    """Stands in for processes: fills the run folders, or as many as ``instead`` says.

    Attributes:
      asked: the words of each process; folders are named by their seeds.
      instead: ``(folders, said, signals) -> exit code``, for populations.
      choice: what ``population --choose`` prints.
    """

    def __init__(self):
        self.asked, self.instead, self.choice = [], None, "2"

    def __call__(self, words, log, signals):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as said:
            if words[0] == "train":
                folders = [Path(words[words.index("--workdir") + 1])]
                self.asked.append(("train", *seeds(folders)))
                return self.fill(folders)
            if words[1] == "--choose":
                self.asked.append(("choose", *seeds(words[3:])))
                said.write(f"{self.choice}\n")
                return 0
            folders = [Path(words[1]) / name for name in words[2:]]
            self.asked.append(("population", *seeds(folders)))
            return self.instead(folders, said, signals) if self.instead else self.fill(folders)

    def fill(self, folders, **how):
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            fake_runs.run(folder, code=RING.read_text(), score=None, **how)
        return 0


def seeds(folders):
    return [int(str(folder).rpartition("-")[2]) for folder in folders]


@pytest.fixture
def launches(monkeypatch):
    found = Launches()
    monkeypatch.setattr("jaxgan.cli.sweep.Local", lambda jobs, say: OneByOne(found))
    monkeypatch.setattr("jaxgan.cli.sweep.parse", parse_once)
    return found


@pytest.fixture
def sweep(command, launches, tmp_path):
    def run(*flags, seeds="0:4"):
        words = ("--steps", fake_runs.STEPS, *SMALL, "--workdir", tmp_path / "s")
        return command(["sweep", RING, *words, "--seeds", seeds, *flags])

    return run


def manifest(folder):
    return json.loads((folder / "sweep.json").read_text())


def states(folder):
    return [trial["state"] for trial in manifest(folder)["trials"]]


def test_trials_are_trained_one_by_one_unless_asked_otherwise(sweep, launches, tmp_path):
    assert sweep()[0] == 0
    assert launches.asked == [("train", seed) for seed in range(4)]
    assert manifest(tmp_path / "s")["populations"] == []


def test_so_many_as_asked_are_trained_at_once_and_the_same_command_trains_none(
    sweep, launches, tmp_path
):
    code, said = sweep("--population", 3)
    assert code == 0
    assert launches.asked == [("population", 0, 1, 2), ("train", 3)]
    assert "[2/4] gan_ring, seed 1: finished at step 1000" in said
    assert states(tmp_path / "s") == ["finished"] * 4
    assert list(map(seeds, manifest(tmp_path / "s")["populations"])) == [[0, 1, 2], [3]]
    assert sweep("--population", 3)[0] == 0
    assert len(launches.asked) == 2


def test_a_structure_has_a_program_of_its_own(sweep, launches):
    assert sweep("--population", 4, "--grid", "latent=2,3", seeds="0:2")[0] == 0
    assert launches.asked == [("population", 0, 1)] * 2


@pytest.mark.parametrize("flags", [("--profile",), ("--data-mode", "streamed")])
def test_what_looks_at_one_run_or_is_streamed_is_trained_one_by_one(flags, sweep, launches):
    assert sweep("--population", "auto", *flags)[0] == 0
    assert launches.asked == [("train", seed) for seed in range(4)]


def test_the_choice_of_auto_is_kept_for_a_resume(sweep, launches, tmp_path):
    def stopped(folders, said, signals):
        launches.fill(folders, outcome="interrupted", step=500, note="stopped by SIGTERM")
        signal.raise_signal(signal.SIGTERM)
        return EXIT_AGAIN

    launches.instead = stopped
    assert sweep("--population", "auto")[0] == EXIT_AGAIN
    assert launches.asked == [("choose", 0, 1, 2, 3), ("population", 0, 1)]
    assert states(tmp_path / "s") == ["interrupted"] * 2 + ["pending"] * 2
    launches.instead, launches.choice = None, "4"
    launches.asked.clear()
    assert sweep("--population", "auto", seeds="0:5")[0] == 0
    assert launches.asked == [("population", 0, 1), ("population", 2, 3), ("train", 4)]


def test_where_nothing_can_be_measured_trials_are_trained_one_by_one(sweep, launches, tmp_path):
    launches.choice = "jaxgan: no memory"
    code, said = sweep("--population", "auto")
    assert code == 0
    assert "one after another, not measured: no memory" in said
    assert launches.asked[1:] == [("train", seed) for seed in range(4)]
    assert manifest(tmp_path / "s")["populations"] == [], "it may be measured later"


def test_a_crash_fails_what_had_not_ended_and_the_sweep_goes_on(sweep, launches, tmp_path):
    def crashed(folders, said, signals):
        launches.fill(folders[:1], outcome="diverged", step=300, note="not finite: g/loss")
        launches.fill(folders[1:], outcome="running", step=400)
        said.write("ValueError: shapes do not match\n")
        return 1

    launches.instead = crashed
    assert sweep("--population", 2)[0] == EXIT_FAILED
    assert states(tmp_path / "s") == ["diverged", "failed"] * 2
    notes = [trial["note"] for trial in manifest(tmp_path / "s")["trials"]]
    assert notes == ["not finite: g/loss", "ValueError: shapes do not match"] * 2
    launches.instead = None
    launches.asked.clear()
    assert sweep("--population", 2)[0] == EXIT_FAILED
    assert launches.asked == []
    # The one that diverged keeps its place in the program.
    launches.instead = lambda folders, said, signals: launches.fill(folders[1:])
    assert sweep("--population", 2, "--retry-failed")[0] == 0
    assert launches.asked == [("population", 0, 1), ("population", 2, 3)]
    assert states(tmp_path / "s") == ["diverged", "finished"] * 2


def test_one_that_failed_among_others_is_told_by_its_folder(sweep, launches, tmp_path):
    def failed(folders, said, signals):
        launches.fill(folders[:1], outcome="failed", step=500, note="metric odd returns no number")
        return launches.fill(folders[1:])

    launches.instead = failed
    assert sweep("--population", 2, seeds="0:2")[0] == EXIT_FAILED
    assert states(tmp_path / "s") == ["failed", "finished"]
    assert manifest(tmp_path / "s")["trials"][0]["note"] == "metric odd returns no number"


def test_trials_at_once_need_not_divide_their_batch(sweep, launches):
    """Two at once have a device each; one alone would divide its 9 rows over both."""
    flags = ("--devices", 2, "--batch-size", 9)
    assert sweep("--population", 2, *flags, seeds="0:2")[0] == 0
    code, said = sweep(*flags, seeds="2:4")
    assert code == 2
    assert "--batch-size 9 is not divisible by 2 devices" in said


def test_a_dry_run_says_what_is_trained_at_once(sweep, launches, monkeypatch, tmp_path):
    monkeypatch.setattr("jaxgan.cli.sweep.probe.costs", lambda trials, say: [])
    with unchanged(tmp_path):
        code, said = sweep("--population", 2, "--dry-run")
        assert "at once: gan_ring seed 0, gan_ring seed 1" in said
        assert "at once: gan_ring seed 2, gan_ring seed 3" in said
        _, said = sweep("--population", "auto", "--dry-run")
        assert (
            "or as many of them as are fastest: gan_ring seed 0, gan_ring seed 1, gan_ring" in said
        )
    assert code == 0
    assert launches.asked == []


@pytest.mark.parametrize("number", ["0", "-1", "all", "1.5"])
def test_any_other_population_is_refused(number, sweep, launches, tmp_path):
    with unchanged(tmp_path):
        code, said = sweep(f"--population={number}")
    assert code == 2
    assert f"--population {number}: use off, auto, or how many" in said


@pytest.mark.slow
def test_at_once_or_one_after_another_killed_or_not_the_runs_are_the_same(tmp_path):
    """In processes, as users run it, to what rounding allows."""

    def words(name, *flags):
        given = ("--steps", 600, "--checkpoint-every", 100, "--log-every", 100, "--seeds", "0:2")
        return ("-c", JAXGAN, "sweep", RING, *SMALL, *given, "--workdir", tmp_path / name, *flags)

    def trials(name):
        return [tmp_path / name / "trials" / "gan_ring" / f"seed-{seed}" for seed in (0, 1)]

    child = process(*words("s", "--population", 2), devices=1)
    try:
        deadline = time.monotonic() + 120
        while not (trials("s")[1] / "checkpoints" / "100" / "commit_success.txt").exists():
            assert child.poll() is None, child.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.002)
        child.send_signal(signal.SIGTERM)
        said, _ = child.communicate(timeout=60)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == EXIT_AGAIN, said
    assert states(tmp_path / "s") == ["interrupted"] * 2
    assert all(0 < status(run)["step"] < 600 for run in trials("s"))
    for flags in (("s", "--population", 2), ("alone",)):
        again = process(*words(*flags), devices=1, stdout=subprocess.DEVNULL)
        assert again.wait(timeout=300) == 0
    for mine, alone in zip(trials("s"), trials("alone"), strict=True):
        assert state_of(mine).step == 600
        # Where it was interrupted there is one more row.
        assert {row["step"] for row in rows(mine)} >= {row["step"] for row in rows(alone)}
        for name in ("d/adversarial", "g/adversarial"):
            first, last = rows(mine)[0][name], rows(mine)[-1][name]
            assert first == pytest.approx(rows(alone)[0][name], rel=1e-3)
            assert last == pytest.approx(rows(alone)[-1][name], rel=1e-2)
