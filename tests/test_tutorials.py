"""The notebooks of the documentation run from the first cell to the last, headless."""

import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TUTORIALS = sorted((ROOT / "scripts" / "docs_site" / "tutorials").glob("*.ipynb"))


def cells(path, kind):
    """The text of every cell of this kind."""
    return [
        "".join(cell["source"])
        for cell in json.loads(path.read_text())["cells"]
        if cell["cell_type"] == kind
    ]


def test_there_are_five():
    assert len(TUTORIALS) == 5


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_it_begins_with_a_title_and_an_installation(path):
    assert cells(path, "markdown")[0].startswith("# ")
    assert "%pip install" in cells(path, "code")[0]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_it_was_saved_with_what_it_printed(path):
    assert any(cell.get("outputs") for cell in json.loads(path.read_text())["cells"])


IN_CI = ("add_a_loss", "first_gan")
"""The others train networks of images or many runs, for minutes; they are run by hand."""


def tier(path):
    """How often a notebook is run."""
    return pytest.mark.slow if path.stem in IN_CI else pytest.mark.long


@pytest.mark.parametrize(
    "path", [pytest.param(one, id=one.stem, marks=tier(one)) for one in TUTORIALS]
)
def test_it_runs(path, tmp_path, monkeypatch):
    sys.path.insert(0, str(ROOT / "scripts" / "docs_site"))
    from execute import execute

    for name in ("XLA_FLAGS", "JAX_DISABLE_MOST_OPTIMIZATIONS"):
        monkeypatch.delenv(name, raising=False)  # one device and usual speed, as a reader has
    monkeypatch.setenv("PATH", os.environ["PATH"])  # which execute changes
    notebook = execute(path, tmp_path)
    said = json.dumps(notebook)
    assert "jaxgan: " not in said  # how errors begin
    assert "Done: " in said or "trials" in said
