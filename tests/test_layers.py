"""Imports point one way: from an experiment's edge to the nouns."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "jaxgan"

# What each module of the core may import from this package, and nothing else of it.
CORE = {
    "types": set(),
    "errors": set(),
    "averaging": {"types"},
    "momentum": {"types"},
    "repeat": set(),
    "randomness": {"types"},
    "losses": {"types"},
    "packing": set(),
    "penalties": {"types", "randomness", "packing"},
    "projection": {"types"},
    "augment": {"types", "randomness"},
    "plays": {"types", "randomness", "packing", "errors"},
    "terms": {"types"},
    "nn": {"types", "randomness"},
    "nets": {"types", "nn", "errors"},
    "parallel": {"types", "errors"},
    "game": {"types", "errors", "randomness", "terms", "averaging"},
    "step": {"types", "randomness", "terms", "game"},
    "data": {"errors", "randomness", "types"},
    "metrics": {"errors", "types", "randomness"},
}

PURE = {
    "types",
    "packing",
    "losses",
    "penalties",
    "terms",
    "averaging",
    "momentum",
    "randomness",
    "plays",
    "step",
}
"""Modules that know arrays and functions, not Flax's modules (``flax.struct`` is data)."""


def imports(path: Path):
    """The dotted names that a file imports."""
    package = ("jaxgan", *path.relative_to(SOURCE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package[: len(package) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


FILES = [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def neighbours(path: Path) -> set[str]:
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("jaxgan.")}
    return rooms - {room(path)}


def named(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", [p for p in FILES if room(p) in CORE], ids=named)
def test_a_module_of_the_core_imports_what_its_row_allows(path):
    assert neighbours(path) <= CORE[room(path)]


def test_no_two_modules_import_each_other():
    """Neither directly nor through others, wherever in a file the import stands."""
    graph: dict[str, set[str]] = {}
    for path in FILES:
        graph.setdefault(room(path), set()).update(neighbours(path))
    while leaves := {name for name in graph if not graph[name] & set(graph)}:
        graph = {name: graph[name] for name in graph if name not in leaves}
    assert not graph, f"a cycle among {sorted(graph)}"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_imports_the_command_line_experiments_or_tests(path):
    names = {name.split(".")[0] for name in imports(path)}
    assert not names & {"experiments", "tests", "games", "scripts", "pytest"}
    assert "cli" not in neighbours(path)


@pytest.mark.parametrize("path", [p for p in FILES if room(p) in PURE], ids=named)
def test_pure_functions_do_not_know_flax_modules(path):
    assert {name for name in imports(path) if name.startswith("flax")} <= {"flax.struct"}


def test_every_row_of_the_table_is_about_a_module_or_a_seat_kept_for_one():
    rooms = {room(path) for path in FILES}
    assert set(CORE) - rooms <= {"augment", "metrics"}
    assert rooms >= PURE


def test_the_parser_sees_every_form_of_import():
    """The control: a table compared with nothing would always hold."""
    assert neighbours(SOURCE / "step.py") == CORE["step"]
    assert neighbours(SOURCE / "nn" / "dropout.py") == {"randomness", "types"}
    assert neighbours(SOURCE / "nets" / "dcgan.py") == {"nn", "types", "errors"}
