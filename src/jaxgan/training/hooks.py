"""What is done between steps. Each function here makes the action of a ``Hook``.

To do something new between steps, write such a function and add a line to the list in
``training/train.py``.
"""

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import jax
import numpy as np

from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.evaluation.ranking import rank, ranked_by, values_of
from jaxgan.evaluation.score import Score, append
from jaxgan.game.gan import Update, fresh_batches, moves
from jaxgan.game.state import GanState
from jaxgan.metrics.metric import Metric
from jaxgan.runs.disk import Disk
from jaxgan.runs.folder import RunFolder
from jaxgan.runs.job_checkpoints import Store
from jaxgan.runs.metrics_log import PLAYED, MetricsLog
from jaxgan.sampling.sampler import Sampler
from jaxgan.training.loop import Outcome, StepInfo
from jaxgan.viz.pictures import ORIGINS, beside, save_image

Act: TypeAlias = Callable[[StepInfo], Outcome | None]


class Progress(Protocol):
    """Shows a person how far training is."""

    def advance(self, step: int) -> None:
        """``step`` steps are done."""

    def update(self, step: int, row: Mapping[str, Any]) -> None:
        """There is a new row of metrics."""

    def say(self, text: str) -> None:
        """Shows a line of text."""


class Silent(contextlib.AbstractContextManager):
    """A ``Progress`` that shows nothing."""

    def __exit__(self, *exception) -> None:
        """Nothing to end."""

    def advance(self, step: int) -> None:
        """Nothing."""

    def update(self, step: int, row: Mapping[str, Any]) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""


def write_row(
    log: MetricsLog | None,
    progress: Progress,
    updates: tuple[Update, ...],
    batch_size: int,
    size: int,
) -> Act:
    """Writes a row of metrics: means over the steps since the last one, and the speed.

    Args:
      log: where to; None in a process that does not write.
      progress: shows it.
      updates: the updates of a step, to count D's and G's.
      batch_size: real samples in a batch.
      size: real samples in an epoch.
    """
    per_step = fresh_batches(updates) * batch_size

    def act(info: StepInfo) -> None:
        step, meter = info.step, info.meter
        row = {
            "step": step,
            "d_steps": moves(updates, "d", step),
            "g_steps": moves(updates, "g", step),
            "images": step * per_step,
            "epoch": step * per_step / size,
            "averaged_steps": meter.steps,
        }
        if meter.timed:  # no step is, in a row right after the compilation
            rate = meter.timed / max(meter.seconds, 1e-9)
            row |= {"steps_per_second": rate, "images_per_second": rate * per_step}
        row |= {name: float(value) for name, value in info.means.items()}
        progress.update(step, row)
        if log is not None:
            log.write(row)

    return act


def next_row(info: StepInfo) -> None:
    """Starts the next row of metrics, once this one is written."""
    info.meter.restart()


def score(
    evaluate: Callable[[GanState], list[Score]],
    evaluations: Path,
    log: MetricsLog | None,
    progress: Progress,
    disk: Disk,
) -> Act:
    """Scores the state on every process, and writes the scores down on the one that has a log.

    Those that the disk refuses wait for the next ones.
    """
    waiting: list[Score] = []

    def act(info: StepInfo) -> None:
        info.scores = evaluate(info.state)
        if log is None:
            return
        waiting.extend(info.scores)
        with disk.tolerated("scores", evaluations):
            append(evaluations, waiting)
            waiting.clear()
        log.scores(values_of(info.scores), info.step)
        for one in info.scores:
            shown = "  ".join(f"{name} {value:.5g}" for name, value in one.values.items())
            progress.say(f"step {info.step}: {one.title}  {shown}")

    return act


class Best:
    """Ranks states for ``--best``; as a hook, it looks at every row and at every score.

    Attributes:
      name: a score as ``metric/value``, or what training logs.
      sign: -1 where large values are better, else 1.
      by_score: whether it is a score.
      rank: of the state that was looked at last, smaller is better; None if it is unknown. A logged
        value that was not measured (a lazy term's) keeps its rank.
    """

    def __init__(self, name: str, sign: float, by_score: bool):
        self.name, self.sign, self.by_score = name, sign, by_score
        self.rank: float | None = None

    def __call__(self, info: StepInfo) -> None:
        """Takes the rank of the state from its scores or its means."""
        if self.by_score:
            self.rank = rank(info.scores, self.name, self.sign) if info.scores else None
        elif self.name in info.means:
            self.rank = self.sign * float(info.means[self.name])


def best_of(
    metric: str | None,
    scored: Collection[Metric],
    own: Sequence[Metric],
    logged: Callable[[], Collection[str]],
) -> Best | None:
    """What ``--best METRIC`` ranks by; None if nothing is asked.

    Args:
      metric: the flag's value.
      scored: metrics that score the run while it trains.
      own: metrics that the experiment brings itself.
      logged: the names that a step logs; called only if needed, since it traces a step.

    Raises:
      UserError: the run neither scores nor logs it.
    """
    if metric is None:
        return None
    if found := ranked_by(metric, own):
        name = metric.partition("/")[0]
        if name not in [one.name for one in scored]:
            raise UserError(
                f"--best {metric} ranks by a score that is not taken; add --evaluate-every STEPS "
                f"--evaluate-metrics {name}."
            )
        return Best(*found, by_score=True)
    name = metric.removeprefix("-")
    if name not in (names := logged()):
        raise UserError(f"--best {name}: no such metric; this run logs {', '.join(sorted(names))}.")
    return Best(name, -1.0 if metric.startswith("-") else 1.0, by_score=False)


def save(checkpoints: Store, best: Best | None) -> Act:
    """Writes a checkpoint, with its rank if checkpoints are ranked."""

    def act(info: StepInfo) -> None:
        checkpoints.save(info.step, info.state, best.rank if best else None)

    return act


def draw_samples(
    folder: RunFolder,
    log: MetricsLog | None,
    sampler_of: Callable[[GanState], Sampler],
    source: Source,
    disk: Disk,
) -> Act:
    """Draws samples, and at the last step a walk between latents.

    Args:
      folder: where pictures go.
      log: shows them in TensorBoard; None in a process that does not write.
      sampler_of: the generator of a state.
      source: real samples, to show beside points.
      disk: told of pictures that cannot be written.
    """
    modality = source.modality

    def act(info: StepInfo) -> None:
        if log is not None:
            with disk.tolerated("samples", folder.samples):
                draw(info, log)

    def draw(info: StepInfo, log: MetricsLog) -> None:
        sampler = sampler_of(info.state)
        count = modality.preview_size
        if sampler.gan.forward.origin is not None:
            shown = beside(*sampler.beside(ORIGINS))
        else:
            real, drawn = source.read(np.arange(min(count, source.size))), sampler(count)
            shown = modality.preview(drawn, real, None)
            for suffix in PLAYED.keys() & modality.sheets.keys():
                playing = folder.samples / f"{info.step:07d}{suffix}"
                modality.sheets[suffix](playing, drawn)
                log.play(playing, info.step)
        save_image(folder.samples / f"{info.step:07d}.png", shown)
        log.image("samples", shown, info.step)
        if info.last and modality.interpolates and sampler.gan.forward.origin is None:
            save_image(folder.interpolation, modality.preview(sampler.interpolate(), None, 10))

    return act


class Profile:
    """Records a trace of ten steps, once the engine has compiled its steps.

    Use as a context manager, which ends a trace that was cut short; and as a hook that is due at
    every ``STEPS`` steps.
    """

    STEPS = 10

    def __init__(self, folder: Path | None, first: int):
        """Records from some steps after ``first``; nothing without a folder."""
        self._folder, self._first = folder, first
        self._on = self._done = False

    def __call__(self, info: StepInfo) -> None:
        """Starts the trace, or ends it ten steps later."""
        if self._on:
            self._end()
        elif self._folder and not self._done and info.step >= self._first + self.STEPS:
            if info.last:
                return
            jax.profiler.start_trace(str(self._folder), create_perfetto_trace=True)
            self._on = True

    def __enter__(self) -> "Profile":
        return self

    def __exit__(self, *exception) -> None:
        if self._on:
            self._end()

    def _end(self) -> None:
        jax.profiler.stop_trace()
        self._on, self._done = False, True
