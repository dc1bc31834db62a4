"""The table of all experiments: published numbers, and ours beside them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Published, load_experiment

HEAD = """\
# Experiments

Written by `scripts/experiments_readme` from the `results` of the experiment files: change those,
then run it again. "Ours" is what the command gave on the hardware that is named: the mean ±
standard deviation over seeds or, of one seed, the number ± what its protocol says; "not run yet" is
said wherever there is none. Published numbers are as printed, each under its own protocol: where
protocol or budget differ from ours, so may the numbers. Numbers of code that is not the authors'
say whose it is. What each file does differently from its paper stands at its beginning. Small
budgets are compared in [toys.md](../scripts/benchmarks/toys.md) (mode collapse on ring and grid)
and [fashion.md](../scripts/benchmarks/fashion.md) (seven losses on Fashion-MNIST).

"""

COLUMNS = ("method", "data", "metric and protocol", "ours", "official or other code", "paper")

NOT_RUN = "not run yet"


def published(folder: Path) -> list[Experiment]:
    """The experiments that the files of ``folder`` declare, by name.

    Raises:
      UserError: there are none, or one does not run.
    """
    files = sorted(folder.glob("*.py"))
    if not files:
        raise UserError(f"{folder} holds no experiment files.")
    return [load_experiment(file) for file in files]


def faults(result: Published) -> list[str]:
    """What a number lacks that it must not stand without."""
    wanted = ["metric", "protocol", "paper", "source"]
    if result.ours is not None:
        wanted += ["ours", "seeds", "command", "hardware"]
    found = [f"no {name}" for name in wanted if not str(getattr(result, name) or "").strip()]
    return found


def render(experiments: Iterable[Experiment]) -> str:
    """The text of the README.

    Raises:
      UserError: a number has no source, or one of ours no command, seeds or hardware.
    """
    lines = [_row(COLUMNS), _row("---" for _ in COLUMNS)]
    for experiment in experiments:
        for result in experiment.results:
            if found := faults(result):
                raise UserError(f"{experiment.name}, {result.metric}: {', '.join(found)}.")
        lines += [_row(cells) for cells in _rows(experiment)]
    return HEAD + "".join(line + "\n" for line in lines)


def _rows(experiment: Experiment) -> list[Sequence[str]]:
    title = experiment.doc.partition("\n")[0].removesuffix(".")
    method = f"[{experiment.name}]({experiment.name}.py): {title}"
    if not experiment.results:
        return [(method, experiment.data, "", NOT_RUN, "", "none for this data set")]
    first = (method, experiment.data)
    return [
        (
            *(first if number == 0 else ("", "")),
            f"{result.metric} ({result.protocol})",
            _ours(result),
            result.official or "",
            f"{result.paper} ({result.source})",
        )
        for number, result in enumerate(experiment.results)
    ]


def _ours(result: Published) -> str:
    if result.ours is None:
        return NOT_RUN
    seeds = "1 seed" if result.seeds == 1 else f"{result.seeds} seeds"
    return f"{result.ours} ({seeds}, {result.hardware}; `{result.command}`)"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
