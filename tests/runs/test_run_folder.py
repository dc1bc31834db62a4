"""The run folder says what a run is, and refuses to be anything else."""

import fcntl
import json
import os
import re
import threading

import jax
import pytest

from jaxgan.data.modality import PAIRS, UNPAIRED
from jaxgan.data.open import absolute
from jaxgan.errors import UserError
from jaxgan.experiment import load_experiment
from jaxgan.files import write_json
from jaxgan.runs.folder import FORMAT, RunFolder, Status, locked, read_status
from jaxgan.runs.identity import check_same_run, code_changes
from jaxgan.sampling.load import rebuild
from jaxgan.sweep.summary import is_locked
from support.tiny_runs import TINY, config, rewrite, unchanged

pytest_plugins = ["support.run_fixtures"]


def test_the_config_says_with_what_a_run_ran(finished):
    described = config(finished)
    assert described["format"] == FORMAT
    assert described["experiment"] == "tiny"
    assert described["config"] == {"latent": 3, "width": 8, "learning_rate": 0.01, "decay": 0.9}
    assert described["training"]["seed"] == 3
    assert described["data"]["size"] == 50
    assert described["data"]["shape"] == [6, 6, 1]
    assert described["data"]["classes"] == 3
    assert re.fullmatch("[0-9a-f]{64}", described["data"]["fingerprint"])
    where = described["launches"][0]["environment"]
    assert where["packages"]["jax"] == jax.__version__
    assert where["device_kind"] == jax.devices()[0].device_kind
    assert where["devices"] == 2
    assert re.fullmatch("[0-9a-f]{64}", where["code"])


def test_a_run_is_rebuilt_from_its_folder(finished):
    run = rebuild(RunFolder(finished))
    assert run.config == run.experiment.config()
    assert run.config.__class__ is run.experiment.config
    assert (run.task.shape, run.task.classes) == ((6, 6, 1), 3)


def test_a_write_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "status.json"
    write_json(path, {"outcome": "running"})
    with pytest.raises(TypeError):
        write_json(path, {"outcome": object()})
    assert json.loads(path.read_text()) == {"outcome": "running"}


@pytest.mark.parametrize(
    "error, outcome",
    [(ValueError("no such shape"), "failed"), (KeyboardInterrupt(), "interrupted")],
)
def test_an_error_is_written_as_a_failure_and_ctrl_c_as_an_interruption(error, outcome, tmp_path):
    status = Status(RunFolder(tmp_path))
    status.step = 7
    with pytest.raises(type(error)), status:
        raise error
    found = read_status(RunFolder(tmp_path))
    assert (found.outcome, found.step) == (outcome, 7)


def test_who_looks_at_a_run_keeps_none_from_being_trained(tmp_path):
    """``jaxgan status`` holds the lock for a moment, to see whether it is free."""
    looking = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    gone = threading.Timer(0.05, os.close, [looking])
    gone.start()
    with locked(RunFolder(tmp_path)):
        assert is_locked(RunFolder(tmp_path))
        with pytest.raises(UserError, match="Another process trains"), locked(RunFolder(tmp_path)):
            pass
    gone.join()


@pytest.fixture
def experiment(tmp_path):
    """A copy of ``tiny.py`` to edit: ``experiment(old, new)`` is what the edit changed."""
    path = tmp_path / "tiny.py"

    def edited(old="", new=""):
        text = TINY.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return code_changes(TINY, path)

    return edited


def test_an_experiment_is_told_by_what_it_does(experiment):
    assert experiment() == []
    assert experiment('"""The hyperparameters."""', '"""Hyperparameters."""  # a comment') == []
    assert experiment("    steps=", "    published=(),\n    steps=3 + ") == []
    before, after = experiment("momentum=0.5", "momentum=0.6")
    assert before.startswith("-")
    assert "momentum=0.5" in before
    assert after.startswith("+")
    assert "momentum=0.6" in after


PAPER = """
import jaxgan as jg
from jaxgan.experiment import Published

LIMIT = 0.01
FID = "Inception FID"
TABLE = {FID: "21.7"}


def rows(table):
    return tuple(jg.Published(name, value) for name, value in table.items())


def build(cfg, task):
    return jg.Gan(clip=LIMIT)


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=50_000,
    batch_size=64,
    scoring=jg.Scoring(("fd",), num=5000),
    presets={
        "cifar10": dict(width=64),
        "mnist": dict(width=32),
    },
    ablations={"narrow": {"width": 8}},
    published=rows(TABLE),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
"""


@pytest.fixture
def paper(tmp_path):
    """``paper(old, new, ...)``: what these edits of ``PAPER`` changed."""
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(PAPER)

    def edited(*pairs):
        text = PAPER
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        after.write_text(text)
        return code_changes(before, after)

    return edited


@pytest.mark.parametrize(
    "edits",
    [
        [("steps=50_000", "steps=100_000")],
        [("published=rows(TABLE)", 'published=(jg.Published("FID", "21.7"),)')],
        [('"21.7"', '"21.8"')],
        [('FID = "Inception FID"\n', 'NAME = FID = "FID, 5k samples"\n')],
        [('"mnist": dict(width=32)', '"mnist": dict(width=48), "folder": dict(width=16)')],
        [('"narrow": {"width": 8}', '"narrow": {"width": LIMIT}')],
        [("num=5000", "num=10_000")],
        [("import Published", "import Published, Scoring"), ("jg.Scoring", "Scoring")],
        [("    published=rows(TABLE),\n", ""), ("from jaxgan.experiment import Published\n", "")],
        [("def rows(table)", "def rows(table, scale=1)")],
    ],
    ids=lambda edits: edits[0][1].strip()[:30],
)
def test_budgets_numbers_and_other_presets_are_no_code_of_a_run(edits, paper):
    """Nor is what stands in the file for them alone: constants, functions, imports."""
    assert paper(*edits) == []


@pytest.mark.parametrize(
    "edits",
    [
        [("LIMIT = 0.01", "LIMIT = 0.02")],
        [("clip=LIMIT", "clip=2 * LIMIT")],
        [("jg.datasets.CIFAR10", "jg.datasets.MNIST")],
        [("    build,", "    other,")],
        [("import jaxgan as jg", "import jaxgan.other as jg")],
        [("clip=LIMIT", "clip=len(FID)"), ('"Inception FID"', '"FID"')],
    ],
    ids=lambda edits: edits[0][1].strip()[:30],
)
def test_code_is(edits, paper):
    """The control: also a constant that both the game and a published number use."""
    assert paper(*edits)


def test_an_edited_experiment_is_another_run(copy, usual, tmp_path, refused):
    edited = tmp_path / "tiny.py"
    edited.write_text(TINY.read_text().replace("momentum=0.5", "momentum=0.6"))
    flags = (*usual, "--seed", 3, "--steps", 20, "--workdir", copy)
    with unchanged(copy):
        refused(("train", edited, *flags), "code of tiny.py: ", "momentum=0.6", "another --workdir")


@pytest.mark.parametrize(
    "damage, expected",
    [
        (lambda text: text[: len(text) // 2], "is damaged"),
        (lambda text: "", "is damaged"),
        (lambda text: "[1, 2]", "is damaged"),
        (lambda text: "{}", "is damaged"),
        (lambda text: '{"format": "new"}', "is damaged"),
        (lambda text: '{"format": 2}', "is damaged"),
        (lambda text: '{"format": 2, "data": 3, "launches": []}', "is damaged"),
    ],
)
def test_a_damaged_config_is_refused(damage, expected, copy, usual, refused, tmp_path):
    path = copy / "config.json"
    path.write_text(damage(path.read_text()))
    with unchanged(copy):
        command = ("train", TINY, *usual, "--seed", 3, "--workdir", copy)
        refused(command, str(path), expected)
        refused(("sample", copy, "--out", tmp_path / "new.png"), str(path), expected)


def test_a_folder_without_its_experiment_is_refused(copy, tmp_path, refused):
    (copy / "experiment.py").unlink()
    refused(("sample", copy, "--out", tmp_path / "new.png"), "experiment.py")


def test_a_config_that_does_not_fit_its_experiment_is_refused(copy, tmp_path, refused):
    rewrite(copy, lambda described: described["config"].update(breadth=3))
    refused(("sample", copy, "--out", tmp_path / "new.png"), "does not fit", "breadth")


def test_a_modality_that_the_experiment_does_not_declare_is_refused(copy, tmp_path, refused):
    rewrite(copy, lambda described: described["data"].update(modality="waves"))
    out = ("--out", tmp_path / "new.png")
    refused(("sample", copy, *out), "experiment.py does not declare waves", "restore the file")


@pytest.mark.parametrize("modality", [PAIRS, UNPAIRED])
def test_pairs_need_no_declaration(copy, modality):
    def on_pairs(described):
        described["data"]["modality"] = modality.name
        described["data"]["spec"] = {"source": [[8, 8, 3], "uint8"], "target": [[8, 8, 1], "uint8"]}

    rewrite(copy, on_pairs)
    task = rebuild(RunFolder(copy)).task
    assert (task.modality, task.shape) == (modality, (8, 8, 1))


def test_a_path_to_data_is_written_as_it_is_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mnist", "a:b", "below/set", "zebras/trainA"):
        (tmp_path / name).mkdir(parents=True)
    for words, expected in {
        "folder:mnist": f"folder:{tmp_path}/mnist",
        "./mnist": f"folder:{tmp_path}/mnist",
        "below/set": f"folder:{tmp_path}/below/set",
        "folder:a:b": f"folder:{tmp_path}/a:b",
        "npz:a:b/c.npz": f"npz:{tmp_path}/a:b/c.npz",
        "x.npz": f"npz:{tmp_path}/x.npz",
        "mnist": "mnist",  # the folder needs ./ or folder: before it
        "ring": "ring",
        "my_set/config:1.0.0": "my_set/config:1.0.0",
        "stacked_mnist:5": "stacked_mnist:5",
        "pairs:facades": f"pairs:{tmp_path}/facades",
        "unpaired:mnist,../b": f"unpaired:{tmp_path}/mnist,{tmp_path.parent}/b",
        "unpaired:zebras": f"unpaired:{tmp_path}/zebras",
        "unpaired:glyphs/32": "unpaired:glyphs/32",
        "unpaired:pairs:x": f"unpaired:pairs:{tmp_path}/x",
        "backward:pairs:x": f"backward:pairs:{tmp_path}/x",
        "backward:unpaired:a,b": f"backward:unpaired:{tmp_path}/a,{tmp_path}/b",
    }.items():
        assert absolute(words) == expected


def test_two_files_of_one_name_do_not_mix(tmp_path):
    (tmp_path / "tiny.py").write_text(
        TINY.read_text().replace("latent: int = 3", "latent: int = 4")
    )
    ours, other = load_experiment(TINY), load_experiment(tmp_path / "tiny.py")
    assert (ours.config().latent, other.config().latent) == (3, 4)
    assert (ours.name, other.name) == ("tiny", "tiny")
    assert ours.file != other.file


def test_comparing_lists_every_difference(finished):
    recorded = config(finished)
    wanted = json.loads(json.dumps(recorded))
    wanted["config"]["width"] = 9
    wanted["training"]["seed"] = 4
    del wanted["data"]["size"]
    with pytest.raises(UserError) as caught:
        check_same_run(recorded, wanted, RunFolder(finished), load_experiment(TINY))
    for text in ("width: 8 -> 9", "seed: 3 -> 4", "size: 50 -> None"):
        assert text in str(caught.value)
    assert "latent" not in str(caught.value)
    check_same_run(recorded, recorded, RunFolder(finished), load_experiment(TINY))
