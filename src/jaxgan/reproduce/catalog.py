"""What there is to train: a row for each experiment and preset, as tables and galleries show it."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from jaxgan.experiment import Experiment
from jaxgan.reproduce.measured import Measured
from jaxgan.reproduce.table import load_all
from jaxgan.reproduce.trained import Trained, trained_of


@dataclasses.dataclass(frozen=True)
class Row:
    """An experiment, or one preset of it.

    Attributes:
      experiment: what its file declares, with the preset.
      paper: authors and year, e.g. ``Goodfellow et al. 2014``.
      cost: the beginning of what the file says under ``Cost:``; it may be of another preset.
      measured: numbers that were measured here.
      looks: short trainings, by the name of their record.
    """

    experiment: Experiment
    paper: str
    cost: str
    measured: Sequence[Measured]
    looks: dict[str, Trained]

    @property
    def name(self) -> str:
        """The words after ``jaxgan train``: ``dcgan cifar10``."""
        return " ".join(filter(None, (self.experiment.file.stem, self.experiment.preset)))

    @property
    def title(self) -> str:
        """The first line of the file."""
        return self.experiment.doc.partition("\n")[0].removesuffix(".")

    @property
    def spent(self) -> str:
        """What training took here: of a look, or of the default budget as the file says."""
        for look in self.looks.values():
            if look.seconds is not None and look.outcome == "trained":
                minutes = max(1, round(look.seconds / 60))
                whole = "" if look.step >= look.steps else f" for {look.step:,} steps"
                return f"{minutes} min on {look.hardware}{whole}"
        if self.cost.startswith("not measured"):
            return "not measured"
        presets = [name for name in self.experiment.presets if name in self.cost.split()]
        budgets = re.findall(r"default (\d[\d ]*) steps", self.cost)
        own = f"{self.experiment.steps}" in [budget.replace(" ", "") for budget in budgets]
        return self.cost if own and not presets else "see its --help"

    @property
    def score(self) -> str:
        """The first measured number with its metric, or how far a look came, or ``not run yet``."""
        if self.measured:
            best = self.measured[0]
            about = [re.sub(r" *[(].*", "", best.metric), best.protocol]
            about += [] if best.code_in_history else ["earlier code"]
            return f"{best.value} ({'; '.join(filter(None, about))})"
        for look in self.looks.values():
            ended = "diverged" if look.outcome == "diverged" else "no score"
            return f"{ended}; at step {look.step:,}: {look.seen or 'not looked at yet'}"
        return "not run yet"


def catalog(folder: Path) -> list[Row]:
    """The rows of all experiments in a folder, by name and preset.

    Raises:
      UserError: there are none, one does not run, or a record is damaged.
    """
    rows = []
    for declared, measured in load_all(folder):
        every = [declared.selected(name) for name in declared.presets] or [declared]
        for one in every:
            ours = [row for row in measured if is_of(row, one, every)]
            # Code of today before earlier code, a large budget before a small one: as in the table.
            ours.sort(key=lambda row: (not row.code_in_history, -row.budget))
            looks = trained_of(folder / "trained", one.name)
            rows.append(Row(one, paper_of(one.doc), cost_of(one.doc), ours, looks))
    return rows


def is_of(row: Measured, one: Experiment, every: Sequence[Experiment]) -> bool:
    """Whether a number belongs to a preset: it says so, or its metric begins with the data."""
    if row.preset or len(every) == 1:
        return row.preset in ("", one.preset)
    return row.metric.startswith(f"{one.data.name},")


def paper_of(doc: str) -> str:
    """Authors and year of the paper that a docstring names: ``Goodfellow et al. 2014``."""
    text = paragraph(doc, "Paper")
    authors, _, rest = text.partition(', "')
    year = re.search(r"\b(?:19|20)\d\d\b", rest.partition('"')[2])
    names = authors.split(", ")
    if len(names) > 1:
        authors = f"{names[0]} et al."
    return f"{authors} {year[0]}" if year else authors


def cost_of(doc: str) -> str:
    """The first clause of what a docstring says under ``Cost:``."""
    return re.split(r"[;.](?:\s|$)", paragraph(doc, "Cost"), maxsplit=1)[0]


def paragraph(doc: str, heading: str) -> str:
    """The text after ``heading:``, up to an empty line or the next heading, on one line."""
    until = r"(?=\n\n|\n[A-Z][^\n:]*: |\Z)"
    found = re.search(rf"^{heading}: *(.*?){until}", doc, re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else ""
