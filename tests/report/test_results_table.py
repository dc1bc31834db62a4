"""The table of experiments: made from the files, never stale, no number without its source."""

import dataclasses
from pathlib import Path

import pytest

from jaxgan.cli.results import main
from jaxgan.errors import UserError
from jaxgan.experiment import Published, load_experiment
from jaxgan.report.results_table import faults, published, render
from support.tiny_runs import EXPERIMENTS

FOLDER = Path(__file__).parents[2] / "experiments"
RESULT = Published("modes of 8", "2500 samples", "7.9 ± 0.1", "Lin et al. 2018, table 1")
MEASURED = dataclasses.replace(
    RESULT, ours="7.5 ± 0.2", seeds=5, command="python x.py", hardware="two CPU cores"
)


@pytest.fixture(scope="module")
def ring():
    return load_experiment(FOLDER / "gan_ring.py")


def row(experiment, *results):
    text = render([dataclasses.replace(experiment, results=results)])
    return text.splitlines()[-1]


def test_the_committed_table_is_what_the_files_say():
    expected = render(published(FOLDER))
    assert (FOLDER / "README.md").read_text() == expected, "run scripts/experiments_readme"


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda path: path.stem)
def test_no_number_stands_without_its_source(file):
    for result in load_experiment(file).results:
        assert faults(result) == [], result.metric


@pytest.mark.parametrize("name", ["metric", "protocol", "paper", "source"])
def test_a_number_without_its_source_is_refused(ring, name):
    bare = dataclasses.replace(RESULT, **{name: " "})
    with pytest.raises(UserError, match=f"gan_ring, .*no {name}"):
        row(ring, bare)


@pytest.mark.parametrize("change", [{"seeds": 0}, {"command": ""}, {"hardware": ""}, {"ours": ""}])
def test_a_number_of_ours_without_its_run_is_refused(ring, change):
    with pytest.raises(UserError, match=f"no {next(iter(change))}"):
        row(ring, dataclasses.replace(MEASURED, **change))


def test_what_was_not_measured_is_said(ring):
    cells = row(ring, RESULT).split(" | ")
    assert cells[1:] == [
        "ring",
        "modes of 8 (2500 samples)",
        "not run yet",
        "",
        "7.9 ± 0.1 (Lin et al. 2018, table 1) |",
    ]
    assert cells[0].startswith("| [gan_ring](gan_ring.py): The first GAN on a ring")
    assert "not run yet" in row(ring)


def test_what_was_measured_is_shown_with_its_run(ring):
    cells = row(ring, dataclasses.replace(MEASURED, official="7.8")).split(" | ")
    assert cells[3] == "7.5 ± 0.2 (5 seeds, two CPU cores; `python x.py`)"
    assert cells[4] == "7.8"
    assert "(1 seed, " in row(ring, dataclasses.replace(MEASURED, seeds=1))


def test_only_the_first_row_of_a_file_names_it(ring):
    last = row(ring, RESULT, dataclasses.replace(RESULT, metric="a|b"))
    assert last.startswith("|  |  | a\\|b (2500 samples) | not run yet |")


def test_the_program_writes_checks_and_refuses(tmp_path, capsys):
    readme = tmp_path / "README.md"
    flags = ["--folder", str(tmp_path)]
    assert main(flags) == 2
    assert "no experiment files" in capsys.readouterr().err
    (tmp_path / "gan_ring.py").write_text((FOLDER / "gan_ring.py").read_text())
    assert main([*flags, "--check"]) == 2
    assert "run scripts/experiments_readme" in capsys.readouterr().err
    assert not readme.exists()
    assert main(flags) == 0
    assert readme.read_text() == render(published(tmp_path))
    before = readme.stat().st_mtime_ns
    assert main([*flags, "--check"]) == 0
    assert main(flags) == 0
    assert readme.stat().st_mtime_ns == before
    readme.write_text("old")
    assert main([*flags, "--check"]) == 2
