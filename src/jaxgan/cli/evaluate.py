"""``jaxgan evaluate``."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from jaxgan.cli.flags import check_count, check_seed, check_truncation, parsed
from jaxgan.cli.progress import Counting
from jaxgan.data.modality import IMAGES, PAIRS, POINTS, UNPAIRED, Modality
from jaxgan.data.open import held_out_rows
from jaxgan.errors import UserError
from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.extractors import EXTRACTORS, extractor_for
from jaxgan.evaluation.inputs import (
    Drawing,
    default_count,
    is_run,
    kind_of,
    made_from_rows,
    of_data,
    of_run,
    opener,
    own_modality,
    scoring_of,
    trained_split,
)
from jaxgan.evaluation.matched import matched
from jaxgan.evaluation.reference import Reference, generated_reference, reference_of
from jaxgan.evaluation.samples import UNSAID, SampleSet
from jaxgan.evaluation.score import Score, append
from jaxgan.evaluation.statistics import PREFIX, statistics_reference
from jaxgan.evaluation.suite import help_text, metrics_named
from jaxgan.experiment import Scoring
from jaxgan.metrics.metric import Metric
from jaxgan.runs.folder import RunFolder


def _usual_of(modality: Modality) -> str:
    return ",".join(modality.thorough_metrics)


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Score samples: of a run, of an npz or a folder of images, or of two against each other."""

    subject: tyro.conf.Positional[str]
    """A run folder; or npz:PATH, a folder of images, or a data set."""
    against: Annotated[str | None, tyro.conf.arg(metavar="DATA")] = None
    """What to compare with: a data set, npz:PATH, a folder, another run, or stats:FILE, an .npz
    with mu and sigma of real features; the data that the run was trained on if not given. By l1,
    psnr and ssim files are compared with the targets of pairs:DIR, or the images of a folder, that
    have their names."""
    metrics: Annotated[
        str | None,
        tyro.conf.arg(
            help=f"Which, with commas: {help_text()}. Those of the run itself if not given; for "
            f"others {_usual_of(IMAGES)} of images, {_usual_of(POINTS)} of points."
        ),
    ] = None
    extractor: Annotated[
        str | None,
        tyro.conf.arg(
            help=f"The network of features: {', '.join(EXTRACTORS)}. That of the run itself if "
            "not given, efficientnet-lite0 for others."
        ),
    ] = None
    extractor_weights: Path | None = None
    """Weights of inception or dinov2, which you download yourself."""
    num: int | None = None
    """Samples to score. As many as the run's own scores are of if not given; of files all, up to
    10,000 on a CPU and 50,000 on an accelerator."""
    num_real: int | None = None
    """Real samples to compare with; as many as are scored if not given."""
    split: str | None = None
    """Split of the reference; if not given, that which the run was trained on, or train of other
    data; test, where there is one, of pairs and for a run whose samples are made from images."""
    held_out: str | None = None
    """Split of the real samples that are scored beside the generated ones; chosen by itself if not
    given."""
    seed: int = 0
    """Seed of the latents."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best; the newest if not given."""
    truncation: float | None = None
    """Draw latents nearer to the middle, above 0 to 10."""
    standing_batches: int | None = None
    """Take the generator's batch statistics anew from so many batches (BigGAN's standing
    statistics: 16); 0 for the running ones. As the run's own scores if not given."""
    against_step: int | Literal["best"] | None = None
    """Step of the checkpoint of a run that --against names; the newest if not given."""
    resolution: int | None = None
    """Side that images of files are cropped and resized to; their own if not given."""
    data_dir: str | None = None
    """Where TFDS keeps data; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    out: Path | None = None
    """Add the scores to this file; RUN/evaluations.jsonl if not given, none for files."""


def evaluate(arguments: Sequence[str]) -> int:
    """``jaxgan evaluate SUBJECT``."""
    asked = parsed(Evaluate, prog="jaxgan evaluate", args=list(arguments))
    check(asked)
    run = is_run(asked.subject)
    out = asked.out or (RunFolder(Path(asked.subject)).evaluations if run else None)
    new = out is not None and not out.exists()
    if out is not None:
        _writable(out)  # before minutes are spent
    try:
        scores = scores_of(asked, run)
    except BaseException:
        if new and out is not None and not out.stat().st_size:  # another may have added to it
            out.unlink(missing_ok=True)
        raise
    print_scores(scores)
    if out is not None:
        append(out, scores)
        print(f"added to {out}")
    return 0


def _writable(out: Path) -> None:
    """Makes the file, if it is not there.

    Raises:
      UserError: it cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.open("a").close()
    except OSError as error:
        raise UserError(f"Cannot write {out}: {error.strerror}. Choose another --out.") from error


def check(asked: Evaluate) -> None:
    """Refuses numbers that make no sense.

    Raises:
      UserError: naming the flag.
    """
    check_count("--num", asked.num, 2)
    check_count("--num-real", asked.num_real, 2)
    check_truncation(asked.truncation)
    check_seed(asked.seed)
    if asked.standing_batches is not None and asked.standing_batches < 0:
        raise UserError(f"--standing-batches {asked.standing_batches}: must be at least 0.")


def scores_of(asked: Evaluate, run: bool) -> list[Score]:
    """The scores that were asked for."""
    if not run:
        _check_files(asked)
    recorded, own, modality = _declared(asked, run)
    # Names are looked up, and sizes compared, before a checkpoint is read or anything is drawn.
    metrics = metrics_named(asked.metrics, own) if asked.metrics is not None else None
    count = asked.num or (recorded.num if run else default_count())
    if run:
        reference = _reference(asked, count)
        metrics = metrics or _usual(recorded, own, reference)
        evaluation = _evaluation(asked, recorded, metrics, reference)
        kind = kind_of(asked.subject)
        if made_from_rows(asked.subject):
            count, kind = _of_rows(asked, reference, count)
        evaluation.check(count, *kind)
        standing = _standing(asked, recorded)
        drawing = Drawing(asked.step, asked.weights, asked.truncation, asked.seed, standing)
        generated, about, sampler = of_run(asked.subject, count, drawing, reference.rows)
    else:
        generated, about, reference = _of_files(asked, metrics, modality)
        sampler = None
        metrics = metrics or _usual(recorded, own, reference)
        evaluation = _evaluation(asked, recorded, metrics, reference)
    with Counting() as counting:
        evaluation = dataclasses.replace(evaluation, watch=counting)
        return evaluation.score(generated, about, sampler)


def _declared(asked: Evaluate, run: bool) -> tuple[Scoring, tuple[Metric, ...], Modality | None]:
    """How the subject scores itself; the metrics and the modality that an experiment brings.

    Those of files are the other run's, which may have drawn them.

    Raises:
      UserError: the experiment does not load, or a flag is of files and there are none.
    """
    other = asked.against if asked.against is not None and is_run(asked.against) else None
    if run:
        if asked.resolution is not None and (other or asked.against is None):
            raise UserError("--resolution is of files and data sets; runs keep theirs. Omit it.")
        return *scoring_of(asked.subject), None
    if other is None:
        return Scoring(), (), None
    return Scoring(), scoring_of(other)[1], own_modality(other)


def _check_files(asked: Evaluate) -> None:
    """Refuses flags that are of runs, for samples that are not a run's.

    Raises:
      UserError: naming the flag.
    """
    if asked.against is None:
        raise UserError(
            f"{asked.subject} is no run folder (it has no config.json). Check the path, or "
            "for images say what to compare them with: --against DATA."
        )
    for name in ("step", "weights", "truncation", "seed", "standing_batches"):
        if getattr(asked, name) != getattr(Evaluate, name):
            flag = name.replace("_", "-")
            raise UserError(f"--{flag} is of runs; {asked.subject} is none. Omit it.")


def _check_statistics(asked: Evaluate) -> None:
    """Refuses flags that choose real samples where there are only statistics of them.

    Raises:
      UserError: naming the flag.
    """
    for name in ("split", "held_out", "num_real"):
        if getattr(asked, name) is not None:
            flag = name.replace("_", "-")
            raise UserError(f"--{flag} chooses real samples; {asked.against} has none. Omit it.")
    if asked.metrics is None:
        raise UserError(f"{asked.against} holds statistics alone; add --metrics fd.")


def _reference(asked: Evaluate, count: int, shape: tuple[int, ...] = ()) -> Reference:
    """What is compared with: a data set, the samples of another run, or statistics of a file.

    Args:
      asked: the flags.
      count: how many samples are scored.
      shape: of one of them, if they are those of a file.
    """
    against = asked.against or asked.subject
    if asked.against is not None and is_run(asked.against):
        # Other latents: two checkpoints of one run would make nearly the same images of one.
        standing = _standing(asked, scoring_of(asked.against)[0])
        seed = (asked.seed + 1) % 2**32
        drawing = Drawing(step=asked.against_step, seed=seed, standing=standing)
        return generated_reference(asked.against, asked.num_real or count, drawing)
    run = is_run(asked.subject)
    if against.startswith(PREFIX):
        _check_statistics(asked)
        shape = kind_of(asked.subject)[0] if run else shape
        return statistics_reference(Path(against.removeprefix(PREFIX)).expanduser(), shape)
    made = run and made_from_rows(asked.subject)
    channels = kind_of(asked.subject)[0][-1] if made and asked.against else None
    opened = functools.cache(opener(against, asked.data_dir, asked.resolution, channels))
    trained = "train" if asked.against else trained_split(asked.subject)
    of_rows = made if run else opened(asked.split or trained).modality in (PAIRS, UNPAIRED)
    split = asked.split or (held_out_rows(opened, trained).split if of_rows else trained)
    of_training = trained if of_rows else None
    return reference_of(opened, split, asked.num_real, count, asked.held_out, of_training)


def _of_rows(
    asked: Evaluate, reference: Reference, count: int
) -> tuple[int, tuple[tuple[int, ...], str]]:
    """How many samples are made from the reference's rows, their shape and their modality's name.

    ``count`` where the reference are the samples of another run.

    Raises:
      UserError: there are fewer rows than were asked for.
    """
    real = reference.real
    if reference.rows is None:
        return count, (real.shape, real.modality.name)
    if asked.num_real is not None and asked.num is not None:
        raise UserError(
            "--num-real: as many samples are made as the reference has rows; omit it or --num."
        )
    if asked.num is not None and asked.num > real.count:
        raise UserError(
            f"--num {asked.num}: these samples are made from rows of the data, of which the "
            f"reference has {real.count}; lower it, or name another --split."
        )
    return real.count, (real.shape, real.modality.name)


def _of_files(
    asked: Evaluate, metrics: Sequence[Metric] | None, modality: Modality | None
) -> tuple[SampleSet, dict[str, Any], Reference]:
    """Samples of files, what a score says of them, and what they are compared with.

    That is the true image of its name for each, where a metric asks for it. Among the usual ones of
    pairs there are such metrics.
    """
    data = not is_run(str(asked.against)) and not str(asked.against).startswith(PREFIX)
    if data and any(metric.paired for metric in metrics or ()):
        return _by_name(asked)
    opened = opener(asked.subject, asked.data_dir, asked.resolution, modality=modality)
    generated, about = of_data(opened("train"), asked.num)
    reference = _reference(asked, generated.count, generated.shape)
    if data and metrics is None and reference.real.modality is PAIRS:
        return _by_name(asked)
    if generated.modality is IMAGES and reference.real.modality in (PAIRS, UNPAIRED):
        generated = dataclasses.replace(generated, modality=reference.real.modality)
    return generated, about, reference


def _by_name(asked: Evaluate) -> tuple[SampleSet, dict[str, Any], Reference]:
    """As ``_of_files``, each image beside the true one of its name."""
    for name in ("num", "num_real"):
        if getattr(asked, name) is not None:
            flag = name.replace("_", "-")
            raise UserError(
                f"--{flag}: every image is compared with the true one of its name; omit it."
            )
    true = functools.cache(opener(str(asked.against), asked.data_dir, asked.resolution))
    split = asked.split or held_out_rows(true, "train").split
    size, channels = true(split).size, true(split).shape[-1]
    reference = reference_of(true, split, None, size, asked.held_out, trained="train")
    assert reference.rows is not None
    made = opener(asked.subject, asked.data_dir, asked.resolution, channels)("train")
    generated = matched(made, reference.rows)
    return generated, {"kind": "data", **generated.about}, reference


def _standing(asked: Evaluate, recorded: Scoring) -> int:
    """Batches of standing statistics: those asked for, or those of the run's own scores."""
    given = asked.standing_batches
    return recorded.standing_batches if given is None else given


def _usual(recorded: Scoring, own: Sequence[Metric], reference: Reference) -> tuple[Metric, ...]:
    """The metrics if none are named: those of the run, or the usual ones of its modality.

    A modality that an experiment brings may have none but the experiment's own.
    """
    usual = reference.real.modality.thorough_metrics
    return metrics_named(recorded.metrics or usual or own, own)


def _evaluation(
    asked: Evaluate, recorded: Scoring, metrics: tuple[Metric, ...], reference: Reference
) -> Evaluation:
    """What is measured, with the network that was asked for or that the run itself uses."""
    weights = asked.extractor_weights
    if weights is None and asked.extractor in (None, recorded.extractor):
        weights = recorded.extractor_weights
    extractor = extractor_for(
        metrics,
        asked.extractor or recorded.extractor,
        weights,
        reference.real.shape,
        reference.real.modality.name,
        reference.classifier,
    )
    return Evaluation(metrics, reference, extractor)


def print_scores(scores: Sequence[Score]) -> None:
    """One line for each number: its name, its value, and what it can be at best."""
    width = max(len(f"{score.title} {name}") for score in scores for name in score.values)
    for score in scores:
        for name, value in score.values.items():
            beside = f"   ({'; '.join(told)})" if (told := _at_best(score, name)) else ""
            print(f"{f'{score.title} {name}':<{width}}  {value:>12.6g}{beside}")
    if leaking := next((score for score in scores if "leak" in score.protocol), None):
        print(
            f"Leaking: {leaking.protocol['leak']}, {leaking.protocol['extractor']}, by which its "
            "samples may look better than they are; give another --extractor."
        )
    for score in scores:
        protocol = score.protocol
        if "reference" in protocol:
            against = protocol["reference"]
            name = against.get("data", against.get("run"))
            of = "" if protocol["n_real"] == UNSAID else f"{protocol['n_real']} of "
            print(f"{protocol['n_fake']} samples against {of}{name}")
            break


def _at_best(score: Score, name: str) -> list[str]:
    """What held-out real samples, a perfect sampler and controls get, each in words."""
    count, told = score.real_score_of.get("n"), []
    if name in score.real_score:
        split = score.real_score_of.get("split")
        own = score.protocol.get("reference", {}).get("split") == split
        of = "" if own else f" of {split}"
        of += "" if count == score.protocol["n_fake"] else f", n = {count}"
        told.append(f"held-out real{of}: {score.real_score[name]:.6g}")
    perfect, good = (score.details.get(key, {}) for key in ("perfect", "perfect_of_good"))
    for control, values in score.controls.items():
        if name in values:
            told.append(f"{control}: {values[name]:.6g}")
    if name in perfect:
        told.append(f"a perfect sampler: {perfect[name]:.6g}")
    if name in good:
        told.append(f"of as many good samples, {good['n']}: {good[name]:.6g}")
    return told
