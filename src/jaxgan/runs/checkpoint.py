"""Checkpoints, by Orbax behind one small interface.

Orbax writes asynchronously and atomically, but reads a flipped byte without complaint
and never skips a damaged step. So every checkpoint carries a digest of its content, and
a restore walks back to the newest one that is sound, and sets the damaged ones aside. It also
carries the names, dtypes and shapes of its leaves, so that changed code is not taken for damage.

A save that the disk refuses ends no training. Orbax's manager is then of no more use; it is closed,
what it left half written is removed, and the next save has a new one.
"""

import contextlib
import hashlib
import json
import logging
import math
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from jaxgan.errors import UserError
from jaxgan.runs.disk import Disk, reason
from jaxgan.runs.quiet import abandon_threads, forget_coroutines, quiet_orbax

FORMAT = 1
"""Version of what a checkpoint holds."""

WORST = float(np.finfo(np.float32).max)
"""Stands for a score that is not finite, which JSON cannot hold."""

DAMAGED = "damaged"
"""Folder beside the checkpoints where damaged ones are put."""

DAMAGE = (ValueError, LookupError, OSError, EOFError, TypeError)
"""What reading a damaged file raises."""


def digest(state: Any) -> str:
    """Sha256 over the paths, dtypes, shapes and bytes of all leaves."""
    sha = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
        if is_key(leaf):
            leaf = jax.random.key_data(leaf)
        array = np.asarray(leaf)
        sha.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape} ".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def tree_of(state: Any) -> list[list[Any]]:
    """Path, dtype and shape of every leaf, as JSON would return them.

    Containers that are empty count: Orbax wants them to be the same, too.
    """

    def empty(node: Any) -> bool:
        return isinstance(node, tuple | list | dict) and not node

    def entry(leaf: Any) -> list[Any]:
        return ["empty", []] if empty(leaf) else [str(leaf.dtype), [int(n) for n in leaf.shape]]

    leaves = jax.tree_util.tree_flatten_with_path(state, is_leaf=empty)[0]
    return [[jax.tree_util.keystr(path), *entry(leaf)] for path, leaf in leaves]


def difference(stored: list[list[Any]], wanted: list[list[Any]]) -> str:
    """The first leaf in which two trees differ; empty if none does."""
    there = {path: f"{dtype} {shape}" for path, dtype, shape in stored}
    here = {path: f"{dtype} {shape}" for path, dtype, shape in wanted}
    for path in [*here, *there]:
        if here.get(path) != there.get(path):
            return f"{path} is {there.get(path, 'absent')}, not {here.get(path, 'absent')}"
    return ""


def is_key(leaf: Any) -> bool:
    """Whether an array, or what has its shape, is of typed random keys."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def raw(leaf: jax.Array) -> np.ndarray:
    """A copy in the host's memory; of typed keys their bits.

    One of several processes can write such arrays alone, which Orbax allows for no other ones.
    """
    return np.array(jax.random.key_data(leaf) if is_key(leaf) else leaf)


def shape_of_raw(like: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """The shape that ``raw`` gives to arrays like these, on the same devices."""
    bits = jax.eval_shape(jax.random.key_data, like) if is_key(like) else like
    return jax.ShapeDtypeStruct(bits.shape, bits.dtype, sharding=like.sharding)


def as_key(leaf: jax.Array, like: jax.ShapeDtypeStruct) -> jax.Array:
    """What ``raw`` was made of."""
    return jax.random.wrap_key_data(leaf) if is_key(like) else leaf


class Checkpoints:
    """The checkpoints of one run, in files of this process: the newest and, if scored, the best.

    Use as a context manager; leaving it waits for what is being written.
    """

    def __init__(
        self,
        folder: Path,
        keep: int = 2,
        best: str | None = None,
        writing: bool = True,
        disk: Disk | None = None,
    ):
        """Opens ``folder``, which need not exist.

        Args:
          folder: Orbax's folder.
          keep: how many of the newest steps to keep.
          best: what the scores of ``save`` are, if given; a step that was scored, now or
            before, is kept as well if its score is the smallest.
          writing: False to read only, beside a run that may be writing.
          disk: told of saves that fail.

        Raises:
          UserError: its steps were scored by something else, or it cannot be read.
        """
        self.folder = folder
        self._keep, self._best, self._writing = keep, best or None, writing
        self._disk = disk or Disk()
        self._held: int | None = None
        self._saving: int | None = None
        self._failed = ""
        self._manager: ocp.CheckpointManager | None = None
        self._steps: list[int] = []
        quiet_orbax()
        self._open_or_set_aside()
        before = next((m for m in reversed(self._metrics().values()) if m.get("metric")), None)
        if self._best and before and before["metric"] != self._best:
            self.close()
            raise UserError(
                f"The checkpoints in {folder} are ranked by --best={before['metric']}, not by "
                f"--best={best}; give the former, or use another --workdir."
            )

    def _open_or_set_aside(self) -> None:
        """Opens Orbax's manager, without steps whose scores cannot be read if this process writes.

        Raises:
          UserError: it cannot be opened.
        """
        try:
            self._manager = self._opened()
            return
        except (OSError, ValueError) as error:
            fault = error
        abandon_threads()
        if self._writing:
            for step in self._unreadable_scores():
                self._set_aside(step, "its score cannot be read")
            with contextlib.suppress(OSError, ValueError):
                self._manager = self._opened()
                return
        raise UserError(
            f"{self.folder} cannot be opened ({_reason(fault)}); make it readable and writable, "
            "remove the damaged step, or use another --workdir."
        ) from fault

    def _unreadable_scores(self) -> list[int]:
        """The steps in whose folder the file of the score is damaged, which Orbax reads first."""
        found = []
        for path in self.folder.glob("*/metrics/metrics"):
            try:
                json.loads(path.read_text())
            except (OSError, ValueError):
                if path.parent.parent.name.isdecimal():
                    found.append(int(path.parent.parent.name))
        return found

    def _opened(self) -> ocp.CheckpointManager:
        """Orbax's manager of the folder.

        Raises:
          OSError, ValueError: the folder cannot be read or written.
        """
        policies: list[Any] = [
            preservation_policy.LatestN(self._keep),
            preservation_policy.BestN(
                get_metric_fn=_score, reverse=True, n=1, keep_checkpoints_without_metrics=False
            ),
            _Held(self),
        ]
        # Of several processes this one alone has these files; Orbax then makes no folder.
        alone = jax.process_count() > 1
        here = {jax.process_index()} if alone else None
        if alone and self._writing:
            self.folder.mkdir(parents=True, exist_ok=True)
        return ocp.CheckpointManager(
            self.folder.resolve(),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=preservation_policy.AnyPreservationPolicy(policies),
                # Without it Orbax does not write the scores.
                best_fn=_score if self._best else None,
                best_mode="min",
                create=self._writing and not alone,
                multiprocessing_options=ocp.options.MultiprocessingOptions(
                    primary_host=jax.process_index(), active_processes=here
                ),
                cleanup_tmp_directories=self._writing,  # a reader would remove what is written
                enable_async_checkpointing=True,
            ),
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for what is being written."""
        self.wait()
        if self._manager is not None:
            self._manager.close()

    def wait(self) -> None:
        """Waits for what is being written; a save that the disk refused is a warning."""
        if self._manager is not None:
            self._attempt(self._manager.wait_until_finished)

    def fault(self) -> str:
        """Waits for what is being written; why the disk refused the last save, if it did."""
        self.wait()
        return self._failed

    def steps(self) -> list[int]:
        """Steps that have a checkpoint, ascending."""
        if self._manager is not None:
            self._steps = sorted(self._manager.all_steps())
        return self._steps

    def hold(self, step: int | None) -> None:
        """Keeps the checkpoint of a step, however many there come, until another is held."""
        self._held = step

    def save(self, step: int, state: Any, score: float | None = None) -> None:
        """Starts writing ``state``; the arrays may be donated as soon as this returns.

        That the disk refuses it, or what was still being written, is a warning; ``fault`` tells.

        Args:
          step: number of the checkpoint; one that exists stays.
          state: pytree of arrays.
          score: smaller is better; a score that is not finite counts as the worst.
        """
        self.wait()
        if step in self.steps():
            return
        metrics = None
        if self._best:
            finite = score is not None and math.isfinite(score)
            metrics = {"metric": self._best, "score": score if finite else WORST}
        meta = {"format": FORMAT, "sha256": digest(state), "tree": tree_of(state)}
        if jax.process_count() > 1:
            meta["raw"] = True
            state = jax.tree.map(raw, state)
        arguments = ocp.args.Composite(
            state=ocp.args.StandardSave(state),
            meta=ocp.args.JsonSave(meta | {"check": _check(meta)}),
        )
        self._saving, self._failed = step, ""

        def start() -> None:
            self._open().save(step, args=arguments, metrics=metrics)

        self._attempt(start)

    def _attempt(self, act: Callable[[], Any]) -> None:
        """Does a part of a save; if the disk refuses it, warns and gets ready for the next one."""
        try:
            act()
            return
        except Exception as error:  # Orbax and TensorStore raise what they like
            if not _is_of_the_disk(error):
                raise
            self._failed = _disk_reason(error)
        abandon_threads()
        self._disk.failed("the checkpoint", self.folder / str(self._saving), self._failed)
        before, self._manager = self._manager, None
        if before is not None:
            _close(before)
        del before
        forget_coroutines()
        for half in self.folder.glob("*.orbax-checkpoint-tmp*"):
            shutil.rmtree(half, ignore_errors=True)
        with contextlib.suppress(OSError, ValueError):  # or the next save tries again
            self._manager = self._opened()

    def delete_after(self, step: int) -> None:
        """Removes the checkpoints of later steps, of a course that the run does not take.

        Raises:
          OSError: one cannot be removed.
        """
        self.wait()
        for later in self.steps():
            if later > step:
                self._open().delete(later)

    def _open(self) -> ocp.CheckpointManager:
        """Orbax's manager, opened again if a save failed.

        Raises:
          OSError, ValueError: the disk still fails.
        """
        if self._manager is None:
            self._manager = self._opened()
        return self._manager

    def _set_aside(self, step: int, fault: str) -> None:
        """Moves a damaged checkpoint out of the way, where a person may look at it."""
        place = self.folder.with_name(DAMAGED)
        aside, number = place / str(step), 1
        while aside.exists():
            aside, number = place / f"{step}-{number}", number + 1
        told = f"set aside as {aside}"
        try:
            place.mkdir(exist_ok=True)
            (self.folder / str(step)).rename(aside)
        except OSError as error:
            told = f"which cannot be moved to {aside} ({reason(error)})"
        logging.getLogger("jaxgan").warning(
            "Damaged checkpoint of step %d (%s), %s", step, fault, told
        )

    def restore(self, like: Any, step: int | None = None) -> tuple[int, Any]:
        """The newest sound checkpoint, or that of ``step``.

        Args:
          like: pytree of ``jax.ShapeDtypeStruct`` with shardings: where to put what.
          step: the step to read; None for the newest that is sound.

        Returns:
          The step and the state, placed as ``like`` says.

        Raises:
          UserError: there is no checkpoint, none is sound, or it is of other networks.
        """
        steps = self.steps()
        if not steps:
            raise UserError(f"{self.folder.parent} has no checkpoint yet.")
        if step is not None and step not in steps:
            raise UserError(
                f"{self.folder.parent} has no checkpoint of step {step}; it has "
                f"{', '.join(map(str, steps))}."
            )
        found, faults = self.newest_sound(like, steps if step is None else [step])
        if found is not None:
            return found
        raise UserError(
            f"No sound checkpoint in {self.folder} ({'; '.join(faults)}). "
            "Restore the folder from a copy, or start anew in another --workdir."
        )

    def newest_sound(
        self, like: Any, among: Iterable[int]
    ) -> tuple[tuple[int, Any] | None, list[str]]:
        """The newest sound one of some checkpoints: step and state, or None; and what is damaged.

        Args:
          like: as for ``restore``.
          among: steps that have a checkpoint.

        Raises:
          UserError: one is of other networks.
        """
        faults: dict[int, str] = {}
        found = None
        for candidate in sorted(among, reverse=True):
            try:
                found = candidate, self._read(candidate, like)
            except UserError:
                raise
            except Exception as error:
                if not _is_damage(error):
                    raise
                faults[candidate] = _reason(error)
                continue
            break
        if faults:
            forget_coroutines()
        told = [f"step {step}: {fault}" for step, fault in faults.items()]
        if found is not None and not self._writing:
            for one in told:
                logging.getLogger("jaxgan").warning("Skipped a damaged checkpoint, %s", one)
        elif found is not None:  # Orbax keeps no step below its newest, be that damaged
            for step, fault in faults.items():
                self._set_aside(step, fault)
            if faults:
                self._open().reload()
        return found, told

    def best_step(self) -> int | None:
        """Step of the smallest score, the newest of several; None if no step has a score."""
        scores = {step: _score(metrics) for step, metrics in self._metrics().items()}
        return min(scores, key=lambda step: (scores[step], -step), default=None)

    def _metrics(self) -> dict[int, dict[str, Any]]:
        """What was stored with the steps that were scored, ascending."""
        found = {step: self._open().metrics(step) for step in self.steps()}
        return {step: dict(metrics) for step, metrics in found.items() if metrics is not None}

    def _read(self, step: int, like: Any) -> Any:
        only = ocp.args.Composite(meta=ocp.args.JsonRestore())
        meta = self._open().restore(step, args=only)["meta"]
        if meta["format"] > FORMAT:
            raise UserError(
                f"Checkpoint {step} in {self.folder} has format {meta['format']}; this jaxgan "
                f"reads up to {FORMAT}. Update jaxgan."
            )
        # Not every checkpoint has these two; the first guards the second.
        if meta.pop("check", None) not in (None, _check(meta)):
            raise ValueError("its description does not match its checksum")
        if "tree" in meta and (fault := difference(meta["tree"], tree_of(like))):
            raise UserError(
                f"Checkpoint {step} in {self.folder} is of other networks than this code and "
                f"config make: {fault}. Go back to that code, or use another --workdir."
            )
        stored = jax.tree.map(shape_of_raw, like) if meta.get("raw") else like
        whole = ocp.args.Composite(state=ocp.args.StandardRestore(stored))
        state = self._open().restore(step, args=whole)["state"]
        if meta.get("raw"):
            state = jax.tree.map(as_key, state, like)
        if digest(state) != meta["sha256"]:
            raise ValueError("its content does not match its checksum")
        return state


class _Held(preservation_policy.PreservationPolicy):
    """Orbax's policy that keeps the checkpoint that is held."""

    def __init__(self, of: Checkpoints):
        self._of = of

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> Sequence[bool]:
        """Whether to keep each."""
        del context
        return [one.step == self._of._held for one in checkpoints]


def newest_in_all(runs: Sequence[Checkpoints], like: Any) -> list[Any] | None:
    """The states of several runs at the newest step that is sound in all; None if there is none.

    Raises:
      UserError: a checkpoint is of other networks than ``like``.
    """
    among = set.intersection(*(set(run.steps()) for run in runs))
    while among:
        found = [run.newest_sound(like, among)[0] for run in runs]
        known = [one for one in found if one is not None]
        if len(known) < len(runs):
            return None
        if len({step for step, _ in known}) == 1:
            return [state for _, state in known]
        among = {step for step in among if step <= min(step for step, _ in known)}
    return None


def _check(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def _score(metrics: Any) -> float:
    return metrics.get("score", WORST)


def _close(manager: ocp.CheckpointManager) -> None:
    """Closes a manager whose save failed.

    Each of its parts says so once more before it can be closed; one that is left open has a thread
    that keeps the process from ending.
    """
    for _ in range(5):
        with contextlib.suppress(Exception):
            manager.close()
            return


FULL = ("No space left on device", "Disk quota exceeded", "os_error_code")
"""What TensorStore says where it has a number of the system; it raises ``ValueError``."""


def _is_of_the_disk(error: BaseException | None) -> bool:
    """Whether a save failed because of the disk, and not of what was to be saved."""
    while error is not None:
        if isinstance(error, OSError) or any(one in str(error) for one in FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def _disk_reason(error: BaseException) -> str:
    """What the system said: of TensorStore's long line the end."""
    found = re.search(r"([^:]*) \[os_error_code=", str(error))
    return found[1].strip() if found else reason(error)


def _is_damage(error: BaseException | None) -> bool:
    """Whether a file is at fault, and not this machine: a lack of memory damages nothing."""
    if not isinstance(error, DAMAGE) and type(error) is not Exception:  # Orbax raises both
        return False
    while error is not None:
        if isinstance(error, MemoryError | jax.errors.JaxRuntimeError):
            return False
        if "RESOURCE_EXHAUSTED" in str(error):
            return False
        error = error.__cause__ or error.__context__
    return True


def _reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
