"""A run with frozen arrays: they are arguments of the compiled step, and identify the run."""

import jax
import numpy as np
import pytest

from jaxgan import parallel
from jaxgan.data.feed import make_feed
from jaxgan.data.source import from_arrays
from jaxgan.experiment import load_experiment
from jaxgan.runs.settings import Training
from jaxgan.training import start
from jaxgan.training.data import preparation
from jaxgan.training.engine import CompiledEngine
from support.tiny_runs import TINY, config, unchanged

pytest_plugins = ["support.run_fixtures"]

DRIFTING = "    def drifting(outputs):"
PERCEPTUAL = """    def perceptual(outputs):
        kernel = outputs.frozen["perceptual"]
        fake, real = (x.reshape(len(x), -1) @ kernel for x in (outputs.fake, outputs.real))
        return jnp.mean(jnp.square(fake - real))

"""
EDITS = (
    (DRIFTING, PERCEPTUAL + DRIFTING),
    ('generator={"drift": ', 'generator={"perceptual": perceptual, "drift": '),
    ("        adapt=adapt,\n", '        adapt=adapt,\n        frozen={"perceptual": WEIGHTS},\n'),
    ("import jaxgan as jg\n", "import jaxgan as jg\nimport numpy as np\n"),
)


@pytest.fixture
def weights(tmp_path):
    """The file of a pretrained network."""
    path = tmp_path / "weights.npy"
    np.save(path, np.random.default_rng(0).normal(size=(36, 5)).astype(np.float32))
    return path


@pytest.fixture
def file(weights, tmp_path):
    """``tiny.py`` with a perceptual loss by that network."""
    text = TINY.read_text()
    loading = f"WEIGHTS = np.load({str(weights)!r})\n\n\ndef build("
    for old, new in (*EDITS, ("def build(", loading)):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "perceptual.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize("how", ["loop", "single"])
def test_frozen_arrays_are_arguments_of_the_compiled_step(how, file):
    experiment, training = load_experiment(file), Training(batch_size=8)
    rows = {"image": np.zeros((8, 6, 6, 1), np.uint8), "label": np.arange(8) % 3}
    source = from_arrays("noise", "train", rows, classes=3)
    game = start.game_of(experiment, experiment.default(), source, training, 12, 1)
    feed = make_feed(source, seed=0, batch_size=8, batches_per_dispatch=2)
    devices, lowered = jax.devices()[:1], []
    engine = CompiledEngine(
        game.build, game.values, preparation(source.modality, False), feed, devices, how=how
    )
    run = engine.compiled

    def looking(*arguments):
        lowered.append(run.lower(*arguments).as_text())
        return run(*arguments) if how == "single" else (arguments[0], {})

    engine.compiled = looking
    state = jax.device_put(game.new(game.values, 0), parallel.replicated(devices))
    _, logs = engine(state, 0, 1)
    if how == "single":
        assert float(logs["g/perceptual"].total) > 0
    lines = [line for line in lowered[0].splitlines() if "tensor<36x5xf32>" in line]
    assert [line for line in lines if "func.func public @main" in line], "the control"
    assert not [line for line in lines if "stablehlo.constant" in line]
    feed.close()


def test_a_resume_with_other_frozen_arrays_is_refused(
    file, weights, usual, refused, recorder, tmp_path
):
    run = tmp_path / "run"
    flags = (*usual, "--workdir", run, "--steps")
    command = ("train", file, *flags)
    assert recorder(file, *flags, 2) == 0
    assert len(config(run)["frozen"]) == 64
    assert recorder(file, *flags, 3) == 0, "the same arrays"
    np.save(weights, np.load(weights) + 1)
    with unchanged(run):
        said = refused((*command, "4"), "holds another run", "another --workdir")
    assert f"frozen: {config(run)['frozen'][:12]} -> " in said
    refused(("sample", run, "--num", 2), "trained with other frozen arrays", "restore the file")


def test_a_run_without_frozen_arrays_records_none(finished):
    assert "frozen" not in config(finished)
