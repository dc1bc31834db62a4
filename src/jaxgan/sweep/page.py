"""The page of a study: which sections it has, in which order.

It starts with the table and the one figure that answer which variant is best, then shows samples.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.errors import UserError
from jaxgan.report.context import attempt
from jaxgan.report.document import (
    Block,
    Code,
    Details,
    Document,
    Gallery,
    Picture,
    Section,
    Table,
    Text,
)
from jaxgan.report.scores import in_words as protocol_in_words
from jaxgan.runs.folder import RunFolder
from jaxgan.sweep import figures, tables
from jaxgan.sweep.budget import UNEQUAL, UNEQUAL_TIME, budget_table
from jaxgan.sweep.cautions import cautions
from jaxgan.sweep.measures import ENOUGH_DISTANCE, ENOUGH_MODES, Measure, measures, scores_by_step
from jaxgan.sweep.results import Study, Trial, Variant, in_words, of_selection, shown
from jaxgan.sweep.statistics import profile, rank_correlation, with_worst
from jaxgan.viz.figures import enlarged, strip

LINES = 10
"""Variants that a figure with a line for each shows at most."""

BANDS = 3
"""Variants whose intervals a figure shows at most; of more, those of the best and the baseline."""

ROWS = 40
"""Variants that a figure with a row for each shows at most."""

SAMPLED = 8
"""Variants whose samples are shown at once; those of others after a click, up to ``ROWS``."""

LEAST = 240
"""Pixels that a picture of samples is wide at least, so that its title fits."""

FEW_LEVELS = 10
"""A factor of more levels was drawn at random: its correlation is shown, not its levels."""


def compose(study: Study) -> Document:
    """The page of a study.

    Raises:
      UserError: its baseline is no variant.
    """
    study.check_baseline()
    found = measures(study)
    measure = found[0] if found else None
    warnings = cautions(study, measure, found)
    if measure is None:
        lead: list[Block] = [Text("No run has finished with a score.", "warning")]
        lead.append(Table([(v.name, tables.finished(v)) for v in study.variants], ("", "finished")))
        parts: dict[str, Callable[[], list[Block]]] = {}
    else:
        lead = answer(study, measure, warnings)
        parts = {
            "Samples": lambda: samples(study, measure),
            "Differences from the baseline": lambda: differences(study, measure),
            "Main effects": lambda: main_effects(study, measure),
            "Performance profile": lambda: performance(study, measure),
            "Parallel coordinates": lambda: parallel(study, measure),
            "Curves": lambda: curves(study, measure),
            "Budget": lambda: budget(study, measure),
            "Other scores": lambda: other_scores(study, found[1:]),
        }
    if study.selection:
        parts["Selection"] = lambda: selection(of_selection(study))
    parts["Warnings"] = lambda: [Text(told, "warning") for told in warnings]
    parts["Runs"] = lambda: runs(study, measure)
    sections = [Section(title, attempt(build)) for title, build in parts.items()]
    return Document(study.title, lead, [section for section in sections if section.blocks])


def answer(study: Study, measure: Measure, warnings: Sequence[str]) -> list[Block]:
    """The table of all variants and the figure of the best, with their conclusion in words."""
    blocks: list[Block] = [Text(conclusion(study, measure))]
    if warnings:
        count = "A warning applies" if len(warnings) == 1 else f"{len(warnings)} warnings apply"
        blocks.append(Text(f"{count} to these numbers; see Warnings. {warnings[0]}", "note"))
    blocks.append(tables.summary_table(study, measure))
    order = tables.best_first(study, measure)
    rows = [row_of(variant, study, measure) for variant in order if measure.of(variant)][:ROWS]
    caption = (
        "Each dot is a run; a diamond is the interquartile mean of a variant, with its 95 % "
        "bootstrap interval; a cross stands for runs that were lost: diverged, failed or pruned."
    )
    if len(rows) < len(order):
        caption += f" {len(rows)} of {len(order)} variants, the best first."
    drawn = figures.intervals(
        rows, measure.title, measure.better, measure.real_score, measure.controls
    )
    return [*blocks, Picture("scores", drawn, caption)]


def conclusion(study: Study, measure: Measure) -> str:
    """What the table says, in two or three sentences."""
    best = tables.best_first(study, measure)[0]
    most = "highest" if measure.better == "higher" else "lowest"
    found = tables.summary_of(best, measure)
    count = len(study.variants)
    fresh = ", which took no part in selecting them" if study.selection else ""
    told = (
        f"{measure.title} of {measure.count:,} samples ({measure.better} is better), over the "
        f"training seeds of {count} variant{'s' * (count > 1)}{fresh}. "
        f"The {most} median is {tables.text(found.median)}, of {best.name} "
        f"({best.count('finished')} of {len(best.trials)} runs finished)."
    )
    if (fallen := tables.collapses(best)) and not fallen.startswith("0"):
        told += f" But {fallen} of its finished runs collapsed."
    if study.is_baseline(best):
        return f"{told} It is the baseline."
    if study.baseline_of(best) is None:
        return told
    compared = next(one for one in tables.compare(study, measure) if one.variant is best)
    told += f" Its mean less that of the baseline is {tables.difference(compared.of_all)}"
    p = compared.p_of_all
    return (
        f"{told}." if math.isnan(p) else f"{told}, p = {tables.text(p)} by Welch's t test and Holm."
    )


def row_of(variant: Variant, study: Study, measure: Measure) -> figures.Row:
    """A variant as a row of the first figure."""
    found = tables.summary_of(variant, measure)
    return figures.Row(
        tables.name_of(variant, study),
        list(measure.of(variant).values()),
        found.interquartile_mean,
        found.bootstrap_interval,
        study.is_baseline(variant),
    )


def chosen(study: Study, measure: Measure, most: int = LINES) -> list[Variant]:
    """The best variants that have a result; the baseline of the best is always among them."""
    order = [one for one in tables.best_first(study, measure) if measure.of(one)]
    baseline = study.baseline_of(order[0])
    if baseline is None or baseline not in order[most:]:
        return order[:most]
    return [*order[: most - 1], baseline]


def left_out(study: Study, some: Sequence[Variant]) -> str:
    """A sentence on variants that a figure does not show; empty if it shows all."""
    count = len(study.variants)
    return "" if len(some) == count else f" {len(some)} of {count} variants, the best first."


def samples(study: Study, measure: Measure) -> list[Block]:
    """What the median and the worst run of each variant last drew."""
    found = [
        picture
        for place, variant in enumerate(chosen(study, measure, ROWS))
        if (picture := pictures_of(variant, measure, f"samples-{letters(place)}"))
    ]
    if not found:
        raise UserError("no run saved a picture; --sample-every N of the training saves some.")
    first: list[Block] = [
        Text("The last picture that each run saved; all of one latents, and none selected."),
        Gallery(found[:SAMPLED]),
    ]
    rest = found[SAMPLED:]
    return [*first, Details(f"{len(rest)} variants more", [Gallery(rest)])] if rest else first


def letters(place: int) -> str:
    """0, 1, 2 as a, b, ..., z, ba, bb: names of pictures are made of letters."""
    return (letters(place // 26) if place >= 26 else "") + chr(ord("a") + place % 26)


def pictures_of(variant: Variant, measure: Measure, name: str) -> Picture | None:
    """The last pictures of the median and of the worst run of a variant, side by side."""
    values = [
        (value, trial) for trial in variant.trials if (value := measure.of_trial(trial)) is not None
    ]
    ranked = with_worst([value for value, _ in values], measure.better)
    order = np.argsort(ranked if measure.better == "lower" else -ranked, kind="stable")
    trials = [values[place] for place in order]
    places = {"median": len(trials) // 2, "worst": len(trials) - 1}
    if len(trials) < 3:  # of two, the worse one is taken for the median
        places = {"the only run" if len(trials) == 1 else "worst": len(trials) - 1}
    shown_, titles = [], []
    for title, place in places.items():
        value, trial = trials[place]
        if (image := last_picture(trial)) is not None:
            shown_.append(image)
            titles.append(f"{title}: seed {trial.seed} ({outcome(value, trial)})")
    if not shown_:
        return None
    missing = "" if len(shown_) == len(places) else " A run that ended early saved no picture."
    return Picture(name, strip(shown_, titles), f"{variant.name}: {', '.join(titles)}.{missing}")


def outcome(value: float, trial: Trial) -> str:
    """The score of a run, or how it ended, in a few words."""
    return f"{trial.state} at step {trial.step}" if trial.lost else tables.text(value)


def last_picture(trial: Trial) -> np.ndarray | None:
    """The last picture of samples that a run saved; None if there is none that can be read."""
    saved = [path for path in RunFolder(trial.folder).samples.glob("*.png") if path.stem.isdigit()]
    if not saved:
        return None
    try:
        image = np.asarray(Image.open(max(saved, key=_step)).convert("RGB"))
    except OSError:
        return None
    return enlarged(image, max(1, LEAST // image.shape[1]))


def _step(path: Path) -> int:
    return int(path.stem)


def differences(study: Study, measure: Measure) -> list[Block]:
    """Every variant less the baseline."""
    if len(study.variants) < 2:
        return []
    if study.baseline is None:
        raise UserError("no baseline is named. --baseline FACTOR=LEVEL,... of jaxgan report does.")
    levels = ", ".join(map(in_words, study.baseline, study.baseline.values()))
    told = (
        f"{measure.title} less that of the baseline: {levels}, and all else the same; "
        f"{measure.better} is better. 'Of means' compares all finite scores by Welch's t test, 'of "
        "pairs' those of runs with the same seed by the paired t test. P-values are corrected by "
        "Holm's method for the number of variants in their column that could be tested. 'Beats "
        "the baseline' is the probability that a run of the variant is better than one of the "
        "baseline; there, lost runs count as the worst, and ties one half."
    )
    return [Text(told), tables.difference_table(tables.compare(study, measure))]


def main_effects(study: Study, measure: Measure) -> list[Block]:
    """The scores over all runs of each level of each factor."""
    factors = study.factors
    if len(factors) < 2:
        return []
    few = [name for name, levels in factors.items() if len(levels) <= FEW_LEVELS]
    blocks: list[Block] = [Text(f"{measure.title} over all runs with a level; dots are runs.")]
    full = math.prod(len(levels) for levels in factors.values())
    if full != len(study.variants):
        words = "The factors are not fully crossed, so that an effect may be that of another."
        blocks.append(Text(f"{len(study.variants)} of {full} combinations were run. {words}"))
    if few:
        found = {name: tables.effect(study, measure, name) for name in few}
        caption = (
            "Diamonds: means of the finite scores with 95 % t intervals. Red crosses: lost runs."
        )
        drawn = figures.effects(found, measure.title, measure.better)
        blocks.append(Picture("main-effects", drawn, caption))
        blocks += [tables.effect_table(study, measure, name) for name in few]
    rows = [(name, correlation(study, measure, name)) for name in factors if name not in few]
    if rows:
        head = ("factor", f"rank correlation with {measure.name}")
        blocks.append(Table(rows, head))
    return blocks


def correlation(study: Study, measure: Measure, factor: str) -> str:
    """Spearman's correlation of a factor with the score; a dash where it is not made of numbers."""
    levels, values = with_results(study, measure)
    numbers = [one.get(factor) for one in levels]
    if not all(type(level) in (int, float) for level in numbers):
        return "-"
    return tables.text(rank_correlation(numbers, values, measure.better))  # type: ignore[arg-type]


def with_results(study: Study, measure: Measure) -> tuple[list[Mapping], np.ndarray]:
    """The levels and the score of every run that has a result."""
    found = [(one.levels, measure.of_trial(one)) for one in study.trials]
    known = [(levels, value) for levels, value in found if value is not None]
    return [levels for levels, _ in known], np.array([value for _, value in known], np.float64)


def performance(study: Study, measure: Measure) -> list[Block]:
    """The share of runs of each variant that reach a score."""
    low, high = measure.limits
    if len(study.variants) < 2 or math.isnan(low):
        return []
    margin = 0.02 * (high - low) or 0.1
    thresholds = np.linspace(low - margin, high + margin, 400)
    some = chosen(study, measure)
    lines = []
    for variant in some:
        values = list(measure.of(variant).values())
        found = profile(values, thresholds, measure.better)
        banded = variant is some[0] or study.is_baseline(variant) or len(some) <= BANDS
        lines.append(figures.Profile(tables.name_of(variant, study), *found, banded))
    which = "" if len(some) <= BANDS else " (of the best variant and of the baseline)"
    caption = (
        "The share of all runs of a variant that are at least as good as a threshold; lost runs "
        "reach none. The higher curve is better; where two cross, neither is better throughout. "
        f"Bands{which} are 95 % intervals of the bootstrap over runs at each threshold. Where all "
        "runs agree they have no width, and of few runs they are rough."
    )
    drawn = figures.profiles(thresholds, lines, measure.title, measure.better)
    return [Picture("profile", drawn, caption + left_out(study, some))]


def parallel(study: Study, measure: Measure) -> list[Block]:
    """Every run as a line through its levels to its score."""
    factors = study.factors
    if len(factors) < 2:
        return []
    levels, values = with_results(study, measure)
    known = {name: [_plain(one.get(name)) for one in levels] for name in factors}
    drawn = figures.parallel_coordinates(known, values.tolist(), measure.title, measure.better)
    caption = "Each line is a run, bright if it is good; dashed ones were lost."
    return [Picture("parallel-coordinates", drawn, caption)]


def _plain(level):
    return level if type(level) in (int, float) else shown(level)


def curves(study: Study, measure: Measure) -> list[Block]:
    """Scores and losses over the steps, with bands over the seeds."""
    some = chosen(study, measure)
    found: dict[str, list[figures.Band]] = {}
    scored = [score_band(variant, measure) for variant in some]
    if any(len(band.steps) > 1 for band in scored):
        found[measure.title] = scored
    for name in ("d/loss", "g/loss"):
        bands = [loss_band(variant, name) for variant in some]
        if any(len(band.steps) for band in bands):
            found[name] = bands
    if not found:
        raise UserError("no run has scores of two steps, or rows of metrics.")
    caption = (
        "Medians over the seeds, and bands from the lower to the upper quartile. In scores, a lost "
        "run counts as the worst from its last score on, and a median that is lost leaves a gap; "
        "losses are of the runs that reached a step."
    )
    return [Picture("curves", figures.curves(found), caption + left_out(study, some))]


def score_band(variant: Variant, measure: Measure) -> figures.Band:
    """The scores of a variant at the steps that all its finished runs were scored at."""
    every = [(one, scores_by_step(measure, one)) for one in variant.trials if one.ended]
    sets = [set(scores) for one, scores in every if one.state == "finished" and scores]
    steps = sorted(set.intersection(*sets)) if sets else []
    worst = math.inf if measure.better == "lower" else -math.inf
    rows = [
        [scores.get(step, worst) for step in steps] for one, scores in every if one.lost or scores
    ]
    return _band(variant.name, steps, np.array(rows, np.float64).reshape(len(rows), len(steps)))


def loss_band(variant: Variant, name: str) -> figures.Band:
    """What a variant logged under this name, at the steps that a run of it reached."""
    every = [
        {row["step"]: row[name] for row in one.rows if row.get(name) is not None}
        for one in variant.trials
        if one.ended
    ]
    steps = sorted({step for rows in every for step in rows})
    columns = [[rows[step] for rows in every if step in rows] for step in steps]
    quartiles = np.array([np.quantile(column, (0.25, 0.5, 0.75)) for column in columns])
    low, middle, high = quartiles.reshape(len(steps), 3).T
    return figures.Band(variant.name, np.array(steps), middle, low, high)


def _band(name: str, steps: Sequence[int], values: np.ndarray) -> figures.Band:
    """Quartiles of values ``[runs, steps]``: each that of a run, since some are infinite."""
    if not len(values) or not len(steps):
        return figures.Band(name, *(np.empty(0) for _ in range(4)))
    low = np.quantile(values, 0.25, axis=0, method="lower")
    high = np.quantile(values, 0.75, axis=0, method="higher")
    return figures.Band(name, np.array(steps), np.median(values, axis=0), low, high)


def budget(study: Study, measure: Measure) -> list[Block]:
    """What variants spent."""
    told = (
        f"Variants are called unequal if steps or images differ by more than {UNEQUAL:.0%}, or "
        f"GFLOPs or device-seconds by more than {UNEQUAL_TIME:.0%}. GFLOPs are counted, not "
        "measured: 10⁹ floating-point operations of both players' steps in the program that XLA is "
        "given, before it is optimized; what is done in some steps only counts as if in each. "
        "Device-seconds are those of the steps, without compiling, scoring and saving; other work "
        "may have shared the devices."
    )
    return [Text(told), budget_table(tables.best_first(study, measure))]


def other_scores(study: Study, found: Sequence[Measure]) -> list[Block]:
    """A table for each other number, or other way of measuring it."""
    blocks = []
    for measure in found:
        summary = f"{tables.column_name(measure, found)} {measure.arrow}, {measure.title}"
        blocks.append(Details(summary, [tables.other_scores(study, measure), protocol(measure)]))
    return blocks


def selection(study: Study) -> list[Block]:
    """The runs by which the variants of the page were selected.

    Raises:
      UserError: none of them has a score.
    """
    found = measures(study)
    if not found:
        raise UserError("no run of the selection has a score that can be read.")
    seeds = sorted({trial.seed for trial in study.trials})
    told = (
        f"The variants of this page were selected among these {len(study.variants)}, by the median "
        f"of {found[0].name} over the training seeds {', '.join(map(str, seeds))}. No number above "
        "is of these runs: the score of the best of many owes part of its lead to chance."
    )
    every = Details("Every run of the selection", [tables.trial_table(study, found[0])])
    return [Text(told), tables.summary_table(study, found[0]), every]


def protocol(measure: Measure) -> Table:
    """How a score was measured."""
    about = measure.scores[0].protocol
    return Table([(name, protocol_in_words(value)) for name, value in about.items()])


def runs(study: Study, measure: Measure | None) -> list[Block]:
    """Every run, and how the scores were measured."""
    facts = [("runs", f"{len(study.trials)}"), ("variants", f"{len(study.variants)}")]
    facts += [
        (name, ", ".join(shown(level) for level in levels[:FEW_LEVELS]) + more(levels))
        for name, levels in study.factors.items()
    ]
    blocks: list[Block] = [Table(facts)]
    if study.command:
        blocks.insert(0, Code(study.command))
    blocks.append(Details("Every run", [tables.trial_table(study, measure)]))
    if measure is not None:
        blocks.append(Details(f"How {measure.name} was measured", [protocol(measure)]))
        blocks.append(Text(collapse_rule(), "note"))
    return blocks


def more(levels: Sequence) -> str:
    """That there are more levels than are shown."""
    return f" and {len(levels) - FEW_LEVELS} more" if len(levels) > FEW_LEVELS else ""


def collapse_rule() -> str:
    """What counts as a collapse."""
    return (
        f"A finished run counts as collapsed if it reaches less than {ENOUGH_MODES:.0%} of the "
        "modes or classes, or if the mean distance between two of its samples, in features, is "
        f"less than {ENOUGH_DISTANCE:.0%} of that between two held-out real samples; where neither "
        "was scored, nothing is said of it."
    )
