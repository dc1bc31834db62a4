"""Drawing samples from a generator, in training and from a run folder."""

import dataclasses
import logging
from functools import partial
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import runs
from jaxgan.checkpoint import Checkpoints
from jaxgan.data.transforms import to_uint8
from jaxgan.errors import UserError
from jaxgan.experiment import Data, Experiment
from jaxgan.game import Gan, GanState, Network, init
from jaxgan.randomness import Draw, named

Weights = Literal["ema", "raw"]


def initial_state(gan: Gan, key: jax.Array, data: Data) -> GanState:
    """The state before the first step, for data of this shape."""
    batch = {"image": jnp.zeros((2, *data.shape), jnp.float32)}
    if data.classes is not None:
        batch["label"] = jnp.zeros((2,), jnp.int32)
    return init(gan, key, batch)


@dataclasses.dataclass(frozen=True)
class Sampler:
    """A generator with its weights.

    Sample ``i`` of a seed depends on the seed and on ``i`` alone: the first ten of a
    hundred are the same as ten.

    Attributes:
      gan: the game whose generator it is.
      params: the generator's parameters.
      stats: its statistics.
      data: shape of the samples.
      step: training step of the weights.
      weights: ``ema`` or ``raw``.
    """

    gan: Gan
    params: Any
    stats: Any
    data: Data
    step: int
    weights: Weights

    def latents(self, count: int, seed: int = 0, truncation: float | None = None) -> jax.Array:
        """Latents of the first ``count`` samples of ``seed``, float32 ``[count, latent]``."""
        draw = Draw(named(jax.random.key(seed), "sample"), jnp.arange(count, dtype=jnp.int32))
        return self.gan.prior(draw, truncation)

    def labels(self, count: int, label: int | None = None) -> jax.Array | None:
        """Labels int32 ``[count]``: all ``label``, or each class in turn; None without classes.

        Raises:
          UserError: the data have no such class.
        """
        if self.data.classes is None:
            if label is not None:
                raise UserError(f"--label {label}: this run's data have no labels; omit --label.")
            return None
        if label is None:
            return jnp.arange(count, dtype=jnp.int32) % self.data.classes
        if not 0 <= label < self.data.classes:
            raise UserError(f"--label {label}: the classes are 0 to {self.data.classes - 1}.")
        return jnp.full((count,), label, jnp.int32)

    def decode(
        self, latents: jax.Array, labels: jax.Array | None = None, batch_size: int = 256
    ) -> np.ndarray:
        """Samples of these latents, float32 ``[n, ...]`` in ``gan.range``."""
        parts = []
        for start in range(0, len(latents), batch_size):
            part = slice(start, start + batch_size)
            chosen = None if labels is None else labels[part]
            parts.append(np.asarray(self._generate(latents[part], chosen)))
        return np.concatenate(parts)

    def __call__(
        self,
        count: int,
        seed: int = 0,
        label: int | None = None,
        truncation: float | None = None,
    ) -> np.ndarray:
        """Draws ``count`` samples: uint8 ``[n, h, w, c]``, or float32 points ``[n, 2]``."""
        samples = self.decode(self.latents(count, seed, truncation), self.labels(count, label))
        return self.quantise(samples)

    def quantise(self, samples: np.ndarray) -> np.ndarray:
        """Images as uint8; toy points unchanged."""
        return np.asarray(to_uint8(samples, *self.gan.range)) if samples.ndim == 4 else samples

    def interpolate(
        self, rows: int = 8, columns: int = 10, seed: int = 0, label: int | None = None
    ) -> np.ndarray:
        """Straight walks between pairs of latents, uint8 ``[rows * columns, h, w, c]``."""
        ends = self.latents(2 * rows, seed)
        share = jnp.linspace(0.0, 1.0, columns)[None, :, None]
        walk = (1.0 - share) * ends[:rows, None] + share * ends[rows:, None]
        walk = walk.reshape(rows * columns, -1)
        labels = self.labels(rows, label)
        if labels is not None:
            labels = jnp.repeat(labels, columns)
        return self.quantise(self.decode(walk, labels))

    def _generate(self, latents: jax.Array, labels: jax.Array | None) -> jax.Array:
        return _generate(_Static(self.gan), self.params, self.stats, latents, labels)


class _Static:
    """A ``Gan`` as a static argument of jit, the same for the same object."""

    def __init__(self, gan: Gan):
        self.gan = gan

    def __hash__(self) -> int:
        return id(self.gan)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and other.gan is self.gan


@partial(jax.jit, static_argnums=0)
def _generate(static: _Static, params, stats, latents, labels):
    gan = static.gan
    return gan.sample(Network(gan.networks["g"], params, stats), latents, labels)


def sampler_of(gan: Gan, state: GanState, data: Data, weights: Weights = "ema") -> Sampler:
    """A sampler of the state's generator, averaged or as it is."""
    source = state.ema if weights == "ema" else state.players["g"]
    params, stats = jax.device_get((source.params, source.stats))
    return Sampler(gan, params, stats, data, int(state.step), weights)


def load_state(
    run: str | Path, step: int | None = None
) -> tuple[Experiment, Gan, GanState, Data, dict[str, Any]]:
    """The state of a run's newest sound checkpoint (or of ``step``), and what rebuilds it.

    Raises:
      UserError: there is no run, no checkpoint, or none that is sound.
    """
    folder = runs.RunFolder(Path(run))
    experiment, config, data, description = runs.rebuild(folder)
    if not folder.checkpoints.is_dir():
        raise UserError(f"{folder.path} has no checkpoint yet; train it first.")
    gan = experiment.build(config, data)
    like = jax.eval_shape(lambda: initial_state(gan, jax.random.key(0), data))
    device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    like = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device), like
    )
    with Checkpoints(folder.checkpoints, writing=False) as checkpoints:
        _, state = checkpoints.restore(like, step)
    recorded = description.get("environment", {}).get("code")
    if recorded not in (None, runs.code_digest()):
        logging.getLogger("jaxgan").warning(
            "%s was written by another version of jaxgan's code (commit %s); the networks are "
            "rebuilt with this one.",
            folder.path,
            description["environment"].get("git_commit"),
        )
    return experiment, gan, state, data, description


def load(run: str | Path, weights: Weights = "ema", step: int | None = None) -> Sampler:
    """A sampler from a run folder.

    Args:
      run: the folder.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      step: step of the checkpoint; None for the newest that is sound.

    Raises:
      UserError: there is no run, no checkpoint, or none that is sound.
    """
    _, gan, state, data, _ = load_state(run, step)
    return sampler_of(gan, state, data, weights)
