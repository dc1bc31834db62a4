"""The command line of every experiment file."""

import dataclasses
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import jax
import tyro

from jaxgan import hyperparameters
from jaxgan.cli.exit import exit_code_of
from jaxgan.cli.flags import one_line_faults, parsed
from jaxgan.cli.named import experiment_file
from jaxgan.errors import UserError, one_of
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_DIVERGED, EXIT_FAULT, EXIT_INTERRUPTED
from jaxgan.runs.folder import RunFolder, run_folder
from jaxgan.runs.quiet import end
from jaxgan.runs.settings import Runtime, ScoringFlags, Training, with_flags
from jaxgan.training.distributed import prepare_jax
from jaxgan.training.loop import Outcome
from jaxgan.training.recorded import recorded_experiment, recorded_settings

SettingsOf: TypeAlias = Callable[[Experiment], tuple[Training, Runtime]]
"""The settings of a run of an experiment, if no flag is given."""


def main(experiment: Experiment, arguments: Sequence[str] | None = None) -> None:
    """Parses the command line of an experiment file, trains, and exits."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    file = Path(sys.modules["__main__"].__file__ or sys.argv[0]).resolve()
    experiment = dataclasses.replace(experiment, file=file)
    program = f"python {Path(sys.argv[0])}"
    end(exit_code_of(lambda: run(experiment.checked(), arguments, program)))


USAGE = """usage: jaxgan train FILE [preset] [flags]
       jaxgan train --like RUN --workdir NEW [flags]

FILE is an experiment file, or the name of one that comes with jaxgan (jaxgan list). jaxgan train
FILE --help shows its flags. --like starts again with the experiment file and the
settings that are recorded in a run's folder; flags change them.
"""


def train(arguments: Sequence[str]) -> int:
    """``jaxgan train FILE [flags of the experiment]``; returns the exit code.

    Raises:
      UserError: there is no such file or run, or a setting is at fault.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else EXIT_FAULT
    file, *flags = arguments
    if file == "--like" or file.startswith("--like="):
        return train_like([*file.split("=", 1), *flags][1:])
    if file.startswith("-"):
        raise UserError(f"The experiment file comes first: jaxgan train FILE {file} ...")
    return run(load_experiment(experiment_file(file)), flags, f"jaxgan train {file}")


def train_like(arguments: Sequence[str], trainer: "Trainer | None" = None) -> int:
    """``jaxgan train --like RUN [flags]``: a new run with the settings of another.

    Args:
      arguments: the run and the flags.
      trainer: trains the run; ``train_with_progress`` if None.

    Raises:
      UserError: there is no such run, no folder for the new one, or a setting is at fault.
    """
    if not arguments or arguments[0].startswith("--"):
        raise UserError("--like: name the run whose settings to take, e.g. --like runs/gan_ring.")
    path, *flags = arguments
    asked = {"-h", "--help"} & {*flags}
    if not asked and not any(word.split("=")[0] == "--workdir" for word in flags):
        raise UserError(f"--like {path} starts a new run; name its folder with --workdir.")
    folder = RunFolder(Path(path))
    with tempfile.TemporaryDirectory(prefix="jaxgan-like-") as scratch:
        experiment = recorded_experiment(folder, Path(scratch))
        settings = recorded_settings(folder)
        program = f"jaxgan train --like {path}"
        return run(experiment, flags, program, trainer or train_with_progress, lambda one: settings)


def parse(
    experiment: Experiment,
    arguments: Sequence[str],
    program: str,
    settings_of: SettingsOf | None = None,
) -> tuple[Experiment, Any, Training, Runtime]:
    """The experiment's preset, its config and the settings of a run, from the command line.

    The preset comes first, and is the first one if none is named. Exits with code 2 and a
    suggestion at a misspelled or ill-typed flag.

    Args:
      experiment: what the file declares, or one of its presets.
      arguments: the flags.
      program: how the command was called, for its help.
      settings_of: the settings of a preset if no flag is given; ``default_settings`` if None.

    Raises:
      UserError: there is no such preset.
    """
    flags = dataclasses.make_dataclass(
        "Flags",
        [
            ("config", tyro.conf.OmitArgPrefixes[experiment.config]),
            ("training", tyro.conf.OmitArgPrefixes[Training]),
            ("runtime", tyro.conf.OmitArgPrefixes[Runtime]),
        ],
    )

    def default(one: Experiment) -> Any:
        return flags(one.default(), *(settings_of or default_settings)(one))

    words = list(arguments)
    options: dict[str, Any] = {
        "prog": program,
        "description": _with_breaks(experiment.doc),
        "config": (tyro.conf.FlagCreatePairsOff,),
    }
    if experiment.preset or not experiment.presets:
        choices = {experiment.preset: experiment}
        found = parsed(flags, args=words, default=default(experiment), **options)
    else:
        choices = {name: experiment.selected(name) for name in experiment.presets}
        if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
            words = [next(iter(choices)), *words]
        elif words[0] not in ("-h", "--help"):
            one_of(words[0], choices, f"preset of {experiment.file.name}")
        with one_line_faults():
            found = tyro.extras.overridable_config_cli(
                {name: (_about(one), default(one)) for name, one in choices.items()},
                args=words,
                **options,
            )
    return choices[found.training.preset], found.config, found.training, found.runtime


def _with_breaks(doc: str) -> str:
    """A docstring whose lines ``Run: ...`` and ``Cost: ...`` stay apart, where tyro joins lines."""
    return re.sub(r"(?<=[^\n])\n(?=[A-Z][^\n:]*: )", "\n\n", doc)


def default_settings(experiment: Experiment) -> tuple[Training, Runtime]:
    """What the flags of a run are if none is given."""
    training = Training(
        data=experiment.data.name,
        split=experiment.split,
        resolution=experiment.resolution,
        flip=experiment.flip,
        batch_size=experiment.batch_size,
        ema=experiment.ema,
        preset=experiment.preset,
    )
    return training, Runtime(steps=experiment.steps, scoring=ScoringFlags.of(experiment.scoring))


def _about(experiment: Experiment) -> str:
    """A preset in a few words."""
    return f"{experiment.data.name}: {experiment.steps} steps of {experiment.batch_size} samples"


class Trainer(Protocol):
    """What trains a run: ``jaxgan.training.train.train``."""

    def __call__(
        self, experiment: Experiment, config: Any, training: Training, runtime: Runtime
    ) -> Outcome:
        """Trains it."""
        ...


def train_with_progress(
    experiment: Experiment, config: Any, training: Training, runtime: Runtime
) -> Outcome:
    """Trains a run, with a line that shows how far it is."""
    from jaxgan.cli.progress import Progress
    from jaxgan.training.train import train

    return train(experiment, config, training, runtime, progress=Progress)


def run(
    experiment: Experiment,
    arguments: Sequence[str],
    program: str,
    trainer: Trainer = train_with_progress,
    settings_of: SettingsOf | None = None,
) -> int:
    """Trains as the flags say; returns the exit code.

    Args:
      experiment: what the experiment file declares.
      arguments: the flags.
      program: how the command was called, for its help.
      trainer: trains the run.
      settings_of: as ``parse`` takes it.

    Raises:
      UserError: a setting, the data, the folder or its checkpoints are at fault.
    """
    experiment, config, training, runtime = parse(experiment, arguments, program, settings_of)
    default = experiment.default()
    hyperparameters.check(config, default)
    prepare_jax(training, runtime)
    if not runtime.smoke:
        outcome = trainer(experiment, config, training, runtime)
        return _report(outcome, run_folder(experiment, runtime.workdir))
    config = _small(config, default, experiment.smoke)
    with tempfile.TemporaryDirectory(prefix="jaxgan-smoke-") as scratch:
        if training.batch_size == experiment.batch_size:
            devices = runtime.compute.devices or len(jax.devices())
            size = 2 * _pack(experiment, config, training) * devices  # whole packs on each device
            training = dataclasses.replace(training, batch_size=size)
        training = dataclasses.replace(training, data="smoke")
        workdir = runtime.workdir or Path(scratch) / "run"
        runtime = with_flags(runtime, workdir=workdir, steps=3, log_every=1, evaluate_every=0)
        outcome = trainer(experiment, config, training, runtime)
        if workdir.parent == Path(scratch) and outcome.kind == "finished":
            print(f"{experiment.name} runs: {outcome.step} steps, checkpoint and pictures.")
            return 0
        return _report(outcome, RunFolder(workdir))


def _pack(experiment: Experiment, config: Any, training: Training) -> int:
    """Samples that the discriminator judges as one."""
    task = experiment.task(dtype=training.dtype, ema=training.ema)
    return experiment.game(config, task).forward.pack


def _small(config: Any, default: Any, smoke: Mapping[str, Any]) -> Any:
    """``config`` with the small values of a smoke, except for flags that the user has set."""
    left = [name for name in smoke if getattr(config, name) == getattr(default, name)]
    return dataclasses.replace(config, **{name: smoke[name] for name in left})


def _report(outcome: Outcome, folder: RunFolder) -> int:
    """Says how it ended and where things are; returns the exit code."""
    code = exit_code(outcome)
    if jax.process_index() != 0:
        return code
    if outcome.kind == "diverged":
        print(f"Diverged: {outcome.note}. See {folder.metrics} and {folder.status}.")
        return code
    if outcome.kind == "interrupted":
        print(f"Interrupted: {outcome.note}. The same command resumes it.")
        return code
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
    return code


def exit_code(outcome: Outcome) -> int:
    """The exit code of an outcome: a scheduler runs what it stopped again, a person decides."""
    stopped = EXIT_INTERRUPTED if outcome.stopped_by == "SIGINT" else EXIT_AGAIN
    codes = {"diverged": EXIT_DIVERGED, "interrupted": stopped, "failed": EXIT_FAULT}
    return codes.get(outcome.kind, 0)
