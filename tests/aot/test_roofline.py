"""Rooflines, and the search for the largest batch, by hand."""

import pytest

from jaxgan.aot.batch import largest
from jaxgan.aot.chips import CHIPS, SPLIT, Chip, chip_of
from jaxgan.aot.roofline import roofline
from jaxgan.aot.topology import devices_of, options_of
from jaxgan.errors import UserError

CHIP = Chip("tpu", 100e12, SPLIT, bandwidth=1e12, memory=16e9, links=1e11, side=128, source="none")


def test_the_slower_of_two_bounds_a_step():
    found = roofline(CHIP, work=200e9, moved=1e9)
    assert (found.products, found.memory) == (pytest.approx(2e-3), pytest.approx(1e-3))
    assert (found.seconds, found.bound) == (found.products, "products")
    found = roofline(CHIP, work=200e9, moved=5e9)
    assert (found.seconds, found.bound) == (pytest.approx(5e-3), "memory")


def test_six_passes_are_six_times_the_work():
    once, six = roofline(CHIP, 1e12, 0.0), roofline(CHIP, 6e12, 0.0)
    assert six.seconds == pytest.approx(6 * once.seconds)


@pytest.mark.parametrize("topology", ["v5e:2x4", "v4:2x2x1", "v6e:1x1", "h100:8"])
def test_the_chip_of_a_topology(topology):
    assert chip_of(topology) is CHIPS[topology.partition(":")[0]]


@pytest.mark.parametrize(
    "topology, expected",
    [
        ("v5e", "give a chip and the sides"),
        ("v5e:2by4", "give a chip and the sides"),
        ("v5e:0x4", "give a chip and the sides"),
        ("v5:2x4", "did you mean v5"),
        ("k80:2", "No chip k80; use v4, v5e, v5p, v6e, h100, h200."),
        ("h100:2x4", "GPUs have no grid; give their number, h100:8"),
    ],
)
def test_a_wrong_topology(topology, expected):
    with pytest.raises(UserError, match=expected):
        devices_of(topology)


def test_where_the_bytes_are_not_known_nothing_is_said_to_bound_a_step():
    found = roofline(CHIP, work=200e9, moved=None)
    assert (found.seconds, found.memory, found.bound) == (pytest.approx(2e-3), None, None)


def test_what_a_compiler_is_told():
    told = options_of("h200:4", CHIPS["h200"])
    assert told["topology"] == "1x1x4"
    assert options_of("v5e:1x1", CHIPS["v5e"]) == {"chips_per_host_bounds": (1, 1, 1)}
    assert options_of("v4:2x2x1", CHIPS["v4"]) == {"chip_config_name": "megacore"}
    assert "device_memory_size: 141000000000 " in told["target_config"]
    assert told["target_config"].count("{") == told["target_config"].count("}")


class Memory:
    """Needs ``fixed`` and so much a sample, of 1."""

    def __init__(self, fixed, each, power=1.0):
        self.fixed, self.each, self.power, self.tried = fixed, each, power, []

    def __call__(self, batch):
        self.tried.append(batch)
        return self.fixed + self.each * batch**self.power


@pytest.mark.parametrize("first", [8, 64, 4096])
@pytest.mark.parametrize("power", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("each", [1 / 100, 1 / 1000, 1 / 30_000])
def test_the_largest_batch_is_found_to_within_a_sixteenth(first, power, each):
    memory = Memory(0.1, each, power)
    fits, fails = largest(memory, first, 8)
    assert memory.fixed + each * fits**power <= 1
    assert memory.fixed + each * fails**power > 1
    assert fails - fits <= max(8, fails / 16)
    assert fits % 8 == fails % 8 == 0
    assert len(memory.tried) == len(set(memory.tried)) <= 10


def test_there_may_be_no_batch_that_fits():
    assert largest(Memory(2.0, 0.0), 64, 8) == (0, 8)


def test_the_smallest_batch_that_does_not_fit_may_be_next_to_the_largest_that_does():
    assert largest(Memory(0.0, 1 / 20), 8, 8) == (16, 24)
