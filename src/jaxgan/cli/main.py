"""The ``jaxgan`` command."""

import sys
from collections.abc import Sequence

from jaxgan.cli.data import data
from jaxgan.cli.exit import EXIT_FAULT, exit_code_of
from jaxgan.cli.experiment import run
from jaxgan.cli.export import export
from jaxgan.cli.sample import sample
from jaxgan.errors import UserError, one_of
from jaxgan.xla import tune_cpu

USAGE = """usage: jaxgan COMMAND ...

  train FILE       train an experiment file, e.g. experiments/dcgan_fashion_mnist.py
  sample RUN       draw samples from a run folder
  evaluate RUN     score samples: of a run, of files, or of two against each other
  report RUN       write a page with curves, pictures, scores and their stamps
  export RUN       write a generator's weights (safetensors) and a model card
  data prepare     download or import a data set
  data list        show the data sets that are prepared

jaxgan COMMAND --help tells more.
"""


def main() -> None:
    """Runs the command line and exits."""
    tune_cpu()
    sys.exit(exit_code_of(lambda: dispatch(sys.argv[1:])))


def dispatch(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code.

    Raises:
      UserError: there is no such command, or its input is at fault.
    """
    commands = {
        "train": train,
        "sample": sample,
        "evaluate": evaluate,
        "report": report,
        "export": export,
        "data": data,
    }
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else EXIT_FAULT
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(version("jaxgan"))
        return 0
    return commands[one_of(arguments[0], list(commands), "command")](arguments[1:])


def train(arguments: Sequence[str]) -> int:
    """``jaxgan train FILE [flags of the experiment]``."""
    from jaxgan.experiment import load_experiment

    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: jaxgan train FILE [flags]\n\njaxgan train FILE --help shows FILE's flags.")
        return 0 if arguments else EXIT_FAULT
    if arguments[0].startswith("-"):
        raise UserError(f"The experiment file comes first: jaxgan train FILE {arguments[0]} ...")
    experiment = load_experiment(arguments[0])
    return run(experiment, arguments[1:], f"jaxgan train {arguments[0]}")


def evaluate(arguments: Sequence[str]) -> int:
    """``jaxgan evaluate SUBJECT``."""
    from jaxgan.cli.evaluate import evaluate as command

    return command(arguments)


def report(arguments: Sequence[str]) -> int:
    """``jaxgan report RUN``."""
    from jaxgan.cli.report import report

    return report(arguments)
