"""The operations and the memory of a step, within a band of what is committed: without a clock."""

import dataclasses
import importlib
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from jaxgan.runs.settings import Compute
from jaxgan.training.cost import lowered_step, peak_bytes

BENCHMARKS = Path(__file__).parents[2] / "scripts" / "benchmarks"
COMMITTED = json.loads((BENCHMARKS / "results" / "costs.json").read_text())
FAST = ("gan_ring", "dcgan-fashion_mnist")
KINDS = (
    *("biggan_cifar10", "cyclegan-glyphs_small", "infogan_mnist", "mocogan-shape_motion_small"),
    *("sngan_cifar10", "unrolled_mixture-grid", "wavegan-syllables_small", "wgan_gp_cifar10"),
)
"""Compiled by the slow tests for their memory: one of each kind. A compilation takes up to half a
minute; those of all others are among the long tests."""

LARGE = (
    *("stylegan2_ada-stylegan2", "stylegan2_ada-auto", "stylegan2_ada-paper256"),
    *("stylegan3-t256", "stylegan3-r256"),
    *("r3gan_roadmap-b", "r3gan_roadmap-c", "r3gan_roadmap-d", "r3gan_roadmap-e"),
)
"""Counted by the long tests alone: to trace them takes up to a minute."""

BANDS = {"flops": 0.02, "bytes": 0.02, "state_bytes": 0.02}
"""Versions of JAX may write a few elementwise operations differently."""

OF_MEMORY = 0.1
"""Memory also depends on what the compiler fuses: its two ways of it differ by 5 % in a game of
clips."""

CHANGED = "changed; if they should have, run scripts/benchmarks/costs.py"


@pytest.fixture(scope="module")
def costs():
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("costs")
    sys.path.remove(str(BENCHMARKS))


def test_every_experiment_has_a_committed_cost(costs):
    assert COMMITTED.keys() == costs.experiments().keys()


def counted(name):
    """How often an experiment's step is counted."""
    return () if name in FAST else pytest.mark.long if name in LARGE else pytest.mark.slow


@pytest.mark.parametrize("name", [pytest.param(name, marks=counted(name)) for name in COMMITTED])
def test_a_step_costs_what_is_committed(costs, name):
    found, committed = costs.cost(costs.experiments()[name]), COMMITTED[name]
    for what, band in BANDS.items():
        assert getattr(found, what) == pytest.approx(committed[what], rel=band), (
            f"{what} have {CHANGED}"
        )


def tier(name):
    """How often the memory of an experiment's step is looked at."""
    return () if name in FAST else pytest.mark.slow if name in KINDS else pytest.mark.long


@pytest.mark.parametrize("name", [pytest.param(name, marks=tier(name)) for name in COMMITTED])
def test_a_step_needs_the_memory_that_is_committed(costs, name):
    found, committed = costs.peak(costs.experiments()[name]), COMMITTED[name]["peak_bytes"]
    assert found == pytest.approx(committed, rel=OF_MEMORY), f"bytes have {CHANGED}"


def test_every_kind_is_an_experiment():
    assert COMMITTED.keys() >= {*KINDS, *FAST}


def test_r1_costs_nothing_where_its_weight_is_zero(costs):
    ring = costs.experiments()["gan_ring"]
    free = costs.cost(ring).flops
    paid = costs.cost(costs.with_defaults(ring, r1=0.1)).flops
    assert paid > 1.2 * free


@pytest.mark.slow
def test_parts_of_the_rows_take_less_memory(costs):
    ring = dataclasses.replace(costs.experiments()["gan_ring"], batch_size=8192)
    ring = costs.with_defaults(ring, hidden=(256,) * 6)

    def temporaries(compute):
        game, _ = costs.game(ring, compute)
        return lowered_step(game).compile().memory_analysis().temp_size_in_bytes

    assert temporaries(Compute(accumulate=8)) < 0.5 * temporaries(Compute())


def test_the_memory_of_a_program_by_hand():
    """x, y and x + 1 in the place of x; between them is sin(y) as a matrix."""

    def function(x, y):
        matrix = jnp.outer(jnp.sin(y), y)
        return x + 1.0, (matrix @ matrix)[0]

    x, y = jnp.zeros(512), jnp.zeros(64)
    compiled = jax.jit(function, donate_argnums=0).lower(x, y).compile()
    between = compiled.memory_analysis().temp_size_in_bytes
    assert between >= 4 * 64 * 64
    # The table of the two results' addresses is counted among them.
    assert peak_bytes(compiled) == 4 * (512 + 64 + 64) + between + 2 * 8


def test_a_step_gives_its_state_back_where_it_was(costs):
    """Donated: every byte of the state is an alias of the new one, so that it lies there once."""
    game, _ = costs.game(costs.experiments()["gan_ring"])
    lowered = lowered_step(game)
    memory = lowered.compile().memory_analysis()
    state = costs.cost(costs.experiments()["gan_ring"]).state_bytes
    assert memory.alias_size_in_bytes == state
