"""XLA's flags are set before it starts, where they are known, and never over the user's own."""

import os

import jax
import pytest

from jaxgan import xla
from support.tiny_runs import process

CHIPS = "jax._src.hardware_utils.num_available_tpu_chips_and_device_id"
NAME, VALUE = xla.NO_YNNPACK_CONVOLUTIONS.split("=")


@pytest.fixture
def flags(monkeypatch):
    """``flags(given)``: what ``XLA_FLAGS`` is after ``tune_cpu``, before JAX has started."""
    monkeypatch.setattr("jax._src.xla_bridge.backends_are_initialized", lambda: False)
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")

    def tuned(given=""):
        monkeypatch.setenv("XLA_FLAGS", given)
        xla.tune_cpu()
        return os.environ["XLA_FLAGS"]

    return tuned


def test_convolutions_on_cpu_are_kept_from_ynnpack(flags):
    assert flags() == f"{NAME}={VALUE}"
    assert flags("--xla_dump_to=x") == f"--xla_dump_to=x {NAME}={VALUE}"


def test_what_the_user_has_set_stays(flags):
    for own in (f"{NAME}=LIBRARY_FUSION_TYPE_DOT", f"{NAME}={VALUE} --xla_dump_to=x", f"{NAME}="):
        assert flags(own) == own


def test_another_version_of_xla_is_left_alone(flags, monkeypatch):
    """XLA ends the process at a flag that it does not know."""
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.9.2")
    assert flags() == ""


def test_an_accelerator_is_left_alone(flags, monkeypatch):
    """Its plugin reads the same flags, and may be of another version."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "libtpu" or None)
    monkeypatch.setattr(CHIPS, lambda: (4, None))
    assert flags() == f"{NAME}={VALUE}", "only the CPU is asked for"
    for platforms in ("", "tpu,cpu"):
        monkeypatch.setenv("JAX_PLATFORMS", platforms)
        assert flags() == ""


def test_the_tpu_compiler_alone_is_no_accelerator(flags, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "libtpu" or None)
    monkeypatch.setattr(CHIPS, lambda: (0, None))
    monkeypatch.setenv("JAX_PLATFORMS", "")
    assert flags() == f"{NAME}={VALUE}"


def test_once_jax_has_started_nothing_is_set(monkeypatch):
    """It would be recorded as a flag of runs that do not have it."""
    assert jax.devices()
    monkeypatch.setenv("XLA_FLAGS", "")
    xla.tune_cpu()
    assert os.environ["XLA_FLAGS"] == ""


def test_a_program_starts_with_it():
    """This version of XLA knows the flag, and it is set in time."""
    code = "from jaxgan import xla; xla.tune_cpu(); import jax, os; jax.devices(); "
    child = process("-c", f"{code}print(os.environ['XLA_FLAGS'])", devices=1)
    said = child.communicate(timeout=120)[0]
    assert child.returncode == 0, said
    assert xla.NO_YNNPACK_CONVOLUTIONS in said
