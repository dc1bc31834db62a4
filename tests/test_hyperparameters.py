"""The floats of a config are arguments of the compiled step; everything else is structure."""

import dataclasses
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import hyperparameters
from jaxgan.experiment import initial_state, load_experiment
from jaxgan.training.engine import CompiledEngine
from support.tiny_runs import TINY, rows

pytest_plugins = ["support.run_fixtures"]


@dataclasses.dataclass(frozen=True)
class Config:
    rate: float = 0.5
    width: int = 3
    wide: bool = False
    kind: str = "a"
    sizes: tuple[int, ...] = (1, 2)


def test_only_floats_are_knobs():
    assert hyperparameters.split(Config()) == {"rate": jnp.float32(0.5)}
    assert hyperparameters.split(Config(rate=2.0))["rate"].dtype == jnp.float32
    assert not hyperparameters.split(Config())["rate"].weak_type


def test_knobs_replace_the_floats():
    merged = hyperparameters.merge(Config(), {"rate": jnp.float32(7)})
    assert merged == Config(rate=7.0)
    assert type(merged.width) is int


def test_a_float_used_as_structure_is_a_tracer_error():
    @jax.jit
    def step(values):
        config = hyperparameters.merge(Config(), values)
        return jnp.zeros(()) if config.rate > 0.1 else jnp.ones(())

    with pytest.raises(jax.errors.TracerBoolConversionError):
        step(hyperparameters.split(Config()))


@pytest.fixture
def scheduled(trainer, tmp_path):
    """Trains nine steps with the learning rate that ``rate(step)`` says: the rows."""

    def run(rate, *flags):
        class Scheduled(CompiledEngine):
            def __call__(self, state, step, count):
                self.hyperparameters |= {"learning_rate": np.float32(rate(step))}
                return super().__call__(state, step, count)

        cadence = ("--steps", 9, "--checkpoint-every", 0)
        assert trainer(tmp_path / "run", *cadence, *flags, make_engine=Scheduled) == 0
        return rows(tmp_path / "run")

    return run


@pytest.mark.parametrize("backend, name", [("pmap", "jit(_fun)"), ("shard_map", "jit(per_device)")])
def test_a_run_compiles_its_step_once_whatever_the_knobs(backend, name, scheduled, caplog):
    """Also with steps left over before a row, and slow state given as Python numbers."""
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        seen = scheduled(lambda step: 0.1 if step < 4 else 0.0, "--backend", backend)
    messages = [record.getMessage().split() for record in caplog.records]
    compiled = [words[1] for words in messages if words[0] == "Compiling"]
    assert [row["step"] for row in seen] == [4, 8, 9]
    assert seen[0]["d/update_norm"] > 0
    assert seen[1]["d/update_norm"] == seen[2]["d/update_norm"] == 0
    assert compiled.count(name) == 1


def test_an_integer_is_structure():
    """The control of the test above: it is not in the knobs, and another one is another step."""
    experiment = load_experiment(TINY)
    config = experiment.default()
    assert hyperparameters.split(config).keys() == {"learning_rate", "decay"}
    data = experiment.task()

    def weights(config):
        gan = experiment.build(config, data)
        state = jax.eval_shape(lambda: initial_state(gan, jax.random.key(0), data))
        return jax.tree.map(jnp.shape, state.players["d"].params)

    assert weights(config) == weights(dataclasses.replace(config, learning_rate=1.0))
    assert weights(config) != weights(dataclasses.replace(config, width=5))
