"""From words to samples: a run, a file, a folder or a data set."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax

from jaxgan.data.modality import IMAGES, POINTS, Modality
from jaxgan.data.open import open_source
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.evaluation.samples import SampleSet, chosen, of_sampler, of_source
from jaxgan.experiment import Scoring, load_experiment
from jaxgan.game.gan import Gan, fresh_batches, moves
from jaxgan.metrics.metric import Metric
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.runs.settings import ScoringFlags
from jaxgan.sampling.load import Step, TrainedRun, load_state, rebuild, training_source
from jaxgan.sampling.sampler import Sampler, Weights
from jaxgan.sampling.standing_statistics import standing


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


def scoring_of(run: str | Path) -> tuple[Scoring, tuple[Metric, ...]]:
    """How a run scores itself, and the metrics that its experiment brings.

    What the experiment declares is changed by the flags that the run was last started with.

    Raises:
      UserError: there is no such run, or its experiment does not load.
    """
    folder = RunFolder(Path(run))
    description = read_description(folder)
    flags = description["launches"][-1]["runtime"]["scoring"]
    preset = description["training"]["preset"]
    declared = load_experiment(folder.experiment, preset).scoring
    return ScoringFlags(**flags).scoring(), declared.own


def kind_of(run: str | Path) -> tuple[tuple[int, ...], str]:
    """The shape of one sample of a run, and the name of its modality."""
    data = read_description(RunFolder(Path(run)))["data"]
    return tuple(data["shape"]), data["modality"]


def own_modality(run: str | Path) -> Modality | None:
    """The modality that the experiment of a run brings itself; None for images and points.

    Raises:
      UserError: there is no such run, or its experiment does not load.
    """
    modality = rebuild(RunFolder(Path(run))).task.modality
    return None if modality in (IMAGES, POINTS) else modality


def trained_split(run: str | Path) -> str:
    """The split that a run was trained on."""
    return read_description(RunFolder(Path(run)))["training"]["split"]


def is_run(words: str) -> bool:
    """Whether these words name a run folder."""
    return (Path(words) / "config.json").exists()


def default_count() -> int:
    """Samples that a score is of: 10,000 on a CPU, 50,000 on an accelerator."""
    return 10_000 if jax.default_backend() == "cpu" else 50_000


def made_from_rows(run: str | Path) -> bool:
    """Whether a run's samples are made from rows of data."""
    return bool(rebuild(RunFolder(Path(run))).gan.forward.row_keys)


def of_run(
    run: str, count: int, drawing: Drawing, rows: Source | None = None
) -> tuple[SampleSet, dict[str, Any], Sampler]:
    """Samples of a run, what a score says of them, and the sampler.

    Where samples are made from data, they are made from ``rows``, or without them from the run's
    own; at most as many as there are.

    Raises:
      UserError: there is no such run or checkpoint, or it cannot be drawn from like this.
    """
    trained = load_state(run, drawing.step)
    sampler = trained.sampler(drawing.weights)
    if drawing.standing:
        sampler = standing(sampler, drawing.standing, drawing.seed)
    if sampler.gan.forward.row_keys:
        if rows is not None:
            check_rows(trained, rows)
            sampler = dataclasses.replace(sampler, source=lambda: rows)
        own = sampler.rows
        count = count if own is None else min(count, own.size)
    samples = of_sampler(sampler, count, seed=drawing.seed, truncation=drawing.truncation)
    rule = rule_of(trained.description, drawing.step)
    return samples, about_run(run, trained.description, trained.gan, samples, rule), sampler


def check_rows(trained: TrainedRun, rows: Source) -> None:
    """Refuses data that samples of a run cannot be made from.

    Raises:
      UserError: says what they lack.
    """
    for key in trained.gan.forward.row_keys:
        wanted = tuple(trained.task.spec[key].shape)
        found = rows.spec.get(key)
        if found is None:
            raise UserError(
                f"This run makes samples from rows with a {key}, which {rows.name} has not; name "
                "other data."
            )
        if tuple(found.shape) != wanted:
            raise UserError(
                f"This run makes samples from images of shape {wanted}; those of {rows.name} have "
                f"{tuple(found.shape)}. Give a --resolution, or other data."
            )


def rule_of(description: Mapping[str, Any], step: Step) -> str:
    """How a checkpoint was chosen, for a score: ``last``, ``best by METRIC`` or ``chosen``."""
    best = description["launches"][-1]["runtime"]["checkpointing"]["best"]
    return {None: "last", "best": f"best by {best}"}.get(step, "chosen")


def about_run(
    run: str | Path, description: Mapping[str, Any], gan: Gan, samples: SampleSet, rule: str
) -> dict[str, Any]:
    """What a score says of samples that a run drew.

    Args:
      run: the folder.
      description: its ``config.json``.
      gan: its game, which tells D steps from G steps.
      samples: ``of_sampler``'s.
      rule: how the checkpoint was chosen: ``rule_of``, or ``during training``.
    """
    step, batch = samples.about["step"], description["training"]["batch_size"]
    return {
        "kind": "run",
        "run": str(run),
        "experiment": description["experiment"],
        "run_seed": description["training"]["seed"],
        "rule": rule,
        "d_steps": moves(gan.updates, "d", step),
        "g_steps": moves(gan.updates, "g", step),
        "images": step * fresh_batches(gan.updates) * batch,
        "trained_on": {
            "data": description["data"]["name"],
            "split": description["training"]["split"],
            "data_sha256": description["data"]["fingerprint"],
        },
        **({"learned_through": list(gan.learns_through)} if gan.learns_through else {}),
        **samples.about,
    }


def of_data(source: Source, count: int | None) -> tuple[SampleSet, dict[str, Any]]:
    """Samples of a file, a folder or a data set, and what a score says of them.

    Raises:
      UserError: there are fewer.
    """
    if count is not None and count > source.size:
        raise UserError(f"--num {count}: {source.name} has {source.size}; lower it, or omit it.")
    count = min(count or default_count(), source.size)
    samples = of_source(source, chosen(source.size, count))
    return samples, {"kind": "data", **samples.about}


def opener(
    words: str,
    data_dir: str | None,
    resolution: int | None = None,
    channels: int | None = None,
    modality: Modality | None = None,
) -> Callable[[str], Source]:
    """``split -> source`` for the data that words name, or that a run was trained on.

    The samples of a file are of ``modality``; None for images or points.
    """
    if is_run(words):
        return lambda split: _trained_on(words, data_dir, split)
    if Path(words).is_dir():
        words = f"folder:{words}"
    return lambda split: open_source(
        words,
        split,
        data_dir=data_dir,
        resolution=resolution,
        channels=channels,
        modality=modality,
    )


def _trained_on(run: str, data_dir: str | None, split: str) -> Source:
    """The data that a run was trained on.

    Raises:
      UserError: they are not at hand, or have changed; says how to compare with others.
    """
    try:
        return training_source(run, data_dir, split)
    except UserError as error:
        raise type(error)(f"{error} Or name what to compare with: --against DATA.") from error
