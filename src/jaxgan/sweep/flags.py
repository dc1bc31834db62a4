"""Flags of ``jaxgan train``: their names, how values are written, and what they mean."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from jaxgan.errors import UserError, one_of
from jaxgan.experiment import Experiment
from jaxgan.runs.settings import Runtime, Training, flags_of
from jaxgan.sweep.factors import Words

Parsed: TypeAlias = tuple[Experiment, Any, Training, Runtime]

Parse: TypeAlias = Callable[[Experiment, Sequence[str], str], Parsed]
"""``(experiment, words, program)`` -> the preset, its config, and the settings of a run."""

KEPT = {
    "seed": "--seeds says which",
    "workdir": "each trial has a folder of its own within the sweep's",
    "smoke": "it trains on noise; --steps makes trials short",
    "preset": "it follows the file's name, and a study file can compare presets",
    **dict.fromkeys(
        ("coordinator", "num_processes", "process_id"),
        "with --distributed, Slurm says what the processes of a trial are",
    ),
}
"""Flags of a run that trials cannot set, and why."""


@dataclasses.dataclass(frozen=True)
class Flags:
    """The flags of one experiment, and those that all its trials have.

    Attributes:
      experiment: the preset.
      base: words that stand on the command line of every trial.
      parse: parses and checks a command line; it may exit with a message of its own.
      usual: the value of every flag if none is given.
    """

    experiment: Experiment
    base: Words
    parse: Parse
    usual: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        given: Mapping[str, Any],
        words: Sequence[str],
        parse: Parse,
        beside: Collection[str] = (),
    ) -> "Flags":
        """The flags of an experiment.

        Args:
          experiment: the preset.
          given: flags of every trial, by name.
          words: the same as words, which go before.
          parse: parses a command line.
          beside: flags that stand on the same command line and are not of trials, which one that is
            misspelled may stand for.

        Raises:
          UserError: there is no such flag, or it is not for trials to set.
        """
        flags = cls(experiment, (), parse, values_of(parse(experiment, (), "jaxgan sweep")))
        for name in (*given, *names_in(words)):
            flags.check_name(name.removeprefix("no_") if name not in flags.usual else name, beside)
        ours = [flags.words(n, given[n]) for n in given if not {n, f"no_{n}"} & names_in(words)]
        return dataclasses.replace(flags, base=(*itertools.chain(*ours), *words))

    def check_name(self, name: str, beside: Collection[str] = ()) -> None:
        """Refuses what is no flag of a trial.

        Raises:
          UserError: with the nearest flag, also of those ``beside``, or with the reason.
        """
        if name in KEPT:
            raise UserError(f"--{dashed(name)} is not for trials to set: {KEPT[name]}.")
        if name not in self.usual:
            known = [f"--{dashed(flag)}" for flag in (*self.usual, *beside) if flag not in KEPT]
            one_of(f"--{dashed(name)}", known, f"flag of {self.experiment.name}")

    def words(self, name: str, value: Any) -> Words:
        """A flag as it stands on a command line; no words for a switch that stays as it is.

        Raises:
          UserError: a switch is given anything but True and False.
        """
        usual, spelled = self.usual[name], spell(value)
        if not isinstance(usual, bool):
            return (f"--{dashed(name)}", *spelled)
        states = {"true": True, "false": False}
        if len(spelled) != 1 or spelled[0].lower() not in states:
            raise UserError(f"--{dashed(name)} {' '.join(spelled)}: use True or False.")
        if states[spelled[0].lower()] == usual:
            return ()
        return (f"--no-{dashed(name)}" if usual else f"--{dashed(name)}",)

    def read(self, flags: Mapping[str, Words] | None = None) -> Parsed:
        """What the command line makes of these flags, beside those of every trial."""
        line = [word for name, value in (flags or {}).items() for word in self.words(name, value)]
        return self.parse(self.experiment, [*self.base, *line], "jaxgan sweep")

    def read_each(self, values: Mapping[str, Sequence[Words]]) -> dict[tuple[str, Words], Any]:
        """The value that each of these words stands for, by flag and words.

        Raises:
          UserError: there is no such flag, it is set for all trials as well, or two of its values
            are the same.
        """
        for name in values:
            self.check_name(name)
            if {name, f"no_{name}"} & names_in(self.base):
                raise UserError(
                    f"--{dashed(name)} is both varied and set for all trials; leave one out."
                )
        found: dict[tuple[str, Words], Any] = {}
        # The first value of every flag in one command line, then the second, and so on.
        for row in range(max(map(len, values.values()), default=0)):
            flags = {name: words[row] for name, words in values.items() if row < len(words)}
            parsed = values_of(self.read(flags))
            found |= {(name, words): parsed[name] for name, words in flags.items()}
        for name in values:
            seen: dict[str, Words] = {}
            for words in values[name]:
                same = seen.setdefault(json.dumps(plain(found[name, words])), words)
                if same != words:
                    raise UserError(
                        f"{name}: {' '.join(same)} and {' '.join(words)} are the same value; "
                        "leave one out."
                    )
        return found


def values_of(parsed: Parsed) -> dict[str, Any]:
    """Every flag and its value."""
    _, config, training, runtime = parsed
    of_config = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    return {**flags_of(runtime), **flags_of(training), **of_config}


def names_in(words: Collection[str]) -> set[str]:
    """The names of flags among the words of a command line, ``no_NAME`` of ``--no-NAME``."""
    flags = (word[2:].partition("=")[0] for word in words if word.startswith("--"))
    return {flag.replace("-", "_") for flag in flags}


def without(words: Sequence[str], names: Collection[str]) -> Words:
    """The words of a command line but for these flags, each of which has one value."""
    kept, rest = [], iter(words)
    for word in rest:
        if not names_in([word]) & {*names}:
            kept.append(word)
        elif "=" not in word:
            next(rest, None)
    return tuple(kept)


def spell(value: Any) -> Words:
    """A value as words: a tuple as several, the words themselves as they are."""
    return tuple(map(str, value)) if isinstance(value, tuple | list) else (str(value),)


def dashed(name: str) -> str:
    """The name as it stands on a command line."""
    return name.replace("_", "-")


def words_of(flags: Mapping[str, Any]) -> list[str]:
    """Flags as they stand on a command line; one that is True or False stands alone."""
    found: list[str] = []
    for name, value in flags.items():
        if isinstance(value, bool):
            found.append(f"--{dashed(name if value else f'no_{name}')}")
        else:
            found += [f"--{dashed(name)}", *spell(value)]
    return found


def plain(value: Any) -> Any:
    """The value as JSON returns it: tuples become lists, paths text."""
    return json.loads(json.dumps(value, default=str))
