import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxgan.data.order import batch_indices, permutation, process_rows
from jaxgan.errors import UserError


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(-5, 2**40),
    size=st.integers(1, 50),
    batch=st.integers(1, 120),
    n=st.integers(1, 9),
)
def test_every_epoch_is_a_permutation(seed, size, batch, n):
    stream = np.concatenate([batch_indices(seed, i, batch, size) for i in range(n)])
    assert stream.dtype == np.int32
    assert len(stream) == n * batch
    for epoch in range(len(stream) // size):
        seen = stream[epoch * size : (epoch + 1) * size]
        np.testing.assert_array_equal(np.sort(seen), np.arange(size))
    rest = stream[len(stream) // size * size :]
    assert len(set(rest)) == len(rest)


def test_the_batch_index_is_enough_to_resume():
    first = [batch_indices(3, i, 8, 21) for i in range(10)]
    permutation.cache_clear()
    np.testing.assert_array_equal(batch_indices(3, 9, 8, 21), first[9])
    np.testing.assert_array_equal(batch_indices(3, 0, 8, 21), first[0])


def test_the_stream_does_not_depend_on_the_batch_size():
    a = np.concatenate([batch_indices(1, i, 6, 10) for i in range(4)])
    b = np.concatenate([batch_indices(1, i, 4, 10) for i in range(6)])
    np.testing.assert_array_equal(a, b)


def test_seeds_and_epochs_differ():
    assert not np.array_equal(permutation(0, 0, 100), permutation(0, 1, 100))
    assert not np.array_equal(permutation(0, 0, 100), permutation(1, 0, 100))


def test_the_order_never_changes():
    # Written down once: a run resumed with a later version must see the same samples.
    assert permutation(0, 0, 8).tolist() == [0, 2, 1, 5, 4, 3, 6, 7]


def test_late_batches_do_not_overflow():
    assert batch_indices(0, 2**40, 64, 1000).max() < 1000


@pytest.mark.parametrize("count", [1, 2, 4])
def test_processes_together_read_the_global_batch(count):
    whole = batch_indices(5, 3, 16, 37)
    parts = [whole[process_rows(16, i, count)] for i in range(count)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_an_indivisible_batch_is_refused():
    with pytest.raises(UserError, match=r"10 samples.*3 processes.*multiple of 3"):
        process_rows(10, 0, 3)
