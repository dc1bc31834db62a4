"""Scores in the course of a training run."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxgan.data.open import held_out_rows
from jaxgan.data.source import Source
from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.extractors import extractor_for
from jaxgan.evaluation.inputs import about_run
from jaxgan.evaluation.reference import reference_of
from jaxgan.evaluation.requirements import check_paired
from jaxgan.evaluation.samples import of_sampler
from jaxgan.evaluation.score import RULE, Score
from jaxgan.evaluation.suite import metrics_named
from jaxgan.experiment import Task
from jaxgan.game.gan import Gan
from jaxgan.game.state import GanState
from jaxgan.metrics.metric import Metric
from jaxgan.runs.settings import ScoringFlags
from jaxgan.sampling import standing_statistics
from jaxgan.sampling.load import precision_of
from jaxgan.sampling.sampler import sampler_of
from jaxgan.training.start import Game


@dataclasses.dataclass(frozen=True, eq=False)
class ScoresDuringTraining:
    """Scores the averaged generator of a run as its flags say.

    Attributes:
      run: the run folder.
      description: its ``config.json``, with the data and batch size of the score.
      gan: its game.
      task: what the data are.
      evaluation: metrics, reference and extractor.
      num: samples per score.
      standing_batches: batches of standing statistics; 0 for running ones.
    """

    run: Path
    description: Mapping[str, Any]
    gan: Gan
    task: Task
    evaluation: Evaluation
    num: int
    standing_batches: int

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured."""
        return self.evaluation.metrics

    def __call__(self, state: GanState) -> list[Score]:
        """The scores of a state; on every process of a job.

        Raises:
          UserError: samples are not finite.
        """
        rows = self.evaluation.reference.rows
        sampler = sampler_of(
            self.gan,
            state,
            self.task,
            precision=precision_of(self.description),
            source=None if rows is None else lambda: rows,
        )
        if self.standing_batches:
            sampler = standing_statistics.standing(sampler, self.standing_batches)
        generated = of_sampler(sampler, self.num)
        about = about_run(self.run, self.description, self.gan, generated, RULE)
        return self.evaluation.score(generated, about, sampler)


def scores_during_training(
    run: Path,
    description: Mapping[str, Any],
    game: Game,
    source: Source,
    opened: Callable[[str], Source],
    flags: ScoringFlags,
    own: Sequence[Metric] = (),
) -> ScoresDuringTraining | None:
    """Prepares the scores of a run; None if it is not to be scored.

    Args:
      run: the run folder.
      description: its ``config.json``.
      game: what it trains.
      source: what it is trained on, which is the reference.
      opened: split -> source, that of the training among them.
      flags: say which metrics, how many samples, and which extractor.
      own: metrics that the experiment brings itself.

    Raises:
      UserError: a metric is unknown or does not fit the data, or weights are missing.
    """
    if not flags.evaluate_every:
        return None
    if flags.standing_batches:
        stats = game.shapes.players["g"].stats
        standing_statistics.check(game.gan, stats, flags.standing_batches)

    made_from_rows = bool(game.gan.forward.row_keys)
    split = held_out_rows(opened, source.split).split if made_from_rows else source.split
    trained = source.split if made_from_rows else None
    reference = reference_of(opened, split, None, flags.evaluate_num, trained=trained)
    metrics = metrics_named(flags.evaluate_metrics or source.modality.metrics, own)
    for metric in metrics:
        check_paired(metric, made_from_rows)
    extractor = extractor_for(
        metrics,
        flags.evaluate_extractor,
        flags.extractor_weights,
        source.shape,
        source.modality.name,
        reference.classifier,
    )
    evaluation = Evaluation(metrics, reference, extractor)
    count = min(flags.evaluate_num, reference.real.count) if made_from_rows else flags.evaluate_num
    real = reference.real if made_from_rows else source
    evaluation.check(count, real.shape, real.modality.name)
    return ScoresDuringTraining(
        run,
        description,
        game.gan,
        game.task,
        evaluation,
        count,
        flags.standing_batches,
    )
