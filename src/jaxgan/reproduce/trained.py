"""What experiments drew after a short training: ``experiments/trained/NAME.json`` and ``NAME.png``.

It is no measurement, but a look: that the samples are what they should be, and not all alike.
"""

import dataclasses
import json
from pathlib import Path

from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Trained:
    """A run that was trained for a while.

    Attributes:
      experiment: its name, with the preset.
      step: that its picture was drawn at.
      steps: the experiment's own budget.
      outcome: ``trained``, or ``diverged`` if it did so before its time was over.
      seconds: that the process had its cores; None if that is not known.
      command: trains it to that step; where a schedule ends with the budget, it trains further and
        passes that step.
      hardware: what it ran on.
      commit: of the code; empty if not known.
      variant: what tells it from another look at the experiment; may be empty.
      seen: what a person saw in the picture; empty before one has looked.
    """

    experiment: str
    step: int
    steps: int
    outcome: str
    seconds: float | None
    command: str
    hardware: str
    commit: str = ""
    variant: str = ""
    seen: str = ""


def read_trained(folder: Path, name: str) -> Trained | None:
    """The record of an experiment in ``experiments/trained``; None if there is none.

    Raises:
      UserError: it is damaged.
    """
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    try:
        return Trained(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}); restore it.") from error


def trained_of(folder: Path, experiment: str) -> dict[str, Trained]:
    """All records of one experiment, by the name of their file without ``.json``.

    Raises:
      UserError: one is damaged.
    """
    names = [path.stem for path in sorted(folder.glob("*.json"))]
    found = {name: record for name in names if (record := read_trained(folder, name))}
    return {name: record for name, record in found.items() if record.experiment == experiment}
