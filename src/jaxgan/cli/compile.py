"""``jaxgan compile``: a training step compiled for TPUs or GPUs that need not be there."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from jaxgan import hyperparameters
from jaxgan.aot.batch import largest
from jaxgan.aot.chips import Chip, chip_of
from jaxgan.aot.figures import Figures, Memory, figures_of, memory_of
from jaxgan.aot.program import Program, program_of
from jaxgan.aot.scaling import CHIPS, Scaled, weak_scaling
from jaxgan.aot.topology import devices_of
from jaxgan.cli.experiment import parse
from jaxgan.cli.flags import check_count
from jaxgan.cli.status import table
from jaxgan.cli.sweep import file_first
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.runs.exit_codes import EXIT_FAILED, EXIT_FAULT
from jaxgan.runs.settings import Runtime, Training, check
from jaxgan.types import Device


@dataclasses.dataclass(frozen=True)
class Compile:
    """Compile the training step of an experiment for TPUs or GPUs, on any machine; nothing is run.

    Says whether it fits the memory of the chip, what the matrix products and the memory cost, and
    what the devices exchange. Flags of the experiment, as jaxgan train takes them, follow. A step
    takes the compiler half a minute to some minutes, and float32 products several times longer.
    """

    topology: str
    """Chip and grid, e.g. v5e:2x4, v4:2x2x1, v5p:2x2x1 or v6e:2x2; or GPUs of one machine, e.g.
    h100:8 or h200:1."""
    largest_batch: bool = False
    """Also look for the largest batch that fits, to within a sixteenth; takes three to nine
    more compilations."""
    own_precision: bool = False
    """Compile at the precision of the run only, not also at the chip's default and with bfloat16
    activations."""
    rows: int = 50_000
    """Samples of the data; up to 1 GiB of them lies on each chip."""
    json: bool = False
    """Print one JSON object instead of the table."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is compiled: a run, but for its precision.

    Attributes:
      experiment: the preset.
      config: its hyperparameters.
      training: settings that identify the run.
      runtime: the others.
      devices: of the topology.
      rows: samples of the data.
    """

    experiment: Experiment
    config: Any
    training: Training
    runtime: Runtime
    devices: list[Device]
    rows: int

    def program(self, training: Training) -> Program:
        """The step, with these settings."""
        return program_of(
            self.experiment,
            self.config,
            training,
            self.runtime.steps,
            self.devices,
            self.runtime.compute,
            self.rows,
        )

    def figures(self, training: Training, chip: Chip) -> Figures:
        """What the compiler says of the step with these settings."""
        with jax.default_matmul_precision(training.matmul_precision):
            return figures_of(self.program(training), chip)

    def largest_batch(self, own: Figures, chip: Chip) -> tuple[int, int | None]:
        """The largest batch that is found to fit, and the smallest that is found not to.

        Args:
          own: what the compiler said of the run's own batch.
          chip: of the topology.
        """
        first = self.training.batch_size

        def share(batch: int) -> float:
            if batch == first:
                return Memory(own.needed, own.limit).share(chip)
            training = dataclasses.replace(self.training, batch_size=batch)
            with jax.default_matmul_precision(training.matmul_precision):
                found = memory_of(self.program(training)).share(chip)
            print(f"batch {batch:,}: {found:.0%} of the memory", file=sys.stderr, flush=True)
            return found

        return largest(share, first, len(self.devices) * self.program(self.training).pack)


def compile(arguments: Sequence[str]) -> int:
    """``jaxgan compile FILE [preset] --topology v5e:2x4 [flags]``; returns the exit code.

    Raises:
      UserError: a flag is at fault, or the compiler is not installed.
    """
    if not arguments:
        print("usage: jaxgan compile FILE [preset] --topology v5e:2x4 [flags]\n")
        print("jaxgan compile --help tells more.")
        return EXIT_FAULT
    flags, chip, run = planned(arguments)
    jax.config.update("jax_platforms", "cpu")  # an accelerator of this machine is left alone
    devices = devices_of(flags.topology)
    jax.config.update("jax_enable_compilation_cache", False)  # or nothing would be compiled
    experiment, config, training, runtime = run
    asked = Asked(experiment, config, training, runtime, devices, flags.rows)
    found = {
        name: asked.figures(dataclasses.replace(training, **change), chip)
        for name, change in precisions(training, chip, flags.own_precision).items()
    }
    own = next(iter(found.values()))
    batches = asked.largest_batch(own, chip) if flags.largest_batch else None
    result = described(asked, flags.topology, chip, found, batches)
    print(json.dumps(result, indent=2) if flags.json else page(result))
    return 0 if own.fits else EXIT_FAILED


def planned(
    arguments: Sequence[str],
) -> tuple[Compile, Chip, tuple[Experiment, Any, Training, Runtime]]:
    """What a command line asks for: its own flags, the chip, and the run.

    Raises:
      UserError: a flag is at fault.
    """
    file, flags, words = file_first(Compile, "compile", arguments)
    check_count("--rows", flags.rows, 1)
    chip = chip_of(flags.topology)
    run = parse(load_experiment(Path(file)), words, f"jaxgan compile {file}")
    experiment, config, training, runtime = run
    hyperparameters.check(config, experiment.default())
    check(training, runtime)
    return flags, chip, run


SAVING = ("accumulate", "remat")
"""Flags of a run that save memory."""

DEFAULT = {"tpu": "bfloat16", "cuda": "tensorfloat32"}
"""What is a chip's default is called where a run's precision is chosen."""

PACKAGES = {"tpu": "libtpu", "cuda": "jax-cuda12-pjrt"}
"""What has the compiler."""


def precisions(training: Training, chip: Chip, own: bool) -> dict[str, dict[str, str]]:
    """The settings of precision to compile at, by the head of their column; the run's first."""
    every = [(training.matmul_precision, training.dtype)]
    if not own:
        usual = DEFAULT[chip.platform]
        every += [(usual, training.dtype), (usual, "bfloat16")]
    return {
        f"{products}, {activations}": {"matmul_precision": products, "dtype": activations}
        for products, activations in every
    }


def described(
    asked: Asked,
    topology: str,
    chip: Chip,
    found: dict[str, Figures],
    batches: tuple[int, int | None] | None,
) -> dict[str, Any]:
    """Everything as JSON has it."""
    return {
        "experiment": asked.experiment.name,
        "topology": topology,
        "chip": dataclasses.asdict(chip),
        "devices": len(asked.devices),
        "batch_size": asked.training.batch_size,
        **{name: getattr(asked.runtime.compute, name) for name in ("backend", *SAVING)},
        "rows": asked.rows,
        "versions": {name: version(name) for name in ("jax", "jaxlib", PACKAGES[chip.platform])},
        "figures": {
            name: dataclasses.asdict(one) | bounds(one) | scaling(one, chip, len(asked.devices))
            for name, one in found.items()
        },
        "largest_batch": batches and {"fits": batches[0], "does_not_fit": batches[1]},
    }


def bounds(figures: Figures) -> dict[str, Any]:
    """The roofline's time, and what bounds it."""
    if figures.least is None:
        return {"seconds_of_step": None, "bound": None}
    return {"seconds_of_step": figures.least.seconds, "bound": figures.least.bound}


def scaling(figures: Figures, chip: Chip, devices: int) -> dict[str, Any]:
    """The model of weak scaling; nothing where the step does not compile, or exchanges nothing.

    What is compiled for one device does not say what several would exchange.
    """
    if figures.least is None or devices == 1:
        return {"weak_scaling": []}
    # GPUs of several machines are linked by a network, whose rate is not the chip's.
    counts = CHIPS if chip.platform == "tpu" else [n for n in CHIPS if n <= MACHINE]
    steps = weak_scaling(chip, figures.least.seconds, figures.collectives, devices, counts)
    return {"weak_scaling": [dataclasses.asdict(one) for one in steps]}


MACHINE = 8
"""GPUs that are linked to each other directly, at most."""

HEAD = "products, activations"
UNKNOWN = "not reported"


def page(result: dict[str, Any]) -> str:
    """The result for a person."""
    chip, every = result["chip"], result["figures"]
    lines = [[HEAD, *every]]
    columns = [cells(one) for one in every.values()]
    lines += [[name, *(column[name] for column in columns)] for name in columns[0]]
    told = [
        f"{result['experiment']}: a step of batch {result['batch_size']:,} on {result['devices']} "
        f"devices of {result['topology']}, by {result['backend']}{saving(result)}.",
        "Compiled, not run: the figures are the compiler's, of one device.",
        "",
        table(lines),
        "",
    ]
    if batches := result["largest_batch"]:
        fails = batches["does_not_fit"]
        told += [
            f"The largest batch found to fit is {batches['fits']:,}"
            + (f"; {fails:,} does not." if fails else "; none was found that does not.")
        ]
    return "\n".join(
        [
            *told,
            *scales(result),
            f"A chip has {chip['flops'] / 1e12:.0f} TFLOP/s of bfloat16 products, "
            f"{chip['bandwidth'] / 1e9:.0f} GB/s and {chip['memory'] / 1e9:.0f} GB "
            f"({chip['source']}).",
            f"A float32 product takes as long as {chip['passes']['HIGHEST']:.3g} of bfloat16; "
            f"the chip's default is --matmul-precision {DEFAULT[chip['platform']]}.",
        ]
    )


def scales(result: dict[str, Any]) -> list[str]:
    """The model of weak scaling as a table, at the run's own precision."""
    steps = [Scaled(**one) for one in next(iter(result["figures"].values()))["weak_scaling"]]
    if not steps:
        return []
    rows_of_each = result["batch_size"] // result["devices"]
    head = ["chips", "batch", "exchange", "a step at least", "efficiency"]
    lines = [
        [
            f"{one.chips}",
            f"{one.chips * rows_of_each:,}",
            f"{1e3 * one.exchange:.3g} ms",
            f"{1e3 * one.overlapped:.3g} to {1e3 * one.apart:.3g} ms",
            " to ".join(f"{share:.0%}" for share in one.efficiency),
        ]
        for one in steps
    ]
    return [
        f"With as many rows on each of more chips, {rows_of_each:,}, by a model and not measured: "
        "rings at the published",
        f"rate of all links of a chip, {result['chip']['links'] / 1e9:.0f} GB/s, of which a grid "
        "that is no torus has fewer,",
        "beside the rest of a step or after it, without latency.",
        "",
        table([head, *lines]),
        "",
    ]


def saving(result: dict[str, Any]) -> str:
    """What saves memory, as the flags that ask for it."""
    flags = [f"--accumulate {result['accumulate']}"] * (result["accumulate"] > 1)
    flags += ["--remat"] * result["remat"]
    return "".join(f", {flag}" for flag in flags)


def cells(one: dict[str, Any]) -> dict[str, str]:
    """The rows of the table for one precision."""
    needed = _mebi(one["needed"])
    copies = one["copies"]
    arguments = [copy for copy in copies if copy["of_argument"]]
    kinds = [f"{two['count']} {kind}" for kind, two in one["collectives"].items()]
    exchanged = sum(two["bytes"] for two in one["collectives"].values())
    least = one["least"]
    return {
        "fits": f"yes, {needed}" if one["fits"] else f"no, needs {needed}",
        "of arguments": _mebi(one["arguments"]),
        "of temporaries": _mebi(one["temporaries"]),
        "products": f"{one['flops'] / 1e9:,.4g} GFLOP",
        "passes": f"{one['passes']:.3g}",
        "padding of their tiles": f"{one['padding_of_products']:.0%} at least",
        "read and written": (UNKNOWN if one["moved"] is None else f"{one['moved'] / 1e9:,.3g} GB"),
        **({"loops counted once": str(one["endless"])} if one["endless"] else {}),
        "padding in results": f"{one['padding_of_arrays']:.0%}",
        "copies to other layouts": f"{len(copies)}, {_mega(copies)} MB",
        "of which arguments": f"{len(arguments)}, {_mega(arguments)} MB",
        "exchanged": ", ".join([*kinds, f"{exchanged / 1e6:,.3g} MB"]),
        "products take": f"{1e3 * least['products']:.3g} ms at least" if least else UNKNOWN,
        "memory takes": (
            f"{1e3 * least['memory']:.3g} ms at least" if least and least["memory"] else UNKNOWN
        ),
        "bound by": one["bound"] or UNKNOWN,
        "compiled in": f"{one['seconds']:.0f} s",
    }


def _mebi(count: float | None) -> str:
    return UNKNOWN if count is None else f"{count / 2**20:,.0f} MiB"


def _mega(copies: Sequence[dict[str, Any]]) -> str:
    return f"{sum(copy['bytes'] for copy in copies) / 1e6:,.3g}"
