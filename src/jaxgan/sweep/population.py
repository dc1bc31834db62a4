"""Which trials of a sweep are trained at once, as one program, and which one by one.

The manifest remembers it, so that a resume trains the same ones together again.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from jaxgan.data.feed import RESIDENT_BYTES
from jaxgan.errors import UserError
from jaxgan.runs.folder import RunFolder
from jaxgan.sweep.engine import Command, Engine, run_one
from jaxgan.sweep.manifest import Manifest
from jaxgan.sweep.process import Signals, last_words
from jaxgan.sweep.run import Sweep
from jaxgan.sweep.trials import Trial
from jaxgan.training.data import open_data
from jaxgan.training.population import group_key

AtOnce: TypeAlias = int | Literal["auto"]
"""How many trials to train at once: 1 is one after another; ``auto`` tries what is fastest."""


def parse_population(text: str) -> AtOnce:
    """What ``--population`` says.

    Raises:
      UserError: it is none of ``off``, ``auto`` and a number.
    """
    if text in ("off", "auto"):
        return 1 if text == "off" else "auto"
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise UserError(f"--population {text}: use off, auto, or how many trials to train at once.")


def new_groups(manifest: Manifest, folder: Path, trials: Sequence[Trial]) -> list[list[Trial]]:
    """Trials that could be trained at once: several that have not begun and are in no group yet.

    Args:
      manifest: how the trials stand.
      folder: of the sweep.
      trials: those that are asked for.
    """
    taken = {name for group in manifest.populations for name in group}
    found: dict[Hashable, list[Trial]] = {}
    for trial in trials:
        begun = RunFolder(folder / trial.folder).config.exists()
        if trial.folder in taken or begun or manifest.entry(trial.folder).state != "pending":
            continue
        key = group_key(trial.experiment, trial.config, trial.training, trial.runtime)
        found.setdefault(key, []).append(trial)
    return [group for group in found.values() if len(group) > 1 and fits_together(group[0])]


def fits_together(trial: Trial) -> bool:
    """Whether a trial can be trained with others: its data stay on one device, no flag is for one.

    Raises:
      UserError: its data are at fault.
    """
    runtime, reading = trial.runtime, trial.runtime.reading
    if runtime.compute.debug_nans or runtime.logging.profile or reading.data_mode == "streamed":
        return False
    if runtime.processes.distributed:
        return False
    if reading.data_mode == "resident":
        return True
    source = open_data(trial.experiment, trial.training, reading, smoke=False)
    return source.nbytes <= RESIDENT_BYTES


def divided(group: Sequence[Trial], size: int) -> list[list[Trial]]:
    """The trials in groups of ``size``; the last one has the rest."""
    return [list(group[first : first + size]) for first in range(0, len(group), size)]


def decide(
    sweep: Sweep,
    trials: Sequence[Trial],
    at_once: AtOnce,
    engine: Engine,
    signals: Signals,
    say: Callable[[str], None],
) -> None:
    """Writes into the manifest which new trials are trained at once.

    Args:
      sweep: where they lie.
      trials: those that are asked for.
      at_once: how many; 1 leaves the manifest as it is.
      engine: runs a command.
      signals: a signal ends it.
      say: shows a line.
    """
    if at_once == 1:
        return
    for group in new_groups(sweep.manifest, sweep.folder, trials):
        size = at_once if at_once != "auto" else chosen(sweep, group, engine, signals, say)
        if signals.asked:
            return
        if size is None:  # nothing is written down: the next call may be able to measure it
            continue
        sweep.together([[one.folder for one in part] for part in divided(group, size)])


def chosen(
    sweep: Sweep,
    group: Sequence[Trial],
    engine: Engine,
    signals: Signals,
    say: Callable[[str], None],
) -> int | None:
    """How many of these trials at once are fastest, as a process measures it; None if it fails."""
    log = sweep.folder / "logs" / "population.log"
    since = log.stat().st_size if log.exists() else 0
    words = ("population", "--choose", str(sweep.folder), *(trial.folder for trial in group))
    code = run_one(engine, Command(words, log), signals)
    said = last_words(log, since)
    if code == 0 and said.isdigit():
        say(f"{len(group)} trials like {group[0].name}: {said} at once are fastest")
        return int(said)
    if not signals.asked:
        say(f"{len(group)} trials like {group[0].name}: one after another, not measured: {said}")
    return None


def grouped(populations: Sequence[Sequence[str]], trials: Sequence[Trial]) -> list[list[Trial]]:
    """The trials as they are trained: groups, and single ones, in the order of their first ones."""

    def parts() -> Iterator[list[Trial]]:
        own = {trial.folder: trial for trial in trials}
        group_of = {name: group for group in populations for name in group}
        for trial in trials:
            if trial.folder in own:
                names = group_of.get(trial.folder, [trial.folder])
                yield [own.pop(name) for name in names if name in own]

    return list(parts())


def told(groups: Sequence[Sequence[Trial]], at_once: AtOnce) -> list[str]:
    """Which trials are trained at once, a line for each group."""
    how = "at once, or as many of them as are fastest" if at_once == "auto" else "at once"
    return [
        f"  {how}: {', '.join(f'{trial.name} seed {trial.seed}' for trial in group)}"
        for group in groups
        if len(group) > 1
    ]
