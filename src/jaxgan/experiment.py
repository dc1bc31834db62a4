"""An experiment: a paper on a data set, as one file says it."""

import ast
import dataclasses
import hashlib
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.game.gan import Gan
from jaxgan.game.state import GanState, init


@dataclasses.dataclass(frozen=True)
class Task:
    """What ``build`` may know of the data.

    Attributes:
      shape: of one sample: ``(height, width, channels)``, or ``(2,)`` for toy points.
      classes: number of classes, None without labels.
      mean: computes the mean sample in [0, 1] (toy points: as they are), float32 ``shape``.
        Only initialisers ask; for a run rebuilt from its folder it is zero.
    """

    shape: tuple[int, ...]
    classes: int | None = None
    mean: Callable[[], np.ndarray] | None = None

    def mean_sample(self) -> np.ndarray:
        """``mean()``, or zeros where the data are not at hand."""
        return self.mean() if self.mean is not None else np.zeros(self.shape, np.float32)


@dataclasses.dataclass(frozen=True)
class Published:
    """A published number. What was measured here is not in experiment files: it is data.

    Attributes:
      metric: what was measured, and how: samples, images, network.
      value: as printed.
      source: the table it stands in, and whose it is where it is not the paper's own.
    """

    metric: str
    value: str
    source: str


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What an experiment file declares.

    Attributes:
      config: frozen dataclass of the paper's knobs; its floats are runtime arguments.
      build: ``(config, data) -> Gan``, or ``(config, data, steps) -> Gan`` where a schedule
        runs to the end of training; the number of steps then identifies the run. Called
        inside a trace, so it must be pure.
      data: default data set, as ``--data`` takes it.
      shape: of one sample of that data set; ``--smoke`` makes noise of this shape, unless
        ``--resolution`` or ``--channels`` say another.
      classes: its number of classes, None without labels.
      steps: default budget.
      batch_size: default global batch.
      split: default split.
      resolution: default side that images are cropped and resized to; None keeps theirs.
      flip: whether real images are flipped at random by default.
      evaluate_every: steps between scores by default; 0 for none.
      evaluate_num: samples per score by default.
      evaluate_metrics: which by default; None for ``fd``, and ``modes`` for toy data.
      standing_batches: batches of standing statistics, where the paper uses them.
      smoke: changes to ``config`` that make ``--smoke`` take seconds.
      ablations: named changes to ``config``, and to ``batch_size``, that the paper, or a reader,
        compares.
      published: numbers of the paper, and of other code, that a reader compares with.
      file: the file that declares it; ``main`` and ``load_experiment`` fill it in.
    """

    config: type
    build: Callable[..., Gan]
    data: str
    shape: tuple[int, ...]
    classes: int | None
    steps: int
    batch_size: int
    split: str = "train"
    resolution: int | None = None
    flip: bool = False
    evaluate_every: int = 0
    evaluate_num: int = 5000
    evaluate_metrics: str | None = None
    standing_batches: int = 0
    smoke: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    ablations: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    published: tuple[Published, ...] = ()
    file: Path = Path()

    @property
    def reads_steps(self) -> bool:
        """Whether ``build`` asks for the number of steps."""
        return "steps" in inspect.signature(self.build).parameters

    def game(self, config: Any, data: Task, steps: int) -> Gan:
        """What ``build`` makes of a config."""
        return self.build(config, data, steps) if self.reads_steps else self.build(config, data)

    @property
    def doc(self) -> str:
        """The file's docstring."""
        return ast.get_docstring(ast.parse(self.file.read_text())) or ""

    @property
    def name(self) -> str:
        """The file's name without ``.py``."""
        return self.file.stem


class _Uncached(importlib.machinery.SourceFileLoader):
    """Runs a file and leaves no ``__pycache__`` beside it, which may be in a run folder."""

    def set_data(self, path, data, *, _mode=0o666) -> None:
        """Keeps no bytecode."""


def load_experiment(path: str | Path) -> Experiment:
    """The ``EXPERIMENT`` that the file at ``path`` declares.

    Raises:
      UserError: there is no such file, it fails to run, or it declares none.
    """
    path = Path(path)
    if not path.is_file():
        near = (
            sorted(file.name for file in path.parent.glob("*.py")) if path.parent.is_dir() else []
        )
        listing = f" (there: {', '.join(near)})" if near else ""
        raise UserError(f"No experiment file {path}{listing}.")
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
    experiment = getattr(module, "EXPERIMENT", None)
    if not isinstance(experiment, Experiment):
        raise UserError(f"{path} declares no EXPERIMENT = Experiment(...).")
    return dataclasses.replace(experiment, file=path.resolve())


def initial_state(gan: Gan, key: jax.Array, data: Task, rows: int = 2) -> GanState:
    """The state before the first step, for data of this shape; a round of ``rows`` is played."""
    batch = {"image": jnp.zeros((rows, *data.shape), jnp.float32)}
    if data.classes is not None:
        batch["label"] = jnp.zeros((rows,), jnp.int32)
    return init(gan, key, batch)
