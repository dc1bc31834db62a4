import threading

import jax
import numpy as np
import pytest

from jaxgan.data import feed as feeds
from jaxgan.data.feed import Resident, Streamed, gather, make_feed
from jaxgan.data.order import batch_indices
from jaxgan.data.source import Source, from_arrays
from jaxgan.errors import UserError


@pytest.fixture
def source():
    rng = np.random.default_rng(0)
    rows = {
        "image": rng.integers(0, 256, (37, 4, 4, 3), dtype=np.uint8),
        "label": rng.integers(0, 5, 37, dtype=np.int32),
    }
    return from_arrays("made", "train", rows, classes=5)


def batches(feed, first, count):
    chunk = feed.chunk(first, count)
    step = jax.jit(gather)
    return [step(feed.arrays, jax.tree.map(lambda c, i=i: c[i], chunk)) for i in range(count)]


def assert_same(a, b):
    for x, y in zip(a, b, strict=True):
        assert set(x) == set(y) == {"image", "label"}
        for key in x:
            assert x[key].dtype == y[key].dtype
            np.testing.assert_array_equal(x[key], y[key])


def test_resident_and_streamed_batches_are_the_same(source):
    resident = make_feed(source, seed=4, batch_size=8, mode="resident")
    streamed = make_feed(source, seed=4, batch_size=8, mode="streamed")
    # Consecutive chunks, a jump ahead, and back.
    for first, count in [(0, 3), (3, 1), (4, 5), (100, 2), (2, 2)]:
        assert_same(batches(resident, first, count), batches(streamed, first, count))
    streamed.close()


def test_batches_are_the_rows_of_the_order(source):
    feed = make_feed(source, seed=4, batch_size=8)
    assert isinstance(feed, Resident)
    chunk = feed.chunk(5, 2)
    assert chunk.shape == (2, 8)
    assert chunk.dtype == np.int32
    np.testing.assert_array_equal(chunk[1], batch_indices(4, 6, 8, 37))
    batch = gather(feed.arrays, chunk[1])
    np.testing.assert_array_equal(batch["image"], source.arrays()["image"][chunk[1]])


@pytest.mark.parametrize("mode", ["resident", "streamed"])
@pytest.mark.parametrize("count", [2, 4])
def test_processes_share_the_global_batch(source, mode, count):
    whole = batches(make_feed(source, seed=1, batch_size=8, mode="resident"), 3, 4)
    parts = []
    for i in range(count):
        feed = make_feed(
            source, seed=1, batch_size=8, mode=mode, process_index=i, process_count=count
        )
        parts.append(batches(feed, 3, 4))
        feed.close()
    joined = [
        {key: np.concatenate([part[i][key] for part in parts]) for key in ("image", "label")}
        for i in range(4)
    ]
    assert_same(joined, whole)


def test_auto_goes_by_size(source, monkeypatch):
    assert isinstance(make_feed(source, seed=0, batch_size=8), Resident)
    monkeypatch.setattr(feeds, "RESIDENT_BYTES", source.nbytes - 1)
    feed = make_feed(source, seed=0, batch_size=8)
    assert isinstance(feed, Streamed)
    assert feed.arrays == {}


def test_batches_larger_than_the_data(source):
    resident = make_feed(source, seed=0, batch_size=90, mode="resident")
    streamed = make_feed(source, seed=0, batch_size=90, mode="streamed")
    assert_same(batches(resident, 2, 2), batches(streamed, 2, 2))
    streamed.close()


def test_a_readers_error_reaches_the_caller(source):
    def read(places):
        if 13 in places:
            raise UserError("picture-13.png cannot be read (not an image).")
        return source.read(places)

    broken = Source("broken", "train", 37, (4, 4, 3), read, "00", classes=5)
    feed = make_feed(broken, seed=0, batch_size=8, mode="streamed", threads=2)
    with pytest.raises(UserError, match=r"^picture-13.png cannot be read"):
        feed.chunk(0, 5)
    feed.close()


def test_closing_stops_the_readers(source):
    before = set(threading.enumerate())
    feed = make_feed(source, seed=0, batch_size=8, mode="streamed", threads=3)
    feed.chunk(0, 2)
    readers = set(threading.enumerate()) - before
    assert readers
    feed.close()
    feed.close()
    for thread in readers:
        thread.join(2)
    assert sum(thread.is_alive() for thread in readers) <= 1
    assert feed.chunk(0, 1)["image"].shape == (1, 8, 4, 4, 3)
    feed.close()


def test_unknown_mode(source):
    with pytest.raises(UserError, match="auto, resident or streamed"):
        make_feed(source, seed=0, batch_size=8, mode="sometimes")  # type: ignore[arg-type]
