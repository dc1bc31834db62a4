"""The table of all experiments, ``experiments/README.md``: published and measured numbers.

Published numbers stand in the experiment files. What was measured here stands beside them in
``experiments/results/NAME.json``, a list of objects with the fields of
``jaxgan.reproduce.measured.Measured``; no experiment reads it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Published, load_experiment
from jaxgan.reproduce.measured import Measured, empty_fields, read_measured
from jaxgan.reproduce.trained import Trained, trained_of

HEAD = """\
# Experiments

Written by `scripts/results` from the published numbers in the experiment files and the
measured ones in `results/`: change those, then run it again. Published numbers are as printed, each
under its own protocol; where protocol or budget differ from ours, so may the numbers. The source
says whose a number is if it is not the paper's own. "Measured here" is what the command gave on the
hardware that is named, with what ± stands for; "not run yet" means that nothing was measured. A
number marked **earlier code** was measured with code that is not in the history of this repository,
and the same command with the code of today trains other runs. What each file does differently from
its paper stands at its beginning. "Trained here" is a look and no measurement: the step that a
short run of `scripts/baselines` reached, of the experiment's own budget, what it drew there (seed
0, not selected), and what a person saw in it; the run's command and hardware stand in `trained/`.
Small budgets are compared in
[toys.md](../scripts/benchmarks/results/toys.md) (mode collapse on ring and grid) and
[fashion.md](../scripts/benchmarks/results/fashion.md) (seven losses on Fashion-MNIST).

"""

COLUMNS = ("method", "data", "trained here", "metric and protocol", "published", "measured here")

NOT_RUN = "not run yet"
NOT_PUBLISHED = "none for this data set"


def load_all(folder: Path) -> list[tuple[Experiment, list[Measured]]]:
    """The experiments of a folder by name, each with what was measured.

    Raises:
      UserError: there are none, one does not run, or a file of results is at fault.
    """
    files = sorted(folder.glob("*.py"))
    if not files:
        raise UserError(f"{folder} holds no experiment files.")
    for path in sorted((folder / "results").glob("*.json")):
        if not (folder / f"{path.stem}.py").is_file():
            raise UserError(f"{path} belongs to no experiment; rename or remove it.")
    return [
        (load_experiment(file), read_measured(folder / "results" / f"{file.stem}.json"))
        for file in files
    ]


def render(experiments: Iterable[tuple[Experiment, Sequence[Measured]]]) -> str:
    """The text of the table.

    Raises:
      UserError: a published number has no metric, value or source.
    """
    lines = [_row(COLUMNS), _row("---" for _ in COLUMNS)]
    for experiment, measured in experiments:
        lines += [_row(cells) for cells in _rows(experiment, measured)]
    return HEAD + "".join(line + "\n" for line in lines)


def _rows(experiment: Experiment, measured: Sequence[Measured]) -> list[Sequence[str]]:
    """The rows of an experiment: one block for the presets that share their published numbers.

    Raises:
      UserError: a published number lacks a field, or a measured one does not say of which preset.
    """
    blocks: dict[tuple[Published, ...], list[Experiment]] = {}
    for one in [experiment.selected(name) for name in experiment.presets] or [experiment]:
        blocks.setdefault(one.published, []).append(one)
    title = experiment.doc.partition("\n")[0].removesuffix(".")
    rows: list[Sequence[str]] = []
    left = list(measured)
    for published, presets in blocks.items():
        names = [one.preset for one in presets]
        ours = [row for row in left if row.preset in names or len(blocks) == 1]
        left = [row for row in left if row not in ours]
        data = ", ".join(dict.fromkeys(one.data.name for one in presets))
        name = " ".join(filter(None, (experiment.file.stem, ", ".join(names))))
        looks = "; ".join(filter(None, (_looked_at(one) for one in presets)))
        first = (f"[{name}]({experiment.file.name}){'' if rows else f': {title}'}", data, looks)
        found = _block(presets[0].name, published, ours)
        rows += [
            (*cells, *row)
            for cells, row in zip([first, *[("", "", "")] * (len(found) - 1)], found, strict=True)
        ]
    if left:
        raise UserError(
            f"{experiment.file.stem}, {left[0].metric}: name the preset that was trained, one of "
            f"{', '.join(experiment.presets)} (found {left[0].preset or 'none'})."
        )
    return rows


def _block(
    name: str, every: Sequence[Published], measured: Sequence[Measured]
) -> list[tuple[str, str, str]]:
    """A row for each published number, and for each measured one that has none beside it."""
    left, rows = list(measured), []
    for published in every:
        if found := empty_fields(published, "metric", "value", "source"):
            raise UserError(f"{name}, {published.metric}: {', '.join(found)}.")
        ours = [row for row in left if row.metric == published.metric]
        left = [row for row in left if row not in ours]
        # Code of today before earlier code, a large budget before a small one.
        ours.sort(key=lambda row: (not row.code_in_history, -row.budget))
        told = _measured(ours[0]) if ours else NOT_RUN
        rows.append((published.metric, f"{published.value} ({published.source})", told))
        rows += [(published.metric, "as above", _measured(row)) for row in ours[1:]]
    rows += [(row.metric, "none", _measured(row)) for row in left]
    return rows or [("", NOT_PUBLISHED, NOT_RUN)]


def _looked_at(experiment: Experiment) -> str:
    """What is on record of short trainings of one preset; empty if there is nothing."""
    folder = experiment.file.parent / "trained"
    looks = trained_of(folder, experiment.name)
    return "; ".join(_look(folder, name, looks[name], experiment.preset) for name in looks)


def _look(folder: Path, name: str, found: Trained, preset: str) -> str:
    about = ", ".join(filter(None, (preset, found.variant)))
    step = f"{'diverged, ' * (found.outcome == 'diverged')}step {found.step:,} of {found.steps:,}"
    if (folder / f"{name}.png").is_file():
        step = f"[{step}](trained/{name}.png)"
    return f"{about + ': ' * bool(about)}{step}{f' ({found.seen})' if found.seen else ''}"


def _measured(row: Measured) -> str:
    seeds = "1 seed" if row.seeds == 1 else f"{row.seeds} seeds"
    about = [row.protocol, f"{seeds}, ± {row.spread}", row.hardware, f"`{row.command}`"]
    mark = "" if row.code_in_history else " **earlier code**"
    return f"{row.value}{mark} ({'; '.join(part for part in about if part)})"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
