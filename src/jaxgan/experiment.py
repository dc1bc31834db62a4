"""An experiment: a paper on one or more data sets, as one file says it."""

import ast
import dataclasses
import difflib
import functools
import hashlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.datasets import DataSpec
from jaxgan.data.modality import IMAGES, UNPAIRED, Modality
from jaxgan.data.source import RowSpec, Source
from jaxgan.ema import constant
from jaxgan.errors import UserError, one_of
from jaxgan.game.gan import Gan
from jaxgan.game.state import GanState, init
from jaxgan.types import Batch, Dtype, ScalarLike


@dataclasses.dataclass(frozen=True)
class Task:
    """What ``build`` may know of the data and of the run.

    Attributes:
      spec: shape and dtype of every entry of one row of the data.
      classes: number of classes, None without labels.
      modality: what the samples are.
      steps: the budget, where the experiment says ``fixed_budget=True``; else
        None.
      dtype: of the activations (``--dtype``).
      ema: decay of the averaged generator (``--ema``), traced inside a step.
      change: what the run's flags change in the game that ``build`` makes, e.g. augmentation.
      mean: computes the mean sample in [0, 1] (points: as they are), float32 ``shape``.
        Only initializers ask; for a run rebuilt from its folder it is zero.
    """

    spec: Mapping[str, RowSpec]
    classes: int | None = None
    modality: Modality = IMAGES
    steps: int | None = None
    dtype: Dtype = "float32"
    ema: ScalarLike = 0.0
    change: Callable[[Gan], Gan] = lambda gan: gan
    mean: Callable[[], np.ndarray] | None = None

    @classmethod
    def of(cls, data: DataSpec, **more: Any) -> "Task":
        """The task of a data set's rows."""
        return cls(data.spec, data.classes, data.modality, **more)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: ``(height, width, channels)``, or ``(2,)`` for points."""
        return tuple(self.spec[self.modality.key].shape)

    @property
    def source_shape(self) -> tuple[int, ...]:
        """Of what a sample is made from, in data of image pairs or of two kinds of images.

        Raises:
          UserError: the data have no such images, or of another size than the targets.
        """
        if "source" not in self.spec:
            raise UserError(
                "These data are not images of two kinds; give --data pairs:DIR, "
                "unpaired:DIR_A,DIR_B or a data set such as glyphs/32."
            )
        shape = tuple(self.spec["source"].shape)
        if shape[:2] != self.shape[:2]:
            sizes = " and ".join(f"{height} x {width}" for height, width, _ in (shape, self.shape))
            raise UserError(f"Sources and targets are of {sizes} pixels; give a --resolution.")
        return shape

    def mean_sample(self) -> np.ndarray:
        """``mean()``, or zeros where the data are not at hand."""
        return self.mean() if self.mean is not None else np.zeros(self.shape, np.float32)


@dataclasses.dataclass(frozen=True)
class Published:
    """A published number.

    Attributes:
      metric: name of the metric and how it was measured.
      value: as printed.
      source: the table it stands in; if it is not the paper's, whose it is.
    """

    metric: str
    value: str
    source: str


@dataclasses.dataclass(frozen=True)
class Number:
    """A number of a score, as a table of results prints it.

    Attributes:
      score: ``metric/value``, e.g. ``modes/captured``.
      digits: after the point.
      factor: it is multiplied by, 100 for a percentage.
      spread: the ``metric/value`` that ± stands for with a single seed, e.g.
        ``parzen/standard_error``; empty for none. With several seeds it is their deviation.
    """

    score: str
    digits: int = 2
    factor: float = 1.0
    spread: str = ""


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """How ``jaxgan reproduce`` measures a published number again.

    Attributes:
      metric: as in ``Published``, beside which the result stands in the table.
      numbers: what is measured, in the order of the published value.
      flags: of ``jaxgan train``, by name, where they differ from the experiment's defaults; with
        ``steps`` where the published budget is not the default one.
      evaluate: flags of ``jaxgan evaluate``, by name; without ``metrics``, those of ``numbers``.
      seeds: how many runs are trained, with the seeds 0, 1, ...
      protocol: what differs from the published protocol, in words.
    """

    metric: str
    numbers: tuple[Number, ...]
    flags: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    evaluate: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seeds: int = 1
    protocol: str = ""


@dataclasses.dataclass(frozen=True)
class Scoring:
    """How the generators of an experiment are scored, during training and afterwards.

    Attributes:
      metrics: names of metrics, or ``jaxgan.metrics.metric.Metric`` values of the experiment's own;
        empty for the usual ones of the data.
      num: samples per score.
      every: steps between scores during training; 0 for none.
      standing_batches: batches of standing statistics, where the paper uses them; 0 for the
        running ones.
      extractor: the network of features, as ``--extractor`` takes it.
      extractor_weights: the file of its weights, where it needs one.
    """

    metrics: tuple[str | Any, ...] = ()
    num: int = 5000
    every: int = 0
    standing_batches: int = 0
    extractor: str = "efficientnet-lite0"
    extractor_weights: Path | None = None

    @property
    def own(self) -> tuple[Any, ...]:
        """The metrics that the experiment brings itself."""
        return tuple(metric for metric in self.metrics if not isinstance(metric, str))

    @property
    def names(self) -> str | None:
        """The metrics as ``--evaluate-metrics`` takes them; None for the usual ones."""
        names = [metric if isinstance(metric, str) else metric.name for metric in self.metrics]
        return ",".join(names) or None


UNNAMED = DataSpec("", ())
"""The data of an experiment whose presets name theirs."""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What an experiment file declares.

    Attributes:
      config: frozen dataclass of the paper's hyperparameters; its floats are runtime arguments.
      build: ``(config, task) -> Gan``. Called inside a trace, so it must be pure.
      data: the data set.
      steps: default budget.
      batch_size: default global batch.
      split: default split.
      resolution: default side that images are cropped and resized to; None keeps theirs.
      flip: whether real images are flipped at random by default.
      ema: default decay per step of the averaged generator; 0 keeps the last one.
      fixed_budget: whether ``build`` reads ``task.steps``, for a schedule that runs to the end of
        training; the number of steps then identifies the run.
      scoring: how its generators are scored; the default of the flags that begin with
        ``--evaluate``, and what ``jaxgan evaluate RUN`` repeats.
      smoke: changes to ``config`` that make ``--smoke`` take seconds.
      ablations: named changes to ``config``, and to ``batch_size``, that the paper, or a reader,
        compares.
      published: published numbers.
      reproductions: how they are measured again.
      presets: rows of changes to this experiment, by name, where the data sets that a paper is run
        on differ in numbers only: fields of ``Experiment`` and of ``config``. The first is the
        default.
      chains: presets that are trained one after another, each from the networks of the one before,
        by name; ``jaxgan chain`` does it.
      preset: name of the row that this experiment is; empty without presets.
      changes: what that row changes of ``config``'s defaults.
      file: the file that declares it; ``main`` and ``load_experiment`` fill it in.
    """

    config: type
    build: Callable[[Any, Task], Gan]
    data: DataSpec = UNNAMED
    steps: int = 0
    batch_size: int = 64
    split: str = "train"
    resolution: int | None = None
    flip: bool = False
    ema: float = 0.0
    fixed_budget: bool = False
    scoring: Scoring = Scoring()
    smoke: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    ablations: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    published: tuple[Published, ...] = ()
    reproductions: tuple[Reproduction, ...] = ()
    presets: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    chains: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    preset: str = ""
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    file: Path = Path()

    def selected(self, preset: str = "") -> "Experiment":
        """The experiment of one preset; of the first, if none is named.

        Raises:
          UserError: there is no such preset, it names no data, or it changes what is neither a
            field of ``Experiment`` nor of its config.
        """
        if not self.presets:
            if preset:
                raise UserError(f"{self.file.name} has no presets; omit {preset}.")
            return self
        name = one_of(preset, self.presets, "preset") if preset else next(iter(self.presets))
        fields = {field.name for field in dataclasses.fields(Experiment)}
        row = dict(self.presets[name])
        own = {key: row.pop(key) for key in list(row) if key in fields}
        try:
            self.config(**row)
        except TypeError as error:
            raise UserError(f"{self.file.name}, preset {name}: {error}.") from error
        found = dataclasses.replace(self, **own, changes=row, preset=name)
        if found.data is UNNAMED:
            raise UserError(f"{self.file.name}, preset {name}: name its data=.")
        return found

    def checked(self) -> "Experiment":
        """The experiment itself, if ``smoke`` and ``ablations`` change what there is.

        Raises:
          UserError: one names what is no field of its config, nor, for an ablation, the batch size.
        """
        known = [field.name for field in dataclasses.fields(self.config)]
        rows = {f"ablation {name!r}": row for name, row in self.ablations.items()}
        for what, row in {"smoke": self.smoke, **rows}.items():
            try:
                for name in row:
                    one_of(name, known if what == "smoke" else [*known, "batch_size"], "flag")
            except UserError as error:
                raise UserError(f"{self.file.name}, {what}: {error}") from error
        return self

    def default(self, **changes: Any) -> Any:
        """The config of this experiment's preset, with other changes."""
        return self.config(**{**self.changes, **changes})

    def game(self, config: Any, task: Task) -> Gan:
        """What ``build`` makes of a config, with the run's average if the paper has no other.

        Raises:
          UserError: the game is of pairs and the data are not, or ``build`` says so.
        """
        if not self.fixed_budget:
            task = dataclasses.replace(task, steps=None)
        gan = self.build(config, task)
        if gan.forward.aligned and task.modality == UNPAIRED:
            raise UserError(
                f"{self.name} learns from images in pairs, which these data are not; choose other "
                "--data, e.g. pairs:DIR, or an experiment that needs none, as cyclegan.py."
            )
        gan = task.change(gan)
        return dataclasses.replace(gan, ema=constant(task.ema)) if gan.ema is None else gan

    def task(self, **more: Any) -> Task:
        """The task of its own data set, budget and average."""
        return Task.of(self.data, **{"steps": self.steps, "ema": self.ema, **more})

    @property
    def doc(self) -> str:
        """The file's docstring."""
        return ast.get_docstring(ast.parse(self.file.read_text())) or ""

    @property
    def name(self) -> str:
        """The file's name without ``.py``, and the preset."""
        return f"{self.file.stem}-{self.preset}" if self.preset else self.file.stem


class _Uncached(importlib.machinery.SourceFileLoader):
    """Runs a file and leaves no ``__pycache__`` beside it, which may be in a run folder."""

    def set_data(self, path, data, *, _mode=0o666) -> None:
        """Keeps no bytecode."""


def load_experiment(path: str | Path, preset: str | None = None) -> Experiment:
    """The ``EXPERIMENT`` that the file at ``path`` declares.

    Args:
      path: a Python file.
      preset: name of one of its presets, or empty for the first; None for the declaration itself.

    Raises:
      UserError: there is no such file or preset, it fails to run, it declares none, or one that
        changes what there is not.
    """
    experiment = load_declared(path, ("EXPERIMENT",))
    if not isinstance(experiment, Experiment):
        raise UserError(f"{path} declares no EXPERIMENT = Experiment(...).")
    experiment = dataclasses.replace(experiment, file=Path(path).resolve()).checked()
    return experiment if preset is None else experiment.selected(preset)


def load_declared(path: str | Path, names: Sequence[str]) -> Any:
    """The first of these names that the Python file at ``path`` defines; None if it defines none.

    Raises:
      UserError: there is no such file, or it fails to run.
    """
    path = Path(path)
    if not path.is_file():
        there = sorted(file.name for file in path.parent.glob("*.py"))
        near = difflib.get_close_matches(path.name, there, n=1)
        hint = f"; did you mean {path.parent / near[0]}?" if near else "."
        raise UserError(f"No experiment file {path}{hint}")
    # A name of its own: two runs may hold different versions of one file.
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"jaxgan_experiment_{path.stem}_{digest}"
    if path.suffix != ".py":
        raise UserError(f"{path} is not a Python file; an experiment ends in .py.")
    loader = _Uncached(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and tyro look their source up there
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserError(f"{path} does not run: {type(error).__name__}: {error}") from error
    return next((getattr(module, name) for name in names if hasattr(module, name)), None)


def open_of(experiment: Experiment, data: str) -> Callable[..., Source]:
    """What opens the data of these words: the experiment itself, if it brings them.

    Takes a split, and as keywords what ``jaxgan.data.open.open_source`` takes. Raises ``UserError``
    for a resolution or channels of data that the experiment brings.
    """
    own = experiment.data.open
    if own is not None and data == experiment.data.name:

        def opened(
            split: str, resolution: int | None = None, channels: int | None = None, **_: Any
        ) -> Source:
            if resolution is not None or channels is not None:
                raise UserError(
                    f"{experiment.file.name} brings {data} as they are: leave out --resolution and "
                    "--channels."
                )
            return own(split)

        return opened
    from jaxgan.data.open import open_source

    return functools.partial(open_source, data)


def blank_rows(task: Task, rows: int) -> Batch:
    """Rows of zeros, of the shapes and dtypes that data have on a device: 64 bits become 32."""
    return {
        key: jnp.zeros((rows, *row.shape), jax.dtypes.canonicalize_dtype(row.dtype))
        for key, row in task.spec.items()
    }


def initial_state(gan: Gan, key: jax.Array, task: Task, rows: int = 2) -> GanState:
    """The state before the first step, for data of this kind; made by a pass of ``rows`` rows."""
    return init(gan, key, task.modality.seen(blank_rows(task, rows), None, gan.range, False))
