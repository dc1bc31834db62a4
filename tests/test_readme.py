"""What the README shows is there: its commands, its map of the source, and the code of 'Extend'."""

import contextlib
import functools
import importlib.util
import io
import os
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import tyro

import jaxgan
import test_experiments
import test_layers
from jaxgan.cli.apply import Apply
from jaxgan.cli.bench import planned as bench
from jaxgan.cli.chain import planned as chained
from jaxgan.cli.compile import planned as compiled
from jaxgan.cli.data import List, Prepare
from jaxgan.cli.evaluate import Evaluate
from jaxgan.cli.experiment import parse, run
from jaxgan.cli.export import Export
from jaxgan.cli.import_ import Import
from jaxgan.cli.project import Project
from jaxgan.cli.report import Report
from jaxgan.cli.reproduce import planned as reproductions
from jaxgan.cli.sample import Sample
from jaxgan.cli.status import Status
from jaxgan.cli.styles import Styles
from jaxgan.cli.sweep import planned
from jaxgan.evaluation.score import read_scores
from jaxgan.experiment import load_experiment
from jaxgan.reproduce.table import render
from jaxgan.runs.checkpoint import Checkpoints
from jaxgan.runs.metrics_log import read_metrics
from support.parsing import parse_once
from support.tiny_runs import status

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

JAXGAN = {
    "sample": Sample,
    "apply": Apply,
    "import": Import,
    "project": Project,
    "styles": Styles,
    "evaluate": Evaluate,
    "export": Export,
    "report": Report,
    "status": Status,
    "data prepare": Prepare,
    "data list": List,
}
"""What each command of ``jaxgan`` parses; ``train`` parses an experiment's flags."""


def commands() -> list[str]:
    """The commands of the README's shell blocks, each on one line."""
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL))
    lines = blocks.replace("\\\n", " ").splitlines()
    found = [[word for word in shlex.split(line, comments=True) if word != "&"] for line in lines]
    shell = {"source"}
    return [shlex.join(words) for words in found if words and words[0] not in shell]


@pytest.mark.parametrize("command", commands())
def test_a_command_is_one_that_there_is(command, monkeypatch):
    """Parsing exits at a flag, a preset or a value that there is not."""
    monkeypatch.setattr("jaxgan.cli.sweep.parse", parse_once)
    program, *words = shlex.split(command)
    if program in ("sbatch", "scripts/tpu_pod"):
        assert words.pop(0).startswith("--") or os.access(ROOT / program, os.X_OK)
        program, words = "jaxgan", words[words.index("train") :]
    if program == "jaxgan" and words[:2] == ["train", "--like"]:
        program, words = "python", ["experiments/gan_ring.py", *words[3:]]
    elif program == "jaxgan" and words[0] == "train":
        program, words = "python", words[1:]
    if program == "jaxgan" and words[0] == "sweep":
        _, trials, _ = planned([str(ROOT / words[1]), *words[2:]])
        assert len(trials) > 1
    elif program == "jaxgan" and words[0] == "chain":
        experiment, _, stages = chained([str(ROOT / words[1]), *words[2:]])
        for flags in stages:
            parse(experiment, flags, "test")
    elif program == "jaxgan" and words[0] == "compile":
        assert compiled([str(ROOT / words[1]), *words[2:]])
    elif program == "jaxgan" and words[0] == "bench":
        bench([str(ROOT / words[1]), *words[2:]])
    elif program == "jaxgan" and words[0] == "reproduce":
        assert reproductions([str(ROOT / words[1]), *words[2:]])[2]
    elif program == "jaxgan":
        name = next(name for name in JAXGAN if " ".join(words).startswith(name))
        tyro.cli(JAXGAN[name], args=words[len(name.split()) :])
    elif program == "python" and words[0].startswith("experiments/"):
        if words[1:] != ["--help"]:
            parse(load_experiment(ROOT / words[0]), words[1:], "test")
    else:
        assert os.access(ROOT / program, os.X_OK)


@pytest.mark.parametrize("folder", [".", "experiments", "scripts/benchmarks"])
def test_files_that_a_page_links_to_are_there(folder):
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / folder / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / folder / link).exists()] == []


def test_the_map_shows_every_room_above_those_that_import_it():
    section = README.partition("\n## Map of the source\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    named = [re.findall(r"`(\w+)/?`", line.split("|")[1]) for line in lines]
    row = {name: number for number, names in enumerate(named) for name in names}
    assert row.keys() == test_layers.ORDER.keys()
    for path in test_layers.FILES:
        for room in test_layers.neighbors(test_layers.imports(path)):
            assert row[room] <= row[test_layers.room(path)], test_layers.module(path)


def test_files_that_the_map_names_are_there():
    section = README.partition("\n## Map of the source\n")[2].partition("\n## ")[0]
    there = {path.name for path in (ROOT / "src" / "jaxgan").rglob("*.py")}
    files = set(re.findall(r"`(?:\w+/)?(\w+\.py)`", section))
    assert files
    assert files - {"test_layers.py"} <= there


@pytest.fixture(scope="module")
def files():
    """Path -> text of every block of the section that says which file it is."""
    section = README.partition("\n## Extend\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", section, re.DOTALL))


@pytest.fixture(scope="module")
def modules(files, tmp_path_factory):
    """The files of the package, where their imports find them."""
    folder, found = tmp_path_factory.mktemp("modules"), {}
    for path, text in files.items():
        if path.startswith("src/"):
            name = path.removeprefix("src/").removesuffix(".py").replace("/", ".")
            file = folder / Path(path).name
            file.write_text(text)
            spec = importlib.util.spec_from_file_location(name, file)
            assert spec is not None
            assert spec.loader is not None
            found[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(found[name])
    yield found
    for name in found:
        del sys.modules[name]


def write_paper(folder, files, *changes):
    """Writes the paper's file, with these changes of its text; its path."""
    text = files["experiments/gan_qp_ring.py"]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "gan_qp_ring.py"
    path.write_text(text)
    return path


@pytest.fixture
def paper(files, modules, tmp_path):
    """``paper(*changes)`` writes the paper's file."""
    return functools.partial(write_paper, tmp_path, files)


@pytest.fixture(scope="module")
def run_of_paper(files, modules, tmp_path_factory):
    """A run of the paper, scored by the metric as well, trained by the engine; what it said."""
    folder = tmp_path_factory.mktemp("paper")
    path = write_paper(
        folder,
        files,
        ("from jaxgan.nets", "from jaxgan.metrics import spread\nfrom jaxgan.nets"),
        ('("modes",)', '("modes", spread.METRIC)'),
    )
    watch: dict = {"__name__": "watch"}
    exec(files["watch.py"], watch)
    flags = ["--log-every", "2", "--evaluate-every", "3", "--evaluate-num", "100"]
    flags += ["--best", "spread"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert trained(path, folder / "run", *flags, trainer=watch["trainer"]) == 0
    return folder / "run", said.getvalue()


def trained(path, folder, *flags, **how):
    """Trains three tiny steps."""
    flags = ["--steps", "3", "--batch-size", "8", "--width", "8", "--devices", "1", *flags]
    return run(load_experiment(path), [*flags, "--workdir", str(folder)], str(path), **how)


def test_there_are_six_files(files, modules):
    assert len(files) == 6
    assert len(modules) == 3


def test_the_loss_passes_its_test_and_a_wrong_one_does_not(files, modules):
    written: dict = {}
    exec(files["tests/losses/test_quadratic.py"], written)
    tests = [function for name, function in written.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()
    right = modules["jaxgan.losses.quadratic"].quadratic
    written["quadratic"] = lambda weight: right(2 * weight)
    with pytest.raises(AssertionError):
        tests[0]()


def test_the_paper_passes_the_checks_of_every_experiment_file(paper):
    path = paper()
    experiment = load_experiment(path)
    test_experiments.test_it_says_what_it_is(path)
    test_experiments.test_its_budget_is_the_one_that_it_names(path)
    test_experiments.test_its_ablations_and_its_smoke_are_changes_of_its_config(path)
    test_experiments.test_the_command_line_takes_its_ablations_and_builds_them(path)
    assert "[gan_qp_ring](gan_qp_ring.py): GAN-QP on a ring" in render([(experiment, [])])


def test_the_presets_are_those_of_the_file_that_is_named():
    section = README.partition("\n## Extend\n")[2]
    (block,) = re.findall(
        r"So `experiments/gan\.py` ends:\n\n```python\n(.*?)```", section, re.DOTALL
    )
    text = (ROOT / "experiments/gan.py").read_text()
    assert block in text
    assert all(f"\n    {name}=" in block for name in ("presets", "ablations"))
    assert "published=" in block


def test_the_paper_trains(run_of_paper):
    folder, _ = run_of_paper
    assert status(folder)["outcome"] == "finished"
    rows = read_metrics(folder / "metrics.jsonl")
    assert [row["step"] for row in rows] == [2, 3]
    assert all(np.isfinite(row["d/adversarial"]) for row in rows)
    assert rows[-1]["d_steps"] == 6
    assert rows[-1]["g_steps"] == 3


def test_the_metric_scores_the_paper(run_of_paper):
    folder, _ = run_of_paper
    names = [score.metric for score in read_scores(folder / "evaluations.jsonl")]
    assert names == ["modes", "spread"]
    with Checkpoints(folder / "checkpoints", writing=False) as checkpoints:
        assert checkpoints.best_step() == 3


def test_the_engine_says_how_long_its_calls_took(run_of_paper):
    _, said = run_of_paper
    assert re.findall(r"steps (\d+) to (\d+): \d", said) == [("1", "2"), ("3", "3")]


def test_the_metric_by_hand(modules):
    nearest = modules["jaxgan.metrics.spread"].nearest_mode
    points, centers = np.array([[3.0, 4.0], [9.0, 0.0]]), np.array([[0.0, 0.0], [10.0, 0.0]])
    np.testing.assert_allclose(nearest(points, centers), [5.0, 1.0])


def test_the_modality_s_data_train_and_sample(paper, modules, tmp_path):
    path = paper(
        ("from jaxgan.losses", "from jaxgan.data.signals import SINES\nfrom jaxgan.losses"),
        ("data=jg.datasets.RING", "data=SINES"),
    )
    flags = ["--evaluate-every", "0", "--split", "train[:50%]"]
    assert trained(path, tmp_path / "run", *flags) == 0
    assert list((tmp_path / "run" / "samples").glob("*3.png"))
    samples = jaxgan.load(tmp_path / "run")(5, seed=1)
    assert (samples.dtype, samples.shape) == (np.int16, (5, 64))


def test_the_modality_keeps_what_it_stores(modules):
    signals = modules["jaxgan.data.signals"]
    rows = signals.open_sines("train").read(np.arange(10))
    seen = signals.SIGNALS.prepare(rows, None, (-1.0, 1.0), False)["signal"]
    assert np.abs(seen).max() <= 1
    kept = signals.SIGNALS.quantize(seen, (-1.0, 1.0))
    assert np.abs(kept.astype(int) - rows["signal"]).max() <= 1
    assert signals.SIGNALS.preview(rows["signal"], None, None).shape == (10, 64, 1)


def test_the_study_becomes_trials(tmp_path):
    (block,) = re.findall(r"```python\n# experiments/studies/mine.py\n(.*?)```", README, re.DOTALL)
    (tmp_path / "mine.py").write_text(block.replace("../", f"{ROOT / 'experiments'}/"))
    _, trials, manifest = planned([str(tmp_path / "mine.py"), "--workdir", "x"])
    assert len(trials) == 15
    assert {trial.steps for trial in trials} == {10_000}
    assert manifest.baseline == {"variant": "GAN"}
