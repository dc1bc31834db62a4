"""Imports go one way, and every room of the package has its place."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "jaxgan"

LEVELS = (
    ("types", "errors", "xla"),
    ("files", "processes"),
    ("rng", "parallel", "compiled", "ema", "optim", "hyperparameters", "vocabulary"),
    ("spectrograms", "oracle", "viz"),
    ("losses", "nn", "augment", "data", "metrics"),
    ("nets", "forward"),
    ("penalties",),
    ("game",),
    ("limited_data",),
    ("experiment",),
    ("runs",),
    ("sampling",),
    ("evaluation",),
    ("training", "report"),
    ("sweep", "aot", "official"),
    ("reproduce",),
    ("cli",),
)
"""Every room of the package, from the bottom to the top.

A room is a folder, or a module that lies beside the folders. It may import what stands above it in
this list, never a room of its own line. The package's face, ``jaxgan/__init__.py``, is outside: it
names what experiment files need, and is imported by nothing in the package.
"""

ONLY = {
    "data": {"errors", "types", "rng", "files", "spectrograms", "oracle", "viz", "vocabulary"},
    "metrics": {"errors", "types", "rng", "files", "spectrograms", "oracle", "vocabulary"},
    "training/loop": {"types", "game"},
}
"""Rooms and modules that may import less than their line allows."""

PURE = ("types", "rng", "ema", "optim", "losses", "penalties", "forward", "game/step", "game/terms")
"""Rooms and modules that know arrays and functions, none of Flax's modules but ``flax.struct``."""

SETTINGS = "runs/settings"
"""The module that declares the flags of a run."""

FACE = SOURCE / "__init__.py"
FILES = [path for path in sorted(SOURCE.rglob("*.py")) if path != FACE]
ORDER = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}


def module(path: Path) -> str:
    """The path of a module within the package: ``game/step``."""
    return path.relative_to(SOURCE).with_suffix("").as_posix()


def room(path: Path) -> str:
    return module(path).split("/")[0]


def within(path: Path, place: str) -> bool:
    """Whether a file is a module, or lies in a room."""
    return module(path) == place or module(path).startswith(f"{place}/")


def imported(text: str, package: tuple[str, ...]) -> Iterator[str]:
    """The dotted names that Python text imports, wherever in it the import stands.

    Args:
      text: of a module.
      package: the names of the package that it lies in.
    """
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                above = package[: len(package) - level + 1] if level else ()
                base = ".".join([*above, *([name] if name else [])])
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[first, *_]):
                yield _words(first)
            case ast.Call(func=ast.Name(id="import_module" | "__import__"), args=[first, *_]):
                yield _words(first)


def _words(node: ast.expr) -> str:
    """A text, or as much of it as is known before the program runs."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text
    return "jaxgan.?"  # not known: no room, so that the order refuses it


@functools.cache
def imports(path: Path) -> list[str]:
    package = ("jaxgan", *path.relative_to(SOURCE).parts[:-1])
    return list(imported(path.read_text(), package))


def neighbors(names) -> set[str]:
    """The rooms of the package that dotted names lie in; ``?`` is the face."""
    parts = [name.split(".") for name in names]
    return {(name[1:] or ["?"])[0] for name in parts if name[0] == "jaxgan"}


def test_every_room_stands_once_in_the_order():
    named = [name for level in LEVELS for name in level]
    assert sorted(named) == sorted({room(path) for path in FILES})


def test_a_module_imports_what_lies_below_it():
    def allowed(path):
        return {name for name, level in ORDER.items() if level < ORDER[room(path)]} | {room(path)}

    wrong = {module(path): neighbors(imports(path)) - allowed(path) for path in FILES}
    assert not {name: rooms for name, rooms in wrong.items() if rooms}


@pytest.mark.parametrize("place", ONLY)
def test_some_import_less(place):
    files = [path for path in FILES if within(path, place)]
    assert files
    wrong = {module(path): neighbors(imports(path)) - {room(path), *ONLY[place]} for path in files}
    assert not {name: rooms for name, rooms in wrong.items() if rooms}


def test_the_loop_knows_of_the_game_its_state_alone():
    names = [name for name in imports(SOURCE / "training/loop.py") if name.startswith("jaxgan.")]
    assert {name.rpartition(".")[0] for name in names} == {"jaxgan.game.state", "jaxgan.types"}


def test_no_two_files_import_each_other():
    """Neither directly nor through others; the order says it of rooms, this of files within one."""
    modules = {module(path): path for path in FILES}
    graph = {}
    for name, path in modules.items():
        found = {one.removeprefix("jaxgan.").replace(".", "/") for one in imports(path)}
        found |= {one.rpartition("/")[0] for one in found}
        found |= {f"{one}/__init__" for one in found}
        graph[name] = (found & modules.keys()) - {name}
    while leaves := {name for name in graph if not graph[name] & graph.keys()}:
        graph = {name: graph[name] for name in graph if name not in leaves}
    assert not graph, f"a cycle among {sorted(graph)}"


def test_nothing_imports_the_command_line_experiments_or_tests():
    outside = {"experiments", "tests", "support", "scripts", "pytest"}
    for path in FILES:
        names = imports(path)
        assert not {name.split(".")[0] for name in names} & outside, module(path)
        assert room(path) == "cli" or "cli" not in neighbors(names), module(path)


@pytest.mark.parametrize("place", PURE)
def test_pure_functions_do_not_know_flax_modules(place):
    files = [path for path in FILES if within(path, place)]
    assert files
    for path in files:
        flax = {name for name in imports(path) if name.split(".")[0] == "flax"}
        assert flax <= {"flax.struct"}, module(path)


def test_nothing_below_training_takes_the_flags_of_a_run():
    """A function takes the numbers that it needs; ``training`` and ``cli`` know whose they are."""
    below = [path for path in FILES if ORDER[room(path)] < ORDER["training"]]
    takers = {module(path) for path in below if mentions(path.read_text(), "Runtime")}
    assert takers == {SETTINGS}


def mentions(text: str, name: str) -> bool:
    """Whether code, docstrings left out, uses a name, also in an annotation that is a text."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=found) | ast.Attribute(attr=found) | ast.alias(name=found):
                if found == name:
                    return True
            case ast.arg(annotation=ast.Constant(value=str(found))) if name in found:
                return True
    return False


def test_nothing_looks_a_hyperparameter_up_by_name():
    """What a paper calls its numbers is known to the paper's file alone."""
    found = {module(path): lookups(path.read_text()) for path in FILES}
    assert not {name: fields for name, fields in found.items() if fields}


def lookups(text: str) -> list[str]:
    """Fields that are read, by their names, of what is called a config."""
    found = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=owner, attr=name) if _is_config(owner):
                found.append(name)
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))):
                found += [name] if _is_config(owner) else []
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr"),
                args=[owner, ast.Constant(value=str(name)), *_],
            ):
                found += [name] if _is_config(owner) else []
            case ast.Call(
                func=ast.Attribute(value=owner, attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                found += [name] if _is_config(owner) else []
    return sorted(set(found) - {"get", "items"})


def _is_config(node: ast.expr) -> bool:
    """``config``, ``cfg``, or ``description["config"]``."""
    match node:
        case ast.Name(id="config" | "cfg"):
            return True
        case ast.Subscript(slice=ast.Constant(value="config")):
            return True
    return False


@pytest.mark.parametrize(
    "text",
    [
        "import jaxgan.game.step",
        "import jaxgan.game.step as step",
        "from jaxgan import game",
        "from jaxgan.game import step",
        "from jaxgan.game.step import make_step",
        "from jaxgan.game.step import make_step as make",
        "from .. import game",
        "from ..game.step import make_step",
        "def late():\n    from jaxgan.game.step import make_step\n",
        "class Late:\n    import jaxgan.game\n",
        "if TYPE_CHECKING:\n    from jaxgan.game.gan import Gan\n",
        "try:\n    import os, jaxgan.game\nexcept ImportError: ...",
        "importlib.import_module('jaxgan.game.step')",
        "import_module(f'jaxgan.game.{name}')",
        "__import__('jaxgan.game')",
    ],
)
def test_the_parser_sees_every_form_of_import(text):
    """The control: an order compared with nothing would always hold."""
    assert neighbors(imported(text, ("jaxgan", "nets"))) - {"nets"} == {"game"}


@pytest.mark.parametrize("text", ["import jaxgan as jg", "import_module(name)"])
def test_the_parser_refuses_what_may_be_anything(text):
    assert neighbors(imported(text, ("jaxgan", "nets"))) == {"?"}


def test_the_parser_reads_the_files():
    def of(name):
        return neighbors(imports(SOURCE / name)) - {name.split("/")[0]}

    assert of("game/step.py") == {"types", "rng"}
    assert of("nn/dropout.py") == {"types", "rng"}
    assert of("nets/dcgan.py") == {"types", "errors", "nn"}
    assert of("cli/main.py") >= {"errors"}
    assert "data" in of("experiment.py")
    assert "cli" in neighbors(imports(FACE))


@pytest.mark.parametrize(
    "text",
    [
        "config.r1",
        "getattr(cfg, 'r1', 0.0)",
        "hasattr(config, 'r1')",
        "description['config']['r1']",
        "description['config'].get('r1')",
    ],
)
def test_the_parser_sees_a_lookup_by_name(text):
    assert lookups(text) == ["r1"]
    assert lookups("getattr(config, name), folder.config.exists(), config[name]") == []


def test_the_parser_sees_who_takes_the_flags():
    assert mentions("def f(runtime: Runtime): ...", "Runtime")
    assert mentions("def f(runtime: 'Runtime'): ...", "Runtime")
    assert mentions("def f(runtime: settings.Runtime | None): ...", "Runtime")
    assert mentions("from jaxgan.runs.settings import Runtime", "Runtime")
    assert not mentions('def f(x):\n    """A Runtime."""', "Runtime")
