"""What is asked of the compiler, and what is read from it."""

import jax
import pytest
from jax.errors import JaxRuntimeError

from jaxgan.aot import figures
from jaxgan.aot.chips import CHIPS
from jaxgan.aot.figures import Memory, memory_of
from jaxgan.aot.program import program_of
from jaxgan.cli.compile import UNKNOWN, cells, precisions
from jaxgan.cli.experiment import default_settings
from jaxgan.experiment import load_experiment
from jaxgan.runs.settings import Compute, Training
from support.tiny_runs import TINY

pytest_plugins = ["support.run_fixtures"]

SAID = {
    "hbm": "RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space "
    "hbm. Used 60.25G of 15.75G hbm. Exceeded hbm capacity by 44.50G.",
    "temporaries": "RESOURCE_EXHAUSTED: Ran out of memory on HBM, the total memory required for "
    "HLO temporaries (60.25G) exceeds available HBM (15.75G).",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_the_memory_that_a_compiler_misses(said):
    memory = figures.refused(JaxRuntimeError(said))
    assert memory.needed == 60.25 * 2**30
    assert memory.limit == 15.75 * 2**30
    assert memory.arguments is None


@pytest.mark.parametrize("said", ["INTERNAL: it broke", "RESOURCE_EXHAUSTED: no thread is left"])
def test_another_fault_of_the_compiler_passes(said):
    with pytest.raises(JaxRuntimeError, match=said):
        figures.refused(JaxRuntimeError(said))


def program(backend="pmap", rows=50_000, devices=4):
    """The step of ``tiny.py`` for simulated devices, whose compiler is at hand."""
    experiment = load_experiment(TINY)
    training, runtime = default_settings(experiment)
    parts = experiment, experiment.default(), training, runtime.steps, jax.devices()[:devices]
    return program_of(*parts, Compute(backend=backend), rows)


def test_a_program_is_that_of_a_run():
    rows = 1_000_000
    memory = memory_of(program(rows=rows))
    assert memory.limit is None
    assert memory.needed >= memory.arguments > 36 * rows  # images of 6 x 6


def test_large_data_are_streamed():
    data, _ = program(rows=2**30).arguments[2]
    chunk = program(rows=2**30).arguments[3]
    assert data == {}
    assert chunk["image"].shape == (1, 1, 4, 2, 6, 6, 1)


@pytest.mark.parametrize("backend", ["pmap", "shard_map"])
def test_the_products_of_a_step_by_hand(backend):
    """2 rows on each device; G: 3 -> 8 -> 36 numbers, D: 36 -> 8 -> 1."""
    g, d = (3 * 8, 8 * 36), (36 * 8, 8)
    drawn, judged = sum(g), sum(d)
    # Of both batches D needs the gradient of both kernels, and of its hidden layer.
    of_d = 2 * (sum(d) + d[1])
    of_g = sum(d) + sum(g) + g[1]
    pairs = (drawn + 2 * judged + of_d) + (drawn + judged + of_g)
    products = program(backend).products()
    assert sum(product.flops for product in products) == 2 * 2 * pairs


def test_the_precisions_begin_with_the_runs_own():
    assert [*precisions(Training(), CHIPS["v5e"], own=True)] == ["float32, float32"]
    assert [*precisions(Training(), CHIPS["v5e"], own=False)] == [
        "float32, float32",
        "bfloat16, float32",
        "bfloat16, bfloat16",
    ]
    quick = Training(matmul_precision="bfloat16", dtype="bfloat16")
    assert [*precisions(quick, CHIPS["v5e"], own=False)] == ["bfloat16, bfloat16"]


def test_what_does_not_fit_has_no_figures():
    one = {
        "fits": False,
        "needed": 2**30,
        "arguments": None,
        "temporaries": None,
        "flops": 1e9,
        "passes": 6.0,
        "padding_of_products": 0.5,
        "moved": None,
        "endless": 0,
        "padding_of_arrays": 0.0,
        "copies": [],
        "collectives": {},
        "least": None,
        "bound": None,
        "seconds": 3.0,
    }
    row = cells(one)
    assert row["fits"] == "no, needs 1,024 MiB"
    assert {row[name] for name in ("of arguments", "read and written", "bound by")} == {UNKNOWN}


@pytest.mark.parametrize(
    "words, expected",
    [
        ((), ["--topology"]),
        (("--topology", "v5e"), ["--topology v5e", "v5e:2x4"]),
        (("--topology", "v7:2x2"), ["No chip v7"]),
        (("--topology", "v5e:2x4", "--batch-size", "0"), ["--batch-size 0"]),
        (("--topology", "v5e:2x4", "--rows", "0"), ["--rows 0: must be at least 1"]),
        (("--topology", "v5e:2x4", "--learning-rat", "1"), ["--learning-rate"]),
    ],
    ids=" ".join,
)
def test_a_wrong_flag(words, expected, refused):
    refused(("compile", TINY, *words), *expected)


@pytest.mark.parametrize(
    "topology, expected",
    [
        (
            "v5e:2x4",
            ("TPU compiler", 'scripts/install tpu, or pip install -c constraints.txt -e ".['),
        ),
        ("h100:8", ("CUDA plugin", "pip install -c constraints.txt jax-cuda12-pjrt")),
    ],
)
def test_without_the_compiler(topology, expected, monkeypatch, refused):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refused(("compile", TINY, "--topology", topology), "is not installed", *expected)


def test_the_memory_of_a_gpu_is_compared_here_and_that_of_a_tpu_by_its_compiler():
    h100, v5e = CHIPS["h100"], CHIPS["v5e"]
    assert Memory(40e9).fits(h100)
    assert Memory(40e9).share(h100) == 0.5
    assert not Memory(100e9).fits(h100)
    assert Memory(100e9).share(h100) == 1.25
    assert Memory(16.5e9).fits(v5e), "the compiler had no fault to find"
    assert Memory(16.5e9).share(v5e) == 1
    assert not Memory(32e9, limit=16e9).fits(v5e)
    assert Memory(32e9, limit=16e9).share(v5e) == 2
