"""What makes two runs the same run."""

import ast
import dataclasses
import difflib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.runs.checkpoint import digest
from jaxgan.runs.environment import shortened
from jaxgan.runs.folder import FORMAT, RunFolder
from jaxgan.runs.settings import Training

LATER = ("augment", "augment_ramp", "lecam", "freeze_d")
"""Settings that older runs do not know: named where they are not the default."""


def describe_run(
    experiment: Experiment,
    config: Any,
    training: Training,
    data: dict[str, Any],
    steps: int,
    frozen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What identifies a run, as JSON; of ``Gan.frozen`` the sha256."""
    settings = dataclasses.asdict(training)
    for name in LATER:
        if settings[name] == getattr(Training, name):
            del settings[name]
    settings["data"] = data["name"]  # however its path was written
    if experiment.fixed_budget:
        settings["steps"] = steps
    whole = {
        "format": FORMAT,
        "experiment": experiment.name,
        "config": _plain(dataclasses.asdict(config)),
        "training": _plain(settings),
        "data": _plain(data),
    }
    return whole | {"frozen": digest(frozen)} if frozen else whole


FREE = frozenset({"steps", "smoke", "ablations", "published", "presets", "scoring", "chains"})
"""Arguments of ``Experiment`` that may change between two launches of a run.

What a run takes from them (its preset's values, its budget where a schedule reads it) is in its
``config.json`` and is compared there.
"""


def code_changes(recorded: Path, live: Path) -> list[str]:
    """Lines of code that differ between two versions of an experiment file.

    Comments, docstrings, layout, and the arguments of ``Experiment`` that ``FREE`` names do not
    count, nor what stands in the file for those arguments only: constants, functions, imports.
    """
    if _reduced(recorded) == _reduced(live):
        return []
    before, after = (file.read_text().splitlines() for file in (recorded, live))
    lines = difflib.unified_diff(before, after, lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _reduced(file: Path) -> str:
    """The file's code without what may change, laid out by this Python."""
    tree = ast.parse(file.read_text())
    freed: set[str] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)] or [ast.Pass()]  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and _is_experiment(node.func):
            for word in node.keywords:
                freed |= _names(word.value) if word.arg in FREE else set()
            node.keywords = [word for word in node.keywords if word.arg not in FREE]
    while True:
        used = _names(tree) | {"EXPERIMENT"}
        kept = [line for line in map(partial(_without_unused, used, freed), tree.body) if line]
        if len(kept) == len(tree.body):
            return ast.unparse(tree)
        tree.body = kept


def _is_experiment(function: ast.expr) -> bool:
    """Whether this is ``Experiment`` or, for instance, ``jg.Experiment``."""
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name == "Experiment"


def _names(tree: ast.AST) -> set[str]:
    """The names that the code reads."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _without_unused(used: set[str], freed: set[str], line: ast.stmt) -> ast.stmt | None:
    """A statement of a module, or None if all that it does is define names that nobody uses.

    A call may do something else, so what is assigned from one is only left out if its name was
    ``freed``: an argument that does not count used it. What such a statement uses is then freed.
    """
    if isinstance(line, ast.Import | ast.ImportFrom):
        free = freed if isinstance(line, ast.Import) else None

        def unused(alias: ast.alias) -> bool:
            name = (alias.asname or alias.name).partition(".")[0]
            return name not in used and (free is None or name in free)

        line.names = [alias for alias in line.names if not unused(alias)]
        return line if line.names else None
    if isinstance(line, ast.FunctionDef | ast.ClassDef):
        defined, calls = {line.name}, bool(line.decorator_list)
    elif isinstance(line, ast.Assign | ast.AnnAssign):
        targets = line.targets if isinstance(line, ast.Assign) else [line.target]
        if not all(isinstance(target, ast.Name) for target in targets):
            return line
        defined = {target.id for target in targets if isinstance(target, ast.Name)}
        calls = any(isinstance(node, ast.Call) for node in ast.walk(line))
    else:
        return line
    if defined & used or (calls and not defined <= freed):
        return line
    freed |= _names(line)
    return None


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
    for part in ("experiment", "config", "training", "data", "frozen"):
        old, new = recorded.get(part), wanted.get(part)
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


def data_description(source: Source) -> dict[str, Any]:
    """What identifies the data of a run, as JSON."""
    vocabulary = source.modality.vocabulary
    return {
        "name": source.name,
        "size": source.size,
        "modality": source.modality.name,
        **({} if source.modality.rate is None else {"rate": source.modality.rate}),
        **({} if vocabulary is None else {"vocabulary": dataclasses.asdict(vocabulary)}),
        "shape": list(source.shape),
        "spec": {
            key: [list(row.shape), np.dtype(row.dtype).name] for key, row in source.spec.items()
        },
        "classes": source.classes,
        "fingerprint": source.fingerprint,
    }


def origin_of(
    recorded: dict[str, Any] | None, init_from: Path | None, folder: RunFolder
) -> Path | None:
    """The ``--init-from`` of a run: what it began with, which a resume need not repeat.

    Args:
      recorded: the run's description; None for a new run.
      init_from: what is asked for now.
      folder: the run's folder.

    Raises:
      UserError: the run began with another one.
    """
    if recorded is None:
        return init_from
    began = (recorded.get("origin") or {}).get("run")
    if init_from is not None and str(init_from) != began:
        raise UserError(
            f"{folder.path} holds another run (init_from: {began} -> {init_from}). "
            "Give the same settings to resume it, or another --workdir."
        )
    return Path(began) if began else None


def _plain(value: Any) -> Any:
    """The value as JSON would return it: tuples become lists, paths strings."""
    return json.loads(json.dumps(value, default=str))
