"""Section of scores: a table for each protocol, and scores over the training."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from jaxgan.evaluation.score import Score, columns, differences, to_row
from jaxgan.report.context import LeftOutError, ReportedRun
from jaxgan.report.document import Block, Code, Details, Heading, Picture, Table, Text, number
from jaxgan.viz import figures

AS_GOOD = "as many perfect samples as were good"
OF_GOOD = f"reverse_kl of {AS_GOOD}"
"""Heading of the column that says how low the KL divergence can be."""


def scores(run: ReportedRun) -> list[Block]:
    """A table for each protocol, and scores over the steps of the training."""
    if not run.scores:
        raise LeftOutError("there are no scores yet. jaxgan evaluate RUN measures some.")
    found = columns(run.scores)
    names = protocol_names(found)
    blocks: list[Block] = [
        Text(
            "Each table holds scores of one protocol; numbers of different tables cannot be "
            "compared. Held-out real samples, none of which is in the reference, show what even a "
            "perfect generator gets, and controls what needs no training."
        )
    ]
    for place, (name, column) in enumerate(zip(names, found, strict=True)):
        blocks.append(Heading(name))
        before = [other for other in found[:place] if other[0].title == column[0].title]
        if before:
            other = differences(before[0][0], column[0])
            blocks.append(Text(f"Differs from the first protocol in {'; '.join(other)}."))
        blocks += [score_table(column), complete(column)]
    return [*blocks, Heading("Over the training"), over_training(names, found)]


def over_training(names: Sequence[str], found: Sequence[Sequence[Score]]) -> Block:
    """A panel for each protocol with scores of several steps."""
    every = [course(name, column) for name, column in zip(names, found, strict=True)]
    courses = [one for one in every if one is not None]
    if not courses:
        sentence = "Left out: no protocol has scores of two steps. jaxgan evaluate RUN --step N"
        return Text(f"{sentence} measures another step.", "note")
    caption = "One panel for each protocol; the dashed line is of held-out real samples."
    return Picture("scores", figures.scores_over_steps(courses), caption)


def protocol_names(found: Sequence[Sequence[Score]]) -> list[str]:
    """A name for each column, numbered if several protocols measure the same metric."""
    titles = [column[0].title for column in found]
    return [
        f"{title}, protocol {titles[: place + 1].count(title)}"
        if titles.count(title) > 1
        else title
        for place, title in enumerate(titles)
    ]


def score_table(column: Sequence[Score]) -> Table:
    """Scores of one protocol; the first rows are of held-out and perfect samples, and controls."""
    names = list(dict.fromkeys(name for score in column for name in score.values))
    shown = [*names, OF_GOOD] if any(OF_GOOD in _with_good(score) for score in column) else names
    held_out = [(_held_out(score), score.real_score) for score in column if score.real_score]
    perfect = [("a perfect sampler", score.details.get("perfect")) for score in column]
    controls = [found for score in column for found in score.controls.items()]
    beside = [*held_out, *perfect, *controls]
    tops = [(name, _cells(values, shown)) for name, values in beside if values]
    rows = [(name, "", "", "", "", *cells) for name, cells in dict.fromkeys(tops)]
    for score in sorted(column, key=lambda score: score.subject.get("step") or 0):
        rows.append(("generated", *_samples(score.subject), *_cells(_with_good(score), shown)))
    better = {"lower": " (lower is better)", "higher": " (higher is better)"}
    first = names[0] + better.get(column[0].better, "")
    return Table(rows, ("", "step", "weights", "truncation", "seed", first, *shown[1:]))


def _samples(about: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Step, weights, truncation and seed of the samples of a score."""
    step = f"{about.get('step', '')} ({about['rule']})" if "rule" in about else ""
    standing, truncation = about.get("standing_batches"), about.get("truncation")
    weights = f"{about.get('weights', '')}{f', standing {standing}' if standing else ''}"
    cut = "none" if truncation is None else f"{truncation:g}"
    return (step, weights, cut, str(about.get("seed", "")))


def _with_good(score: Score) -> dict[str, float]:
    """The values, and the KL of as many perfect samples as were of high quality."""
    good = score.details.get("perfect_of_good", {})
    return {**score.values, **({OF_GOOD: good["reverse_kl"]} if good else {})}


def _held_out(score: Score) -> str:
    """Which real samples were held out."""
    split, count = score.real_score_of.get("split"), score.real_score_of.get("n")
    about = [f"{split}"] if split else []
    about += [f"n = {count}"] if count is not None else []
    return f"held-out real ({', '.join(about)})" if about else "held-out real"


def _cells(values: Mapping[str, float], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(number(values[name]) if name in values else "" for name in names)


def complete(column: Sequence[Score]) -> Details:
    """The protocol, and all that was recorded of each score."""
    protocol = column[0].protocol
    table = Table([(name, in_words(value)) for name, value in protocol.items()])
    rows = Code("".join(map(to_row, column)).strip())
    return Details("Protocol and complete records", [table, rows])


def course(name: str, column: Sequence[Score]) -> figures.Course | None:
    """The column's first value over the steps; None if it has but one step."""
    seeds = {score.subject.get("seed") for score in column}
    points: dict[str, dict[int, float]] = {}
    for score in column:
        step = score.subject.get("step")
        if type(step) is int and math.isfinite(score.value):
            label = about_samples({**score.subject, "step": None}, seed=len(seeds) > 1)
            points.setdefault(label, {})[step] = score.value  # of two, the later one
    if len({step for line in points.values() for step in line}) < 2:
        return None
    value, last = next(iter(column[0].values)), column[-1]
    lines = {
        label: (sorted(line), [line[step] for step in sorted(line)])
        for label, line in points.items()
    }
    title = f"{name} {value}, n = {last.protocol.get('n_fake', '?')}"
    return figures.Course(title, last.better, lines, last.real_score.get(value))


def about_samples(about: Mapping[str, Any], seed: bool = True) -> str:
    """Which samples were scored, in words."""
    parts = [f"step {about['step']}"] if about.get("step") is not None else []
    parts += [f"{about['weights']} weights"] if "weights" in about else []
    if about.get("standing_batches"):
        parts.append(f"standing {about['standing_batches']}")
    if about.get("truncation") is not None:
        parts.append(f"truncation {about['truncation']:g}")
    if seed and "seed" in about:
        parts.append(f"seed {about['seed']}")
    return ", ".join(parts) or "samples"


def in_words(value: Any) -> str:
    """A value of a protocol as text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {in_words(part)}" for name, part in value.items())
    return str(value)
