"""The networks that ``--extractor`` can name."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jaxgan.errors import UserError, one_of
from jaxgan.evaluation.classifier import Classifier
from jaxgan.metrics.clip_features import of_clips
from jaxgan.metrics.extractors.dinov2 import VITB14, VITG14, VITL14, VITS14, dinov2
from jaxgan.metrics.extractors.efficientnet_lite0 import efficientnet_lite0, resolution_for
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.extractors.fid_inception import WHERE, fid_inception
from jaxgan.metrics.metric import SOUNDS, VIDEOS, Metric


@dataclasses.dataclass(frozen=True)
class Asked:
    """What an extractor may need.

    Attributes:
      name: as ``--extractor`` takes it.
      weights: the file that was named, or None.
      shape: of the real images.
      classifier: makes the small classifier of the data.
    """

    name: str
    weights: Path | None
    shape: tuple[int, ...]
    classifier: Callable[[], Classifier]

    def file(self, where: str) -> Path:
        """The named file.

        Raises:
          UserError: none was named; says from where to download it.
        """
        if self.weights is None:
            raise UserError(f"--extractor {self.name} needs --extractor-weights FILE. {where}")
        return self.weights


EXTRACTORS: Mapping[str, Callable[[Asked], Extractor]] = {
    "efficientnet-lite0": lambda asked: efficientnet_lite0(
        resolution_for(*asked.shape[:2]), asked.weights
    ),
    "inception": lambda asked: fid_inception(asked.file(WHERE), "tf1-legacy"),
    "inception-clean": lambda asked: fid_inception(asked.file(WHERE), "clean"),
    "dinov2-vits14": lambda asked: dinov2(asked.file(VITS14.where), VITS14),
    "dinov2-vitb14": lambda asked: dinov2(asked.file(VITB14.where), VITB14),
    "dinov2-vitl14": lambda asked: dinov2(asked.file(VITL14.where), VITL14),
    "dinov2-vitg14": lambda asked: dinov2(asked.file(VITG14.where), VITG14),
    "classifier": lambda asked: asked.classifier().extractor,
}
"""Every extractor by its name."""

DEFAULT_EXTRACTOR = "efficientnet-lite0"
"""The one that is installed with jaxgan."""


def extractor_for(
    metrics: Sequence[Metric],
    name: str,
    weights: Path | None,
    shape: tuple[int, ...],
    modality: str,
    classifier: Callable[[], Classifier],
) -> Extractor | None:
    """The extractor that these metrics look through; None if none of them does.

    Args:
      metrics: what is measured.
      name: as ``--extractor`` takes it.
      weights: the file that some extractors need.
      shape: of the real samples.
      modality: the name of what they are; of metrics that do not fit it no extractor is made.
      classifier: makes the small classifier of the data.

    Raises:
      UserError: as ``choose_extractor``, or it does not see sounds.
    """
    fitting = [metric for metric in metrics if modality in metric.modalities]
    if all(metric.network != "extractor" for metric in fitting):
        return None
    if modality == SOUNDS:
        if name not in (DEFAULT_EXTRACTOR, "classifier"):
            raise UserError(
                f"--extractor {name} sees images; sounds are seen by the classifier of the data: "
                "leave it out."
            )
        return classifier().extractor
    if modality == VIDEOS:
        frames, *frame = shape
        return of_clips(choose_extractor(name, weights, tuple(frame), classifier), frames)
    return choose_extractor(name, weights, shape, classifier)


def choose_extractor(
    name: str,
    weights: Path | None,
    shape: tuple[int, ...],
    classifier: Callable[[], Classifier],
) -> Extractor:
    """The extractor of this name.

    Args:
      name: as ``--extractor`` takes it.
      weights: the file that inception and dinov2 need.
      shape: of the real images.
      classifier: makes the small classifier of the data.

    Raises:
      UserError: there is none of this name, or its weights are missing or others.
    """
    build = EXTRACTORS[one_of(name, EXTRACTORS, "extractor")]
    return build(Asked(name, weights, shape, classifier))
