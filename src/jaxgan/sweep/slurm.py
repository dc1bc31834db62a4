"""The engine of a Slurm cluster, through submitit: each command is a job, several are a job array.

Slurm decides when and where jobs run, and they go on when the sweep has ended. ``jobs.json`` in the
engine's folder names those whose end nobody has taken note of, by their commands: asked for the
same command again, the engine waits for its job and submits no other one.
"""

import contextlib
import dataclasses
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxgan.errors import UserError
from jaxgan.files import write_json
from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_FAILED
from jaxgan.sweep.engine import Command
from jaxgan.sweep.manifest import State
from jaxgan.sweep.process import Signals, started

if TYPE_CHECKING:
    import submitit
    from submitit.core.utils import DelayedSubmission

FILE = "jobs.json"

LOOK = 1.0
"""Seconds between looks at what has ended."""

PATIENCE = 120.0
"""Seconds that Slurm has to end a job of which it has stopped the command: it signals both."""

USUAL = {"job_name": "jaxgan", "time": 240}
"""Options of ``sbatch`` where none are given; a job is requeued at its limit of minutes."""

TIMEOUTS = 1000
"""How often a job is requeued at its time limit; each time it goes on from a checkpoint."""

LARGEST = 1000
"""Jobs in an array; Slurm's own limit is 1001 if it is not configured."""

ENDED_BY_SLURM = ("CANCELLED", "TIMEOUT", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "DEADLINE")
"""States of jobs whose commands may well succeed the next time."""


class Task:
    """What a job does: runs a command of ``jaxgan``, and has it saved when Slurm stops the job.

    This is submitit's ``Checkpointable``: at a preemption or before the time limit it calls
    ``checkpoint``, requeues the job, and calls what that returned when the job starts again.
    """

    def __init__(self, words: Sequence[str], log: Path):
        self.words, self.log = words, log
        self._child: subprocess.Popen | None = None

    def __call__(self) -> int:
        """The exit code of the command; below 0 the signal that killed it."""
        self._child = started(self.words, self.log)
        while (code := self._child.poll()) is None:  # not wait(), which would block ``checkpoint``
            time.sleep(0.1)
        first = os.environ.get("SLURM_PROCID", "0") == "0"  # which requeues a job of several
        if first and code in (EXIT_AGAIN, -signal.SIGTERM, -signal.SIGUSR2):
            # Slurm has stopped it, and is about to stop this job. If not, the job goes on.
            time.sleep(PATIENCE)
            signal.raise_signal(_preemption())
        return code

    def checkpoint(self) -> "DelayedSubmission":
        """Stops the command, which saves its state, and returns what goes on from there."""
        from submitit.core.utils import DelayedSubmission

        if self._child is not None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):  # it has ended
                os.kill(self._child.pid, signal.SIGTERM)
                # It may be polled right now, and stays there to be polled.
                os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(Task(self.words, self.log))

    __submitit_checkpoint__ = checkpoint


def _preemption() -> signal.Signals:
    """The signal that submitit takes for a preemption or a time limit."""
    from submitit import JobEnvironment

    return signal.Signals[f"SIG{JobEnvironment.USR_SIG}"]


@dataclasses.dataclass(frozen=True)
class Slurm:
    """Runs commands as jobs of Slurm. See ``Engine``.

    A signal ends the waiting, and no job.

    Attributes:
      folder: what submitit writes; the nodes must see it by the same path.
      options: of ``sbatch``, by their names with ``_`` for ``-``.
      jobs: how many of an array may run at the same time; None for as many as Slurm allows.
      say: shows a line.
    """

    folder: Path
    options: Mapping[str, Any]
    jobs: int | None
    say: Callable[[str], None]

    begun: State = dataclasses.field(default="queued", init=False)

    def __call__(
        self, commands: Iterable[Command], signals: Signals
    ) -> Iterator[tuple[Command, int]]:
        """See ``Engine``.

        Raises:
          UserError: Slurm does not take a job.
        """
        if signals.asked:
            return
        running = self._jobs_of(list(commands))
        while running and not signals.asked:
            for command, job in list(running.items()):
                if job.done():
                    code = code_of(job, command.log)
                    del running[command]
                    left = known_jobs(self.folder)
                    del left[_name(command)]
                    self._write(left)
                    yield command, code
            time.sleep(LOOK)

    def cancel(self) -> int:
        """Ends all jobs, which save their states, and waits for that; returns their number."""
        known = list(known_jobs(self.folder).values())
        if known:
            subprocess.run(["scancel", *known], check=False)
            while self._in_queue(known):
                time.sleep(LOOK)
            self._write({})
        return len(known)

    def _jobs_of(self, commands: Sequence[Command]) -> dict[Command, "submitit.Job[int]"]:
        """The job of each command: the one that is there, or a new one."""
        from submitit import SlurmJob

        known, tasks = known_jobs(self.folder), range(self._executor()._num_tasks())
        jobs: dict[Command, submitit.Job[int]] = {
            command: SlurmJob(self.folder, known[_name(command)], tasks=tasks)
            for command in commands
            if _name(command) in known
        }
        new = [command for command in commands if command not in jobs]
        for first in range(0, len(new), LARGEST):
            part = new[first : first + LARGEST]
            jobs |= zip(part, self._submitted(part), strict=True)
            known |= {_name(command): jobs[command].job_id for command in part}
            self._write(known)
        if jobs:
            ids = sorted({job.job_id.partition("_")[0] for job in jobs.values()})
            self.say(f"{len(jobs)} jobs in Slurm's queue: squeue --job {','.join(ids)}")
        return jobs

    def _submitted(self, commands: Sequence[Command]) -> list["submitit.Job[int]"]:
        """New jobs for commands, as one array.

        Raises:
          UserError: Slurm does not take them.
        """
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        executor = self._executor()
        try:
            with executor.batch():
                return [executor.submit(Task(one.words, one.log)) for one in commands]
        except (FailedJobError, FailedSubmissionError) as error:
            said = [line for line in str(error).splitlines() if "error:" in line]
            raise UserError(
                f"Slurm does not take the jobs: {(said or str(error).splitlines())[0].strip()}. "
                "Change --slurm."
            ) from error

    def _executor(self) -> "submitit.SlurmExecutor":
        """What submits jobs with these options; those that submitit does not know are sbatch's."""
        from submitit import SlurmExecutor

        executor = SlurmExecutor(self.folder, max_num_timeout=TIMEOUTS)
        known = SlurmExecutor._valid_parameters()
        options = {**USUAL, **self.options}
        more = {
            name.replace("_", "-"): options.pop(name) for name in [*options] if name not in known
        }
        if self.jobs is not None:
            options["array_parallelism"] = self.jobs
        executor.update_parameters(**options, additional_parameters=more)
        return executor

    def _write(self, jobs: Mapping[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / FILE, dict(jobs))

    def _in_queue(self, jobs: Sequence[str]) -> bool:
        """Whether one of them is there, if only to end. Slurm forgets those that have ended."""
        asked = ["squeue", "--noheader", f"--jobs={','.join(jobs)}"]
        return bool(subprocess.run(asked, capture_output=True, text=True).stdout.strip())


def _name(command: Command) -> str:
    return shlex.join(command.words)


def known_jobs(folder: Path) -> dict[str, str]:
    """The ids of the jobs in an engine's folder whose end has not been noted, by their commands.

    Raises:
      UserError: the file is damaged.
    """
    try:
        found = json.loads((folder / FILE).read_text())
        return {str(name): str(job) for name, job in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(
            f"{folder / FILE} is damaged ({error}); end the jobs with scancel, and remove it."
        ) from error


def code_of(job: "submitit.Job[int]", log: Path) -> int:
    """The exit code of the command of a job that has ended; of several processes the first one's.

    What Slurm says of a job that has none is added to the log.
    """
    from submitit.core.utils import UncompletedJobError

    try:
        return job.task(0).result()
    except UncompletedJobError as error:
        if job.state.startswith(ENDED_BY_SLURM):
            return EXIT_AGAIN
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        why = ([line for line in lines if re.search("[Ee]rror:", line)] or lines)[-1]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as said:
            said.write(f"jaxgan: job {job.job_id} ended as {job.state}: {why}\n")
        return EXIT_FAILED


def parse_options(words: Sequence[str]) -> dict[str, Any]:
    """Options of ``sbatch`` from ``--slurm NAME=VALUE``.

    Raises:
      UserError: one is not of this form, or minutes are no number.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if not name or not equals:
            raise UserError(f"--slurm {word}: give an option of sbatch as NAME=VALUE.")
        found[name.replace("-", "_")] = int(value) if value.isdigit() else value
    if not isinstance(found.get("time", 0), int):
        raise UserError(f"--slurm time={found['time']}: give whole minutes.")
    for name in ("setup", "teardown", "srun_args"):
        if name in found:
            found[name] = [str(found[name])]
    return found


def check_slurm() -> None:
    """Checks that jobs can be submitted from here.

    Raises:
      UserError: submitit or Slurm is not there.
    """
    try:
        import submitit  # noqa: F401
    except ImportError as error:
        raise UserError(
            "--engine slurm needs submitit: scripts/install slurm, or pip install 'jaxgan[slurm]'."
        ) from error
    for tool in ("sbatch", "srun", "squeue", "sacct"):
        if not shutil.which(tool):
            raise UserError(f"--engine slurm: there is no {tool} on this machine; log in to one.")
