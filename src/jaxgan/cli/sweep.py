"""``jaxgan sweep``: many trials of an experiment, or of a study."""

import dataclasses
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import jax
import tyro

from jaxgan.cli.experiment import parse
from jaxgan.cli.flags import parsed
from jaxgan.cli.named import experiment_file
from jaxgan.errors import UserError
from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_FAILED, EXIT_FAULT, EXIT_INTERRUPTED
from jaxgan.runs.folder import RunFolder, locked
from jaxgan.sweep import manifest, probe
from jaxgan.sweep.check import check_code, check_games, shared
from jaxgan.sweep.engine import Engine
from jaxgan.sweep.factors import parse_grid, parse_random, parse_seeds
from jaxgan.sweep.flags import plain
from jaxgan.sweep.halving import Halving, halving, train_halving
from jaxgan.sweep.local import Local
from jaxgan.sweep.manifest import Manifest, Role
from jaxgan.sweep.population import (
    AtOnce,
    decide,
    divided,
    grouped,
    new_groups,
    parse_population,
    told,
)
from jaxgan.sweep.process import Signals
from jaxgan.sweep.run import Sweep, entry_of, standing, train_all
from jaxgan.sweep.select import Selection, selected, selection
from jaxgan.sweep.slurm import Slurm, check_slurm, known_jobs, parse_options
from jaxgan.sweep.study import Study, Variant, load_study
from jaxgan.sweep.trials import Trial, baseline_of, plan, scored_of

Several = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]


@dataclasses.dataclass(frozen=True)
class Asked:
    """Train many trials of an experiment: every combination of levels with every seed.

    Flags of the experiment, as jaxgan train takes them, hold for all trials. The same command
    resumes.
    """

    workdir: Path
    """The sweep's folder; each trial is a run folder in it."""
    seeds: str | None = None
    """Seeds of every trial: 0:8 for 0 to 7, or 0,3,5; 0 if not given."""
    grid: Annotated[Several, tyro.conf.arg(metavar="FLAG=VALUE,VALUE")] = ()
    """Values of a flag to try, e.g. learning_rate=1e-4,2e-4; may be repeated. Values of several
    words have spaces between them: "hidden=128 128,64 64"."""
    random: Annotated[Several, tyro.conf.arg(metavar="FLAG=DISTRIBUTION")] = ()
    """Draw values of a flag: r1=loguniform(1e-3,10)x20, or uniform(a,b), int(a,b), choice(a,b,c).
    If repeated, all are drawn together, and one of them says how many points."""
    random_seed: int | None = None
    """Seed of those draws; 0 if not given."""
    ablation: Annotated[Several, tyro.conf.arg(metavar="NAME")] = ()
    """Ablation of the experiment to compare with it as it is; may be repeated."""
    scored: str | None = None
    """Score that trials are ranked by, e.g. modes/captured; the first one taken if not given."""
    baseline: str | None = None
    """The variant that others are compared with, FACTOR=LEVEL,... or its name, e.g. r1=0; the
    experiment as it is, if that is among them."""
    halving: str | None = None
    """Successive halving: steps at which variants are ranked, by the median over their seeds, and
    the worse ones pruned, e.g. 500,1000."""
    reduction: float | None = None
    """With --halving: one variant in so many goes on; every second one if not given."""
    select: Literal["best-of"] | None = None
    """Train the best variant again with --select-seeds, and the baseline beside it. jaxgan report
    then reports these runs alone: the best of many owes part of its score to the seeds that chose
    it. Variants are ranked by the median of --scored over their seeds."""
    select_seeds: str | None = None
    """With --select: seeds that take no part in the selection, e.g. 100:105."""
    select_each: str | None = None
    """With --select: select the best variant of each level of this factor, e.g. of each variant of
    a study file, and not the best of all."""
    population: str = "off"
    """How many trials that differ in seed and hyperparameters only to train at once, as one
    program: a number, off, or auto, which tries what is fastest. Off is the default because numbers
    are then those of jaxgan train bit for bit; at once they differ by rounding, which training
    amplifies. Not with --halving, which trains one after another."""
    engine: Literal["local", "slurm"] = "local"
    """What trains the trials: processes of this machine, or jobs of a Slurm cluster, which go on
    when this command has ended; the same command waits for them again."""
    jobs: int | None = None
    """How many trials to train at the same time. Processes of this machine share out its GPUs, or
    its cores if it has none; one if not given. Of Slurm, as many as it allows."""
    slurm: Annotated[Several, tyro.conf.arg(metavar="OPTION=VALUE")] = ()
    """Option of sbatch for the jobs, e.g. partition=gpu, gpus_per_node=1, or time=240 (minutes; a
    job that reaches it is requeued); may be repeated."""
    cancel: bool = False
    """End the jobs of this sweep in Slurm, each of which saves its state, and train nothing."""
    retry_failed: bool = False
    """Train trials again that failed. (Those that diverged would do so again.)"""
    dry_run: bool = False
    """List the trials, and estimate what they cost from a few seconds of training of one of each
    structure."""


def sweep(arguments: Sequence[str]) -> int:
    """``jaxgan sweep FILE [preset] [flags]``; returns the exit code.

    Raises:
      UserError: a flag, a value, the folder or the data are at fault.
    """
    if not arguments:
        print("usage: jaxgan sweep FILE [preset] [flags]\n\njaxgan sweep --help tells more.")
        return EXIT_FAULT
    # Trials have the devices; this process only looks at shapes.
    jax.config.update("jax_platforms", "cpu")
    asked, trials, wanted = planned(arguments)
    engine = engine_of(asked, trials)
    rule = Halving(**wanted.halving) if wanted.halving else None
    at_once = parse_population(asked.population) if rule is None else 1
    before = manifest.read(asked.workdir)
    again = selection_of(asked, wanted, trials, before)
    joined = resumed(asked.workdir, wanted)
    check_code(asked.workdir, trials)
    check_games(trials, alone=at_once == 1)
    say(listing(trials))
    if again is not None:
        say(f"then {again}")
    if asked.dry_run:
        for line in foreseen(joined, asked.workdir, trials, at_once):
            say(line)
        found = probe.costs(trials, lambda cost: say(probe.told(cost)))
        print(probe.summed(found))
        return 0
    with locked(RunFolder(asked.workdir)), Signals() as signals:
        joined = resumed(asked.workdir, wanted)  # another command may have written since
        if asked.retry_failed:
            joined = manifest.without_failures(joined)
        running = Sweep(asked.workdir, joined)
        if asked.cancel:
            cancel(running, trials, engine)
        elif rule is None:
            train_flat(running, trials, at_once, engine, signals)
        else:
            train_halving(running, trials, rule, engine, signals, say)
        if again is not None and signals.asked is None and not asked.cancel:
            reported = selected(running, trials, again)
            running.add(reported, "report")
            say(listing(reported) if reported else "Nothing is selected: no trial has a score.")
            train_flat(running, reported, at_once, engine, signals)
            trials += reported
    return ended(running.manifest, [trial.folder for trial in trials], signals, asked.workdir)


def resumed(folder: Path, wanted: Manifest) -> Manifest:
    """The manifest of the sweep that is asked for, with what is in its folder already.

    Raises:
      UserError: the folder holds another sweep, or something else.
    """
    before = manifest.read(folder)
    return manifest.joined(before, wanted, folder) if before else wanted


def train_flat(
    running: Sweep, trials: Sequence[Trial], at_once: AtOnce, engine: Engine, signals: Signals
) -> None:
    """Trains what is missing of these trials, each to its last step."""
    decide(running, trials, at_once, engine, signals, say)
    groups = grouped(running.manifest.populations, trials)
    train_all(running, groups, engine, signals, say)


def selection_of(
    asked: Asked, wanted: Manifest, trials: Sequence[Trial], before: Manifest | None
) -> Selection | None:
    """What ``--select`` asks for, if it is given.

    Raises:
      UserError: its seeds are missing or took part in the selection, or nothing can be selected.
    """
    if asked.select is None:
        for flag in ("select_seeds", "select_each"):
            if getattr(asked, flag) is not None:
                raise UserError(f"--{flag.replace('_', '-')} goes with --select best-of; add it.")
        return None
    if asked.select_seeds is None:
        raise UserError("--select best-of: add --select-seeds, e.g. --select-seeds 100:105.")
    seeds = parse_seeds(asked.select_seeds, "--select-seeds")
    return selection(seeds, asked.select_each or "", wanted.scored, trials, before)


def engine_of(asked: Asked, trials: Sequence[Trial]) -> Engine:
    """What runs the commands of the trials.

    Raises:
      UserError: a flag is at fault, or there is no Slurm.
    """
    if asked.jobs is not None and asked.jobs < 1:
        raise UserError(f"--jobs {asked.jobs}: must be at least 1.")
    folder = asked.workdir / "slurm"
    if asked.engine == "slurm":
        options = parse_options(asked.slurm)
        check_slurm()
        return Slurm(folder, options, asked.jobs, say)
    if asked.slurm or asked.cancel:
        raise UserError("--slurm and --cancel are for --engine slurm.")
    if jobs := known_jobs(folder):
        raise UserError(
            f"{len(jobs)} jobs of {asked.workdir} are in Slurm's queue; use --engine slurm, or end "
            "them with --engine slurm --cancel."
        )
    if any(trial.runtime.processes.distributed for trial in trials):
        raise UserError(
            "--distributed: processes of this machine train one trial each; use --engine slurm "
            "--slurm nodes=2 --slurm ntasks_per_node=1."
        )
    return Local(asked.jobs or 1, say)


def cancel(sweep: Sweep, trials: Sequence[Trial], engine: Engine) -> None:
    """Ends the jobs of a sweep, and writes down how its trials stand then."""
    assert isinstance(engine, Slurm)
    say(f"{engine.cancel()} jobs taken out of Slurm's queue")
    for trial in trials:
        entry = sweep.manifest.entry(trial.folder)
        if entry.state == "queued":
            sweep.note(trial, *standing(entry, sweep.run_of(trial), trial.steps))


def planned(arguments: Sequence[str]) -> tuple[Asked, list[Trial], Manifest]:
    """What a command line asks for: its own flags, the trials, and the manifest of a new sweep.

    Raises:
      UserError: a flag or a value is at fault.
    """
    file, asked, words = file_first(Asked, "sweep", arguments)
    study, words = study_of(Path(file), asked, words)
    refuse_idle_flags(asked, study)
    trials = plan(study, words, parse, [field.name for field in dataclasses.fields(Asked)])
    role: Role = "selection" if asked.select else "both"
    wanted = manifest_of(study, trials, asked.workdir, ["sweep", *arguments], role)
    if asked.halving is not None:
        reduction = 2.0 if asked.reduction is None else asked.reduction
        rule = halving(asked.halving, reduction, scored_of(study, trials), trials)
        wanted = dataclasses.replace(wanted, halving=plain(dataclasses.asdict(rule)))
    return asked, trials, wanted


Flags = TypeVar("Flags")


def file_first(
    flags: type[Flags], command: str, arguments: Sequence[str]
) -> tuple[str, Flags, list[str]]:
    """The file of a command line, the command's own flags, and all other words.

    Raises:
      UserError: a flag comes before the file, or there is no experiment of that name.
    """
    file, *rest = arguments
    helps = file in ("-h", "--help")
    if file.startswith("-") and not helps:
        raise UserError(f"The file comes first: jaxgan {command} FILE {file} ...")
    asked, words = parsed(
        flags,
        prog=f"jaxgan {command} FILE [preset]",
        args=[file] if helps else rest,
        return_unknown_args=True,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return str(experiment_file(file)), asked, words


def refuse_idle_flags(asked: Asked, study: Study) -> None:
    """Refuses flags that would change nothing.

    Raises:
      UserError: names the first one.
    """
    if asked.halving is None and asked.reduction is not None:
        raise UserError("--reduction goes with --halving; add it.")
    if asked.halving is not None and asked.population != "off":
        raise UserError("--halving trains one after another; omit --population.")
    if asked.random_seed is not None and not study.random:
        raise UserError("--random-seed goes with --random; add it.")


def say(line: str) -> None:
    """Shows a line at once, also in a pipe."""
    print(line, flush=True)


def study_of(file: Path, asked: Asked, words: Sequence[str]) -> tuple[Study, Sequence[str]]:
    """The study that a file declares, or that the flags make of an experiment.

    Returns it and the flags for all its trials.

    Raises:
      UserError: there is no such file, a flag is misspelled, or flags contradict a study file.
    """
    given: dict[str, Any] = {
        "seeds": asked.seeds and parse_seeds(asked.seeds),
        "grid": parse_grid(asked.grid),
        "random": parse_random(asked.random),
        "random_seed": asked.random_seed,
        "ablations": asked.ablation,
        "scored": asked.scored,
        "baseline": asked.baseline,
    }
    given = {name: value for name, value in given.items() if value or value == 0}
    preset = ""
    if words and not words[0].startswith("-"):
        preset, *words = words
    study = load_study(file, preset)
    if study is None:
        return Study({"": Variant(file, preset)}, **given), words
    for flag in ("grid", "random", "ablations"):
        if flag in given:
            raise UserError(f"{file} says what is varied; omit --{flag.removesuffix('s')}.")
    return dataclasses.replace(study, **given), words


def manifest_of(
    study: Study, trials: Sequence[Trial], folder: Path, command: Sequence[str], role: Role
) -> Manifest:
    """The manifest of a new sweep.

    Raises:
      UserError: there is no such score or baseline.
    """
    factors: dict[str, list[Any]] = {}
    for trial in trials:
        for factor, level in trial.levels.items():
            if level not in factors.setdefault(factor, []):
                factors[factor].append(level)
    scored = scored_of(study, trials)
    return Manifest(
        command=shlex.join(["jaxgan", *command]),
        experiments=list(dict.fromkeys(trial.experiment.name for trial in trials)),
        factors=factors,
        baseline=baseline_of(study, trials),
        scored=scored[0] if scored else None,
        settings=shared(trials, factors),
        trials=[entry_of(trial, folder, role) for trial in trials],
    )


def listing(trials: Sequence[Trial]) -> str:
    """The trials, a line for each variant."""
    seeds: dict[str, list[int]] = {}
    steps = {trial.name: trial.steps for trial in trials}
    for trial in trials:
        seeds.setdefault(trial.name, []).append(trial.seed)
    width = max(map(len, seeds))
    lines = [
        f"  {name:<{width}}  {steps[name]:,} steps, seed{'s' * (len(of) > 1)} "
        f"{', '.join(map(str, of))}"
        for name, of in seeds.items()
    ]
    return "\n".join([f"{len(trials)} trial{'s' * (len(trials) > 1)}:", *lines])


def foreseen(found: Manifest, folder: Path, trials: Sequence[Trial], at_once: AtOnce) -> list[str]:
    """Which trials are to be trained at once, a line for each group."""
    before = told(grouped(found.populations, trials), 1)
    new = [] if at_once == 1 else new_groups(found, folder, trials)
    parts = new if at_once == "auto" else [part for one in new for part in divided(one, at_once)]
    return [*before, *told(parts, at_once)]


def ended(found: Manifest, folders: Sequence[str], signals: Signals, folder: Path) -> int:
    """Says how many trials ended how; returns the exit code."""
    states = [found.entry(one).state for one in folders]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    print(", ".join(f"{count} {state}" for state, count in counts.items()) + f"; in {folder}")
    if signals.asked is not None or {"pending", "queued", "interrupted"} & {*states}:
        print("The same command goes on.")
        return EXIT_INTERRUPTED if signals.asked == signal.SIGINT else EXIT_AGAIN
    return EXIT_FAILED if "failed" in states else 0
