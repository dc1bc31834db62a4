"""The order in which samples are seen: a function of the seed and the batch's number."""

import functools
from collections.abc import Callable

import numpy as np

from jaxgan.errors import UserError


def batch_indices(
    seed: int,
    batch: int,
    batch_size: int,
    size: int,
    permuted: Callable[[int, int, int], np.ndarray] | None = None,
) -> np.ndarray:
    """Which samples make up batch number ``batch``, int32 ``[batch_size]``.

    The stream of samples is endless: place ``p = batch * batch_size + i`` lies in epoch
    ``p // size``, and every epoch is a permutation of all samples of its own. Batches may
    therefore cross epochs, and nothing but the number of the batch is needed to resume.

    Args:
      seed: the order's seed.
      batch: number of the batch, from 0.
      batch_size: samples in the global batch; may exceed ``size``.
      size: samples in the data set.
      permuted: computes ``permutation``; for who reads many orders in turn, and remembers more.
    """
    permuted = permuted or permutation
    place = batch * batch_size
    end = place + batch_size
    parts = []
    while place < end:
        epoch, first = divmod(place, size)
        last = min(size, first + end - place)
        parts.append(permuted(seed, epoch, size)[first:last])
        place += last - first
    return np.concatenate(parts)


@functools.lru_cache(maxsize=4)  # two epochs of a training feed and two of another one
def permutation(seed: int, epoch: int, size: int) -> np.ndarray:
    """Epoch number ``epoch``'s permutation of ``range(size)``, int32 ``[size]``, read-only.

    It sorts Philox's raw 64-bit words, whose stream is specified, rather than call
    ``Generator.permutation``, whose stream NumPy may change between releases: a run that is
    resumed after an upgrade must see the same samples.
    """
    key = np.array([seed % 2**64, epoch], np.uint64)
    words = np.random.Philox(key=key).random_raw(size)
    order = np.argsort(words, kind="stable").astype(np.int32)
    order.setflags(write=False)
    return order


def process_rows(batch_size: int, process_index: int, process_count: int) -> slice:
    """The rows of the global batch that one process of a multi-process job reads.

    Processes hold consecutive blocks of rows.

    Raises:
      UserError: the processes cannot share the batch equally.
    """
    if batch_size % process_count:
        raise UserError(
            f"The batch of {batch_size} samples cannot be divided over {process_count} processes. "
            f"Choose a batch size that is a multiple of {process_count}."
        )
    count = batch_size // process_count
    return slice(process_index * count, (process_index + 1) * count)
