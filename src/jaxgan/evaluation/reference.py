"""Real samples to score against."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable

import numpy as np

from jaxgan.data.open import optional_split
from jaxgan.data.source import Source, subset
from jaxgan.errors import UserError
from jaxgan.evaluation.classifier import Classifier, classifier_of
from jaxgan.evaluation.inputs import Drawing, of_run
from jaxgan.evaluation.samples import SampleSet, chosen, of_source
from jaxgan.oracle import Oracle


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """Real samples to score against.

    Attributes:
      real: the reference.
      held_out: as many as are scored, none of them in the reference; None if there are none.
      classes: number of classes.
      classifier: makes the small classifier of these data.
      mixture: centers ``[modes, d]`` and standard deviation of the mixture of Gaussians that
        points are drawn from; None for other data.
      oracle: the distribution that sequences of tokens are drawn from; None for other data.
      rows: the data at the reference's places, which samples are made from where they are made from
        data; None for the samples of another run.
    """

    real: SampleSet
    held_out: SampleSet | None
    classes: int | None
    classifier: Callable[[], Classifier]
    mixture: tuple[np.ndarray, float] | None = None
    oracle: Oracle | None = None
    rows: Source | None = None


def reference_of(
    opened: Callable[[str], Source],
    split: str,
    num_real: int | None,
    num_generated: int,
    held_out: str | None = None,
    trained: str | None = None,
) -> Reference:
    """The reference, and what is held out of it.

    Nothing is where the reference is all that there is. Halves of it would not do: distances of
    distributions grow as samples get fewer, so that of halves is no floor of those of the whole.

    Args:
      opened: split -> source.
      split: of the reference.
      num_real: its size; None for as many as are scored, as far as they go.
      num_generated: how many are scored.
      held_out: split of the held-out samples; None for the rest of ``split`` where that is
        enough and they are no text, else ``test`` or ``trained`` where there is one, else whatever
        the rest has.
      trained: of samples that are made from the reference's rows, one from each, the split of the
        training, for a reference that is all of ``test``. What its targets score is what a
        generator would that gave them again.

    Raises:
      UserError: a split does not exist, or has fewer samples.
    """
    source = opened(split)
    if num_real is not None and num_real > source.size:
        raise UserError(
            f"--num-real {num_real}: {source.name} {split} has {source.size}; lower it."
        )
    count = min(num_real or num_generated, source.size)
    scored = num_generated if trained is None else count
    places = chosen(source.size, count)
    real = of_source(source, places)
    rest = source.size - count
    other = opened(held_out) if held_out else None
    # What a generator of text finds likely must be what it has not seen, wherever there is any.
    unseen = source.modality.vocabulary is not None
    if other is None and (rest < scored or unseen):
        spare = (
            optional_split(opened, name) for name in ("test", trained) if name not in (None, split)
        )
        other = next((one for one in spare if one is not None), None)
    if other is not None and other.fingerprint == source.fingerprint:
        other = None  # the same samples by another name
    if other is not None:
        kept = _unlike(other, chosen(other.size, min(scored, other.size)), real)
    elif rest > 1:
        kept = of_source(source, chosen(source.size, min(scored, rest), after=count))
    else:
        kept = None

    def classifier() -> Classifier:
        if source.channels_of is not None:
            digits = classifier_of(source.channels_of("train"), source.channels_of("test"))
            return dataclasses.replace(digits, channels=True)
        train = optional_split(opened, "train") or source
        test = optional_split(opened, "test")
        if test is None:
            raise UserError(
                f"{source.name} has no split test, by which a classifier could be judged; choose "
                "other metrics."
            )
        return classifier_of(train, test)

    mixture = source.mixture and (source.mixture.centers, source.mixture.deviation)
    rows = subset(source, places)
    return Reference(real, kept, source.classes, classifier, mixture, source.oracle, rows)


def _unlike(source: Source, places: np.ndarray, reference: SampleSet) -> SampleSet | None:
    """Those samples that are not in the reference: splits may overlap, and files repeat."""

    def sums(blocks: Iterable[np.ndarray]) -> list[bytes]:
        return [hashlib.sha256(row.tobytes()).digest() for block in blocks for row in block]

    known = set(sums(reference.blocks(1024)))
    samples = of_source(source, places)
    fresh = [total not in known for total in sums(samples.blocks(1024))]
    return of_source(source, places[fresh]) if sum(fresh) > 1 else None


def generated_reference(run: str, count: int, drawing: Drawing) -> Reference:
    """The samples of a run as a reference, for a comparison of two generators."""

    def classifier() -> Classifier:
        raise UserError("A classifier needs real data; name them: --against DATA.")

    samples, about, _ = of_run(run, count, drawing)
    return Reference(dataclasses.replace(samples, about=about), None, None, classifier)
