"""What the documentation shows is there: its commands, what it names, what it includes."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tyro
import yaml

import jaxgan
import test_readme
from jaxgan.cli.completion import Completion
from jaxgan.cli.listing import Listing
from jaxgan.cli.named import packaged
from jaxgan.cli.new import New

ROOT = Path(__file__).parent.parent
SITE = ROOT / "scripts" / "docs_site"
PAGES = sorted((SITE / "pages").glob("*.md"))
SOURCE = ROOT / "src" / "jaxgan"

OWN = {"list": Listing, "new": New, "completion": Completion}
"""What commands parse that the README does not show."""

SHELL = ("source", "pip", "mkdir")

BEGUN_AS = {"my_experiment.py": "experiments/pix2pix.py"}
"""Files of a reader's own -> the experiment that they are a copy of."""

sys.path.insert(0, str(SITE))


def commands(path) -> list[list[str]]:
    """The commands of a page's shell blocks, also of those that are indented."""
    blocks = re.findall(r"^( *)```bash\n(.*?)^\1```", path.read_text(), re.DOTALL | re.MULTILINE)
    lines = "\n".join(block for _, block in blocks).replace("\\\n", " ").splitlines()
    found = [shlex.split(line, comments=True) for line in lines]
    return [
        [word for word in words[: words.index(">")] if word != "&"]
        if ">" in words
        else [word for word in words if word != "&"]
        for words in found
        if words and words[0] not in SHELL
    ]


def as_in_a_clone(words: list[str]) -> list[str]:
    """The command with the file of an experiment in the place of its name."""
    named = {name: f"experiments/{name}.py" for name in packaged()} | BEGUN_AS
    begins = ("train", "chain", "sweep", "bench", "compile", "reproduce")
    if words[0] == "jaxgan" and words[1] in begins and words[2] in named:
        return [*words[:2], named[words[2]], *words[3:]]
    return words


@pytest.mark.parametrize(
    "words",
    [pytest.param(w, id=f"{p.stem}: {shlex.join(w)}") for p in PAGES for w in commands(p)],
)
def test_a_command_is_one_that_there_is(words, monkeypatch):
    if words[0] == "jaxgan" and words[1] in OWN:
        tyro.cli(OWN[words[1]], args=words[2:])
    else:
        command = shlex.join(as_in_a_clone(words))
        test_readme.test_a_command_is_one_that_there_is(command, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("page, section", [("runs", "Resume"), ("start", "Change it")])
def test_the_commands_of_a_section_run_as_written(page, section, tmp_path):
    """One after another, in an empty folder, on one device."""
    text = (SITE / "pages" / f"{page}.md").read_text().partition(f"## {section}\n")[2]
    (block,) = re.findall(r"```bash\n(.*?)```", text.partition("\n## ")[0], re.DOTALL)
    tests_own = ("XLA_FLAGS", "JAX_DISABLE_MOST_OPTIMIZATIONS")
    found = {name: value for name, value in os.environ.items() if name not in tests_own}
    found["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{found['PATH']}"
    said = subprocess.run(
        ["bash", "-e", "-c", block], cwd=tmp_path, env=found, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr


def test_commands_are_found():
    assert sum(len(commands(page)) for page in PAGES) > 50


def flags() -> set[str]:
    """Every flag that some experiment or command has, of jaxgan's own code."""
    files = [*SOURCE.rglob("*.py"), *(ROOT / "experiments").glob("*.py")]
    text = "\n".join(path.read_text() for path in files)
    names = re.findall(r"^    ([a-z]\w*): ", text, re.MULTILINE)  # fields of dataclasses
    return {"--" + name.replace("_", "-") for name in names}


def test_flags_that_a_table_names_are_there():
    texts = {page.stem: page.read_text() for page in PAGES}
    column = re.compile(r"^\|[^|]*\|", re.MULTILINE)  # of the other code
    texts["coming_from"] = column.sub("|", texts["coming_from"])
    ours = "\n".join(texts.values())
    named = set(re.findall(r"(?<![\w-])(--[a-z][a-z0-9-]+)", ours))
    named = {flag.replace("--no-", "--") for flag in named}
    assert len(named) > 40
    others = {"--gpus-per-node", "--nodes", "--like", "--help"}  # of sbatch, and of no dataclass
    assert named - flags() - others == set()


def test_names_that_a_page_mentions_are_there():
    """``jg.losses.hinge`` and ``jaxgan.nets.resnet``, in text and in code."""
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"\b(?:jg|jaxgan)((?:\.[A-Za-z_]\w*)+)", text)) - {".fish"}  # a file
    assert len(named) > 30
    missing = [name for name in sorted(named) if not there(name.strip(".").split("."))]
    assert missing == []


def there(names: list[str]) -> bool:
    """Whether ``jaxgan`` has what these names lead to: attributes, or modules."""
    value = jaxgan
    for number, name in enumerate(names):
        try:
            value = getattr(value, name)
        except AttributeError:
            module = ".".join(["jaxgan", *names[: number + 1]])
            try:
                value = __import__(module, fromlist=["_"])
            except ImportError:
                return False
    return True


def test_every_public_name_of_the_reference_has_a_docstring():
    """Functions and classes are checked by ruff; here are values of what experiment files use."""
    pytest.importorskip("mkdocs")
    from hooks import ROOMS, modules_of

    undocumented = []
    inside = ("nets", "metrics", "training", "cli/experiment")  # constants of one network or metric
    rooms = [room for room in ROOMS if room not in inside and room != "data"]
    modules = [module for room in rooms for module in modules_of(room)]
    for name in ["jaxgan.data.datasets", *modules]:
        path = SOURCE.parent / (name.replace(".", "/") + ".py")
        path = path if path.is_file() else path.with_suffix("") / "__init__.py"
        body = ast.parse(path.read_text()).body
        for node, after in zip(body, [*body[1:], None], strict=True):
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.AnnAssign):
                target = node.target
            if isinstance(target, ast.Name) and target.id[0] != "_" and not is_text(after):
                undocumented.append(f"{name}.{target.id}")
    assert undocumented == []


def is_text(node) -> bool:
    """Whether a statement is a string: the docstring of the value above it."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def test_the_reference_has_every_name_of_the_face():
    pytest.importorskip("mkdocs")
    from hooks import ROOMS, modules_of, target_of

    modules = {module for room in ROOMS for module in modules_of(room)}
    outside = {
        name
        for name in jaxgan.__all__
        if target_of(name) not in modules and target_of(name).rpartition(".")[0] not in modules
    }
    assert outside == set()


def test_sections_of_the_readme_that_pages_include_are_there():
    readme = (ROOT / "README.md").read_text()
    named = re.findall(
        r"^<!-- README: (.+?) -->$", "\n".join(p.read_text() for p in PAGES), re.MULTILINE
    )
    assert named
    assert all(re.search(rf"^##+ {re.escape(name)}$", readme, re.MULTILINE) for name in named)


def test_every_page_is_in_the_navigation():
    class Loader(yaml.SafeLoader):
        """A loader of its own, as mkdocs has one."""

    nav = yaml.load((SITE / "mkdocs.yml").read_text(), Loader)["nav"]
    named = set(re.findall(r"[\w/]+\.md", repr(nav)))
    made = {"gallery.md"} | {
        f"tutorials/{path.stem}.md" for path in (SITE / "tutorials").glob("*.ipynb")
    }
    assert named == {page.name for page in PAGES} | made
