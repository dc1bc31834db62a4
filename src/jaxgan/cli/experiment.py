"""The command line of every experiment file."""

import dataclasses
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import tyro

from jaxgan.cli.exit import EXIT_DIVERGED, EXIT_INTERRUPTED, exit_code_of
from jaxgan.experiment import Experiment
from jaxgan.runs.settings import Runtime, Training, check_config
from jaxgan.training.distributed import prepare_jax


def main(experiment: Experiment, arguments: Sequence[str] | None = None) -> None:
    """Parses the command line of an experiment file, trains, and exits."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    file = Path(sys.modules["__main__"].__file__ or sys.argv[0]).resolve()
    experiment = dataclasses.replace(experiment, file=file)
    sys.exit(exit_code_of(lambda: run(experiment, arguments, f"python {Path(sys.argv[0])}")))


def parse(
    experiment: Experiment, arguments: Sequence[str], program: str
) -> tuple[Any, Training, Runtime]:
    """The experiment's config and the settings of a run, from flags.

    Exits with code 2 and a suggestion at a misspelled or ill-typed flag.
    """
    training = Training(
        data=experiment.data,
        split=experiment.split,
        resolution=experiment.resolution,
        flip=experiment.flip,
        batch_size=experiment.batch_size,
    )
    runtime = Runtime(
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
            ("training", tyro.conf.OmitArgPrefixes[Training]),
            ("runtime", tyro.conf.OmitArgPrefixes[Runtime]),
        ],
    )
    parsed = tyro.cli(
        flags,
        prog=program,
        description=experiment.doc,
        args=list(arguments),
        default=flags(experiment.config(), training, runtime),
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return parsed.config, parsed.training, parsed.runtime


def run(experiment: Experiment, arguments: Sequence[str], program: str) -> int:
    """Trains as the flags say; returns the exit code.

    Raises:
      UserError: a setting, the data, the folder or its checkpoints are at fault.
    """
    config, training, runtime = parse(experiment, arguments, program)
    default = experiment.config()
    check_config(config, default)
    prepare_jax(training, runtime)
    if not runtime.smoke:
        return _report(_train(experiment, config, training, runtime))
    config = _small(config, default, experiment.smoke)
    with tempfile.TemporaryDirectory(prefix="jaxgan-smoke-") as scratch:
        if training.batch_size == experiment.batch_size:
            devices = len(jax.devices()) if runtime.devices is None else runtime.devices
            size = 2 * getattr(config, "packing", 1) * devices  # whole packs on each device
            training = dataclasses.replace(training, batch_size=size)
        training = dataclasses.replace(training, data="smoke")
        workdir = runtime.workdir or Path(scratch) / "run"
        runtime = dataclasses.replace(
            runtime, workdir=workdir, steps=3, log_every=1, evaluate_every=0
        )
        outcome = _train(experiment, config, training, runtime)
        if workdir.parent == Path(scratch) and outcome.kind == "finished":
            print(f"{experiment.name} runs: {outcome.step} steps, checkpoint and pictures.")
            return 0
        return _report(outcome)


def _small(config: Any, default: Any, smoke: Mapping[str, Any]) -> Any:
    """``config`` with the small values of a smoke, but for knobs that the user has set."""
    left = [name for name in smoke if getattr(config, name) == getattr(default, name)]
    return dataclasses.replace(config, **{name: smoke[name] for name in left})


def _train(experiment: Experiment, config: Any, training: Training, runtime: Runtime):
    from jaxgan.training.train import train

    return train(experiment, config, training, runtime)


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
