"""Tables of scores, one for each protocol."""

import math
from collections.abc import Mapping, Sequence

from jaxgan.evaluation.score import Score, columns, differences, to_row
from jaxgan.report.context import LeftOutError, ReportedRun, about_samples, in_words, number
from jaxgan.report.document import Block, Code, Details, Heading, Picture, Table, Text
from jaxgan.viz import figures

AS_GOOD = "as many perfect samples as were good"

OF_GOOD = f"reverse_kl of {AS_GOOD}"
"""The column of a table of scores that says what the KL can be at best."""


def scores(subject: ReportedRun) -> list[Block]:
    """A table for each protocol, and scores over the steps of the training."""
    if not subject.scores:
        raise LeftOutError("nothing has been scored yet. jaxgan evaluate RUN does.")
    found = columns(subject.scores)
    names, blocks = protocol_names(found), []
    courses = [
        course for name, one in zip(names, found, strict=True) if (course := _course(name, one))
    ]
    blocks.append(
        Text(
            "Each table holds scores that were measured in one way; numbers of different tables do "
            "not compare. Held-out real samples show what even a perfect generator gets."
        )
    )
    for place, (name, column) in enumerate(zip(names, found, strict=True)):
        blocks.append(Heading(name))
        before = [other for other in found[:place] if other[0].title == column[0].title]
        if before:
            other = differences(before[0][0], column[0])
            blocks.append(Text(f"Differs from the first protocol in {'; '.join(other)}."))
        blocks += [score_table(column), stamps(column)]
    blocks.append(Heading("Over the training"))
    if courses:
        image = figures.scores_over_steps(courses)
        caption = (
            "One panel for each way of measuring; the dashed line is of held-out real samples."
        )
        return [*blocks, Picture("scores", image, caption)]
    sentence = "Left out: no score has two steps. jaxgan evaluate RUN --step N scores another."
    return [*blocks, Text(sentence, "note")]


def protocol_names(found: Sequence[Sequence[Score]]) -> list[str]:
    """A name for each column, numbered where a title is measured in more than one way."""
    titles = [column[0].title for column in found]
    return [
        f"{title}, protocol {titles[: place + 1].count(title)}"
        if titles.count(title) > 1
        else title
        for place, title in enumerate(titles)
    ]


def score_table(column: Sequence[Score]) -> Table:
    """The scores of one protocol; first rows of held-out samples and of a perfect sampler."""
    names = list(dict.fromkeys(name for score in column for name in score.values))
    shown = [*names, OF_GOOD] if any(OF_GOOD in _with_good(score) for score in column) else names
    held_out = [(_held_out(score), score.floor) for score in column if score.floor]
    perfect = [("a perfect sampler", score.details.get("perfect")) for score in column]
    tops = [(name, _cells(values, shown)) for name, values in held_out + perfect if values]
    rows = [(name, "", "", "", "", *cells) for name, cells in dict.fromkeys(tops)]
    for score in sorted(column, key=lambda score: score.subject.get("step") or 0):
        about = score.subject
        standing = about.get("standing_batches")
        weights = f"{about.get('weights', '')}{f', standing {standing}' if standing else ''}"
        step = f"{about.get('step', '')} ({about['rule']})" if "rule" in about else ""
        cut = about.get("truncation")
        subject = (step, weights, "none" if cut is None else f"{cut:g}", str(about.get("seed", "")))
        rows.append(("generated", *subject, *_cells(_with_good(score), shown)))
    better = {"lower": " (lower is better)", "higher": " (higher is better)"}
    first = names[0] + better.get(column[0].better, "")
    return Table(rows, ("", "step", "weights", "truncation", "seed", first, *shown[1:]))


def _with_good(score: Score) -> dict[str, float]:
    """The values, and the KL of as many perfect samples as were of high quality."""
    good = score.details.get("perfect_of_good", {})
    return {**score.values, **({OF_GOOD: good["reverse_kl"]} if good else {})}


def _held_out(score: Score) -> str:
    """Which real samples gave the floor."""
    split, count = score.floor_of.get("split"), score.floor_of.get("n")
    about = [f"{split}"] if split else []
    about += [f"n = {count}"] if count is not None else []
    return f"held-out real ({', '.join(about)})" if about else "held-out real"


def _cells(values: Mapping[str, float], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(number(values[name]) if name in values else "" for name in names)


def stamps(column: Sequence[Score]) -> Details:
    """The protocol, and the whole of every score."""
    protocol = column[0].protocol
    table = Table([(name, in_words(value)) for name, value in protocol.items()])
    rows = Code("".join(map(to_row, column)).strip())
    return Details("Protocol and complete stamps", [table, rows])


def _course(name: str, column: Sequence[Score]) -> figures.Course | None:
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
    floor = last.floor.get(value)
    lines = {
        label: (sorted(line), [line[step] for step in sorted(line)])
        for label, line in points.items()
    }
    title = f"{name} {value}, n = {last.protocol.get('n_fake', '?')}"
    return figures.Course(title, last.better, lines, floor)
