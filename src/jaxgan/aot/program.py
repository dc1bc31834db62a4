"""The training step of an experiment as a program for devices that need not be there."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan import parallel
from jaxgan.aot.products import Product, products
from jaxgan.data.feed import RESIDENT_BYTES, Flat, line
from jaxgan.experiment import Experiment
from jaxgan.game.gan import fresh_batches
from jaxgan.runs.settings import Compute, Training
from jaxgan.training import repeat, start
from jaxgan.training.data import noise, preparation
from jaxgan.training.engine import ROWS, training_step
from jaxgan.types import AXIS, Device
from jaxgan.xla import tracing_for


@dataclasses.dataclass(frozen=True)
class Program:
    """One training step of a run, for the devices of a topology.

    Attributes:
      step: the step on all devices, as ``CompiledEngine`` has it.
      arguments: the shapes that it is called with.
      number: which of the leaves of the arguments is the number of the step.
      pack: samples that the discriminator judges as one.
      platform: of the devices, whose algorithms are traced.
    """

    step: Any
    arguments: tuple[Any, ...]
    number: int
    pack: int
    platform: str

    def products(self) -> list[Product]:
        """The matrix products that one device computes."""
        with tracing_for(self.platform):
            return products(jax.make_jaxpr(self.step)(*self.arguments), self.number)

    def compile(self) -> Any:
        """The compiled program.

        Raises:
          jax.errors.JaxRuntimeError: it does not fit.
        """
        with tracing_for(self.platform):
            return self.step.lower(*self.arguments).compile()


def program_of(
    experiment: Experiment,
    config: Any,
    training: Training,
    steps: int,
    devices: Sequence[Device],
    compute: Compute = Compute(),  # noqa: B008
    rows: int = 50_000,
) -> Program:
    """The training step of a run; no data are read.

    To be traced under the run's ``jax.default_matmul_precision``.

    Args:
      experiment: what the experiment file declares.
      config: its hyperparameters.
      training: settings that identify the run.
      steps: its budget.
      devices: what it is compiled for.
      compute: how the step is spread over them, and how its gradients are taken.
      rows: how many samples the data have; they lie on each device if they are small.

    Raises:
      UserError: the batch cannot be divided over the devices or the parts, or does not fit the
        networks.
    """
    source = noise(experiment, training)
    game = start.game_of(experiment, config, source, training, steps, len(devices), compute)
    prepare = preparation(source.modality, training.flip)
    step = parallel.spread(
        repeat.unrolled(training_step(game.build, prepare)),
        devices,
        compute.backend,
        (None, None, None, ROWS, None),
    )
    whole = parallel.replicated(devices)
    divided = NamedSharding(parallel.mesh(devices), P(*[None] * ROWS, AXIS))

    def placed(tree: Any, sharding: NamedSharding = whole) -> Any:
        def shape(leaf: Any) -> jax.ShapeDtypeStruct:
            kind = jax.dtypes.canonicalize_dtype(leaf.dtype)
            return jax.ShapeDtypeStruct(leaf.shape, kind, sharding=sharding)

        return jax.tree.map(shape, tree)

    sizes = (1, fresh_batches(game.gan.updates), len(devices), training.batch_size // len(devices))
    if rows * source.row_bytes <= RESIDENT_BYTES:
        data = {
            key: Flat(jax.ShapeDtypeStruct(line((rows, *row.shape)), row.dtype), row.shape)
            for key, row in source.spec.items()
        }
        chunk = jax.ShapeDtypeStruct(sizes, jnp.int32)
    else:
        data = {}
        chunk = {
            key: jax.ShapeDtypeStruct((*sizes, *row.shape), row.dtype)
            for key, row in source.spec.items()
        }
    state = start.placed(game, list(devices))
    arguments = (
        state,
        placed(game.values),
        placed((data, dict(game.gan.frozen))),
        placed(chunk, divided),
        placed(np.int32(1)),
    )
    number = next(at for at, leaf in enumerate(jax.tree.leaves(arguments)) if leaf is state.step)
    platform = devices[0].platform
    return Program(step, arguments, number, game.gan.forward.pack, platform)
