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
      step: that its picture was drawn at.
      steps: the experiment's own budget.
      outcome: ``trained``, or ``diverged`` if it did so before its time was over.
      seconds: that the process had its cores, in its last launch if it was stopped in between.
      command: trains it to that step.
      hardware: what it ran on.
      commit: of the code; empty if not known.
      seen: what a person saw in the picture; empty before one has looked.
    """

    step: int
    steps: int
    outcome: str
    seconds: float
    command: str
    hardware: str
    commit: str = ""
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
