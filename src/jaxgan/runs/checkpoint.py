"""Checkpoints, by Orbax behind one small interface.

Orbax writes asynchronously and atomically, but reads a flipped byte without complaint
and never skips a damaged step. So every checkpoint carries a digest of its content, and
a restore walks back to the newest one that is sound. It also carries the names, dtypes
and shapes of its leaves, so that changed code is not taken for damage.
"""

import hashlib
import json
import logging
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from jaxgan.errors import UserError

FORMAT = 1
"""Version of what a checkpoint holds."""

WORST = float(np.finfo(np.float32).max)
"""Stands for a score that is not finite, which JSON cannot hold."""

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

    def __init__(self, folder: Path, keep: int = 2, best: str | None = None, writing: bool = True):
        """Opens ``folder``, which need not exist.

        Args:
          folder: Orbax's folder.
          keep: how many of the newest steps to keep.
          best: what the scores of ``save`` are, if given; a step that was scored, now or
            before, is kept as well if its score is the smallest.
          writing: False to read only, beside a run that may be writing.

        Raises:
          UserError: its steps were scored by something else, or it cannot be read.
        """
        self.folder = folder
        policies: list[Any] = [
            preservation_policy.LatestN(keep),
            preservation_policy.BestN(
                get_metric_fn=_score, reverse=True, n=1, keep_checkpoints_without_metrics=False
            ),
        ]
        # Of several processes this one alone has these files; Orbax then makes no folder.
        alone = jax.process_count() > 1
        here = {jax.process_index()} if alone else None
        try:
            if alone and writing:
                folder.mkdir(parents=True, exist_ok=True)
            self._manager = ocp.CheckpointManager(
                folder.resolve(),
                options=ocp.CheckpointManagerOptions(
                    preservation_policy=preservation_policy.AnyPreservationPolicy(policies),
                    # Without it Orbax does not write the scores.
                    best_fn=_score if best else None,
                    best_mode="min",
                    create=writing and not alone,
                    multiprocessing_options=ocp.options.MultiprocessingOptions(
                        primary_host=jax.process_index(), active_processes=here
                    ),
                    cleanup_tmp_directories=writing,  # a reader would remove what is being written
                    enable_async_checkpointing=True,
                ),
            )
        except (OSError, ValueError) as error:
            raise UserError(
                f"{folder} cannot be opened ({_reason(error)}); make it readable and writable, "
                "remove the damaged step, or use another --workdir."
            ) from error
        self._best = best or None
        self._damaged: set[int] = set()
        before = next((m for m in reversed(self._metrics().values()) if m.get("metric")), None)
        if self._best and before and before["metric"] != self._best:
            self.close()
            raise UserError(
                f"The checkpoints in {folder} are ranked by --best={before['metric']}, not by "
                f"--best={best}; give the former, or use another --workdir."
            )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for what is being written."""
        self.wait()
        self._manager.close()

    def wait(self) -> None:
        """Waits for what is being written."""
        self._manager.wait_until_finished()

    def steps(self) -> list[int]:
        """Steps that have a checkpoint, ascending."""
        return sorted(self._manager.all_steps())

    def save(self, step: int, state: Any, score: float | None = None) -> None:
        """Starts writing ``state``; the arrays may be donated as soon as this returns.

        Args:
          step: number of the checkpoint; one that exists stays, unless it was found damaged.
          state: pytree of arrays.
          score: smaller is better; a score that is not finite counts as the worst.
        """
        # Orbax keeps no step below its newest, be that damaged.
        for damaged in self._damaged:
            self._manager.delete(damaged)
        self._damaged.clear()
        if step in self._manager.all_steps():
            return
        metrics = None
        if self._best:
            finite = score is not None and math.isfinite(score)
            metrics = {"metric": self._best, "score": score if finite else WORST}
        meta = {"format": FORMAT, "sha256": digest(state), "tree": tree_of(state)}
        if jax.process_count() > 1:
            meta["raw"] = True
            state = jax.tree.map(raw, state)
        self._manager.save(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(state),
                meta=ocp.args.JsonSave(meta | {"check": _check(meta)}),
            ),
            metrics=metrics,
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
        faults: list[str] = []
        for candidate in sorted(among, reverse=True):
            try:
                state = self._read(candidate, like)
            except UserError:
                raise
            except Exception as error:
                if not _is_damage(error):
                    raise
                faults.append(f"step {candidate}: {_reason(error)}")
                self._damaged.add(candidate)
                continue
            for fault in faults:
                logging.getLogger("jaxgan").warning("Skipped a damaged checkpoint, %s", fault)
            return (candidate, state), faults
        return None, faults

    def best_step(self) -> int | None:
        """Step of the smallest score, the newest of several; None if no step has a score."""
        scores = {step: _score(metrics) for step, metrics in self._metrics().items()}
        return min(scores, key=lambda step: (scores[step], -step), default=None)

    def _metrics(self) -> dict[int, dict[str, Any]]:
        """What was stored with the steps that were scored, ascending."""
        found = {step: self._manager.metrics(step) for step in self.steps()}
        return {step: dict(metrics) for step, metrics in found.items() if metrics is not None}

    def _read(self, step: int, like: Any) -> Any:
        only = ocp.args.Composite(meta=ocp.args.JsonRestore())
        meta = self._manager.restore(step, args=only)["meta"]
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
        state = self._manager.restore(step, args=whole)["state"]
        if meta.get("raw"):
            state = jax.tree.map(as_key, state, like)
        if digest(state) != meta["sha256"]:
            raise ValueError("its content does not match its checksum")
        return state


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
