import jax
import numpy as np
import pytest

from jaxgan.training import repeat
from support import games

GAME = games.gan()
CHUNK = games.points(6, GAME, 4)
TRACES = []


def traced(hyperparameters):
    TRACES.append(hyperparameters)
    return GAME


@pytest.fixture(scope="module")
def reference():
    runner, state, states, logs = games.Runner(GAME), games.born(GAME), [], []
    for number in range(6):
        one = {"image": CHUNK["image"][number : number + 1]}
        state, seen = runner(state, one)
        states.append(games.own(state))
        logs.append(games.means(seen))
    return states, logs


@pytest.fixture(scope="module")
def loop():
    return games.Runner(traced, how=repeat.looped)


def agree(state, logs, reference, count):
    states, steps = reference
    games.close(games.own(state), states[count - 1], rtol=1e-5, atol=1e-6)
    for name, value in games.means(logs).items():
        expected = np.mean([one[name] for one in steps[:count]])
        np.testing.assert_allclose(value, expected, rtol=1e-5, err_msg=name)
        assert logs[name].count == count


def test_steps_written_out_equal_single_steps(reference):
    chunk = {"image": CHUNK["image"][:2]}
    state, logs = games.Runner(GAME, how=repeat.unrolled)(games.born(GAME), chunk)
    agree(state, logs, reference, 2)


def test_a_loop_equals_single_steps(loop, reference):
    state, logs = loop(games.born(GAME), CHUNK)
    agree(state, logs, reference, 6)


def test_a_loop_does_not_depend_on_how_its_steps_are_grouped_or_padded(loop):
    whole, _ = loop(games.born(GAME), CHUNK)
    state = games.born(GAME)
    for start in (0, 3):
        half = CHUNK["image"][start : start + 3]
        padded = np.concatenate([half, np.full_like(half, np.nan)])
        state, _ = loop(state, {"image": padded}, count=3)
    assert games.same(games.own(state), games.own(whole))


def test_a_loop_of_any_length_is_compiled_once(loop):
    state, _ = loop(games.born(GAME), CHUNK, count=1)
    traces = len(TRACES)
    state, _ = loop(state, CHUNK, count=2)
    state, _ = loop(state, CHUNK, count=6)
    assert int(state.step) == 9
    assert len(TRACES) == traces > 0


def test_convolutions_on_cpu_run_one_step_per_dispatch():
    dense = games.born(GAME)
    convolutional = games.with_params(dense, "d", {"kernel": np.ones((3, 3, 1, 2))})
    on_cpu = jax.default_backend() == "cpu"
    assert repeat.choose(dense) == "loop"
    assert repeat.choose(convolutional) == ("single" if on_cpu else "loop")
