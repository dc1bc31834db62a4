"""Runs the notebooks of the tutorials headless, and keeps in them what they printed and drew.

Run:  .venv/bin/python scripts/docs_site/execute.py [NAME...]
"""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

TUTORIALS = Path(__file__).parent / "tutorials"

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What moves a terminal's cursor or colors its text."""

PASSING = re.compile(r"━|^step \d+/\d+ |os\.fork|forkpty")
"""Progress, and what IPython's ``!`` makes Python warn of."""


def execute(path: Path, folder: Path) -> Any:
    """The notebook with the outputs of a run of all its cells in a folder.

    Raises:
      nbclient.exceptions.CellExecutionError: a cell failed.
    """
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    notebook = nbformat.read(path, 4)
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=1800, kernel_name="python3", resources=where).execute()
    for cell in notebook.cells:
        cell.get("metadata", {}).pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = cleaned(cell.outputs)
    return notebook


def cleaned(outputs: list[Any]) -> list[Any]:
    """The outputs without progress lines and warnings of the kernel, printed parts in one piece."""
    kept: list[Any] = []
    for output in outputs:
        if output.output_type != "stream":
            if "image/png" in output.get("data", {}):
                output.data.pop("image/jpeg", None)  # the same picture once more
            kept.append(output)
            continue
        lines = CONTROL.sub("", output["text"]).replace("\r\n", "\n").split("\n")
        lines = [line.rsplit("\r", 1)[-1].rstrip() for line in lines]
        text = "\n".join(line for line in lines if line and not PASSING.search(line))
        if text and kept and kept[-1].output_type == "stream":
            kept[-1]["text"] += f"\n{text}"
        elif text:
            kept.append(nbformat.v4.new_output("stream", name="stdout", text=text))
    return kept


def main(names: list[str]) -> None:
    """Runs the notebooks of these names, or all."""
    for path in sorted(TUTORIALS.glob("*.ipynb")):
        if not names or path.stem in names:
            with tempfile.TemporaryDirectory(prefix="jaxgan-tutorial-") as folder:
                notebook = execute(path, Path(folder))
            nbformat.write(notebook, path)
            print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
