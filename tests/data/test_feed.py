import dataclasses
import threading
import time

import jax
import numpy as np
import pytest

from jaxgan.data import feed as feeds
from jaxgan.data.feed import Resident, Streamed, flat, gather, line, make_feed, steps_per_chunk
from jaxgan.data.modality import IMAGES
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


@pytest.mark.parametrize(
    "shape, length, copied",
    [((8, 8, 4), 256, False), ((28, 28, 1), 896, True), ((2,), 2, False), ((5, 3), 128, True)],
)
def test_resident_samples_are_lines_of_whole_registers(shape, length, copied):
    rows = {"image": np.random.default_rng(0).normal(size=(5, *shape)), "label": np.arange(5)}
    found = flat(rows)
    assert found["image"].lines.shape == line((5, *shape)) == (5, length)
    assert found["label"].lines.shape == line((5,)) == (5,)
    assert np.shares_memory(found["image"].lines, rows["image"]) != copied
    chunk = np.array([[4, 0], [2, 2]])
    for key, batch in gather(found, chunk).items():
        np.testing.assert_array_equal(batch, rows[key].astype(batch.dtype)[chunk])


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


def slowly(source, seconds=0.0, bad=()):
    """``source`` with a pause in every read and a list of what was read; ``bad`` ones fail."""
    seen = []

    def read(places):
        time.sleep(seconds)
        seen.append(places)
        if set(bad) & set(places.tolist()):
            raise UserError("picture-13.png cannot be read (not an image).")
        return source.read(places)

    return dataclasses.replace(source, read=read), seen


def until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_the_next_chunk_is_read_while_the_caller_is_busy(source):
    slow, seen = slowly(source, 0.001)
    feed = make_feed(slow, seed=0, batch_size=8, mode="streamed", batches_per_dispatch=20)
    feed.chunk(0, 20)
    # Without another call: the chunk after this one, and a dispatch's worth of batches after it.
    assert until(lambda: len(seen) >= 20 + 20 + 20)
    busy = time.monotonic() + 0.2
    while time.monotonic() < busy:
        assert len(seen) <= 20 + 20 + 20 + 3  # but no more: memory is bounded
    feed.close()


def test_reading_ahead_is_bounded_by_bytes(source, monkeypatch):
    monkeypatch.setattr(feeds, "CHUNK_BYTES", 3 * 8 * source.row_bytes)
    slow, seen = slowly(source)
    feed = make_feed(slow, seed=0, batch_size=8, mode="streamed", batches_per_dispatch=1000)
    assert feed.batch_bytes == 8 * source.row_bytes
    assert feed.longest(1, 1000) == 3
    assert feed.longest(2, 1000) == 1
    feed.chunk(0, 3)
    assert until(lambda: len(seen) >= 3 + 3 + 3)
    time.sleep(0.2)
    assert len(seen) <= 3 + 3 + 3 + 2
    feed.close()


def test_chunks_of_changing_lengths_read_every_batch_once(source):
    resident = make_feed(source, seed=2, batch_size=8, mode="resident")
    slow, seen = slowly(source)
    streamed = make_feed(slow, seed=2, batch_size=8, mode="streamed")
    first = 0
    for count in (5, 5, 2, 7, 1, 1, 9, 9, 3):
        assert_same(batches(resident, first, count), batches(streamed, first, count))
        first += count
    streamed.close()
    read = [tuple(places) for places in seen]
    assert len(set(read)) >= len(read) - 2  # once for the spec, which is one sample


@pytest.mark.parametrize("lengths", [(4, 1, 1, 1, 1), (4, 4), (1, 6, 1), (2, 2, 2, 2)])
def test_an_error_is_raised_by_the_chunk_that_asks_for_its_batch(source, lengths):
    """And not earlier, though it was met earlier; nothing is skipped, and trying again is exact."""
    resident = make_feed(source, seed=0, batch_size=4, mode="resident")
    good = 5
    bad = int(batch_indices(0, good, 4, 37)[2])
    broken, _ = slowly(source, bad=[bad])
    feed = make_feed(broken, seed=0, batch_size=4, mode="streamed", threads=2)
    first = 0
    for count in lengths:
        if first + count > good:
            for _ in range(2):
                with pytest.raises(UserError, match=r"^picture-13.png"):
                    feed.chunk(first, count)
        else:
            assert_same(batches(resident, first, count), batches(feed, first, count))
        first += count
        if first > good:
            break
    assert first > good
    feed.close()


def test_a_keyboard_interrupt_loses_nothing(source, monkeypatch):
    resident = make_feed(source, seed=0, batch_size=8, mode="resident")
    streamed = make_feed(source, seed=0, batch_size=8, mode="streamed")
    batches(streamed, 0, 3)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(feeds._Reader, "take", interrupted)
        with pytest.raises(KeyboardInterrupt):
            streamed.chunk(3, 3)
    assert_same(batches(resident, 3, 3), batches(streamed, 3, 3))
    streamed.close()


def test_closing_does_not_wait_for_the_whole_chunk(source):
    slow, seen = slowly(source, 0.02)
    feed = make_feed(slow, seed=0, batch_size=8, mode="streamed", batches_per_dispatch=2)
    feed.chunk(0, 50)
    read = len(seen)
    feed.close()
    assert len(seen) - read < 25


def test_rows_of_any_keys_are_streamed():
    rows = {
        "source": np.arange(40 * 6, dtype=np.uint8).reshape(40, 2, 3),
        "tokens": np.arange(80, dtype=np.int32).reshape(40, 2),
    }
    pairs = dataclasses.replace(IMAGES, name="pairs", key="source")
    made = from_arrays("pairs", "train", rows, modality=pairs)
    feed = make_feed(made, seed=3, batch_size=5, mode="streamed")
    chunk = feed.chunk(2, 2)
    feed.close()
    assert set(chunk) == set(rows)
    for key, values in rows.items():
        assert chunk[key].dtype == values.dtype
        np.testing.assert_array_equal(chunk[key][1], values[batch_indices(3, 3, 5, 40)])


@pytest.mark.parametrize(
    "asked, cadences, batch_bytes, expected",
    [
        (50, (), 1, 50),
        (50, (0, 0), 1, 50),
        (50, (20, 0, 1000), 1, 20),  # never longer than the shortest cadence
        (50, (120, 1000), 1, 40),  # 40 + 40 + 40 rather than 50 + 50 + 20
        (50, (100,), 1, 50),
        (50, (100,), 300, 3),  # 1000 bytes hold three; 100 steps are 34 chunks of at most 3
        (50, (), 2000, 1),  # a single batch beyond the limit still goes
        (1, (7,), 1, 1),
    ],
)
def test_steps_per_chunk(asked, cadences, batch_bytes, expected):
    assert steps_per_chunk(asked, cadences, batch_bytes, 1000) == expected


def test_unknown_mode(source):
    with pytest.raises(UserError, match="auto, resident or streamed"):
        make_feed(source, seed=0, batch_size=8, mode="sometimes")  # type: ignore[arg-type]
