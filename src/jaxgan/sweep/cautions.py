"""What a reader must know before believing a comparison."""

import itertools
from collections.abc import Iterator, Sequence

from jaxgan.runs.folder import RunFolder
from jaxgan.runs.identity import code_changes
from jaxgan.sweep.budget import unequal
from jaxgan.sweep.measures import Measure, collapsed, other_protocols
from jaxgan.sweep.results import Study

FEW = 5
"""With fewer seeds than this, intervals are rough."""


def cautions(study: Study, measure: Measure | None, found: Sequence[Measure]) -> list[str]:
    """Every caution that applies, in words, the gravest first."""
    every = [_without_result(study), _collapsed(study), _same_code(study)]
    if measure is not None:
        every += [_another_score(study, measure)]
        every += [_not_scored(study, measure, found), _not_at_the_end(study, measure)]
        every += [_selected_checkpoints(measure), _selected_variants(study)]
        every += [_other_seeds(study, measure), _few_seeds(study, measure)]
    every.append(_budgets(study))
    return list(itertools.chain.from_iterable(every))


def _without_result(study: Study) -> Iterator[str]:
    lost = [one for one in study.trials if one.lost]
    if lost:
        states = dict.fromkeys(one.state for one in lost)
        told = ", ".join(f"{sum(o.state == state for o in lost)} {state}" for state in states)
        yield (
            f"{len(lost)} of {len(study.trials)} runs ended without a score ({told}). They count "
            "as the worst in medians, interquartile means, ranks and profiles; means and t tests "
            "are of the others."
        )
    open_ = [one for one in study.trials if not one.ended]
    for state in dict.fromkeys(one.state for one in open_):
        some = [one for one in open_ if one.state == state]
        where = ", ".join(str(one.folder) for one in some[:3])
        more = f" and {len(some) - 3} more" if len(some) > 3 else ""
        notes = "; ".join(dict.fromkeys(one.note for one in some if one.note))
        told = f" {notes}." if notes else ""
        yield (
            f"{len(some)} of {len(study.trials)} runs have no result yet and are in no number "
            f"here: {state} ({where}{more}).{told.replace('..', '.')}"
        )


def _collapsed(study: Study) -> Iterator[str]:
    found = [
        f"{sum(map(bool, fallen))} of {variant.name}"
        for variant in study.variants
        if any(fallen := [collapsed(trial) for trial in variant.trials])
    ]
    if found:
        yield (
            f"Finished runs collapsed: {', '.join(found)}. Their scores count as they are; some "
            "metrics do not see a collapse."
        )


def _another_score(study: Study, measure: Measure) -> Iterator[str]:
    if study.scored not in (None, measure.name, measure.metric):
        yield f"No run has the score that this sweep ranks by, {study.scored}."


def _not_scored(study: Study, measure: Measure, found: Sequence[Measure]) -> Iterator[str]:
    missing = [
        one for one in study.trials if one.state == "finished" and measure.of_trial(one) is None
    ]
    if missing:
        folders = ", ".join(str(one.folder) for one in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        yield (
            f"{len(missing)} finished runs have no {measure.name} that was measured as the others' "
            f"({folders}{more}) and are in no number of it; jaxgan evaluate scores them."
        )
    for told in other_protocols(measure, found):
        yield f"{measure.name} was measured of {told}; see the other scores."


def _not_at_the_end(study: Study, measure: Measure) -> Iterator[str]:
    early = [
        one
        for one in study.trials
        if (score := measure.last.get(str(one.folder))) and score.subject.get("step") != one.step
    ]
    if early:
        yield (
            f"{len(early)} runs have no {measure.name} of their last step; an earlier one is used."
        )


def _selected_checkpoints(measure: Measure) -> Iterator[str]:
    rules = {str(one.subject.get("rule", "")) for one in measure.last.values()}
    if any(rule.startswith("best by") for rule in rules):
        yield (
            "Checkpoints were selected by a score during training. Where the same samples select "
            "and report, scores are too good: compare scores of the last step, or evaluate with "
            "another --seed."
        )


def _selected_variants(study: Study) -> Iterator[str]:
    count = len(study.variants)
    if count > 2:
        yield (
            f"Selection and report use the same runs: the best of {count} variants owes part of "
            "its lead to chance. Before claiming its score, train it again with seeds that took no "
            "part here, as jaxgan sweep --select best-of does."
        )


def _other_seeds(study: Study, measure: Measure) -> Iterator[str]:
    seeds = {tuple(sorted(measure.of(variant))) for variant in study.variants}
    if len(seeds) > 1:
        yield (
            "Variants do not have results of the same seeds: pairs and ranks use those that are "
            "shared, everything else all there are."
        )


def _few_seeds(study: Study, measure: Measure) -> Iterator[str]:
    counts = [len(measure.of(variant)) for variant in study.variants]
    least = min(filter(None, counts), default=FEW)
    if least < FEW:
        yield (
            f"A variant has results of {least} seed{'s' * (least != 1)} only. Of fewer than {FEW}, "
            "intervals are rough, and the bootstrap's are too narrow."
        )


def _budgets(study: Study) -> Iterator[str]:
    if different := unequal(study):
        yield f"Variants did not spend the same: {', '.join(different)}."


def _same_code(study: Study) -> Iterator[str]:
    first: dict[str, RunFolder] = {}
    changed, versions = set(), set()
    for trial in study.trials:
        if not trial.description:
            continue
        folder, name = RunFolder(trial.folder), str(trial.description["experiment"])
        versions.add(trial.description["launches"][-1].get("environment", {}).get("code"))
        if not folder.experiment.is_file():
            continue
        other = first.setdefault(name, folder)
        try:
            if other is not folder and code_changes(other.experiment, folder.experiment):
                changed.add(name)
        except (SyntaxError, OSError, ValueError):
            changed.add(name)
    for name in sorted(changed):
        yield f"The code of {name} is not the same in all runs (experiment.py in their folders)."
    if len(versions) > 1:
        yield f"The runs were trained by {len(versions)} versions of jaxgan's code."
