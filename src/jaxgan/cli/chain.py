"""``jaxgan chain``: trains presets of an experiment one after another."""

import json
from collections.abc import Sequence
from pathlib import Path

from jaxgan.cli.experiment import run
from jaxgan.cli.named import experiment_file
from jaxgan.errors import UserError, one_of
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.files import write_json, writing
from jaxgan.runs.exit_codes import EXIT_FAULT

USAGE = """usage: jaxgan chain FILE [NAME] [--workdir DIR] [--budget SHARE] [flags]

Trains the stages of an experiment such as experiments/seqgan.py, each from the networks of the one
before, in folders DIR/1-PRESET, DIR/2-PRESET, ... The same command goes on where it was stopped.
NAME is one of the chains that FILE declares, the first one if it is left out. --budget 0.1 takes a
tenth of every stage's steps. Flags are those of jaxgan train, for all stages.
"""

OWN = {
    "--steps": "each stage has its own; give --budget, a share of them",
    "--init-from": "each stage begins with the one before",
}
"""Flags of a run that a chain sets itself, and why."""


def chain(arguments: Sequence[str]) -> int:
    """``jaxgan chain FILE [NAME]``; returns the exit code, that of the stage that did not finish.

    Raises:
      UserError: there is no such file or chain, or a setting is at fault.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else EXIT_FAULT
    experiment, root, stages = planned(arguments)
    if not {"-h", "--help"} & {*arguments}:
        check_folder(root, stages)
    for number, flags in enumerate(stages, 1):
        print(f"Stage {number} of {len(stages)}: {flags[0]}")
        if code := run(experiment, flags, f"jaxgan chain {arguments[0]}"):
            return code
    return 0


def planned(arguments: Sequence[str]) -> tuple[Experiment, Path, list[list[str]]]:
    """The experiment, the folder of the chain, and the flags of each stage, the preset first.

    Raises:
      UserError: there is no such file or chain, or a flag is at fault.
    """
    file, *rest = arguments
    if file.startswith("-"):
        raise UserError(f"The experiment file comes first: jaxgan chain FILE {file} ...")
    experiment = load_experiment(experiment_file(file))
    if not experiment.chains:
        raise UserError(f"{file} declares no chains; give jaxgan train {file}.")
    name = next(iter(experiment.chains))
    if rest and not rest[0].startswith("-"):
        name = one_of(rest.pop(0), experiment.chains, "chain")
    presets = [experiment.selected(preset) for preset in experiment.chains[name]]
    for word in rest:
        flag = word.split("=")[0].replace("_", "-").replace("--no-", "--")
        field = flag.removeprefix("--").replace("-", "_")
        if flag in OWN:
            raise UserError(f"{flag}: {OWN[flag]}.")
        if len({repr(getattr(stage.default(), field, None)) for stage in presets}) > 1:
            raise UserError(f"{flag}: each stage has its own.")
    words, workdir = _taken(rest, "--workdir")
    words, budget = _taken(words, "--budget")
    share = _share(budget or "1")
    root = Path(workdir) if workdir else Path("runs", f"{experiment.name}-{name}-chain")
    stages: list[list[str]] = []
    before: list[str] = []
    for number, stage in enumerate(presets, 1):
        folder = str(root / f"{number}-{stage.preset}")
        steps = max(1, round(share * stage.steps))
        stages.append([stage.preset, "--workdir", folder, "--steps", str(steps), *before, *words])
        before = ["--init-from", folder]
    return experiment, root, stages


def check_folder(root: Path, stages: list[list[str]]) -> None:
    """Notes what the stages are in the folder of a chain, or checks that they are what is noted.

    Otherwise a later stage could go on from networks that are no longer there.

    Raises:
      UserError: the folder holds another chain, or cannot be written.
    """
    note = root / "chain.json"
    wanted = [[stage[0], *stage[3:5]] for stage in stages]  # preset, --steps, their number
    with writing(root, "Choose another --workdir."):
        if not note.exists():
            root.mkdir(parents=True, exist_ok=True)
            write_json(note, wanted)
            return
        try:
            found = json.loads(note.read_text())
        except ValueError:
            found = None
    if found != wanted:
        raise UserError(
            f"{root} holds a chain of other stages or another --budget; give the same to resume "
            "it, or another --workdir."
        )


def _taken(words: Sequence[str], flag: str) -> tuple[list[str], str | None]:
    """The words without a flag and its value, and the value.

    Raises:
      UserError: the flag has no value.
    """
    rest, value, places = [], None, iter(words)
    for word in places:
        if word == flag:
            value = next(places, None)
            if value is None or value.startswith("--"):
                raise UserError(f"{flag} needs a value.")
        elif word.startswith(f"{flag}="):
            value = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, value


def _share(words: str) -> float:
    """The value of ``--budget``.

    Raises:
      UserError: it is no number above 0.
    """
    try:
        share = float(words)
    except ValueError:
        share = 0.0
    if not 0.0 < share < float("inf"):
        raise UserError(f"--budget {words}: give a number above 0, such as 0.1.")
    return share
