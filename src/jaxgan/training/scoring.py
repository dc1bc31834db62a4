"""Scores in the course of a training run."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxgan.data.source import Source
from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.extractors import extractor_for
from jaxgan.evaluation.inputs import about_run
from jaxgan.evaluation.reference import reference_of
from jaxgan.evaluation.samples import modality_of, of_sampler
from jaxgan.evaluation.score import RULE, Score
from jaxgan.evaluation.suite import metrics_named
from jaxgan.experiment import Task
from jaxgan.game.gan import Gan
from jaxgan.game.state import GanState
from jaxgan.metrics.metric import POINTS, Metric
from jaxgan.runs.settings import Runtime
from jaxgan.sampling.load import precision_of
from jaxgan.sampling.sampler import sampler_of
from jaxgan.sampling.standing_statistics import standing


@dataclasses.dataclass(frozen=True, eq=False)
class ScoresDuringTraining:
    """Scores the averaged generator of a run as its flags say.

    Attributes:
      run: the run folder.
      description: its ``config.json``, with the data and batch size of the score.
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

    def __call__(self, state: GanState) -> list[Score]:
        """The scores of a state; on every process of a job.

        Raises:
          UserError: samples are not finite.
        """
        precision = precision_of(self.description)
        sampler = sampler_of(self.gan, state, self.data, precision=precision)
        if self.standing_batches:
            sampler = standing(sampler, self.standing_batches)
        fake = of_sampler(sampler, self.num)
        about = about_run(self.run, self.description, self.gan, fake, RULE)
        return self.evaluation.score(fake, about, sampler)


def scores_during_training(
    run: Path,
    description: Mapping[str, Any],
    gan: Gan,
    data: Task,
    opened: Callable[[str], Source],
    split: str,
    runtime: Runtime,
    own: Sequence[Metric] = (),
) -> ScoresDuringTraining:
    """Prepares the scores of a run.

    Args:
      run: the run folder.
      description: its ``config.json``.
      gan: its game.
      data: shape of its samples.
      opened: split -> source.
      split: what it is trained on, which is the reference.
      runtime: says which metrics, how many samples, and which extractor.
      own: metrics that the experiment brings itself.

    Raises:
      UserError: a metric is unknown or does not fit the data, or weights are missing.
    """
    reference = reference_of(opened, split, None, runtime.evaluate_num)
    usual = "modes" if modality_of(data.shape) == POINTS else "fd"
    metrics = metrics_named(runtime.evaluate_metrics or usual, own)
    extractor = extractor_for(
        metrics,
        runtime.evaluate_extractor,
        runtime.extractor_weights,
        data.shape,
        reference.classifier,
    )
    evaluation = Evaluation(metrics, reference, extractor)
    evaluation.check(runtime.evaluate_num, data.shape, modality_of(data.shape))
    return ScoresDuringTraining(
        run,
        description,
        gan,
        data,
        evaluation,
        runtime.evaluate_num,
        runtime.standing_batches,
    )
