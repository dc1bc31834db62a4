"""How samples reach the step: kept on the device, or streamed to it. The batches are the same."""

import collections
import concurrent.futures
import dataclasses
import functools
import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from jaxgan.data.order import batch_indices, permutation, process_rows
from jaxgan.data.source import Rows, Source, useful_threads
from jaxgan.errors import UserError

Mode = Literal["auto", "resident", "streamed"]

RESIDENT_BYTES = 2**30
"""``auto`` keeps data of up to 1 GiB on the device: CIFAR-10 (150 MiB) and 64x64 sets of 80 000
images fit, while even an 8 GiB accelerator keeps most of its memory for the networks."""

CHUNK_BYTES = 2**28
"""A chunk takes at most 256 MiB. Three of them are alive in a process's memory: one on its way to
the device, the next one, and the batches read ahead for the one after that."""


def steps_per_chunk(asked: int, cadences: Sequence[int], batch_bytes: int, limit_bytes: int) -> int:
    """How many steps one dispatch should run, and so the length of a chunk.

    As many as were asked for, fewer where they would not fit into ``limit_bytes``. Nothing may
    happen between the steps of a dispatch, so the shortest cadence is divided into equal chunks as
    far as it can be: 120 steps in dispatches of at most 50 are 40 + 40 + 40, not 50 + 50 + 20.

    Args:
      asked: the most steps wanted.
      cadences: numbers of steps after which something happens (a row of metrics, a checkpoint);
        0 for never.
      batch_bytes: bytes of what one step reads: ``feed.batch_bytes`` times its batches.
      limit_bytes: the most bytes of one chunk.

    Returns:
      Steps, at least 1.
    """
    most = max(1, min(asked, limit_bytes // max(batch_bytes, 1)))
    shortest = min((cadence for cadence in cadences if cadence), default=most)
    dispatches = -(-shortest // most)
    return -(-shortest // dispatches)


class Feed(Protocol):
    """What the training loop asks for."""

    @property
    def arrays(self) -> "Mapping[str, Flat]":
        """Resident data, an argument of the compiled step; empty when streamed."""
        ...

    @property
    def batch_bytes(self) -> int:
        """Bytes of one batch's part of a chunk; see ``steps_per_chunk``."""
        ...

    def chunk(self, first: int, count: int) -> Any:
        """This process's rows of batches ``first .. first + count - 1``, on the host.

        Returns:
          Resident: int32 ``[count, local_batch]``, indices into ``arrays``. Streamed: the rows
          themselves, ``{key: [count, local_batch, ...]}``.
        """
        ...

    def longest(self, batches_per_step: int, asked: int, cadences: Sequence[int] = ()) -> int:
        """How many steps one dispatch should run; see ``steps_per_chunk``."""
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
    batches_per_dispatch: int = 8,
    threads: int | None = None,
    workers: int = 0,
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
      batches_per_dispatch: batches that one dispatch takes. A streamed feed reads as many ahead (as
        far as ``CHUNK_BYTES`` go), in addition to the next chunk.
      threads: batches that it reads at the same time; by default as many as the size of the
        samples lets help.
      workers: processes that read, with so many threads each; 0 for those of this process alone.

    Raises:
      UserError: the batch cannot be divided over the processes, or a file cannot be read.
    """
    rows = process_rows(batch_size, process_index, process_count)
    order = Order(seed, batch_size, source.size, rows)
    if mode == "auto":
        mode = "resident" if source.nbytes <= RESIDENT_BYTES else "streamed"
    if mode == "resident":
        return Resident(flat(source.arrays()), order)
    if mode == "streamed":
        threads = threads or useful_threads(source.row_bytes)
        return Streamed(source, order, batches_per_dispatch, threads, workers)
    raise UserError(f"There is no data mode {mode}. Choose auto, resident or streamed.")


LINE = 128
"""Lines of numbers are padded to a multiple of this, the width of a TPU's registers."""


@struct.dataclass
class Flat:
    """One entry of resident data, every sample a line of numbers.

    A TPU keeps an array ``[n, height, width, channels]`` of few channels with the samples closest
    together. To take a batch of them it would copy all data into another layout first, four times
    as large, in every call of a compiled step. Lines of whole registers are taken as they lie.

    Attributes:
      lines: ``[n, numbers of a sample]``, padded; points ``[n, dim]`` and labels ``[n]`` as they
        are.
      shape: of one sample.
    """

    lines: Any
    shape: tuple[int, ...] = struct.field(pytree_node=False)

    @classmethod
    def of(cls, entry: np.ndarray) -> "Flat":
        """Samples ``[n, ...]`` as lines; no copy where no padding is needed."""
        count, *shape = entry.shape
        lines = entry if len(shape) < 2 else entry.reshape(count, -1)
        if missing := line(entry.shape)[-1] - lines.shape[-1]:
            lines = np.pad(lines, ((0, 0), (0, missing)))
        return cls(lines, tuple(shape))

    def take(self, chunk: jax.Array) -> jax.Array:
        """The samples with these indices, ``[..., *shape]``."""
        # The indices are of a permutation: checking them again would cost a clamp per element.
        lines = jnp.asarray(self.lines).at[chunk].get(mode="promise_in_bounds")
        if len(self.shape) > 1:
            lines = lines[..., : math.prod(self.shape)]
        return lines.reshape(*chunk.shape, *self.shape)


def line(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of samples of ``shape``, ``(n, ...)``, as lines."""
    if len(shape) < 3:
        return shape
    return shape[0], -(-math.prod(shape[1:]) // LINE) * LINE


def flat(rows: Mapping[str, np.ndarray]) -> dict[str, Flat]:
    """Every entry as lines."""
    return {key: Flat.of(entry) for key, entry in rows.items()}


def gather(arrays: Mapping[str, Flat], chunk: Any) -> Mapping[str, jax.Array]:
    """One batch from one batch's part of a chunk. Runs inside the compiled step.

    Args:
      arrays: the feed's ``arrays``.
      chunk: resident: int32 ``[...]``; streamed: the rows.

    Returns:
      ``{key: [..., *sample]}``.
    """
    if not arrays:
        return chunk
    return {key: entry.take(chunk) for key, entry in arrays.items()}


@dataclasses.dataclass(frozen=True)
class Order:
    """One process's share of the order of batches."""

    seed: int
    batch_size: int
    size: int
    rows: slice
    permuted: Callable[[int, int, int], np.ndarray] = permutation

    @property
    def local_batch(self) -> int:
        """Samples of every batch that this process reads."""
        return self.rows.stop - self.rows.start

    def indices(self, batch: int) -> np.ndarray:
        """This process's samples of batch number ``batch``, int32 ``[local_batch]``."""
        return batch_indices(self.seed, batch, self.batch_size, self.size, self.permuted)[self.rows]


@dataclasses.dataclass(frozen=True)
class Resident:
    """Data that stay on the device; a chunk is indices."""

    arrays: Mapping[str, Flat]
    order: Order

    @property
    def batch_bytes(self) -> int:
        """See ``Feed.batch_bytes``."""
        return self.order.local_batch * np.dtype(np.int32).itemsize

    def chunk(self, first: int, count: int) -> np.ndarray:
        """See ``Feed.chunk``."""
        return np.stack([self.order.indices(first + i) for i in range(count)])

    def longest(self, batches_per_step: int, asked: int, cadences: Sequence[int] = ()) -> int:
        """See ``Feed.longest``."""
        return steps_per_chunk(asked, cadences, self.batch_bytes * batches_per_step, CHUNK_BYTES)

    def close(self) -> None:
        """Nothing to stop."""


@dataclasses.dataclass(frozen=True)
class Stacked:
    """Data that stay on the device, read in several orders at once; a chunk is indices.

    Attributes:
      arrays: the data.
      orders: the order of each member of a population.
    """

    arrays: Mapping[str, Flat]
    orders: Sequence[Order]

    @property
    def batch_bytes(self) -> int:
        """See ``Feed.batch_bytes``."""
        return sum(order.local_batch for order in self.orders) * np.dtype(np.int32).itemsize

    def chunk(self, first: int, count: int) -> np.ndarray:
        """Indices int32 ``[count, members, batch]`` of batches ``first .. first + count - 1``."""
        return np.stack(
            [[order.indices(first + number) for order in self.orders] for number in range(count)]
        )

    def longest(self, batches_per_step: int, asked: int, cadences: Sequence[int] = ()) -> int:
        """See ``Feed.longest``."""
        return steps_per_chunk(asked, cadences, self.batch_bytes * batches_per_step, CHUNK_BYTES)

    def close(self) -> None:
        """Nothing to stop."""


def stacked_feed(source: Source, seeds: Sequence[int], batch_size: int, mode: Mode) -> Feed:
    """A feed of the batches that each seed's own feed would give, side by side.

    Raises:
      UserError: the data are to be streamed.
    """
    if mode == "streamed" or (mode == "auto" and source.nbytes > RESIDENT_BYTES):
        raise UserError(
            f"{source.name} would be streamed, and many runs at once need data that stay on the "
            "device: train one after another, or give --data-mode resident."
        )

    def order(seed: int) -> Order:
        # Each remembers its own two epochs, however many there are.
        permuted = functools.lru_cache(maxsize=2)(permutation.__wrapped__)
        return Order(seed, batch_size, source.size, slice(0, batch_size), permuted)

    return Stacked(flat(source.arrays()), [order(seed) for seed in seeds])


class Streamed:
    """Data that are read ahead, batch by batch; a chunk is rows.

    Grain's threads read single batches. One more thread stacks them into the next chunk while the
    caller is busy with this one, so that a step waits for data only where reading is slower than
    the device.
    """

    def __init__(
        self,
        source: Source,
        order: Order,
        batches_per_dispatch: int,
        threads: int,
        workers: int = 0,
    ):
        self.arrays: Mapping[str, Flat] = {}
        self.batch_bytes = order.local_batch * source.row_bytes
        self._batches = Batches(source, order)
        self._buffer = max(1, min(batches_per_dispatch, CHUNK_BYTES // max(self.batch_bytes, 1)))
        self._threads, self._workers = threads, workers
        self._lock = threading.Lock()
        self._reader: _Reader | None = None

    def chunk(self, first: int, count: int) -> Rows:
        """See ``Feed.chunk``. Consecutive chunks use what was read ahead; a jump starts anew."""
        with self._lock:
            if self._reader is None or self._reader.next != first:
                self._stop()
                self._reader = _Reader(
                    self._batches, first, self._buffer, self._threads, self._workers
                )
            try:
                return self._reader.take(count)
            except BaseException:
                self._stop()  # what was read ahead is lost; the next call starts anew
                raise

    def longest(self, batches_per_step: int, asked: int, cadences: Sequence[int] = ()) -> int:
        """See ``Feed.longest``."""
        return steps_per_chunk(asked, cadences, self.batch_bytes * batches_per_step, CHUNK_BYTES)

    def close(self) -> None:
        """Stops the readers; the feed may be used again."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


class _Reader:
    """Reads batches ``first``, ``first + 1``, ... and stacks the next chunk in the background."""

    def __init__(self, batches: "Batches", first: int, buffer: int, threads: int, workers: int = 0):
        self.next = first
        self._iterator: Any = _read_ahead(batches, first, buffer, threads, workers)
        self._ready: collections.deque[Rows] = collections.deque()  # read, not yet in a chunk
        self._ahead = 0  # batches in the chunk that is being read: the largest asked for so far
        self._chunk: concurrent.futures.Future[Rows] | None = None
        self._fault: Exception | None = None
        self._closing = threading.Event()
        self._stacker = concurrent.futures.ThreadPoolExecutor(1, "jaxgan-chunk")

    def take(self, count: int) -> Rows:
        """The next ``count`` batches, stacked; starts on the chunk after them."""
        rows = self._read_ahead(count) if self._chunk is not None else None
        if rows is None:
            rows = self._stack(count)
        self.next += count
        self._ahead = max(self._ahead, count)
        self._chunk = self._stacker.submit(self._stack, self._ahead)
        return rows

    def close(self) -> None:
        """Stops all threads, after the batches that they are reading now."""
        self._closing.set()
        self._stacker.shutdown(wait=True, cancel_futures=True)
        self._iterator.close()

    def _read_ahead(self, count: int) -> Rows | None:
        """The chunk made in the background, or None if it has another length than ``count``.

        Its batches are then kept. An error belongs to one batch, and is raised again by the chunk
        that asks for that one.
        """
        assert self._chunk is not None
        try:
            rows = self._chunk.result()
        except Exception:
            return None
        if self._ahead == count:
            return rows
        batches = ({key: a[i] for key, a in rows.items()} for i in range(self._ahead))
        self._ready.extendleft(reversed(list(batches)))
        return None

    def _stack(self, count: int) -> Rows:
        """The next ``count`` batches as one chunk; on an error those read before it are kept."""
        batches: list[Rows] = []
        try:
            while len(batches) < count:
                batches.append(self._ready.popleft() if self._ready else self._read())
        except BaseException:
            self._ready.extendleft(reversed(batches))
            raise
        return {key: np.stack([batch[key] for batch in batches]) for key in batches[0]}

    def _read(self) -> Rows:
        if self._closing.is_set():
            raise concurrent.futures.CancelledError
        if self._fault is None:
            try:
                return next(self._iterator)
            except Exception as error:
                self._fault = error  # Grain would go on with the batch after the one that failed
        raise self._fault


def _read_ahead(
    batches: "Batches", first: int, buffer: int, threads: int, workers: int
) -> Iterator[Rows]:
    """Grain's iterator over batches from ``first`` on, in their order."""
    import grain  # half a second, which resident data need not wait for

    share = max(1, buffer // max(workers, 1))
    options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=share)
    dataset = grain.MapDataset.source(batches)[first:].to_iter_dataset(options)
    if not workers:
        return iter(dataset)
    from absl import flags

    if not flags.FLAGS.is_parsed():  # Grain's processes inherit them
        flags.FLAGS.mark_as_parsed()
    processes = grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=share)
    return iter(dataset.mp_prefetch(processes, worker_init_fn=_leave_signals_alone))


def _leave_signals_alone(number: int, count: int) -> None:
    """In a worker: the process that trains hears the signals, and ends its workers."""
    del number, count
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(one, signal.SIG_IGN)


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
