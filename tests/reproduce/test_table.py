"""The table of experiments: made from files, never out of date, no number without its source."""

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from jaxgan.cli.exit import exit_code_of
from jaxgan.cli.results import results
from jaxgan.errors import UserError
from jaxgan.experiment import Published, load_experiment
from jaxgan.reproduce.measured import Measured, empty_fields, faults_of, read_measured
from jaxgan.reproduce.table import load_all, render
from jaxgan.reproduce.trained import Trained
from support.tiny_runs import EXPERIMENTS

FOLDER = Path(__file__).parents[2] / "experiments"
NUMBER = Published("modes of 8 (2500 samples)", "7.9 ± 0.1", "Lin et al. 2018, table 1")
MEASURED = Measured(
    metric=NUMBER.metric,
    protocol="20 000 steps",
    value="7.5 ± 0.2",
    spread="standard deviation over seeds",
    seeds=5,
    command="python x.py",
    hardware="two CPU cores",
)


@pytest.fixture(scope="module")
def ring():
    return load_experiment(FOLDER / "gan_ring.py")


def row(experiment, *published, measured=()):
    text = render([(dataclasses.replace(experiment, published=published), measured)])
    return text.splitlines()[-1]


def test_the_committed_table_is_what_the_files_say():
    expected = render(load_all(FOLDER))
    assert (FOLDER / "README.md").read_text() == expected, "run scripts/results"


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda path: path.stem)
def test_no_number_stands_without_its_source(file):
    declared = load_experiment(file)
    for experiment in (declared, *map(declared.selected, declared.presets)):
        for number in experiment.published:
            assert empty_fields(number, "metric", "value", "source") == []


@pytest.mark.parametrize("name", ["metric", "value", "source"])
def test_a_number_without_its_source_is_refused(ring, name):
    bare = dataclasses.replace(NUMBER, **{name: " "})
    with pytest.raises(UserError, match=f"gan_ring, .*no {name}"):
        row(ring, bare)


def write(path, *rows):
    path.write_text(json.dumps([dataclasses.asdict(row) for row in rows]))


@pytest.mark.parametrize(
    "change", [{"seeds": 0}, {"command": ""}, {"hardware": ""}, {"value": ""}, {"spread": " "}]
)
def test_a_measured_number_without_its_run_is_refused(change, tmp_path):
    write(tmp_path / "a.json", dataclasses.replace(MEASURED, **change))
    with pytest.raises(UserError, match=f"a.json, modes.*no {next(iter(change))}"):
        read_measured(tmp_path / "a.json")


def test_what_was_written_is_read(tmp_path):
    write(tmp_path / "a.json", MEASURED)
    assert read_measured(tmp_path / "a.json") == [MEASURED]
    assert read_measured(tmp_path / "none.json") == []


@pytest.mark.parametrize("text", ["{", "[1]", '[{"metric": "a"}]', '[{"wrong": 1}]', "3"])
def test_a_damaged_file_of_results_is_refused(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=r"a\.json is damaged"):
        read_measured(tmp_path / "a.json")


def test_what_was_not_measured_is_said(ring):
    cells = row(ring, NUMBER).split(" | ")
    assert cells[1:] == [
        "ring",
        "",
        "modes of 8 (2500 samples)",
        "7.9 ± 0.1 (Lin et al. 2018, table 1)",
        "not run yet |",
    ]
    assert cells[0].startswith("| [gan_ring](gan_ring.py): The first GAN on a ring")
    assert "none for this data set | not run yet" in row(ring)


def test_what_was_measured_stands_beside_the_published_number(ring):
    told = (
        "7.5 ± 0.2 (20 000 steps; 5 seeds, ± standard deviation over seeds; two CPU cores; "
        "`python x.py`)"
    )
    cells = row(ring, NUMBER, measured=[MEASURED]).split(" | ")
    assert cells[4:] == ["7.9 ± 0.1 (Lin et al. 2018, table 1)", f"{told} |"]
    one = dataclasses.replace(MEASURED, seeds=1)
    assert "; 1 seed, " in row(ring, NUMBER, measured=[one])


def test_what_has_no_published_number_has_a_row_of_its_own(ring):
    other = dataclasses.replace(MEASURED, metric="other")
    last = row(ring, NUMBER, measured=[MEASURED, other])
    assert last.startswith("|  |  |  | other | none | 7.5 ± 0.2 (")


def test_of_several_measurements_the_largest_budget_of_todays_code_comes_first(ring):
    budgets = {"1.0": 0.5, "2.0": 1.0, "3.0": 0.1}
    rows = [dataclasses.replace(MEASURED, value=v, budget=b) for v, b in budgets.items()]
    old = dataclasses.replace(MEASURED, value="4.0", budget=2.0, code_in_history=False)
    experiment = dataclasses.replace(ring, published=(NUMBER,))
    cells = [
        line.split(" | ")[4:] for line in render([(experiment, [old, *rows])]).splitlines()[-4:]
    ]
    assert [measured[:4] for _, measured in cells] == ["2.0 ", "1.0 ", "3.0 ", "4.0 "]
    assert [published for published, _ in cells][1:] == ["as above"] * 3


def test_a_measured_number_stands_beside_the_first_of_two_published_ones(ring):
    last = row(ring, NUMBER, dataclasses.replace(NUMBER, value="8"), measured=[MEASURED])
    assert last.endswith("| 8 (Lin et al. 2018, table 1) | not run yet |")


def test_every_committed_number_is_what_its_runs_give():
    every = [row for _, measured in load_all(FOLDER) for row in measured]
    assert every
    assert [faults_of(row) for row in every] == [[]] * len(every)


def test_a_look_is_shown_with_its_picture(ring, tmp_path):
    record = Trained(
        "gan_ring", 4200, 20_000, "trained", 900.0, "jaxgan train x.py", "2 cores", seen="blobs"
    )
    (tmp_path / "trained").mkdir()
    here = dataclasses.replace(ring, file=tmp_path / "gan_ring.py")
    here.file.write_text(ring.file.read_text())
    (tmp_path / "trained" / "gan_ring.json").write_text(json.dumps(dataclasses.asdict(record)))
    assert row(here).split(" | ")[2] == "step 4,200 of 20,000 (blobs)"
    (tmp_path / "trained" / "gan_ring.png").write_bytes(b"")
    told = "[step 4,200 of 20,000](trained/gan_ring.png) (blobs)"
    assert row(here).split(" | ")[2] == told
    (tmp_path / "trained" / "gan_ring.json").write_text("{}")
    with pytest.raises(UserError, match=r"gan_ring\.json is damaged"):
        row(here)


def test_a_number_of_earlier_code_is_marked(ring):
    earlier = dataclasses.replace(MEASURED, code_in_history=False)
    assert "7.5 ± 0.2 **earlier code** (" in row(ring, measured=[earlier])
    assert "earlier code" not in row(ring, measured=[MEASURED])


def test_only_the_first_row_of_a_file_names_it(ring):
    last = row(ring, NUMBER, dataclasses.replace(NUMBER, metric="a|b"))
    assert last.startswith("|  |  |  | a\\|b | 7.9 ± 0.1 (")


def test_presets_with_numbers_of_their_own_have_rows_of_their_own():
    lucic = load_experiment(FOLDER / "lucic.py")
    ours = dataclasses.replace(
        MEASURED, metric=lucic.selected("lsgan").published[0].metric, preset="lsgan"
    )
    lines = render([(lucic, [ours])]).splitlines()[-6:]
    assert [line.partition("]")[0] for line in lines] == [
        f"| [lucic {name}" for name in lucic.presets
    ]
    assert ["7.5 ± 0.2 (" in line for line in lines] == [False, False, True, False, False, False]
    with pytest.raises(UserError, match="name the preset that was trained, one of minimax"):
        render([(lucic, [dataclasses.replace(ours, preset="")])])


COMMITS = {
    "8dfff4c7f9bce2e44a964173ff21a0e83f2af76d": True,
    "8dfff4c7f9bce2e44a964173ff21a0e83f2af76d+": False,
    "c300c161486980cef38f7ad6df68e19172638b28": False,
    "80464f9bcf9622b3b3caf3ed6b2135fbe4adfe6f": True,
}
"""Whether the code that gave each committed number is in the history of this repository."""


def test_every_number_says_whether_its_code_is_in_the_history():
    """Held against the list above, and the list against the history where that is at hand."""
    every = [row for _, measured in load_all(FOLDER) for row in measured]
    found = {(commit, row.code_in_history) for row in every for commit in row.commit.split(" and ")}
    assert found == set(COMMITS.items())
    git = ["git", "-C", str(FOLDER)]
    shallow = subprocess.run(
        [*git, "rev-parse", "--is-shallow-repository"], capture_output=True, text=True
    )
    if shallow.stdout.strip() == "false":
        for commit, stated in COMMITS.items():
            ancestor = [*git, "merge-base", "--is-ancestor", commit, "HEAD"]
            found = subprocess.run(ancestor, capture_output=True)
            assert (found.returncode == 0) == stated, commit


def test_the_program_writes_checks_and_refuses(tmp_path, capsys):
    def main(*flags):
        return exit_code_of(lambda: results(["--folder", str(tmp_path), *flags]))

    readme = tmp_path / "README.md"
    assert main() == 2
    assert "no experiment files" in capsys.readouterr().err
    (tmp_path / "gan_ring.py").write_text((FOLDER / "gan_ring.py").read_text())
    assert main("--check") == 2
    assert "run scripts/results" in capsys.readouterr().err
    assert not readme.exists()
    assert main() == 0
    assert readme.read_text() == render(load_all(tmp_path))
    before = readme.stat().st_mtime_ns
    assert main("--check") == 0
    assert main() == 0
    assert readme.stat().st_mtime_ns == before
    (tmp_path / "results").mkdir()
    write(tmp_path / "results" / "gan_ring.json", MEASURED)
    assert main("--check") == 2
    write(tmp_path / "results" / "gan_rnig.json", MEASURED)
    assert main() == 2
    assert "belongs to no experiment" in capsys.readouterr().err
