"""The model of weak scaling, worked by hand."""

import numpy as np
import pytest

from jaxgan.aot.chips import CHIPS, SPLIT, Chip
from jaxgan.aot.collectives import Collective
from jaxgan.aot.scaling import exchange_seconds, weak_scaling
from jaxgan.cli.compile import scales

CHIP = Chip("tpu", 100e12, SPLIT, 1e12, 16e9, links=100e9, side=128, source="none")


def test_an_all_reduce_is_sent_almost_twice():
    """300 MB by four chips: 2 * 3 / 4 of it, 450 MB, at 100 GB/s."""
    collectives = {"all-reduce": Collective(5, 300e6)}
    assert exchange_seconds(CHIP, collectives, 8, 4) == pytest.approx(4.5e-3)
    assert exchange_seconds(CHIP, collectives, 8, 1) == 0
    assert exchange_seconds(CHIP, collectives, 8, 2**20) == pytest.approx(6e-3, rel=1e-5)


def test_an_all_gather_grows_with_the_chips():
    """80 MB of 8 chips are 10 MB of each, which it sends on to all others in turn."""
    collectives = {"all-gather": Collective(1, 80e6)}
    assert exchange_seconds(CHIP, collectives, 8, 8) == pytest.approx(0.7e-3)
    assert exchange_seconds(CHIP, collectives, 8, 101) == pytest.approx(10e-3)


def test_a_reduce_scatter_is_half_an_all_reduce():
    whole, parts = {"all-reduce": Collective(1, 80e6)}, {"reduce-scatter": Collective(1, 10e6)}
    for chips in (2, 8, 64):
        half = exchange_seconds(CHIP, whole, 8, chips) / 2
        assert exchange_seconds(CHIP, parts, 8, chips) == pytest.approx(half)


def ring(values):
    """What each place of a ring sends to add up arrays: numbers in all, and the sums."""
    chips, sent = len(values), 0
    parts = [np.array_split(one.astype(float), chips) for one in values]
    for turn in range(2 * (chips - 1)):
        moved = [(at - turn) % chips for at in range(chips)]
        given = [parts[at][moved[at]].copy() for at in range(chips)]
        sent += len(given[0])
        for at in range(chips):
            to, part = (at + 1) % chips, moved[at]
            parts[to][part] = given[at] + (parts[to][part] if turn < chips - 1 else 0)
    return sent, [np.concatenate(one) for one in parts]


@pytest.mark.parametrize("chips", [2, 3, 8])
def test_a_ring_that_is_played_through_sends_as_much(chips):
    size = 24 * chips
    values = list(np.random.default_rng(0).normal(size=(chips, size)))
    sent, sums = ring(values)
    for one in sums:
        np.testing.assert_allclose(one, np.sum(values, axis=0))
    seconds = exchange_seconds(CHIP, {"all-reduce": Collective(1, 8.0 * size)}, 1, chips)
    assert seconds == pytest.approx(8 * sent / CHIP.links)


def test_a_step_lies_between_the_larger_and_the_sum():
    """3 ms alone, and 2 * 7 / 8 of 400 MB to exchange by eight: 7 ms."""
    one, eight = weak_scaling(CHIP, 3e-3, {"all-reduce": Collective(2, 400e6)}, 8, (1, 8))
    assert (one.overlapped, one.apart, one.efficiency) == (3e-3, 3e-3, (1.0, 1.0))
    assert eight.overlapped == pytest.approx(7e-3)
    assert eight.apart == pytest.approx(10e-3)
    assert eight.efficiency == pytest.approx((0.3, 3 / 7))


def test_rates_of_links_are_those_of_published_pods():
    """The pages also say what all chips of a pod reduce a second."""
    assert 256 * CHIPS["v5e"].links == 51.2e12
    assert 256 * CHIPS["v6e"].links == 102.4e12
    assert 4096 * CHIPS["v4"].links == pytest.approx(1.1e15)


def test_the_table_of_a_compiled_step():
    steps = [{"chips": 1, "compute": 3e-3, "exchange": 0.0}]
    steps += [{"chips": 8, "compute": 3e-3, "exchange": 7e-3}]
    result = {
        "figures": {"bfloat16, float32": {"weak_scaling": steps}},
        "chip": {"links": 100e9},
        "batch_size": 512,
        "devices": 8,
    }
    text = "\n".join(scales(result))
    assert "by a model and not measured" in text
    row = next(line for line in text.splitlines() if line.startswith("8 "))
    assert row.split() == ["8", "512", "7", "ms", "7", "to", "10", "ms", "30%", "to", "43%"]
    unknown = {**result, "figures": {"bfloat16, float32": {"weak_scaling": []}}}
    assert scales(unknown) == []
