"""How samples reach the step: kept on the device, or streamed to it. The batches are the same."""

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.order import batch_indices, process_rows
from jaxgan.data.source import Rows, Source, useful_threads
from jaxgan.errors import UserError

Mode = Literal["auto", "resident", "streamed"]

RESIDENT_BYTES = 2**30
"""``auto`` keeps data of up to 1 GiB on the device: CIFAR-10 (150 MiB) and 64x64 sets of 80 000
images fit, while even an 8 GiB accelerator keeps most of its memory for the networks."""


class Feed(Protocol):
    """What the training loop asks for."""

    @property
    def arrays(self) -> Rows:
        """Resident data, an argument of the compiled step; empty when streamed."""
        ...

    def chunk(self, first: int, count: int) -> Any:
        """This process's rows of batches ``first .. first + count - 1``, on the host.

        Returns:
          Resident: int32 ``[count, local_batch]``, indices into ``arrays``. Streamed: the rows
          themselves, ``{"image": [count, local_batch, ...], "label": [count, local_batch]}``.
        """
        ...

    def close(self) -> None:
        """Stops the readers."""
        ...


def make_feed(
    source: Source,
    *,
    seed: int,
    batch_size: int,
    mode: Mode = "auto",
    process_index: int = 0,
    process_count: int = 1,
    prefetch: int = 8,
    threads: int | None = None,
) -> Feed:
    """A feed of batches in the order of ``batch_indices(seed, ...)``.

    Args:
      source: the samples.
      seed: the order's seed.
      batch_size: samples in the global batch.
      mode: ``resident``, ``streamed``, or ``auto`` by the size of the decoded data. The batches
        are identical either way.
      process_index: which process of a multi-process job this is.
      process_count: their number; each reads its block of rows of the same global batch.
      prefetch: batches that a streamed feed reads ahead.
      threads: batches that it reads at the same time; by default as many as the size of the
        images lets help.

    Raises:
      UserError: the batch cannot be divided over the processes, or a file cannot be read.
    """
    rows = process_rows(batch_size, process_index, process_count)
    order = Order(seed, batch_size, source.size, rows)
    if mode == "auto":
        mode = "resident" if source.nbytes <= RESIDENT_BYTES else "streamed"
    if mode == "resident":
        return Resident(source.arrays(), order)
    if mode == "streamed":
        return Streamed(source, order, prefetch, threads or useful_threads(source.row_bytes))
    raise UserError(f"No such data mode: {mode}. Choose auto, resident or streamed.")


def gather(arrays: Mapping[str, jax.Array], chunk: Any) -> Mapping[str, jax.Array]:
    """One batch from one batch's part of a chunk. Runs inside the compiled step.

    Args:
      arrays: the feed's ``arrays``.
      chunk: resident: int32 ``[batch]``; streamed: the rows.

    Returns:
      ``{"image": [batch, ...], "label": [batch]}``.
    """
    if not arrays:
        return chunk
    # The indices come from a permutation: checking them again would cost a clamp per element.
    return {
        key: jnp.asarray(a).at[chunk].get(mode="promise_in_bounds") for key, a in arrays.items()
    }


@dataclasses.dataclass(frozen=True)
class Order:
    """One process's share of the order of batches."""

    seed: int
    batch_size: int
    size: int
    rows: slice

    def indices(self, batch: int) -> np.ndarray:
        """Samples of batch number ``batch``, int32 ``[local_batch]``."""
        return batch_indices(self.seed, batch, self.batch_size, self.size)[self.rows]


@dataclasses.dataclass(frozen=True)
class Resident:
    """Data that live on the device; a chunk is indices."""

    arrays: Rows
    order: Order

    def chunk(self, first: int, count: int) -> np.ndarray:
        """See ``Feed.chunk``."""
        return np.stack([self.order.indices(first + i) for i in range(count)])

    def close(self) -> None:
        """Nothing to stop."""


class Streamed:
    """Data that Grain's threads read ahead, batch by batch; a chunk is rows."""

    def __init__(self, source: Source, order: Order, prefetch: int, threads: int):
        self.arrays: Rows = {}
        self._batches = Batches(source, order)
        self._prefetch = prefetch
        self._threads = threads
        self._lock = threading.Lock()
        self._iterator: Any = None
        self._next = 0

    def chunk(self, first: int, count: int) -> Rows:
        """See ``Feed.chunk``. Consecutive chunks use what was read ahead; a jump starts anew."""
        with self._lock:
            iterator = self._iterator
            if iterator is None or first != self._next:
                iterator = self._seek(first)
            try:
                batches = [next(iterator) for _ in range(count)]
            except BaseException:
                self._stop()  # what was read ahead is lost; the next call starts anew
                raise
            self._next = first + count
        return {key: np.stack([batch[key] for batch in batches]) for key in batches[0]}

    def close(self) -> None:
        """Stops the readers; the feed may be used again."""
        with self._lock:
            self._stop()

    def _seek(self, first: int) -> Any:
        import grain  # half a second, which resident data need not wait for

        self._stop()
        options = grain.ReadOptions(
            num_threads=self._threads, prefetch_buffer_size=max(self._prefetch, 1)
        )
        batches = grain.MapDataset.source(self._batches)[first:]
        self._iterator = iter(batches.to_iter_dataset(options))
        return self._iterator

    def _stop(self) -> None:
        if self._iterator is not None:
            self._iterator.close()
        self._iterator = None


@dataclasses.dataclass(frozen=True)
class Batches:
    """Grain's random-access source: item ``k`` is batch number ``k``."""

    source: Source
    order: Order

    def __len__(self) -> int:
        return 2**48  # endless; Grain wants a number

    def __getitem__(self, index: int) -> Rows:
        return self.source.read(self.order.indices(int(index)))

    def __repr__(self) -> str:  # Grain prints it
        return f"Batches({self.source.name})"
