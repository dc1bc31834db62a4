"""The ``jaxgan`` command: finds the command that is named and runs it."""

import importlib
import keyword
import sys
from collections.abc import Sequence

from jaxgan.cli.exit import exit_code_of
from jaxgan.compiled import keep_programs
from jaxgan.errors import one_of
from jaxgan.runs.exit_codes import EXIT_FAULT
from jaxgan.runs.quiet import end
from jaxgan.xla import tune_cpu

USAGE = """usage: jaxgan COMMAND ...

  list             show the experiments that come with jaxgan: paper, data, cost, score
  new NAME FILE    write an experiment file to start from
  train FILE       train an experiment: its file, or the name of one that comes with jaxgan
  chain FILE NAME  train the stages of an experiment, each from the one before
  sweep FILE       train many trials: a grid, random points, ablations, seeds
  population SWEEP TRIAL...  train trials of a sweep at once; a sweep calls it
  status DIR       show how the runs below a folder stand
  sample RUN       draw samples from a run folder
  styles RUN       mix the styles of a StyleGAN in a grid, or walk through them
  project RUN FILE...  look for the styles of your own images
  import KIND FILE  read official weights of StyleGAN2-ADA or R3GAN into a run folder
  apply RUN FILE...  run a translation or completion model on your own images
  evaluate RUN     score samples: of a run, of files, or of two against each other
  reproduce FILE   measure the published numbers of an experiment again
  report DIR...    write a page about a run, or about how many runs compare
  bench FILE       time an experiment's step, and what the training loop adds to it
  compile FILE     compile a training step for a TPU, without one: memory, cost, collectives
  export RUN       write a generator's weights (safetensors) and a model card
  data prepare     download or import a data set
  data list        show the data sets that are prepared
  completion SHELL write what a shell needs to complete commands and flags

jaxgan COMMAND --help tells more.
"""

COMMANDS = {
    "list": "listing",
    "new": "new",
    "train": "experiment",
    "chain": "chain",
    "sweep": "sweep",
    "population": "population",
    "status": "status",
    "sample": "sample",
    "styles": "styles",
    "project": "project",
    "import": "import_",
    "apply": "apply",
    "evaluate": "evaluate",
    "reproduce": "reproduce",
    "report": "report",
    "bench": "bench",
    "compile": "compile",
    "export": "export",
    "data": "data",
    "completion": "completion",
}
"""Module of each command, which has a function of the command's name: ``import_`` of import.

Modules are imported when their command runs: JAX alone would take a second of every start.
"""


def main() -> None:
    """Runs the command line and exits."""
    end(exit_code_of(lambda: dispatch(sys.argv[1:])))


def dispatch(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code.

    Raises:
      UserError: there is no such command, or its input is at fault.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else EXIT_FAULT
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(version("jaxgan"))
        return 0
    name = one_of(arguments[0], COMMANDS, "command")
    module = importlib.import_module(f"jaxgan.cli.{COMMANDS[name]}")
    tune_cpu()  # samples are then drawn by the kernels that training used
    keep_programs()
    return getattr(module, name + "_" * keyword.iskeyword(name))(arguments[1:])


if __name__ == "__main__":
    main()
