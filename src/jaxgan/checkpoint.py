"""Checkpoints, by Orbax behind one small interface.

Orbax writes asynchronously and atomically, but reads a flipped byte without complaint
and never skips a damaged step. So every checkpoint carries a digest of its content, and
a restore walks back to the newest one that is sound.
"""

import hashlib
import logging
import math
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


def digest(state: Any) -> str:
    """Sha256 over the paths, dtypes, shapes and bytes of all leaves."""
    sha = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        array = np.asarray(leaf)
        sha.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape} ".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


class Checkpoints:
    """The checkpoints of one run: the newest few and, if scored, the best.

    Use as a context manager; leaving it waits for what is being written.
    """

    def __init__(self, folder: Path, keep: int = 2, best: bool = False, writing: bool = True):
        """Opens ``folder``, which need not exist.

        Args:
          folder: Orbax's folder.
          keep: how many of the newest steps to keep.
          best: whether to keep the step of the smallest score as well.
          writing: False to read only, beside a run that may be writing.
        """
        self.folder = folder
        policies: list[Any] = [preservation_policy.LatestN(keep)]
        if best:
            policies.append(
                preservation_policy.BestN(
                    get_metric_fn=_score, reverse=True, n=1, keep_checkpoints_without_metrics=False
                ),
            )
        self._manager = ocp.CheckpointManager(
            folder.resolve(),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=preservation_policy.AnyPreservationPolicy(policies),
                # Without it Orbax forgets the scores when it is opened again.
                best_fn=_score if best else None,
                best_mode="min",
                create=writing,
                cleanup_tmp_directories=writing,  # a reader would remove what is being written
                enable_async_checkpointing=True,
            ),
        )
        self._best = best
        self._damaged: set[int] = set()

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for what is being written."""
        self._manager.wait_until_finished()
        self._manager.close()

    def steps(self) -> list[int]:
        """Steps that have a checkpoint, ascending."""
        return sorted(self._manager.all_steps())

    def reached_preemption(self, step: int) -> bool:
        """Whether a multi-process job was told to stop; the same answer on every process."""
        return self._manager.reached_preemption(step)

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
            metrics = {"score": score if finite else float(np.finfo(np.float32).max)}
        self._manager.save(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(state),
                meta=ocp.args.JsonSave({"format": FORMAT, "sha256": digest(state)}),
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
          UserError: there is no checkpoint, or none is sound.
        """
        steps = self.steps()
        if not steps:
            raise UserError(f"{self.folder.parent} has no checkpoint yet.")
        if step is not None and step not in steps:
            raise UserError(
                f"{self.folder.parent} has no checkpoint of step {step}; it has "
                f"{', '.join(map(str, steps))}."
            )
        faults = []
        for candidate in [step] if step is not None else reversed(steps):
            try:
                state = self._read(candidate, like)
            except UserError:
                raise
            except Exception as error:  # Orbax raises many types for a damaged file
                reason = str(error).strip().splitlines() or [type(error).__name__]
                faults.append(f"step {candidate}: {reason[0][:200]}")
                self._damaged.add(candidate)
                continue
            for fault in faults:
                logging.getLogger("jaxgan").warning("Skipped a damaged checkpoint, %s", fault)
            return candidate, state
        raise UserError(
            f"No sound checkpoint in {self.folder} ({'; '.join(faults)}). "
            "Restore the folder from a copy, or start anew in another --workdir."
        )

    def best_step(self) -> int | None:
        """Step of the smallest score."""
        return self._manager.best_step()

    def _read(self, step: int, like: Any) -> Any:
        only = ocp.args.Composite(meta=ocp.args.JsonRestore())
        meta = self._manager.restore(step, args=only)["meta"]
        if meta["format"] > FORMAT:
            raise UserError(
                f"Checkpoint {step} in {self.folder} has format {meta['format']}; this jaxgan "
                f"reads up to {FORMAT}. Update jaxgan."
            )
        whole = ocp.args.Composite(state=ocp.args.StandardRestore(like))
        state = self._manager.restore(step, args=whole)["state"]
        if digest(state) != meta["sha256"]:
            raise ValueError("its content does not match its checksum")
        return state


def _score(metrics: Any) -> float:
    return metrics["score"]
