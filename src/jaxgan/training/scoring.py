"""Scores in the course of a training run."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jaxgan.data.source import Source
from jaxgan.evaluation.evaluate import Evaluation, known_metrics
from jaxgan.evaluation.extractors import extractor_for
from jaxgan.evaluation.inputs import about_run
from jaxgan.evaluation.reference import reference_of
from jaxgan.evaluation.samples import of_sampler
from jaxgan.evaluation.score import RULE, Score
from jaxgan.experiment import Task
from jaxgan.game.gan import Gan
from jaxgan.game.state import GanState
from jaxgan.runs.settings import ScoringFlags
from jaxgan.sampling import standing_statistics
from jaxgan.sampling.sampler import sampler_of
from jaxgan.training.data import is_images
from jaxgan.training.start import Game


@dataclasses.dataclass(frozen=True, eq=False)
class ScoresDuringTraining:
    """Scores the averaged generator of a run as its flags say.

    Attributes:
      run: the run folder.
      description: its ``config.json``, with the data and batch size of the stamp.
      gan: its game.
      data: shape of its samples.
      evaluation: metrics, reference and extractor.
      num: samples per score.
      standing_batches: batches of standing statistics; 0 for running ones.
    """

    run: Path
    description: Mapping[str, Any]
    gan: Gan
    data: Task
    evaluation: Evaluation
    num: int
    standing_batches: int

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return self.evaluation.metrics

    def __call__(self, state: GanState) -> list[Score]:
        """The scores of a state; on every process of a job.

        Raises:
          UserError: samples are not finite.
        """
        sampler = sampler_of(self.gan, state, self.data)
        if self.standing_batches:
            sampler = standing_statistics.standing(sampler, self.standing_batches)
        fake = of_sampler(sampler, self.num)
        about = about_run(self.run, self.description, self.gan, fake, RULE)
        return self.evaluation.score(fake, about, sampler)


def scores_during_training(
    run: Path,
    description: Mapping[str, Any],
    game: Game,
    source: Source,
    opened: Callable[[str], Source],
    flags: ScoringFlags,
) -> ScoresDuringTraining | None:
    """Prepares the scores of a run; None if it is not to be scored.

    Args:
      run: the run folder.
      description: its ``config.json``.
      game: what it trains.
      source: what it is trained on, which is the reference.
      opened: split -> source, for other splits.
      flags: say which metrics, how many samples, and which extractor.

    Raises:
      UserError: a metric is unknown or does not fit the data, or weights are missing.
    """
    if not flags.evaluate_every:
        return None
    if flags.standing_batches:
        standing_statistics.check(game.shapes.players["g"].stats, flags.standing_batches)
    reference = reference_of(
        lambda split: source if split == source.split else opened(split),
        source.split,
        None,
        flags.evaluate_num,
    )
    names = known_metrics(flags.evaluate_metrics or ("fd" if is_images(source.shape) else "modes"))
    extractor = extractor_for(names, flags.evaluate_extractor, flags.extractor_weights, reference)
    evaluation = reference.evaluation(names, extractor)
    evaluation.check(reference.real)
    return ScoresDuringTraining(
        run,
        description,
        game.gan,
        game.task,
        evaluation,
        flags.evaluate_num,
        flags.standing_batches,
    )
