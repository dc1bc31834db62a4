"""How often the instructions of a compiled program run."""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import PartitionSpec as P

from jaxgan import parallel
from jaxgan.aot.collectives import Collective, collectives
from jaxgan.aot.hlo import computations
from jaxgan.aot.loops import endless, executed
from jaxgan.aot.traffic import traffic
from jaxgan.types import AXIS

LOOP = """\
%body (v: (s32[], f32[8,128], f32[12,8,128])) -> (s32[], f32[8,128], f32[12,8,128]) {
  %v = (s32[]{:T(128)}, f32[8,128]{1,0:T(8,128)}, f32[12,8,128]{2,1,0:T(8,128)}) parameter(0)
  %i = s32[]{:T(128)S(1)} get-tuple-element(%v), index=0
  %c = f32[8,128]{1,0:T(8,128)S(1)} get-tuple-element(%v), index=1
  %all = f32[12,8,128]{2,1,0:T(8,128)} get-tuple-element(%v), index=2
  %psum = f32[8,128]{1,0:T(8,128)S(1)} all-reduce(%c), to_apply=%sum
  %put = f32[12,8,128]{2,1,0:T(8,128)} dynamic-update-slice(%all, %psum, %i)
  ROOT %next = (s32[]{:T(128)}, f32[8,128]{1,0}, f32[12,8,128]{2,1,0}) tuple(%i, %psum, %put)
}

%condition (w: (s32[], f32[8,128], f32[12,8,128])) -> pred[] {
  %limit = s32[]{:T(128)} constant(12)
  %w = (s32[]{:T(128)}, f32[8,128]{1,0:T(8,128)}, f32[12,8,128]{2,1,0:T(8,128)}) parameter(0)
  %n = s32[]{:T(128)} get-tuple-element(%w), index=0
  ROOT %lt = pred[]{:T(512)S(1)} compare(%n, %limit), direction=LT
}

ENTRY %main (x: f32[8,128], y: f32[12,8,128]) -> f32[12,8,128] {
  %x = f32[8,128]{1,0:T(8,128)S(1)} parameter(0)
  %y = f32[12,8,128]{2,1,0:T(8,128)} parameter(1)
  %two = s32[]{:T(128)S(1)} constant(2)
  %copy = s32[]{:T(128)S(1)} copy(%two)
  %t = (s32[]{:T(128)}, f32[8,128]{1,0}, f32[12,8,128]{2,1,0}) tuple(%copy, %x, %y)
  %loop = (s32[], f32[8,128], f32[12,8,128]) while(%t), condition=%condition, body=%body
  ROOT %r = f32[12,8,128]{2,1,0:T(8,128)} get-tuple-element(%loop), index=2
}
"""


def test_a_loop_runs_as_often_as_it_has_rounds():
    """It counts from 2 to 12; each round writes one slice."""
    program = computations(LOOP)
    assert endless(program) == 0
    assert collectives(executed(program))["all-reduce"] == Collective(10, 10 * 4096)
    counters = 512 * (10 * 2 + 1)  # each test reads a counter and a limit, and there is a copy
    assert traffic(program) - 10 * 4096 == pytest.approx(0, abs=counters)
    assert traffic(program) > 10 * 4096


def test_a_loop_without_a_number_of_rounds_counts_once():
    program = computations(LOOP.replace("constant(12)", "parameter(1)"))
    assert endless(program) == 1
    assert collectives(executed(program))["all-reduce"].count == 1


def test_the_rounds_of_loops_within_loops():
    """As the compiler of CPUs says them; and a condition runs each of its branches once."""
    mesh = parallel.mesh(jax.devices()[:4])

    def inner(_, x):
        return jax.lax.pmean(x, AXIS) + 1

    def branch(x):
        return jax.lax.pmax(x, AXIS)

    def outer(carry, row):
        carry = jax.lax.fori_loop(0, 3, inner, carry + row)
        return jax.lax.cond(carry[0] > 0, branch, lambda x: x, carry), None

    def step(rows):
        return jax.lax.scan(outer, rows[0], rows)[0]

    specs = {"in_specs": P(None, AXIS), "out_specs": P(AXIS), "check_vma": False}
    run = jax.shard_map(step, mesh=mesh, **specs)
    text = jax.jit(run).lower(jnp.zeros((5, 100))).compile().as_text()
    found = computations(text)
    assert endless(found) == 0
    assert collectives(executed(found))["all-reduce"].count == 5 * (3 + 1)
