"""Scores: what was measured, of what, against what, and how.

A number without its protocol cannot be compared. So a score carries all of it, is stored with all
of it, and two scores whose protocols differ in anything never stand in one column.
"""

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxgan.errors import UserError
from jaxgan.files import append_whole, held, replacing

FORMAT = 2
"""Version of a row of ``evaluations.jsonl``; rows of another version are refused. Those of version
1 do not say at which precision, nor from which checkpoint and data, samples were drawn."""

RULE = "during training"
"""What a score that a run makes of itself says of how the checkpoint was chosen."""


@dataclasses.dataclass(frozen=True)
class Score:
    """One metric of one set of samples, and all that is known of how it was measured.

    Attributes:
      metric: the metric as ``--metrics`` takes it, e.g. ``fd``.
      title: what its value is called, e.g. ``FD-EffNetLite0-64``; never "FID" for other features.
      better: ``lower``, ``higher``, or empty where neither is.
      values: the numbers by name, the one that ranks first, e.g. ``{"distance": 21.3}``.
      real_score: the same numbers of held-out real samples, which even a perfect generator gets:
        the least of a distance, the most of a precision. Empty where there are none.
      protocol: all that must agree before two scores may be compared: parameters of the metric,
        extractor and sha256 of its weights, resize of both sets, quantization, precision of
        features and of the generator, its weights (averaged or not), truncation, standing
        statistics, how its checkpoint was chosen, distribution of labels, numbers of samples, data
        set, its sha256, split.
      subject: what was scored: run, step in D steps, G steps and images, rule of the checkpoint,
        weights, truncation, seed; or the file.
      real_score_of: which held-out samples gave ``real_score``.
      environment: versions, device, command and time.
      details: what else a person may look at: samples of each mode, distances of each class; of
        modes also what a perfect sampler scores: ``perfect`` with as many samples, and
        ``perfect_of_good`` with the ``n`` that were of high quality.
    """

    metric: str
    title: str
    better: str
    values: Mapping[str, float]
    real_score: Mapping[str, float]
    protocol: Mapping[str, Any]
    subject: Mapping[str, Any]
    real_score_of: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    environment: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def value(self) -> float:
        """The number that ranks."""
        return next(iter(self.values.values()))

    @property
    def controls(self) -> dict[str, dict[str, float]]:
        """What is got without training, by name, and the values that it has."""
        found = self.details.get("controls") or _earlier_controls(self)
        return {
            name: {value: float(number) for value, number in values.items()}
            for name, values in found.items()
        }


def _earlier_controls(score: Score) -> dict[str, dict[str, float]]:
    """Those of a row that was written before controls had one place."""
    found: dict[str, dict[str, float]] = {}
    if "unchanged" in score.details:
        found["the sources unchanged"] = score.details["unchanged"]
    for name, value in score.values.items():
        for control in ("mean_color", "nearest_border"):
            if name.startswith(control):
                values = found.setdefault(f"the {control.replace('_', ' ')}", {})
                values[name.removeprefix(f"{control}_")] = value
    return found


def differences(first: Score, second: Score) -> list[str]:
    """What the protocols of two scores do not share, ``name: one -> other``."""
    return [
        f"{name}: {_short(first.protocol.get(name))} -> {_short(second.protocol.get(name))}"
        for name in dict.fromkeys((*first.protocol, *second.protocol))
        if first.protocol.get(name) != second.protocol.get(name)
    ]


def column(scores: Sequence[Score]) -> Sequence[Score]:
    """The scores, if they may stand in one column.

    Raises:
      UserError: two of them were measured in different ways; says in which.
    """
    for score in scores[1:]:
        if found := differences(scores[0], score):
            raise UserError(
                f"{scores[0].title} and {score.title} were measured in different ways "
                f"({'; '.join(found)}) and cannot be compared; measure them again in one way."
            )
    return scores


def columns(scores: Iterable[Score]) -> list[list[Score]]:
    """The scores as columns of one protocol each, in the order of their first members."""
    found: dict[str, list[Score]] = {}
    for score in scores:
        key = json.dumps(score.protocol, sort_keys=True, default=str)
        found.setdefault(key, []).append(score)
    return [list(column(together)) for together in found.values()]


def to_row(score: Score) -> str:
    """The score as a line of JSON; a number that is not finite is written as its name."""
    row: dict[str, Any] = {"format": FORMAT} | dataclasses.asdict(score)
    for part in ("values", "real_score"):
        row[part] = {name: _plain(value) for name, value in row[part].items()}
    return json.dumps(row, allow_nan=False) + "\n"


def from_row(line: str) -> Score:
    """The score that a line holds.

    Raises:
      UserError: it was written by a newer jaxgan, or by an older one.
      ValueError: it holds no score.
    """
    loaded = json.loads(line)
    if not isinstance(loaded, dict) or type(loaded.get("format")) is not int:
        raise ValueError("not a score")
    row: dict[str, Any] = loaded
    version = row.pop("format")
    if version > FORMAT:
        raise UserError("A score was written by a newer jaxgan; update jaxgan to read it.")
    if version < FORMAT:
        raise UserError(
            f"A score has format {version} of an older jaxgan, which does not say how its samples "
            "were drawn; move the file away and evaluate again."
        )
    try:
        for part in ("values", "real_score"):
            numbers: Mapping[str, Any] = row[part]
            row[part] = {name: float(value) for name, value in numbers.items()}
        if not row["values"]:
            raise ValueError("no values")
        score = Score(**row)
        parts = (
            score.protocol,
            score.subject,
            score.real_score_of,
            score.environment,
            score.details,
        )
        step = score.subject.get("step", 0)
        if not all(isinstance(part, dict) for part in parts) or type(step) is not int:
            raise ValueError("parts of another type")
        if not all(isinstance(word, str) for word in (score.metric, score.title, score.better)):
            raise ValueError("names of another type")
        return score
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a score: {error}") from error


def append(path: Path, scores: Iterable[Score]) -> None:
    """Adds the scores to a file of rows, all or none; other processes may do so at once.

    A line that was cut off before stays apart.

    Raises:
      OSError: they could not be written.
    """
    text = "".join(map(to_row, scores)).encode()
    with held(path) as file:
        end = os.fstat(file).st_size
        if end and os.pread(file, 1, end - 1) != b"\n":
            text = b"\n" + text
        append_whole(file, text)


def read_scores(path: Path) -> list[Score]:
    """The scores in a file; lines that are cut off or damaged are left out.

    Raises:
      UserError: a row was written by a newer jaxgan, or by an older one.
    """
    if not path.is_file():
        return []
    found = []
    for line in path.read_bytes().decode(errors="replace").splitlines():
        try:
            found.append(from_row(line))
        except (ValueError, RecursionError) as error:
            if isinstance(error, UserError):
                raise UserError(f"{path}: {error}") from error
    return found


def forget(path: Path, since: int, rule: str) -> None:
    """Removes the rows that a run wrote of itself by ``rule`` after step ``since``.

    A run that was killed after its last checkpoint repeats those steps. Every other line stays,
    damaged ones too.
    """

    def stays(line: bytes) -> bool:
        try:
            subject = from_row(line.decode()).subject
        except ValueError:  # of which UserError is one
            return True
        return subject.get("rule") != rule or subject.get("step", 0) <= since

    if path.is_file():
        with held(path):
            lines = path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if stays(line)]
            if kept != lines:
                with replacing(path) as part:
                    part.write_bytes(b"".join(kept))


def _plain(value: float) -> float | str:
    value = float(value)
    return value if math.isfinite(value) else str(value)


def _short(value: Any) -> str:
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)
