"""The floats of a config are arguments of the compiled step; everything else is structure."""

import dataclasses
import logging
import re
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import Fraction, NonNegative, Weight, hyperparameters
from jaxgan.errors import UserError
from jaxgan.experiment import initial_state, load_experiment
from jaxgan.training.engine import CompiledEngine
from support.tiny_runs import EXPERIMENTS, TINY, rows

pytest_plugins = ["support.run_fixtures"]


@dataclasses.dataclass(frozen=True)
class Config:
    rate: float = 0.5
    width: int = 3
    wide: bool = False
    kind: str = "a"
    sizes: tuple[int, ...] = (1, 2)


def test_only_floats_are_hyperparameters():
    assert hyperparameters.split(Config()) == {"rate": jnp.float32(0.5)}
    assert hyperparameters.split(Config(rate=2.0))["rate"].dtype == jnp.float32
    assert not hyperparameters.split(Config())["rate"].weak_type


def test_hyperparameters_replace_the_floats():
    merged = hyperparameters.merge(Config(), {"rate": jnp.float32(7)})
    assert merged == Config(rate=7.0)
    assert type(merged.width) is int


def test_a_weight_of_zero_is_structure():
    config = dataclasses.make_dataclass("Config", [("r1", Weight, 0.0), ("rate", float, 0.0)])
    assert hyperparameters.names(config) == hyperparameters.names(config(r1=0.1)) == ["r1", "rate"]
    assert hyperparameters.names(config()) == hyperparameters.names(config(r1=-0.0)) == ["rate"]
    merged = hyperparameters.merge(config(), {"rate": jnp.float32(1)})
    assert type(merged.r1) is float
    # What is traced is never left out, whatever its value.
    assert hyperparameters.names(config(r1=jnp.zeros(()))) == ["r1", "rate"]
    with pytest.raises(UserError, match=r"--r1 -0\.1: must not be below 0"):
        hyperparameters.check(config(r1=-0.1), config())


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
def test_a_run_compiles_its_step_once_whatever_its_numbers(backend, name, scheduled, caplog):
    """Also with steps left over before a row, and adaptive state given as Python numbers."""
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        seen = scheduled(lambda step: 0.1 if step < 4 else 0.0, "--backend", backend)
    messages = [record.getMessage().split() for record in caplog.records]
    compiled = [words[1] for words in messages if words[0] == "Compiling"]
    assert [row["step"] for row in seen] == [4, 8, 9]
    assert seen[0]["d/update_norm"] > 0
    assert seen[1]["d/update_norm"] == seen[2]["d/update_norm"] == 0
    assert compiled.count(name) == 1


def test_an_integer_is_structure():
    """The control of the test above: it is no hyperparameter, and another one is another step."""
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


@pytest.mark.parametrize(
    "hint",
    [
        float | None,
        float | int,
        tuple[float, ...],
        tuple[int, float],
        tuple[tuple[int, float], ...],
        Fraction | None,
        dict[str, float],
        dict,
        Any,
        Config,
        Config | None,
    ],
    ids=str,
)
def test_a_float_within_another_type_is_refused(hint):
    """It would be compiled into the step: another value would be another executable."""
    config = dataclasses.make_dataclass("Config", [("rates", hint, None)])
    with pytest.raises(TypeError, match=r"rates: .* hides a float"):
        hyperparameters.names(config())
    with pytest.raises(TypeError, match="a field of its own, of type float"):
        hyperparameters.split(config())


def test_bounds_do_not_hide_a_float():
    fields = [("beta1", Fraction, 0.5), ("r1", NonNegative, 2.0), ("depth", int | None, 1)]
    config = dataclasses.make_dataclass("Config", [*fields, ("kind", Literal["0.5"], "0.5")])
    assert hyperparameters.split(config()) == {"beta1": jnp.float32(0.5), "r1": jnp.float32(2.0)}


def of(hint, default=0.5):
    """A config with a hyperparameter of this type, and one that may be any finite number."""
    return dataclasses.make_dataclass("Config", [("mix_up", hint, default), ("other", float, 0.5)])


def test_a_share_is_from_0_to_below_1():
    config = of(Fraction)
    hyperparameters.check(config(0.0, 7.0), config())
    hyperparameters.check(config(0.999, -7.0), config())
    for wrong in (1.0, 1.5, -0.1):
        with pytest.raises(UserError, match=f"--mix-up {wrong}: must be from 0 to below 1"):
            hyperparameters.check(config(wrong), config())


def test_a_strength_is_never_negative():
    config = of(NonNegative)
    hyperparameters.check(config(0.0, -1.0), config())
    hyperparameters.check(config(1e6), config())
    with pytest.raises(UserError, match=r"--mix-up -0\.1: must not be below 0"):
        hyperparameters.check(config(-0.1), config())


@pytest.mark.parametrize("hint", [float, NonNegative, Fraction])
@pytest.mark.parametrize("wrong", ["nan", "inf", "-inf"])
def test_a_hyperparameter_is_a_finite_number(wrong, hint):
    config = of(hint)
    with pytest.raises(UserError, match=f"--mix-up {wrong}: must be a finite number"):
        hyperparameters.check(config(float(wrong)), config())


def test_a_size_that_may_be_left_out_may_be_none_at_all():
    @dataclasses.dataclass(frozen=True)
    class Sized:
        width: int = 4
        ahead: int | None = 5
        hidden: tuple[int, ...] = (3,)
        shift: int = 0

    for sound in (Sized(ahead=0), Sized(ahead=None), Sized(shift=-3), Sized(hidden=(1, 1))):
        hyperparameters.check(sound, Sized())
    for wrong, message in (
        (Sized(ahead=-1), "--ahead -1: must be at least 0"),
        (Sized(width=0), "--width 0: must be at least 1"),
        (Sized(hidden=(3, 0)), "--hidden 0: must be at least 1"),
        (Sized(hidden=()), "--hidden: name at least one"),
    ):
        with pytest.raises(UserError, match=message):
            hyperparameters.check(wrong, Sized())


SHARE = re.compile(r"beta[12]|ema_decay|(\w+_)?(dropout|momentum)")
STRENGTH = re.compile(r"r[12]|(\w+_)?(rate|decay|weight|penalty|clip|init|epsilon|margin|reach)")


def unbounded(config):
    """Hyperparameters whose names say where they may lie, and whose types do not."""
    low = {
        name: min((bounds.low for bounds in getattr(hint, "__metadata__", ())), default=-np.inf)
        for name, hint in hyperparameters.types_of(config).items()
        if name in hyperparameters.names(config)
    }
    return [
        name
        for name in low
        if (SHARE.fullmatch(name) or STRENGTH.fullmatch(name)) and low[name] < 0.0
    ]


@pytest.mark.parametrize("file", [*EXPERIMENTS, TINY], ids=lambda file: file.stem)
def test_shares_and_strengths_of_an_experiment_have_bounds(file):
    config = load_experiment(file).config
    assert unbounded(config) == []
    for name, hint in hyperparameters.types_of(config).items():
        if SHARE.fullmatch(name) and name in hyperparameters.names(config):
            assert hint == Fraction, name


def test_a_strength_without_bounds_is_found():
    """The control of the test above."""
    fields = [("dropout", float, 0.5), ("r1", NonNegative, 1.0), ("learning_rate", float, 1.0)]
    config = dataclasses.make_dataclass("Config", fields)
    assert unbounded(config) == ["dropout", "learning_rate"]
