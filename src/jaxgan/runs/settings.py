"""What a person may set for a run, beside the hyperparameters of the paper.

Every field is a flag of the same name, however deep it is nested.
"""

import dataclasses
import math
import re
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import tyro

from jaxgan.errors import UserError
from jaxgan.experiment import Scoring
from jaxgan.hyperparameters import Fraction, NonNegative
from jaxgan.parallel import Backend
from jaxgan.types import Dtype

Repeat: TypeAlias = Literal["single", "unroll", "loop"]
"""How several steps run in one call: one by one, written out, or as a loop on the device."""


@dataclasses.dataclass(frozen=True)
class Training:
    """Settings that, with the paper's hyperparameters, identify a run: a resume must agree."""

    data: str = ""
    """Data set: a TFDS name, folder:PATH, zip:FILE, npz:PATH, ring, grid, swiss_roll or
    stacked_mnist. Of image pairs: a TFDS name, pairs:DIR, unpaired:DIR_A,DIR_B or unpaired:NAME;
    backward: before it swaps the two."""
    split: str = "train"
    """Split to train on, in TFDS's syntax, e.g. train[:90%]."""
    resolution: int | None = None
    """Side in pixels that images are cropped and resized to; the data's own if not given."""
    channels: int | None = None
    """1 for gray, 3 for color; the data's own if not given."""
    flip: bool = False
    """Flip real images left to right at random."""
    batch_size: int = 64
    """Real images per update, over all devices."""
    seed: int = 0
    """Seed of everything random: initialization, order of the data, latents."""
    ema: Fraction = 0.0
    """Decay per step of the averaged generator; 0 keeps the last one."""
    augment: Literal["none", "diffaugment", "ada", "apa"] = "none"
    """Against overfitting to few images: the discriminator sees augmented images (diffaugment),
    as often as it overfits (ada), or generated ones in the place of real ones (apa); on top of what
    the game itself augments."""
    augment_ramp: NonNegative = 500_000.0
    """Images in which the strength of ada or apa would go from 0 to 1: fewer for a short run."""
    lecam: NonNegative = 0.0
    """Weight of LeCam's penalty, against the same; 0 for none, 0.001 in the paper for CIFAR-10."""
    freeze_d: str = ""
    """Modules of the discriminator that keep their weights, with commas (FreezeD): for a run that
    begins with another one's, by --init-from."""
    dtype: Dtype = "float32"
    """Dtype of the activations; parameters, last layers and losses stay in float32."""
    matmul_precision: Literal["float32", "tensorfloat32", "bfloat16"] = "float32"
    """Precision of float32 matrix products and convolutions on accelerators. A TPU makes six
    bfloat16 products of a float32 one, and three of a tensorfloat32 one; bfloat16 is its own
    default."""
    preset: tyro.conf.Suppress[str] = ""
    """Name of the experiment's preset; empty if it has none. It is a command, not a flag."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """How the data are read."""

    data_dir: str | None = None
    """Where TFDS keeps data; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    data_mode: Literal["auto", "resident", "streamed"] = "auto"
    """Keep the data on the device, or stream them; auto decides by their size."""
    workers: int = 0
    """Processes that read and decode streamed data, for more than one core can; 0 for threads of
    this process alone."""
    unreadable: Literal["refuse", "skip"] = "refuse"
    """What to do with an unreadable file in a folder of images."""


@dataclasses.dataclass(frozen=True)
class Compute:
    """On which devices steps run, and how they are compiled."""

    devices: int | None = None
    """Number of devices to use; all if not given."""
    backend: Backend = "pmap"
    """How the step is spread over devices; the results are the same bit for bit."""
    repeat: Literal["auto", "single", "unroll", "loop"] = "auto"
    """How steps are repeated in one call; auto decides by device and networks."""
    steps_per_dispatch: int = 50
    """Most steps per call where they are repeated on the device."""
    accumulate: int = 1
    """Parts that each device's rows are divided into, one after the other, to save memory; their
    gradients are accumulated. Not with batch normalization, dropout, and whatever else lets the
    rows of a batch see each other."""
    remat: bool = False
    """Rematerialize: gradients compute again what lies inside the networks instead of keeping it,
    for about one more forward pass; saves memory of deep networks on accelerators, not on a CPU."""
    recompile: bool = False
    """Compile every program anew, and keep none for the next start."""
    deterministic: bool = False
    """Ask XLA for deterministic kernels, which a GPU needs for bitwise resume."""
    debug_nans: bool = False
    """Stop at the first step that makes a NaN, and name it (slow)."""


@dataclasses.dataclass(frozen=True)
class Logging:
    """What is written while training."""

    log_every: int = 100
    """Steps between rows of metrics.jsonl."""
    sample_every: int = 500
    """Steps between sample grids; 0 for none but the last."""
    profile: bool = False
    """Record a trace of ten steps for TensorBoard and Perfetto."""


@dataclasses.dataclass(frozen=True)
class Checkpointing:
    """Which states are kept."""

    checkpoint_every: int = 1000
    """Steps between checkpoints; 0 for none but the last."""
    keep: int = 2
    """Newest checkpoints to keep."""
    best: str | None = None
    """Also keep the checkpoint that is best by this score of --evaluate-every, e.g. fd or
    prdc/coverage; or that has the smallest value of what training logs, e.g. g/adversarial
    (--best=-METRIC for the largest)."""


@dataclasses.dataclass(frozen=True)
class Watching:
    """What is done with a run that learns no more."""

    on_divergence: Literal["stop", "rollback"] = "stop"
    """When something is not finite, the discriminator has won, or the samples are all alike: stop,
    or go back to the last sound checkpoint and on from there with other random numbers. A
    population always stops the run."""
    rollbacks: int = 3
    """How often a run goes back at most."""
    watch: bool = True
    """Look for a discriminator that has won and for samples that are all alike; what is not finite
    ends a run all the same."""


@dataclasses.dataclass(frozen=True)
class ScoringFlags:
    """How the averaged generator is scored while training."""

    evaluate_every: int = 0
    """Steps between scores of the averaged generator (evaluations.jsonl); 0 for none."""
    evaluate_metrics: str | None = None
    """Which, with commas, as jaxgan evaluate takes them; the usual of the data if not given."""
    evaluate_num: int = 5000
    """Samples per score, and real ones they are compared with."""
    evaluate_extractor: str = "efficientnet-lite0"
    """Features that scores look at, as jaxgan evaluate takes them."""
    extractor_weights: Path | None = None
    """Weights of that extractor, where you must download them."""
    standing_batches: int = 0
    """Before scoring, recompute the generator's batch statistics from so many batches; 0 for the
    running ones."""

    @classmethod
    def of(cls, scoring: Scoring) -> "ScoringFlags":
        """The flags for what an experiment declares."""
        return cls(
            evaluate_every=scoring.every,
            evaluate_metrics=scoring.names,
            evaluate_num=scoring.num,
            evaluate_extractor=scoring.extractor,
            extractor_weights=scoring.extractor_weights,
            standing_batches=scoring.standing_batches,
        )

    def scoring(self) -> Scoring:
        """What the flags say, as an experiment would declare it; a path may be text."""
        names, weights = self.evaluate_metrics, self.extractor_weights
        return Scoring(
            metrics=() if names is None else tuple(names.split(",")),
            num=self.evaluate_num,
            every=self.evaluate_every,
            standing_batches=self.standing_batches,
            extractor=self.evaluate_extractor,
            extractor_weights=None if weights is None else Path(weights),
        )


@dataclasses.dataclass(frozen=True)
class Processes:
    """The other processes of the job, if there are any."""

    distributed: bool = False
    """Join the other processes of this job (found from Slurm, TPU or JAX_* variables)."""
    coordinator: str | None = None
    """host:port of process 0, where the cluster does not tell."""
    num_processes: int | None = None
    """Number of processes, with --coordinator."""
    process_id: int | None = None
    """This process's number, with --coordinator."""


@dataclasses.dataclass(frozen=True)
class Runtime:
    """Settings of the machine and of what is written; a resume may change them."""

    workdir: Path | None = None
    """The run's folder; runs/NAME if not given."""
    steps: int = 0
    """Train until this step."""
    init_from: Path | None = None
    """Start a new run from the weights of this run."""
    smoke: bool = False
    """Three tiny steps on noise, to see that everything works; takes seconds."""
    logging: Logging = Logging()
    checkpointing: Checkpointing = Checkpointing()
    watching: Watching = Watching()
    scoring: ScoringFlags = ScoringFlags()
    reading: Reading = Reading()
    compute: Compute = Compute()
    processes: Processes = Processes()


Settings = TypeVar("Settings")


def with_flags(settings: Settings, **flags: Any) -> Settings:
    """``settings`` with other values of these flags, wherever they are nested.

    Raises:
      TypeError: there is no such flag.
    """
    changes = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            known = flags_of(value)
            changes[field.name] = with_flags(
                value, **{name: flags.pop(name) for name in known if name in flags}
            )
    return dataclasses.replace(settings, **changes, **flags)  # type: ignore[type-var]


def flags_of(settings: Any) -> dict[str, Any]:
    """Every flag of ``settings`` and its value, without the nesting."""
    found = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        found |= flags_of(value) if dataclasses.is_dataclass(value) else {field.name: value}
    return found


REMOTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
"""How a path begins that is an address: ``gs://``, which ``Path`` makes ``gs:/``."""


def check(training: Training, runtime: Runtime) -> None:
    """Refuses settings that make no sense.

    Raises:
      UserError: naming the flag and its allowed values.
    """
    _at_least("batch_size", training.batch_size, 1)
    if not 0 <= training.ema < 1:
        raise UserError(f"--ema {training.ema}: must be from 0 to below 1.")
    if training.augment in ("none", "diffaugment") and (
        training.augment_ramp != Training.augment_ramp
    ):
        raise UserError("--augment-ramp goes with --augment ada or apa; omit it, or add one.")
    if not 0 < training.augment_ramp < math.inf:
        raise UserError(f"--augment-ramp {training.augment_ramp}: must be above 0.")
    if not 0 <= training.lecam < math.inf:
        raise UserError(f"--lecam {training.lecam}: must be at least 0.")
    if not 0 <= training.seed < 2**32:
        raise UserError(f"--seed {training.seed}: use 0 to {2**32 - 1}.")
    if training.resolution is not None:
        _at_least("resolution", training.resolution, 1)
    if training.channels not in (None, 1, 3):
        raise UserError(f"--channels {training.channels}: use 1 (gray) or 3 (color).")
    if remote := REMOTE.match(str(runtime.workdir)):
        raise UserError(
            f"--workdir {remote[1]}://...: a run folder must be a local path; train into one and "
            "copy it there."
        )
    if runtime.steps >= 2**31:
        raise UserError(f"--steps {runtime.steps}: must be below {2**31}.")
    flags = flags_of(runtime)
    for name in ("steps", "sample_every", "checkpoint_every", "evaluate_every", "standing_batches"):
        _at_least(name, flags[name], 0)
    _at_least("workers", flags["workers"], 0)
    _at_least("rollbacks", flags["rollbacks"], 0)
    for name in ("steps_per_dispatch", "log_every", "keep", "accumulate"):
        _at_least(name, flags[name], 1)
    _at_least("evaluate_num", flags["evaluate_num"], 2)


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UserError(f"--{_flag(name)} {value}: must be at least {least}.")
