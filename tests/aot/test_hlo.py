"""The text of a compiled program, read by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxgan import parallel
from jaxgan.aot import hlo
from jaxgan.aot.collectives import Collective, collectives
from jaxgan.aot.loops import executed
from jaxgan.aot.traffic import Copy, copies, padding, traffic
from jaxgan.types import AXIS

TEXT = """\
HloModule jit_step, is_scheduled=true

%sum (a: f32[], b: f32[]) -> f32[] {
  %a = f32[]{:T(128)} parameter(0)
  %b = f32[]{:T(128)} parameter(1)
  ROOT %c = f32[]{:T(128)} add(%a, %b)
}

%fused_computation (p: f32[16,3]) -> f32[16,3] {
  %p = f32[16,3]{1,0:T(8,128)} parameter(0)
  ROOT %copy.9 = f32[16,3]{0,1:T(8,128)} copy(%p)
}

ENTRY %main (data: u8[1000,32,32,3], w: f32[5,5,3,128]) -> f32[16,3] {
  %data = u8[1000,32,32,3]{0,3,2,1:T(8,128)(4,1)} parameter(0)
  %w = f32[5,5,3,128]{3,2,1,0:T(4,128)} parameter(1)
  %copy.1 = u8[1000,32,32,3]{2,1,3,0:T(8,128)(4,1)} copy(%data), metadata={op_name="jit(f)/gather"}
  %fusion.1 = f32[16,3]{1,0:T(8,128)} fusion(%copy.1), kind=kLoop, calls=%fused_computation
  %psum.1 = f32[16,3]{1,0:T(8,128)} all-reduce(%fusion.1), channel_id=1, to_apply=%sum
  %all-reduce.2 = (f32[256]{0:T(256)S(1)}, /*index=1*/bf16[2,8]{1,0}) all-reduce(%w), to_apply=%sum
  %get-tuple-element.1 = f32[256]{0:T(256)S(1)} get-tuple-element(%all-reduce.2), index=0
  %ag = (f32[8]{0:T(128)}, f32[64]{0:T(128)}) all-gather-start(%w), dimensions={0}
  %done = f32[64]{0:T(128)} all-gather-done(%ag)
  ROOT %r = f32[16,3]{1,0:T(8,128)} bitcast(%psum.1)
}
"""


def test_an_array_and_its_padding():
    (one,) = hlo.arrays_of("f32[16,32,32,3]{0,3,2,1:T(4,128)}")
    assert one.bytes == 4 * 16 * 32 * 32 * 3
    assert one.padded == 4 * 32 * 32 * 4 * 128  # 3 become 4, and 16 become 128
    (scalar,) = hlo.arrays_of("f32[]{:T(128)}")
    assert (scalar.bytes, scalar.padded) == (4, 512)
    (plain,) = hlo.arrays_of("bf16[10,7]")
    assert plain.bytes == plain.padded == 140
    (packed,) = hlo.arrays_of("bf16[9,200]{1,0:T(8,128)(2,1)}")
    assert packed.padded == 2 * 16 * 256
    assert [one.bytes for one in hlo.arrays_of("(f32[8]{0}, pred[3]{0}, u8[2,2]{1,0})")] == [
        32,
        3,
        4,
    ]


def test_what_runs_by_itself():
    kinds = [one.kind for one in executed(hlo.computations(TEXT))]
    assert "add" not in kinds
    assert kinds.count("copy") == 1, "the copy inside the fusion is part of it"
    assert kinds.count("parameter") == 2


def test_collectives():
    found = collectives(executed(hlo.computations(TEXT)))
    assert found["all-reduce"] == Collective(2, 4 * 48 + 4 * 256 + 2 * 16)
    assert found["all-gather"] == Collective(1, 4 * 64)
    assert set(found) == {"all-reduce", "all-gather"}


def test_copies():
    (one,) = copies(executed(hlo.computations(TEXT)))
    assert one == Copy(1000 * 3 * 32 * 128, True, "jit(f)/gather")
    assert copies(executed(hlo.computations(TEXT)), least=2**30) == []


def test_padding():
    text = "ENTRY %main (x: f32[8]) -> f32[8] {\n  %a = f32[8,64]{1,0:T(8,128)} add(%x, %x)\n}\n"
    assert padding(executed(hlo.computations(text))) == 0.5
    assert padding([]) == 0.0


MOVED = """\
%fused_computation (p0: u8[1000,256], p1: s32[16], p2: f32[8,128]) -> f32[16,256] {
  %p0 = u8[1000,256]{1,0:T(8,128)(4,1)} parameter(0)
  %p1 = s32[16]{0:T(128)} parameter(1)
  %p2 = f32[8,128]{1,0:T(8,128)} parameter(2)
  %b = u8[1000,256]{1,0:T(8,128)(4,1)} bitcast(%p0)
  %gather.1 = u8[16,256]{1,0:T(8,128)(4,1)} gather(%b, %p1), slice_sizes={1,256}
  ROOT %r = f32[16,256]{1,0:T(8,128)} convert(%gather.1)
}

ENTRY %main (x: u8[1000,256], i: s32[16], w: f32[8,128]) -> f32[16,256] {
  %x = u8[1000,256]{1,0:T(8,128)(4,1)} parameter(0)
  %i = s32[16]{0:T(128)S(1)} parameter(1)
  %w = f32[8,128]{1,0:T(8,128)} parameter(2)
  %cs = (f32[8,128]{1,0:T(8,128)S(1)}, f32[8,128]{1,0:T(8,128)}, u32[]{:S(2)}) copy-start(%w)
  %cd = f32[8,128]{1,0:T(8,128)S(1)} copy-done(%cs)
  %fusion.1 = f32[16,256]{1,0:T(8,128)S(1)} fusion(%x, %i, %cd), calls=%fused_computation
  ROOT %add = f32[16,256]{1,0:T(8,128)} add(%fusion.1, %fusion.1)
}
"""


def test_bytes_between_the_chip_and_its_memory():
    """The weight is fetched, 16 of the 1000 samples are read, and the sum is written."""
    assert traffic(hlo.computations(MOVED)) == 4 * 8 * 128 + 16 * 256 + 4 * 16 * 256


def test_every_operand_is_read_and_every_result_written():
    text = """\
ENTRY %main (a: f32[8,128], b: f32[8,128]) -> f32[8,128] {
  %a = f32[8,128]{1,0} parameter(0)
  %b = f32[8,128]{1,0} parameter(1)
  %c = f32[8,128]{1,0} add(%a, %b)
  %d = (f32[8,128]{1,0}) all-reduce(%c), to_apply=%sum
  ROOT %e = f32[8,128]{1,0} get-tuple-element(%d), index=0
}
"""
    assert traffic(hlo.computations(text)) == 5 * 4 * 8 * 128


def test_the_collectives_of_a_real_program():
    """Compiled for the simulated devices, by the compiler of CPUs."""
    mesh = parallel.mesh(jax.devices()[:4])

    def step(x):
        return jax.lax.psum(x, AXIS), jax.lax.all_gather(x * x, AXIS)

    out = (P(), P())
    run = jax.shard_map(step, mesh=mesh, in_specs=P(AXIS), out_specs=out, check_vma=False)
    text = jax.jit(run).lower(jnp.zeros((4, 25))).compile().as_text()
    found = collectives(executed(hlo.computations(text)))
    assert found["all-reduce"] == Collective(1, 4 * 25)
    assert found["all-gather"] == Collective(1, 4 * 100)


@pytest.mark.parametrize(
    "kind, bits", [("f32", 32), ("bf16", 16), ("pred", 8), ("u8", 8), ("s4", 4)]
)
def test_the_bits_of_a_type(kind, bits):
    (one,) = hlo.arrays_of(f"{kind}[1]")
    assert one.bits == bits
    assert np.isclose(one.bytes, bits / 8)
