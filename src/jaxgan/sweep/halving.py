"""Successive halving: all variants are trained a little, the better ones further.

Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
AISTATS 2016, arXiv:1502.07943, algorithm 1. A variant is ranked by the median over its seeds, so
that no seed is selected, and all its seeds are pruned together.
"""

import dataclasses
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from jaxgan.errors import UserError
from jaxgan.sweep.engine import Engine
from jaxgan.sweep.process import Signals
from jaxgan.sweep.run import ENDED, Sweep, has_ended, train_all
from jaxgan.sweep.summary import score_at
from jaxgan.sweep.trials import Trial, at_steps


@dataclasses.dataclass(frozen=True)
class Halving:
    """When trials are compared, and how many go on.

    Attributes:
      rungs: the steps at which they are compared, ascending.
      reduction: one variant in so many goes on, rounded up.
      scored: the score that they are ranked by.
      sign: 1 where small values of it are better, -1 where large ones are.
    """

    rungs: tuple[int, ...]
    reduction: float
    scored: str
    sign: float


def halving(
    rungs: str, reduction: float, scored: tuple[str, float] | None, trials: Sequence[Trial]
) -> Halving:
    """What ``--halving 500,1000`` asks for.

    Raises:
      UserError: it is not a list of ascending steps below those of every trial, trials are not
        scored, or their schedule runs to the end of training.
    """
    words = rungs.split(",")
    steps = [int(word) for word in words if word.strip().isdigit()]
    least = min(trial.steps for trial in trials)
    if (
        len(steps) < len(words)
        or steps != sorted({*steps})
        or not 0 < steps[0] <= steps[-1] < least
    ):
        raise UserError(
            f"--halving {rungs}: give ascending steps below {least}, the last one, e.g. "
            f"{max(least // 4, 1)},{max(least // 2, 2)}."
        )
    if not 1 < reduction < math.inf:
        raise UserError(
            f"--reduction {reduction:g}: must be above 1; 2 keeps every second variant."
        )
    if scored is None:
        raise UserError("--halving ranks trials by a score; add --evaluate-every STEPS.")
    for trial in trials:
        if trial.experiment.fixed_budget:
            raise UserError(
                f"--halving: the schedule of {trial.experiment.name} runs to the end of training, "
                "so that a short run is another run; omit it."
            )
    return Halving(tuple(steps), reduction, *scored)


def train_halving(
    sweep: Sweep,
    trials: Sequence[Trial],
    rule: Halving,
    engine: Engine,
    signals: Signals,
    say: Callable[[str], None],
) -> None:
    """Trains all trials to the first rung, those that are left to the next, and so on to the end.

    What is left is found anew from the scores each time, so the same command goes on anywhere.
    Nothing is ranked while a trial is short of a rung: without its score it would be the worst.
    """
    left = list(trials)
    for rung in rule.rungs:
        say(f"to step {rung:,}: {len({trial.name for trial in left})} variants")
        train_all(sweep, [[at_steps(trial, rung)] for trial in left], engine, signals, say)
        if signals.asked:
            return
        if not all(has_ended(sweep, at_steps(trial, rung)) for trial in left):
            say(f"not all of them are at step {rung:,}: none is ranked, and none is pruned")
            return
        scores: dict[str, list[float | None]] = {}
        for trial in left:
            value = score_at(sweep.run_of(trial), rule.scored, rung)
            scores.setdefault(trial.name, []).append(value)
        ranked = ranking(scores, rule.sign)
        kept = ranked[: math.ceil(len(ranked) / rule.reduction)]
        for trial in left:
            state = sweep.manifest.entry(trial.folder).state
            if trial.name not in kept and state not in ENDED:
                place = f"rank {ranked.index(trial.name) + 1} of {len(ranked)} at step {rung}"
                sweep.note(trial, "pruned", f"{place}, by the median of {rule.scored}")
        left = [trial for trial in left if trial.name in kept]
    say(f"to the end: {', '.join(dict.fromkeys(trial.name for trial in left))}")
    train_all(sweep, [[trial] for trial in left], engine, signals, say)


def ranking(scores: Mapping[str, Sequence[float | None]], sign: float) -> list[str]:
    """The variants, the best first, by the median of their scores, where it is equal by the mean.

    A seed without a score is the worst.
    """

    def place(values: Sequence[float | None]) -> tuple[float, float]:
        bad = (None, math.inf, -math.inf)
        found = [math.inf if one in bad or one != one else sign * one for one in values]
        return statistics.median(found), statistics.fmean(found)

    return sorted(scores, key=lambda name: place(scores[name]))
