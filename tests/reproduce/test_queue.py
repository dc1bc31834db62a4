"""The queue of baselines: what is done is told by records, and stopping loses nothing."""

import dataclasses
import json
import runpy
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jaxgan.reproduce.entries import Comparison, Look, Measurement
from jaxgan.reproduce.measured import Measured, Run, write_measured
from jaxgan.reproduce.queue import Clock, Queue, suffixes_of
from jaxgan.reproduce.reproduce import chosen
from jaxgan.reproduce.trained import Trained, read_trained
from jaxgan.sweep.study import load_study
from support.tiny_runs import EXPERIMENTS, TESTS, TINY

SCRIPT = TESTS.parents[1] / "scripts" / "baselines_queue.py"


@pytest.fixture(scope="module")
def committed():
    """The queue as it is committed."""
    return runpy.run_path(str(SCRIPT))["QUEUE"]


def test_every_entry_is_of_an_experiment_with_such_a_preset_and_such_flags(committed):
    assert len({entry.name for entry in committed}) == len(committed)
    for entry in committed:
        assert 0 < entry.hours <= 1.5 or "gan-mnist" in entry.name, entry.name
        if isinstance(entry, Comparison):
            assert load_study(entry.file)
            continue
        config = {field.name for field in dataclasses.fields(entry.experiment.config)}
        assert {*entry.flags} <= config | {"data", "population"}, entry.name
        if isinstance(entry, Measurement):
            assert chosen(entry.experiment, entry.only)


def test_every_experiment_with_data_is_looked_at(committed):
    looked = {e.file.stem for e in committed if isinstance(e, Look) and e.device == "cpu"}
    assert looked == {path.stem for path in (SCRIPT.parents[1] / "experiments").glob("*.py")}


@pytest.fixture
def look(tmp_path):
    (tmp_path / "experiments").mkdir()
    file = tmp_path / "experiments" / "tiny.py"
    shutil.copy(TINY, file)
    return Look(file, flags={"batch_size": 8})


def test_a_record_says_that_a_look_is_done(look):
    queue = Queue([look], Path("none"))
    assert queue.left == [look]
    assert queue.state() == "0 of 1 done, at most 0.2 h left; next: tiny"
    look.records.mkdir()
    record = Trained("tiny", 10, 20, "trained", 1.0, "x", "2 cores")
    (look.records / "tiny.json").write_text(json.dumps(dataclasses.asdict(record)))
    assert queue.left == []
    assert queue.state() == "1 of 1 done, at most 0.0 h left"


def test_results_of_a_smaller_budget_do_not_count(tmp_path, committed):
    old = next(e for e in committed if isinstance(e, Measurement) and e.seeds)
    file = tmp_path / old.file.name
    shutil.copy(old.file, file)
    entry = dataclasses.replace(old, file=file)
    metrics = [
        one.metric
        for one in entry.experiment.reproductions
        if one.metric.startswith(tuple(entry.only))
    ]

    def measured(budget, seeds):
        runs = [Run(seed, "finished", 1, {}) for seed in seeds]
        rows = [
            Measured(metric, "", "1", "none", 1, "x", "2 cores", budget=budget, runs=runs)
            for metric in metrics
        ]
        write_measured(tmp_path / "results" / f"{file.stem}.json", rows)
        return entry.is_done

    assert not entry.is_done
    assert not measured(entry.budget / 2, entry.seeds)
    assert not measured(entry.budget, [seed + 1 for seed in entry.seeds])
    assert measured(entry.budget, entry.seeds)


def test_the_clock_counts_the_time_of_the_process_and_not_that_of_the_wall():
    """A process that waits for two seconds has used less than one; a busy one uses what it has."""
    words = [sys.executable, "-S", "-c", "import time; time.sleep(30)"]
    with subprocess.Popen(words) as child:
        clock = Clock(child.pid, 1)
        if clock.told:
            time.sleep(2.0)
            assert clock.seconds() < 1.0
        child.kill()
    with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as child:
        one, four = Clock(child.pid, 1), Clock(child.pid, 4)
        while one.seconds() < 0.2:
            time.sleep(0.05)
        assert four.seconds() < one.last or not one.told
        child.kill()


@pytest.mark.parametrize(
    "name, preset, beside",
    [
        ("gan_ring", "", []),
        ("mocogan", "shape_motion_small", [".gif"]),
        ("wavegan", "syllables_small", [".wav"]),
        ("seqgan", "oracle_small", [".txt"]),
    ],
)
def test_a_look_keeps_what_plays_and_what_can_be_read(name, preset, beside):
    file = EXPERIMENTS[0].parent / f"{name}.py"
    assert suffixes_of(Look(file, preset)) == [".png", *beside]


@pytest.mark.slow
def test_a_look_is_trained_drawn_and_recorded_and_goes_on_after_a_stop(look, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    look = dataclasses.replace(look, flags={"batch_size": 8, "steps": 1_000_000}, minutes=100.0)
    said = []
    queue = Queue([look], tmp_path / "runs", say=said.append)
    stop = threading.Event()
    threading.Timer(25.0, stop.set).start()
    assert queue.train(stop) == []
    assert "tiny: stopped; the same command goes on" in said
    assert read_trained(look.records, "tiny") is None
    short = dataclasses.replace(look, minutes=1e-6)
    assert dataclasses.replace(queue, entries=[short]).train(threading.Event()) == []
    record = read_trained(look.records, "tiny")
    assert record is not None
    assert record.outcome == "trained"
    assert record.step > 0
    assert record.command.endswith(f"--steps {record.step}")
    assert record.seconds is not None
    assert record.seconds > 1.0  # of the launch that was stopped, too
    assert (look.records / "tiny.png").stat().st_size > 0


@pytest.mark.slow
def test_a_study_is_trained_and_its_report_kept(look, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "experiments" / "studies"
    folder.mkdir()
    variant = 'jg.Variant("../tiny.py", flags={"batch_size": 8, "steps": 4})'
    (folder / "s.py").write_text(
        f"import jaxgan as jg\n\nSTUDY = jg.Study({{'a': {variant}}}, seeds=(0, 1))\n"
    )
    entry = Comparison(folder / "s.py")
    queue = Queue([entry], tmp_path / "runs")
    assert queue.train(threading.Event()) == []
    assert "2 of 2" in (entry.records / "report.md").read_text()
    assert not list(entry.records.glob("*.html"))
    assert queue.left == []


@pytest.mark.slow
def test_an_entry_that_fails_does_not_stop_the_others(look, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = dataclasses.replace(look, flags={"batch_size": -1})
    said = []
    queue = Queue([wrong], tmp_path / "runs", say=said.append)
    assert queue.train(threading.Event()) == [wrong]
    assert "--batch-size -1" in said[0]
