"""The host waits for the device at rows, not at steps.

On CPU ``jax.transfer_guard`` lets every read pass, so that they are counted where they are made.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src.array import ArrayImpl

pytest_plugins = ["support.run_fixtures"]


@pytest.fixture
def reads(monkeypatch):
    """The names of the functions that read or waited for an array of the device, call by call."""
    found = []

    def spy(place, name):
        original = getattr(place, name)

        def spied(*arguments, **options):
            if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(arguments)):
                found.append(name)
            return original(*arguments, **options)

        monkeypatch.setattr(place, name, spied)

    value = ArrayImpl._value.fget  # behind float, int, bool, tolist, repr and device_get
    monkeypatch.setattr(
        ArrayImpl, "_value", property(lambda array: found.append("value") or value(array))
    )
    for name in ("item", "block_until_ready", "__array__", "__iter__"):
        spy(ArrayImpl, name)
    for name in ("asarray", "array", "stack", "concatenate", "copy"):  # read its buffer
        spy(np, name)
    spy(jax, "block_until_ready")
    return found


@pytest.mark.parametrize(
    "read",
    [
        lambda x: float(x[0]),
        lambda x: int(x[0]),
        lambda x: bool(x[0]),
        lambda x: x[0].item(),
        lambda x: x.tolist(),
        lambda x: f"{x[0]:.2f}",
        lambda x: list(x),
        lambda x: np.asarray(x),
        lambda x: np.array(x),
        lambda x: jax.device_get(x),
        lambda x: x.block_until_ready(),
        lambda x: jax.block_until_ready([x]),
    ],
)
def test_every_way_to_read_is_seen(read, reads):
    x = jnp.arange(3.0) + 1.0
    assert not reads
    read(x)
    assert reads


@pytest.mark.parametrize(
    "mode, repeat",
    [pytest.param("resident", "single", marks=pytest.mark.slow), ("streamed", "loop")],
)
def test_more_steps_are_no_more_reads(trainer, tmp_path, reads, mode, repeat):
    """A run of one row reads the same for 6 steps as for 18."""
    counts = {}
    for steps in (6, 18):
        reads.clear()
        flags = ("--log-every", steps, "--checkpoint-every", 0, "--steps", steps)
        how = ("--data-mode", mode, "--repeat", repeat)
        assert trainer(tmp_path / f"{steps}", *flags, *how) == 0
        counts[steps] = sorted(reads)
    assert counts[6] == counts[18]
    assert counts[6]


def test_rows_are(trainer, tmp_path, reads):
    """The control of the test above."""
    counts = []
    for every in (12, 1):
        reads.clear()
        flags = ("--log-every", every, "--checkpoint-every", 0, "--steps", 12, "--repeat", "single")
        assert trainer(tmp_path / f"{every}", *flags) == 0
        counts.append(len(reads))
    assert counts[1] >= counts[0] + 11
