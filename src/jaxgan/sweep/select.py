"""Selection: the best variants are trained again with seeds that took no part in finding them.

The best of many variants owes part of its score to chance, and more so the more there are. Fresh
seeds say what it is worth: selection uses some trials, the report others.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from jaxgan.errors import UserError, one_of
from jaxgan.evaluation.ranking import ranked_by
from jaxgan.sweep.halving import ranking
from jaxgan.sweep.manifest import Manifest
from jaxgan.sweep.results import key
from jaxgan.sweep.run import ENDED, Sweep
from jaxgan.sweep.summary import score_at
from jaxgan.sweep.trials import Trial, with_other_seed


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which variants are trained again, and with which seeds.

    Attributes:
      seeds: of the new trials; none of them is a seed of the trials that are ranked.
      each: the best variant of each level of this factor is selected; empty for the best of all.
      scored: the score that variants are ranked by.
      sign: 1 where small values of it are better, -1 where large ones are.
    """

    seeds: tuple[int, ...]
    each: str
    scored: str
    sign: float

    def __str__(self) -> str:
        """In words."""
        best = f"the best of each {self.each}" if self.each else "the best variant"
        return (
            f"{best} by the median of {self.scored}, and the baseline if there is one, again with "
            f"seeds {', '.join(map(str, self.seeds))}"
        )


def selection(
    seeds: Sequence[int],
    each: str,
    scored: str | None,
    trials: Sequence[Trial],
    before: Manifest | None,
) -> Selection:
    """What ``--select best-of`` asks for.

    Args:
      seeds: what ``--select-seeds`` says.
      each: what ``--select-each`` says; may be empty.
      scored: what trials are ranked by; None if they are not scored.
      trials: those that are ranked.
      before: the manifest of an earlier call, if there is one.

    Raises:
      UserError: trials are not scored, there is nothing to select from, or a seed takes part in the
        selection.
    """
    if scored is None:
        raise UserError("--select ranks variants by a score; add --evaluate-every STEPS.")
    if len({trial.name for trial in trials}) < 2:
        raise UserError("--select: there is one variant, so nothing is selected; omit it.")
    if each:
        one_of(each, dict.fromkeys(factor for one in trials for factor in one.levels), "factor")
        if all(len(names) < 2 for names in _groups(trials, each).values()):
            raise UserError(
                f"--select-each {each}: there is one variant of each level, so nothing is "
                "selected; omit it."
            )
    earlier = before.trials if before else ()
    used = {trial.seed for trial in trials} | {e.seed for e in earlier if e.role != "report"}
    if shared := sorted(used & {*seeds}):
        raise UserError(
            f"--select-seeds: {', '.join(map(str, shared))} also took part in the selection; give "
            f"seeds that did not, e.g. {max(used) + 1}:{max(used) + 1 + max(len(seeds), 1)}."
        )
    ranked = ranked_by(scored, trials[0].experiment.scoring.own)
    assert ranked is not None  # or the plan would have been refused
    return Selection(tuple(seeds), each, *ranked)


def selected(sweep: Sweep, trials: Sequence[Trial], rule: Selection) -> list[Trial]:
    """The trials of the best variants, and of the baseline, with the seeds of the report.

    Which are best is found anew from the scores each time, so the same command goes on anywhere.

    Args:
      sweep: where the ranked trials lie.
      trials: those that are ranked; each has ended.
      rule: which variants are trained again.

    Returns:
      New trials, all with the first seed before any with the next; none if no trial has a score,
      or while one is still to be trained.
    """
    if any(sweep.manifest.entry(trial.folder).state not in ENDED for trial in trials):
        return []
    scores: dict[str, list[float | None]] = {}
    for trial in trials:
        value = score_at(sweep.run_of(trial), rule.scored, trial.steps)
        scores.setdefault(trial.name, []).append(value)
    best = [
        ranking({name: scores[name] for name in names}, rule.sign)[0]
        for names in _groups(trials, rule.each).values()
        if any(value is not None for name in names for value in scores[name])
    ]
    if not best:
        return []
    first = {trial.name: trial for trial in reversed(trials)}
    baseline = sweep.manifest.baseline
    best += [n for n, one in first.items() if baseline and key(one.levels) == key(baseline)]
    chosen = [first[name] for name in dict.fromkeys(best)]
    return [with_other_seed(t, seed) for seed, t in itertools.product(rule.seeds, chosen)]


def _groups(trials: Sequence[Trial], each: str) -> Mapping[str, list[str]]:
    """The names of the variants that are compared with each other."""
    found: dict[str, dict[str, Any]] = {}
    for trial in trials:
        level = key(trial.levels.get(each)) if each else ""
        found.setdefault(level, {})[trial.name] = None
    return {level: list(names) for level, names in found.items()}
