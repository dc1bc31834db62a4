"""What the documentation takes from elsewhere when it is built, so that it is written once.

The API reference from docstrings, the gallery from the records of trainings, tutorials from their
notebooks, and sections of the README where a page says ``<!-- README: Extend -->``.
"""

import importlib
import inspect
import json
import re
from pathlib import Path

import numpy as np
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from PIL import Image

import jaxgan
from jaxgan.reproduce.catalog import catalog
from jaxgan.reproduce.gallery import page, strip

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SOURCE = ROOT / "src" / "jaxgan"
EXPERIMENTS = ROOT / "experiments"

ROOMS = {
    "experiment": "An experiment and its task",
    "game": "The game: Gan, phases, terms, the step",
    "forward": "Forward passes",
    "losses": "Losses",
    "penalties": "Penalties",
    "nets": "Networks of the papers",
    "nn": "Layers",
    "augment": "Augmentations",
    "limited_data": "Few images",
    "optim": "Optimizers",
    "ema": "Averages of weights",
    "hyperparameters": "Kinds of hyperparameters",
    "types": "Types",
    "data": "Data",
    "metrics": "Metrics",
    "sampling": "Trained generators",
    "sweep/study": "Studies",
    "training": "Training loop, engines, hooks",
    "viz": "Pictures",
    "reproduce/numbers": "Numbers that are measured again",
    "cli/experiment": "The command line of an experiment file",
    "errors": "Errors of the user",
}
"""Rooms and modules of the reference -> what they are."""

INTERNAL = ("data/prepare", "data/sources")
"""Folders within them that no experiment file needs."""


def modules_of(room: str) -> list[str]:
    """The dotted names of a room's modules; first that of the room itself."""
    if (SOURCE / f"{room}.py").is_file():
        return [f"jaxgan.{room.replace('/', '.')}"]
    found = []
    for path in sorted((SOURCE / room).rglob("*.py")):
        name = path.relative_to(SOURCE).with_suffix("").as_posix()
        if not name.startswith(INTERNAL):
            found.append("jaxgan." + name.removesuffix("/__init__").replace("/", "."))
    return sorted(set(found))


def reference_page(room: str) -> str:
    """The reference of a room."""
    first, *others = modules_of(room)
    text = [f"# {first}", f"{ROOMS[room]}.", f"::: {first}"]
    if others:
        text[-1] += "\n    options:\n      members: false"
    return "\n\n".join([*text, *(f"::: {name}" for name in others)]) + "\n"


def face_page() -> str:
    """What ``import jaxgan as jg`` gives: a table that leads to each name's own place."""
    rows = []
    for name in jaxgan.__all__:
        value = getattr(jaxgan, name)
        said = inspect.isclass(value) or inspect.isfunction(value) or inspect.ismodule(value)
        about = (value.__doc__ or "").strip().partition("\n\n")[0] if said else ""
        about = " ".join(about.split()).replace("|", "/").replace("``", "`")
        rows.append(f"| [`jg.{name}`][{target_of(name)}] | {about} |")
    head = "# jaxgan\n\nWhat `import jaxgan as jg` gives an experiment file."
    return "\n".join([head, "", "| name | what |", "|---|---|", *rows, ""])


def target_of(name: str) -> str:
    """Where a name of the face is declared, as the reference calls it."""
    if name in jaxgan._MODULES:
        return jaxgan._MODULES[name]
    module = importlib.import_module(jaxgan._NAMES[name])
    return f"{module.__name__}.{name}"


def notebook_page(path: Path) -> str:
    """A notebook as Markdown: text, code, and what the code printed and drew when it was saved."""
    parts = []
    for cell in json.loads(path.read_text())["cells"]:
        text = "".join(cell["source"]).rstrip()
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        parts.append(f"```python\n{text}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                parts.append(
                    f"![drawn](data:image/png;base64,{''.join(data['image/png']).strip()})"
                )
            elif said := "".join(output.get("text", data.get("text/plain", ""))).rstrip():
                parts.append(f"```text\n{said}\n```")
    parts.append(f"*The notebook is `{path.relative_to(ROOT)}`.*")
    return "\n\n".join(parts) + "\n"


def readme_section(title: str) -> str:
    """A section of the README, without links to files, which are not part of the site.

    Raises:
      PluginError: there is none of this title.
    """
    readme = (ROOT / "README.md").read_text()
    found = re.search(
        rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", readme, re.DOTALL | re.MULTILINE
    )
    if not found:
        raise PluginError(f"The README has no section {title!r}.")
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[1])


def on_config(config):
    """Fills in the pages of the reference."""
    pages = [{"jaxgan": "reference/jaxgan.md"}]
    pages += [{ROOMS[room]: f"reference/{room.replace('/', '_')}.md"} for room in ROOMS]
    for entry in config.nav:
        if isinstance(entry, dict) and "Reference" in entry:
            entry["Reference"] = pages
    return config


def on_files(files, config):
    """Adds what is made from elsewhere."""
    rows = catalog(EXPERIMENTS)
    texts = {"gallery.md": page(rows, EXPERIMENTS), "reference/jaxgan.md": face_page()}
    texts |= {f"reference/{room.replace('/', '_')}.md": reference_page(room) for room in ROOMS}
    for path in sorted((HERE / "tutorials").glob("*.ipynb")):
        texts[f"tutorials/{path.stem}.md"] = notebook_page(path)
    for name, text in texts.items():
        files.append(File.generated(config, name, content=text))
    figures = EXPERIMENTS / "figures"
    if not np.array_equal(np.asarray(Image.open(figures / "strip.png")), strip(rows, EXPERIMENTS)):
        raise PluginError("experiments/figures/strip.png is out of date; run scripts/gallery.")
    copies = {"strip.png": figures / "strip.png", "mocogan.gif": figures / "mocogan.gif"}
    for path in sorted((EXPERIMENTS / "trained").glob("*")):
        if path.suffix in (".png", ".gif", ".wav"):
            copies[f"trained/{path.name}"] = path
    reports = EXPERIMENTS / "studies" / "results"
    copies["reports/losses_grid/scores.png"] = reports / "losses_grid" / "scores.png"
    for name, path in copies.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Puts sections of the README where a page names them."""
    return re.sub(
        r"^<!-- README: (.+?) -->$", lambda m: readme_section(m[1]), markdown, flags=re.MULTILINE
    )
