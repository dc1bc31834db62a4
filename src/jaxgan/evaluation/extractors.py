"""The extractors that a command line can ask for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jaxgan.errors import UserError, one_of
from jaxgan.evaluation.classifier import Classifier
from jaxgan.evaluation.reference import Reference
from jaxgan.evaluation.suite import METRICS
from jaxgan.metrics.extractors.dinov2 import VITB14, VITG14, VITL14, VITS14, dinov2
from jaxgan.metrics.extractors.efficientnet_lite0 import efficientnet_lite0, resolution_for
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.extractors.fid_inception import WHERE, fid_inception


def extractor_for(
    metrics: Sequence[str], name: str, weights: Path | None, reference: Reference
) -> Extractor | None:
    """The extractor that these metrics look through; None if none of them does.

    Raises:
      UserError: as ``choose_extractor``.
    """
    images = len(reference.real.shape) == 3
    if not images or all(METRICS[metric].network != "extractor" for metric in metrics):
        return None
    return choose_extractor(name, weights, reference.real.shape, reference.classifier)


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

    def file(where: str) -> Path:
        if weights is None:
            raise UserError(f"--extractor {name} needs --extractor-weights FILE. {where}")
        return weights

    choices: Mapping[str, Callable[[], Extractor]] = {
        "efficientnet-lite0": lambda: efficientnet_lite0(resolution_for(*shape[:2]), weights),
        "inception": lambda: fid_inception(file(WHERE), "tf1-legacy"),
        "inception-clean": lambda: fid_inception(file(WHERE), "clean"),
        "dinov2-vits14": lambda: dinov2(file(VITS14.where), VITS14),
        "dinov2-vitb14": lambda: dinov2(file(VITB14.where), VITB14),
        "dinov2-vitl14": lambda: dinov2(file(VITL14.where), VITL14),
        "dinov2-vitg14": lambda: dinov2(file(VITG14.where), VITG14),
        "classifier": lambda: classifier().extractor,
    }
    return choices[one_of(name, choices, "extractor")]()
