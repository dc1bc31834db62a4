"""From words to what is compared: a run, a file, a folder or a data set; and its reference."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.data.open import open_source
from jaxgan.data.source import Source
from jaxgan.errors import UserError, known
from jaxgan.evaluation.evaluate import (
    Classifier,
    Evaluation,
    Watch,
    classifier_of,
    unwatched,
)
from jaxgan.evaluation.images import Images, chosen, of_sampler, of_source, training_source
from jaxgan.evaluation.metrics import METRICS
from jaxgan.game import Gan, fresh_batches, moves
from jaxgan.metrics.extractors.dinov2 import VITB14, VITG14, VITL14, VITS14, dinov2
from jaxgan.metrics.extractors.efficientnet_lite0 import efficientnet_lite0, resolution_for
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.extractors.fid_inception import WHERE, fid_inception
from jaxgan.sampling import Step, Weights, load_state, sampler_of
from jaxgan.standing import standing


@dataclasses.dataclass(frozen=True)
class Drawing:
    """How a run's samples are drawn; of no use for files.

    Attributes:
      step: of the checkpoint, ``best``, or None for the newest.
      weights: ``ema`` or ``raw``.
      truncation: of the latents.
      seed: of the latents.
      standing: batches for standing statistics; 0 for running ones.
    """

    step: Step = None
    weights: Weights = "ema"
    truncation: float | None = None
    seed: int = 0
    standing: int = 0


def is_run(words: str) -> bool:
    """Whether these words name a run folder."""
    return (Path(words) / "config.json").exists()


def default_count() -> int:
    """Samples that a score is of: 10,000 on a CPU, 50,000 on an accelerator."""
    return 10_000 if jax.default_backend() == "cpu" else 50_000


def of_run(run: str, count: int, drawing: Drawing) -> tuple[Images, dict[str, Any], Any]:
    """Samples of a run, what a stamp says of them, and the sampler.

    Raises:
      UserError: there is no such run or checkpoint, or it cannot be drawn from like this.
    """
    _, gan, state, data, description = load_state(run, drawing.step)
    sampler = sampler_of(gan, state, data, drawing.weights)
    if drawing.standing:
        sampler = standing(sampler, drawing.standing, drawing.seed)
    images = of_sampler(sampler, count, seed=drawing.seed, truncation=drawing.truncation)
    rule = rule_of(description, drawing.step)
    return images, about_run(run, description, gan, images, rule), sampler


def rule_of(description: Mapping[str, Any], step: Step) -> str:
    """How a checkpoint was chosen, for the stamp: ``last``, ``best by METRIC`` or ``chosen``."""
    best = description["launches"][-1]["operation"].get("best")
    return {None: "last", "best": f"best by {best}"}.get(step, "chosen")


def about_run(
    run: str | Path, description: Mapping[str, Any], gan: Gan, images: Images, rule: str
) -> dict[str, Any]:
    """What a stamp says of samples that a run drew.

    Args:
      run: the folder.
      description: its ``config.json``.
      gan: its game, which tells D steps from G steps.
      images: ``of_sampler``'s.
      rule: how the checkpoint was chosen: ``rule_of``, or ``during training``.
    """
    step, batch = images.about["step"], description["identity"]["batch_size"]
    return {
        "kind": "run",
        "run": str(run),
        "experiment": description["experiment"],
        "run_seed": description["identity"]["seed"],
        "rule": rule,
        "d_steps": moves(gan.updates, "d", step),
        "g_steps": moves(gan.updates, "g", step),
        "images": step * fresh_batches(gan.updates) * batch,
        **images.about,
    }


def of_data(source: Source, count: int | None) -> tuple[Images, dict[str, Any]]:
    """Samples of a file, a folder or a data set, and what a stamp says of them.

    Raises:
      UserError: there are fewer.
    """
    if count is not None and count > source.size:
        raise UserError(f"--num {count}: {source.name} has {source.size}; lower it, or omit it.")
    count = min(count or default_count(), source.size)
    images = of_source(source, chosen(source.size, count))
    return images, {"kind": "data", **images.about}


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """Real samples to score against.

    Attributes:
      real: the reference.
      held_out: as many as are scored, none of them in the reference; None if there are none.
      classes: number of classes.
      classifier: makes the small classifier of these data.
    """

    real: Images
    held_out: Images | None
    classes: int | None
    classifier: Callable[[], Classifier]

    def evaluation(
        self, metrics: Sequence[str], extractor: Extractor | None, watch: Watch = unwatched
    ) -> Evaluation:
        """Scores by these metrics against this reference."""
        return Evaluation(
            tuple(metrics),
            self.real,
            self.held_out,
            extractor,
            self.classifier,
            self.classes,
            watch,
        )


def reference_of(
    opened: Callable[[str], Source],
    split: str,
    num_real: int | None,
    num_fake: int,
    held_out: str | None = None,
) -> Reference:
    """The reference, and what is held out of it.

    Args:
      opened: split -> source.
      split: of the reference.
      num_real: its size; None for as many as are scored, as far as they go.
      num_fake: how many are scored.
      held_out: split of the held-out samples; None for the rest of ``split`` where that is
        enough, else ``test`` where there is one, else whatever the rest has.

    Raises:
      UserError: a split does not exist, or has fewer samples.
    """
    source = opened(split)
    if num_real is not None and num_real > source.size:
        raise UserError(
            f"--num-real {num_real}: {source.name} {split} has {source.size}; lower it."
        )
    count = min(num_real or num_fake, source.size)
    real = of_source(source, chosen(source.size, count))
    rest = source.size - count
    other = opened(held_out) if held_out else None
    if other is None and rest < num_fake and split != "test":
        other = _optional(opened, "test")
    if other is not None and other.fingerprint == source.fingerprint:
        other = None  # the same samples by another name
    if other is not None:
        kept = _unlike(other, chosen(other.size, min(num_fake, other.size)), real)
    elif rest > 1:
        kept = of_source(source, chosen(source.size, min(num_fake, rest), after=count))
    else:
        kept = None

    def classifier() -> Classifier:
        if source.channels_of is not None:
            digits = classifier_of(source.channels_of("train"), source.channels_of("test"))
            return dataclasses.replace(digits, channels=True)
        train = _optional(opened, "train") or source
        test = _optional(opened, "test")
        if test is None:
            raise UserError(
                f"{source.name} has no split test, by which a classifier could be judged; choose "
                "other metrics."
            )
        return classifier_of(train, test)

    return Reference(real, kept, source.classes, classifier)


def _unlike(source: Source, places: np.ndarray, reference: Images) -> Images | None:
    """Those samples that are not in the reference: splits may overlap, and files repeat."""

    def sums(blocks: Iterable[np.ndarray]) -> list[bytes]:
        return [hashlib.sha256(row.tobytes()).digest() for block in blocks for row in block]

    known = set(sums(reference.blocks(1024)))
    images = of_source(source, places)
    fresh = [total not in known for total in sums(images.blocks(1024))]
    return of_source(source, places[fresh]) if sum(fresh) > 1 else None


def _optional(opened: Callable[[str], Source], split: str) -> Source | None:
    try:
        return opened(split)
    except UserError:
        return None


def opener(
    words: str,
    data_dir: str | None,
    resolution: int | None = None,
    channels: int | None = None,
) -> Callable[[str], Source]:
    """``split -> source`` for the data that words name, or that a run was trained on."""
    if is_run(words):
        return lambda split: training_source(words, data_dir, split)
    if Path(words).is_dir():
        words = f"folder:{words}"
    return lambda split: open_source(
        words, split, data_dir=data_dir, resolution=resolution, channels=channels
    )


def generated_reference(run: str, count: int, drawing: Drawing) -> Reference:
    """The samples of a run as a reference, for a comparison of two generators."""

    def classifier() -> Classifier:
        raise UserError("A classifier needs real data; name them: --against DATA.")

    images, about, _ = of_run(run, count, drawing)
    return Reference(dataclasses.replace(images, about=about), None, None, classifier)


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
    return choices[known(name, choices, "extractor")]()
