"""Runs that train no more: what is not finite, a discriminator that has won, samples all alike.

Nothing here makes the device wait. What rows are made of is looked at where rows are written, and
samples where they are drawn or a checkpoint is due, before it is saved.

Each watch names the step since which nothing was learned (``Outcome.since``), and has the last
checkpoint before it kept until it is certain.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxgan.data.source import Source
from jaxgan.game.state import GanState
from jaxgan.processes import from_first
from jaxgan.runs.job_checkpoints import Store
from jaxgan.sampling.sampler import Sampler
from jaxgan.training.loop import Outcome, StepInfo

WON_STEPS = 2000
"""Steps without a single mistake after which a discriminator has won."""

WON_GAP = 20.0
"""Its mean logits of real and generated samples are then this far apart: where a sigmoid of half
of it is 1 to the fourth digit, and its gradient vanishes."""

DIVERSE, ALIKE = 0.1, 0.05
"""Deviation of generated samples, as a share of that of real ones, from which they are diverse, and
below which they are alike."""

ALIKE_LOOKS = 2
"""Looks in a row at which samples are alike before the generator has collapsed."""


class Finding(NamedTuple):
    """That a run learns no more: what was seen, and after which step it began."""

    quantity: str
    since: int


Watch = Callable[[StepInfo], Finding | None]
"""Looks at a state; a finding if the run learns no more."""


def stop_if(watch: Watch, checkpoints: Store) -> Callable[[StepInfo], Outcome | None]:
    """Ends a run as diverged when ``watch`` says so, and names the checkpoint that is left."""

    def act(info: StepInfo) -> Outcome | None:
        found = watch(info)
        if found is None:
            return None
        kept = [step for step in checkpoints.steps() if step <= found.since]
        note = (
            f"{found.quantity} at step {info.step}; "
            f"last sound checkpoint: {f'step {kept[-1]}' if kept else 'none'}"
        )
        return Outcome("diverged", info.step, note, since=found.since)

    return act


def not_finite(info: StepInfo) -> Finding | None:
    """Losses, gradients or parameters that are not finite: their mean or their norm is logged."""
    bad = [name for name, value in info.means.items() if not math.isfinite(value)]
    if not bad:
        return None
    since = info.step - info.meter.steps + info.meter.finite
    return Finding(f"not finite: {', '.join(bad)} (from a step after {since} on)", since)


class DiscriminatorWon:
    """A discriminator that makes no mistake for ``WON_STEPS`` steps and has saturated logits.

    Only that of a game with a threshold: a critic has no accuracy, and may be as far apart as it
    likes.
    """

    def __init__(self, checkpoints: Store):
        self._checkpoints = checkpoints
        self._since: int | None = None

    def __call__(self, info: StepInfo) -> Finding | None:
        """Looks at a row."""
        means = info.means
        if not perfect(means):
            if self._since is not None:
                self._checkpoints.hold(None)
            self._since = None
            return None
        if self._since is None:
            self._since = info.step - info.meter.steps
            hold_before(self._checkpoints, self._since)
        if info.step - self._since < WON_STEPS:
            return None
        gap = means["d/logits_real"] - means["d/logits_fake"]
        quantity = (
            f"the discriminator has won: no mistake since step {self._since}, and logits of real "
            f"and generated samples {gap:.3g} apart (d/logits_real, d/logits_fake)"
        )
        return Finding(quantity, self._since)


def perfect(means: Mapping[str, Any]) -> bool:
    """Whether a discriminator made no mistake in the steps of a row, and its logits saturated."""
    accuracies = [means.get(f"d/accuracy_{kind}") for kind in ("real", "fake")]
    return accuracies == [1.0, 1.0] and bool(
        means["d/logits_real"] - means["d/logits_fake"] >= WON_GAP
    )


def hold_before(checkpoints: Store, step: int) -> None:
    """Has the newest checkpoint that is not after ``step`` kept."""
    checkpoints.hold(max((kept for kept in checkpoints.steps() if kept <= step), default=None))


class LostDiversity:
    """A generator whose samples were diverse and have become alike.

    They are those of the averaged generator, of one fixed set of latents. After a resume they must
    have been diverse once more.
    """

    def __init__(
        self, sampler_of: Callable[[GanState], Sampler], source: Source, checkpoints: Store
    ):
        """Looks at as many samples as a picture shows, and at as many real ones."""
        self._sampler_of, self._source, self._checkpoints = sampler_of, source, checkpoints
        self._real: float | None = None
        self._diverse_at: int | None = None
        self._alike = 0

    def __call__(self, info: StepInfo) -> Finding | None:
        """Draws samples, on process 0."""
        ratio = from_first(lambda: self._ratio(info.state))
        if ratio is None:
            return None
        if ratio >= ALIKE:
            if self._alike:
                self._checkpoints.hold(None)
            self._alike = 0
            self._diverse_at = info.step if ratio >= DIVERSE else self._diverse_at
            return None
        if self._diverse_at is None:
            return None
        self._alike += 1
        if self._alike == 1:
            hold_before(self._checkpoints, self._diverse_at)
        if self._alike < ALIKE_LOOKS:
            return None
        quantity = (
            f"the generator has collapsed: its samples deviate {100 * ratio:.2g} % as much from "
            f"each other as real ones, and were diverse at step {self._diverse_at}"
        )
        return Finding(quantity, self._diverse_at)

    def _ratio(self, state: GanState) -> float | None:
        """Deviation of the samples as a share of that of real ones; None if those have none."""
        count = self._source.modality.preview_size
        if self._real is None:
            key = self._source.modality.key
            places = np.arange(min(count, self._source.size))
            self._real = deviation(self._source.read(places)[key])
        if not self._real > 0:
            return None
        ratio = deviation(np.asarray(self._sampler_of(state)(count))) / self._real
        return ratio if math.isfinite(ratio) else None


def deviation(samples: np.ndarray) -> float:
    """The standard deviation over samples ``[n, ...]``: root of the mean variance of a feature."""
    return float(np.sqrt(np.mean(np.var(samples.astype(np.float64), axis=0))))
