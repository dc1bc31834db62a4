"""Tables of a study: what is compared, in rows of text for a page, LaTeX and CSV."""

import csv
import dataclasses
import io
import math
from collections.abc import Mapping, Sequence

import numpy as np

from jaxgan.report.document import Table
from jaxgan.sweep.measures import Measure, collapsed
from jaxgan.sweep.results import Study, Variant, shown
from jaxgan.sweep.statistics import (
    Difference,
    Interval,
    Summary,
    by_level,
    finite_of,
    holm,
    improvement,
    mean,
    mean_ranks,
    paired,
    summarize,
    unpaired,
    with_worst,
)

CONTROL = "control, without training"
"""What stands in a table in the place of the number of runs."""


def best_first(study: Study, measure: Measure) -> list[Variant]:
    """The variants by median, then by mean; those without a result come last."""

    def rank(variant: Variant) -> tuple[bool, float, float]:
        values = np.array(list(measure.of(variant).values()), np.float64)
        if not len(values):
            return True, 0.0, 0.0
        finite, sign = finite_of(values), 1.0 if measure.better == "lower" else -1.0
        middle = sign * mean(finite) if len(finite) else math.inf
        return False, sign * float(np.median(with_worst(values, measure.better))), middle

    return sorted(study.variants, key=rank)


def summary_of(variant: Variant, measure: Measure) -> Summary:
    """The statistics of a variant over its seeds."""
    return summarize(list(measure.of(variant).values()), measure.better)


def summary_table(study: Study, measure: Measure) -> Table:
    """A row for each variant, the best first; then one for each control."""
    order = best_first(study, measure)
    ranks = ranks_of(order, measure)
    told = [collapses(variant) for variant in order]
    head = ["", "median", "interquartile mean [95%]", "finished", "mean ± deviation [95%]"]
    head += ["best", "worst"]
    head += ["collapsed"] if any(told) else []
    head += ["mean rank"] if ranks else []
    rows = []
    for place, variant in enumerate(order):
        row = [name_of(variant, study), *statistics(variant, measure)]
        row += [told[place]] if any(told) else []
        row += [number(ranks[place])] if ranks else []
        rows.append(row)
    for name, value in measure.controls.items():
        row = [name, text(value), "", CONTROL]
        rows.append([*row, *[""] * (len(head) - len(row))])
    return Table(rows, head)


def name_of(variant: Variant, study: Study) -> str:
    """The name of a variant, and whether it is the baseline."""
    return variant.name + (" (baseline)" if study.is_baseline(variant) else "")


def finished(variant: Variant) -> str:
    """``k of N``, and how those stand that did not finish."""
    others = dict.fromkeys(one.state for one in variant.trials if one.state != "finished")
    told = [f"{variant.count(state)} {state}" for state in others]
    count = f"{variant.count('finished')} of {len(variant.trials)}"
    return f"{count} ({', '.join(told)})" if told else count


def statistics(variant: Variant, measure: Measure) -> list[str]:
    """Median, interquartile mean, finished runs, mean and deviation of these, best and worst."""
    found = summary_of(variant, measure)
    word = lost_word(variant)
    middle = text(found.mean, word)
    if not math.isnan(found.deviation):
        middle += f" ± {number(found.deviation)} {interval(found.t_interval, word)}"
    if 0 < found.finite < variant.count("finished"):  # some finished without a finite score
        middle += f" (of {found.finite})"
    return [
        text(found.median, word),
        estimate(found.interquartile_mean, found.bootstrap_interval, word),
        finished(variant),
        middle,
        text(found.best, word),
        text(found.worst, word),
    ]


def lost_word(variant: Variant) -> str:
    """What stands for a score that a variant's lost runs do not have."""
    return next((one.state for one in variant.trials if one.lost), "infinite")


def number(value: float) -> str:
    """A number with three significant digits, and with all those before the decimal point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def text(value: float, lost: str = "infinite") -> str:
    """A number; a dash if there is none; the word for an infinitely bad one."""
    if math.isnan(value):
        return "-"
    return number(value) if math.isfinite(value) else lost


def interval(ends: Interval, lost: str = "infinite") -> str:
    """``[low, high]``, or a dash."""
    low, high = ends
    return "-" if math.isnan(low) else f"[{text(low, lost)}, {text(high, lost)}]"


def estimate(value: float, ends: Interval, lost: str = "infinite") -> str:
    """A number and its interval, if there is one."""
    told = text(value, lost)
    return told if math.isnan(ends[0]) else f"{told} {interval(ends, lost)}"


def collapses(variant: Variant) -> str:
    """``k of N`` finished runs that collapsed; empty if nothing was scored that tells."""
    found = [collapsed(trial) for trial in variant.trials]
    known = [one for one in found if one is not None]
    return f"{sum(known)} of {len(known)}" if known else ""


def ranks_of(variants: Sequence[Variant], measure: Measure) -> list[float]:
    """The mean rank of each variant over the seeds that all have a result of; empty if none."""
    values = [measure.of(variant) for variant in variants]
    shared = [seed for seed in values[0] if all(seed in one for one in values)]
    if len(variants) < 2 or not shared:
        return []
    scores = np.array([[one[seed] for seed in shared] for one in values])
    return mean_ranks(scores, measure.better).tolist()


def other_scores(study: Study, measure: Measure) -> Table:
    """The interquartile mean of another measure, with its interval and the median."""
    rows = []
    for variant in best_first(study, measure):
        found, word = summary_of(variant, measure), lost_word(variant)
        middle = (
            f"{text(found.interquartile_mean, word)} {interval(found.bootstrap_interval, word)}"
        )
        count = f"{found.finite} of {len(variant.trials)}"
        rows.append((name_of(variant, study), count, middle, text(found.median, word)))
    rows += [(name, CONTROL, "", text(value)) for name, value in measure.controls.items()]
    return Table(rows, ("", "scored", "interquartile mean [95%]", "median"))


@dataclasses.dataclass(frozen=True, eq=False)
class Compared:
    """A variant beside its baseline.

    Attributes:
      variant: the variant.
      of_all: its mean less the baseline's.
      of_pairs: the mean difference of runs with the same seed.
      p_of_all: the p-value of ``of_all``, corrected for the number of variants that have one.
      p_of_pairs: that of ``of_pairs``.
      wins: probability that a run of it beats one of the baseline.
    """

    variant: Variant
    of_all: Difference
    of_pairs: Difference
    p_of_all: float
    p_of_pairs: float
    wins: float


def compare(study: Study, measure: Measure) -> list[Compared]:
    """Every other variant beside its baseline, the best first."""
    others = [one for one in best_first(study, measure) if not study.is_baseline(one)]
    of_all, of_pairs, wins = [], [], []
    for variant in others:
        baseline = study.baseline_of(variant)
        mine, theirs = measure.of(variant), measure.of(baseline) if baseline else {}
        seeds = [seed for seed in mine if seed in theirs]
        of_all.append(unpaired(list(mine.values()), list(theirs.values())))
        of_pairs.append(paired([mine[s] for s in seeds], [theirs[s] for s in seeds]))
        wins.append(improvement(list(mine.values()), list(theirs.values()), measure.better))
    corrected = [holm([one.p for one in some]).tolist() for some in (of_all, of_pairs)]
    return list(map(Compared, others, of_all, of_pairs, *corrected, wins))


def difference_table(found: Sequence[Compared]) -> Table:
    """A row for each variant that is compared with the baseline."""
    rows = [
        (
            one.variant.name,
            difference(one.of_all),
            text(one.p_of_all),
            difference(one.of_pairs),
            f"{one.of_pairs.count}",
            text(one.p_of_pairs),
            "-" if math.isnan(one.wins) else f"{one.wins:.0%}",
        )
        for one in found
    ]
    head = ("", "of means [95%]", "p (Holm)", "of pairs [95%]", "pairs", "p (Holm)")
    return Table(rows, (*head, "beats the baseline"))


def difference(found: Difference) -> str:
    """``+1.5 [0.5, 2.5]``."""
    if math.isnan(found.value):
        return "-"
    told = signed(found.value)
    low, high = found.interval
    return told if math.isnan(low) else f"{told} [{signed(low)}, {signed(high)}]"


def signed(value: float) -> str:
    """A number with its sign."""
    return number(value) if value < 0 else f"+{number(value)}"


def effect(study: Study, measure: Measure, factor: str) -> Mapping[str, np.ndarray]:
    """The scores of all runs with each level of a factor, NaN for those that are lost."""
    levels, values = [], []
    for variant in study.variants:
        scores = list(measure.of(variant).values())
        levels += [shown(variant.levels.get(factor))] * len(scores)
        values += scores
    order = [shown(level) for level in in_order(study.factors[factor])]
    found = by_level(levels, np.array(values, np.float64))
    return {level: found[level] for level in order if level in found}


def in_order(levels: Sequence) -> list:
    """Numbers by size, other levels as they come."""
    numbers = all(type(level) in (int, float) for level in levels)
    return sorted(levels) if numbers else list(levels)


def effect_table(study: Study, measure: Measure, factor: str) -> Table:
    """Statistics over all runs with each level of a factor."""
    rows = []
    for level, values in effect(study, measure, factor).items():
        found = summarize(values, measure.better)
        count = f"{found.finite} of {found.runs}"
        middle = estimate(found.mean, found.t_interval)
        rows.append((level, count, middle, text(found.median), text(found.interquartile_mean)))
    return Table(rows, (factor, "scored", "mean [95%]", "median", "interquartile mean"))


def trial_table(study: Study, measure: Measure | None) -> Table:
    """A row for each trial."""
    return Table(_trial_rows(study, [measure] if measure else []), _trial_head([measure]))


def _trial_head(found: Sequence[Measure | None]) -> list[str]:
    head = ["variant", "seed", "outcome", "step", *(one.name for one in found if one)]
    return [*head, "collapsed", "folder", "note"]


def _trial_rows(study: Study, found: Sequence[Measure]) -> list[list[str]]:
    rows = []
    for variant in study.variants:
        for trial in variant.trials:
            scores = [one.of_trial(trial) for one in found]
            told = ["" if value is None else text(value, "infinite") for value in scores]
            state = {True: "yes", False: "no", None: ""}[collapsed(trial)]
            about = [variant.name, str(trial.seed), trial.state, str(trial.step)]
            rows.append([*about, *told, state, str(trial.folder), trial.note])
    return rows


def to_csv(study: Study, found: Sequence[Measure]) -> str:
    """Every trial in a row: its levels, seed, outcome and all scores in full precision."""
    factors, roles = list(study.factors), len({trial.role for trial in study.trials}) > 1
    named = [(one, column_name(one, found)) for one in found]
    head = [*factors, "seed", *["role"] * roles, "outcome", "step", *(name for _, name in named)]
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    out.writerow([*head, "collapsed", "folder", "note"])
    for trial in study.trials:
        scores = [one.of_trial(trial) for one, _ in named]
        told = ["" if value is None or math.isnan(value) else repr(value) for value in scores]
        state = {True: "yes", False: "no", None: ""}[collapsed(trial)]
        levels = [shown(trial.levels.get(name)) for name in factors]
        row = [*levels, trial.seed, *[trial.role] * roles, trial.state, trial.step, *told]
        out.writerow([*row, state, trial.folder, trial.note])
    return file.getvalue()


def column_name(measure: Measure, found: Sequence[Measure]) -> str:
    """The name of a measure; with a number if the same was measured in several ways."""
    same = [other for other in found if other.name == measure.name]
    return measure.name if len(same) == 1 else f"{measure.name} ({same.index(measure) + 1})"


def to_latex(table: Table, caption: str) -> str:
    """A table for a paper, in the style of booktabs."""
    lines = [" & ".join(map(latex, row)) + r" \\" for row in (table.head, *table.rows)]
    width = len(table.head)
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            rf"\caption{{{latex(caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * (width - 1)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


SPECIAL = {
    "\\": r"\textbackslash{}",
    **{c: rf"\{c}" for c in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "<": r"$<$",
    ">": r"$>$",
}
"""Characters that LaTeX reads otherwise, and how they are written."""


def latex(words: str) -> str:
    """Text as LaTeX shows it; no character of it is a command."""
    return "".join(SPECIAL.get(character, character) for character in words)
