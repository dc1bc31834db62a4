"""The command line of every experiment file."""

import dataclasses
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import tyro

from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.settings import Identity, Operation, check_config

EXIT_FAULT = 2
"""The user's input is at fault."""
EXIT_DIVERGED = 3
"""Training diverged; the run folder says when."""
EXIT_INTERRUPTED = 130
"""Stopped by a signal; the same command resumes."""


def main(experiment: Experiment, arguments: Sequence[str] | None = None) -> None:
    """Parses the command line of an experiment file, trains, and exits."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    file = Path(sys.modules["__main__"].__file__ or sys.argv[0]).resolve()
    experiment = dataclasses.replace(experiment, file=file)
    sys.exit(guarded(lambda: run(experiment, arguments, f"python {Path(sys.argv[0])}")))


def guarded(command: Callable[[], int]) -> int:
    """Runs ``command``; the user's mistakes become one line and exit code 2."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("jaxgan: %(levelname)s: %(message)s"))
    logger = logging.getLogger("jaxgan")
    logger.handlers, logger.propagate = [handler], False
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        return command()
    except UserError as error:
        print(f"jaxgan: {error}", file=sys.stderr)
        return EXIT_FAULT
    except FloatingPointError as error:  # of --debug-nans
        print(
            f"jaxgan: {str(error).splitlines()[0]} --debug-nans stopped there; lower the learning "
            "rate, or look for the term that grew in metrics.jsonl.",
            file=sys.stderr,
        )
        return EXIT_DIVERGED
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"jaxgan: {error.strerror or error}{where}. Make room or access.", file=sys.stderr)
        return EXIT_FAULT
    except KeyboardInterrupt:
        print("jaxgan: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def parse(
    experiment: Experiment, arguments: Sequence[str], program: str
) -> tuple[Any, Identity, Operation]:
    """The experiment's config and the settings of a run, from flags.

    Exits with code 2 and a suggestion at a misspelled or ill-typed flag.
    """
    identity = Identity(
        data=experiment.data,
        split=experiment.split,
        resolution=experiment.resolution,
        flip=experiment.flip,
        batch_size=experiment.batch_size,
    )
    operation = Operation(
        steps=experiment.steps,
        evaluate_every=experiment.evaluate_every,
        evaluate_num=experiment.evaluate_num,
        evaluate_metrics=experiment.evaluate_metrics,
        standing_batches=experiment.standing_batches,
    )
    flags = dataclasses.make_dataclass(
        "Flags",
        [
            ("config", tyro.conf.OmitArgPrefixes[experiment.config]),
            ("identity", tyro.conf.OmitArgPrefixes[Identity]),
            ("operation", tyro.conf.OmitArgPrefixes[Operation]),
        ],
    )
    parsed = tyro.cli(
        flags,
        prog=program,
        description=experiment.doc,
        args=list(arguments),
        default=flags(experiment.config(), identity, operation),
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return parsed.config, parsed.identity, parsed.operation


def run(experiment: Experiment, arguments: Sequence[str], program: str) -> int:
    """Trains as the flags say; returns the exit code.

    Raises:
      UserError: a setting, the data, the folder or its checkpoints are at fault.
    """
    config, identity, operation = parse(experiment, arguments, program)
    default = experiment.config()
    check_config(config, default)
    prepare_jax(identity, operation)
    if not operation.smoke:
        return _report(_train(experiment, config, identity, operation))
    config = _small(config, default, experiment.smoke)
    with tempfile.TemporaryDirectory(prefix="jaxgan-smoke-") as scratch:
        if identity.batch_size == experiment.batch_size:
            devices = len(jax.devices()) if operation.devices is None else operation.devices
            size = 2 * getattr(config, "packing", 1) * devices  # whole packs on each device
            identity = dataclasses.replace(identity, batch_size=size)
        identity = dataclasses.replace(identity, data="smoke")
        workdir = operation.workdir or Path(scratch) / "run"
        operation = dataclasses.replace(
            operation, workdir=workdir, steps=3, log_every=1, evaluate_every=0
        )
        outcome = _train(experiment, config, identity, operation)
        if workdir.parent == Path(scratch) and outcome.kind == "finished":
            print(f"{experiment.name} runs: {outcome.step} steps, checkpoint and pictures.")
            return 0
        return _report(outcome)


def _small(config: Any, default: Any, smoke: Mapping[str, Any]) -> Any:
    """``config`` with the small values of a smoke, but for knobs that the user has set."""
    left = [name for name in smoke if getattr(config, name) == getattr(default, name)]
    return dataclasses.replace(config, **{name: smoke[name] for name in left})


def prepare_jax(identity: Identity, operation: Operation) -> None:
    """Settings of JAX that must stand before it starts its devices."""
    if operation.deterministic:
        flags = os.environ.get("XLA_FLAGS", "")
        wanted = "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0"
        if wanted not in flags:
            os.environ["XLA_FLAGS"] = f"{flags} {wanted}".strip()
    jax.config.update("jax_default_matmul_precision", identity.matmul_precision)
    jax.config.update("jax_debug_nans", operation.debug_nans)
    alone = operation.num_processes is None and operation.process_id is None
    if operation.coordinator is None and not operation.distributed and not alone:
        raise UserError("--num-processes and --process-id need --coordinator host:port.")
    if operation.distributed or operation.coordinator:
        try:
            jax.distributed.initialize(
                operation.coordinator, operation.num_processes, operation.process_id
            )
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"Cannot join the job: {str(error).splitlines()[0]}. Give --coordinator host:port "
                "--num-processes N --process-id I where the cluster does not tell."
            ) from error


def _train(experiment: Experiment, config: Any, identity: Identity, operation: Operation):
    from jaxgan.train import train  # half a second that --help need not wait for

    return train(experiment, config, identity, operation)


def _report(outcome) -> int:
    """Says how it ended and where things are."""
    if jax.process_index() != 0:
        return {"diverged": EXIT_DIVERGED, "interrupted": EXIT_INTERRUPTED}.get(outcome.kind, 0)
    folder = outcome.folder
    if outcome.kind == "diverged":
        print(f"Diverged: {outcome.note}. See {folder.metrics} and {folder.status}.")
        return EXIT_DIVERGED
    if outcome.kind == "interrupted":
        print(f"Interrupted: {outcome.note}. The same command resumes it.")
        return EXIT_INTERRUPTED
    print(f"Done: {outcome.note or f'step {outcome.step}'}.")
    samples = sorted(folder.samples.glob("*.png"))
    places = {
        "samples": samples[-1] if samples else None,
        "interpolation": folder.interpolation,
        "curves": folder.curves,
        "metrics": folder.metrics,
        "evaluations": folder.evaluations,
        "tensorboard": folder.tensorboard,
        "checkpoints": folder.checkpoints,
    }
    for name, place in places.items():
        if place is not None and place.exists():
            print(f"  {name:<14}{place}")
    return 0
