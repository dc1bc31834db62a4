"""What makes two runs the same run."""

import ast
import dataclasses
import difflib
import json
from pathlib import Path
from typing import Any

from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.runs.environment import shortened
from jaxgan.runs.folder import FORMAT, RunFolder
from jaxgan.runs.settings import Training


def describe_run(
    experiment: Experiment, config: Any, training: Training, data: dict[str, Any], steps: int
) -> dict[str, Any]:
    """What identifies a run, as JSON."""
    settings = dataclasses.asdict(training)
    settings["data"] = data["name"]  # however its path was written
    if experiment.reads_steps:
        settings["steps"] = steps
    return {
        "format": FORMAT,
        "experiment": experiment.name,
        "config": _plain(dataclasses.asdict(config)),
        "identity": _plain(settings),
        "data": _plain(data),
    }


BUDGET = (
    "steps",
    "published",
    "ablations",
    "smoke",
    "evaluate_every",
    "evaluate_num",
    "evaluate_metrics",
    "standing_batches",
)
"""What an ``Experiment`` declares beside the run itself; a resume may change it."""


def code_changes(recorded: Path, live: Path) -> list[str]:
    """Lines of code that differ between two versions of an experiment file.

    Comments, docstrings, layout and the declarations of ``BUDGET`` do not count.
    """
    if _reduced(recorded) == _reduced(live):
        return []
    before, after = (file.read_text().splitlines() for file in (recorded, live))
    lines = difflib.unified_diff(before, after, lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _reduced(file: Path) -> str:
    """The file's code without text and budgets, laid out by this Python."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept: Any = [line for line in body if not _is_text(line)]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Experiment":
            node.keywords = [word for word in node.keywords if word.arg not in BUDGET]
    return ast.unparse(tree)


def _is_text(line: ast.AST) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )


def check_same_run(
    recorded: dict[str, Any], wanted: dict[str, Any], folder: RunFolder, experiment: Experiment
) -> None:
    """Checks that a resume is the same run.

    Raises:
      UserError: with every difference, setting by setting.
    """
    differences = []
    if folder.experiment.is_file():
        code = code_changes(folder.experiment, experiment.file)
        if code:
            more = ", ..." if len(code) > 4 else ""
            shown = ", ".join(" ".join(line.split())[:80] for line in code[:4])
            differences.append(f"code of {experiment.file.name}: {shown}{more}")
    for part in ("experiment", "config", "identity", "data"):
        old, new = recorded.get(part), wanted[part]
        if not isinstance(new, dict):
            old, new = {part: old}, {part: new}
        old = old if isinstance(old, dict) else {}
        for name in sorted({str(name) for name in (*old, *new)}):
            before, after = old.get(name), new.get(name)
            if before != after:
                differences.append(f"{name}: {shortened(before)} -> {shortened(after)}")
    if differences:
        raise UserError(
            f"{folder.path} holds another run ({'; '.join(differences)}). "
            "Give the same settings to resume it, or another --workdir."
        )


def _plain(value: Any) -> Any:
    """The value as JSON would return it: tuples become lists, paths strings."""
    return json.loads(json.dumps(value, default=str))
