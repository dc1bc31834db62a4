"""``jaxgan evaluate``."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from jaxgan.cli.progress import Counting
from jaxgan.errors import UserError
from jaxgan.evaluation.evaluate import known_metrics
from jaxgan.evaluation.extractors import extractor_for
from jaxgan.evaluation.inputs import Drawing, default_count, is_run, of_data, of_run, opener
from jaxgan.evaluation.reference import generated_reference, reference_of
from jaxgan.evaluation.score import Score, append
from jaxgan.runs.folder import RunFolder


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Score samples: of a run, of an npz or a folder of images, or of two against each other."""

    subject: tyro.conf.Positional[str]
    """A run folder; or npz:PATH, a folder of images, or a data set."""
    against: Annotated[str | None, tyro.conf.arg(metavar="DATA")] = None
    """What to compare with: a data set, npz:PATH, a folder, or another run; the data that the run
    was trained on if not given."""
    metrics: str | None = None
    """Which, with commas: fd, fd-infinity, kid, prdc, is, modes, intra-fd, cas, ms-ssim, ppl,
    parzen, neighbours. fd,kid,prdc if not given, modes for toy data."""
    extractor: str = "efficientnet-lite0"
    """Features: efficientnet-lite0, inception, inception-clean, dinov2-vits14, -vitb14, -vitl14,
    -vitg14, or classifier."""
    extractor_weights: Path | None = None
    """Weights of inception or dinov2, which you download yourself."""
    num: int | None = None
    """Samples to score; 10,000 on a CPU and 50,000 on an accelerator if not given."""
    num_real: int | None = None
    """Real samples to compare with; as many as are scored if not given."""
    split: str = "train"
    """Split of the reference."""
    held_out: str | None = None
    """Split of the real samples that give the floor; chosen by itself if not given."""
    seed: int = 0
    """Seed of the latents."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best; the newest if not given."""
    truncation: float | None = None
    """Draw latents nearer to the middle, above 0 to 10."""
    standing_batches: int = 0
    """Take the generator's batch statistics anew from so many batches (BigGAN's standing
    statistics: 16); 0 for the running ones."""
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
    asked = tyro.cli(Evaluate, prog="jaxgan evaluate", args=list(arguments))
    check(asked)
    run = is_run(asked.subject)
    out = asked.out or (RunFolder(Path(asked.subject)).evaluations if run else None)
    new = out is not None and not out.exists()
    if out is not None:
        _writable(out)  # before minutes are spent
    try:
        scores = scores_of(asked, run)
    except UserError:
        if new and out is not None:
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
    for name in ("num", "num_real"):
        value = getattr(asked, name)
        if value is not None and value < 2:
            raise UserError(f"--{name.replace('_', '-')} {value}: must be at least 2.")
    if asked.truncation is not None and not 0 < asked.truncation <= 10:
        raise UserError(f"--truncation {asked.truncation}: must be above 0 and at most 10.")
    if asked.standing_batches < 0:
        raise UserError(f"--standing-batches {asked.standing_batches}: must be at least 0.")
    if not 0 <= asked.seed < 2**32:
        raise UserError(f"--seed {asked.seed}: use 0 to {2**32 - 1}.")
    if asked.metrics is not None:
        known_metrics(asked.metrics)


def scores_of(asked: Evaluate, run: bool) -> list[Score]:
    """The scores that were asked for."""
    drawing = Drawing(
        asked.step, asked.weights, asked.truncation, asked.seed, asked.standing_batches
    )
    sampler = None
    if run:
        count = asked.num or default_count()
        fake, about, sampler = of_run(asked.subject, count, drawing)
    else:
        if asked.against is None:
            raise UserError(
                f"{asked.subject} is no run folder (it has no config.json). Check the path, or "
                "for images say what to compare them with: --against DATA."
            )
        for name in ("step", "weights", "truncation", "seed", "standing_batches"):
            if getattr(asked, name) != getattr(Evaluate, name):
                flag = name.replace("_", "-")
                raise UserError(f"--{flag} is of runs; {asked.subject} is none. Omit it.")
        opened = opener(asked.subject, asked.data_dir, asked.resolution)
        fake, about = of_data(opened("train"), asked.num)
    against = asked.against or asked.subject
    if asked.against is not None and is_run(asked.against):
        reference = generated_reference(
            asked.against,
            asked.num_real or fake.count,
            # Other latents: two checkpoints of one run would make nearly the same images of one.
            Drawing(step=asked.against_step, seed=(asked.seed + 1) % 2**32),
        )
    else:
        opened = opener(against, asked.data_dir, asked.resolution)
        reference = reference_of(opened, asked.split, asked.num_real, fake.count, asked.held_out)
    points = len(reference.real.shape) == 1
    names = known_metrics(asked.metrics or ("modes" if points else "fd,kid,prdc"))
    extractor = extractor_for(names, asked.extractor, asked.extractor_weights, reference)
    with Counting() as counting:
        return reference.evaluation(names, extractor, counting).score(fake, about, sampler)


def print_scores(scores: Sequence[Score]) -> None:
    """One line for each number: its name, its value, and what it can be at best."""
    width = max(len(f"{score.title} {name}") for score in scores for name in score.values)
    for score in scores:
        for name, value in score.values.items():
            beside = f"   ({'; '.join(told)})" if (told := _at_best(score, name)) else ""
            print(f"{f'{score.title} {name}':<{width}}  {value:>12.6g}{beside}")
    for score in scores:
        protocol = score.protocol
        if "reference" in protocol:
            against = protocol["reference"]
            name = against.get("data", against.get("run"))
            print(f"{protocol['n_fake']} samples against {protocol['n_real']} of {name}")
            break


def _at_best(score: Score, name: str) -> list[str]:
    """What held-out real samples and a perfect sampler get, each in words."""
    count, told = score.floor_of.get("n"), []
    if name in score.floor:
        of = "" if count == score.protocol["n_fake"] else f", n = {count}"
        told.append(f"held-out real{of}: {score.floor[name]:.6g}")
    perfect, good = (score.details.get(key, {}) for key in ("perfect", "perfect_of_good"))
    if name in perfect:
        told.append(f"a perfect sampler: {perfect[name]:.6g}")
    if name in good:
        told.append(f"of as many good samples, {good['n']}: {good[name]:.6g}")
    return told
