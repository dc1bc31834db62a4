"""The game of BiGAN's experiment: the values of train_gan.py, gan.py and lib/updates.py."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.experiment import load_experiment
from jaxgan.game.gan import SIMULTANEOUS
from jaxgan.game.terms import evaluate
from support.outputs import alone, judged
from support.tiny_runs import EXPERIMENTS

EXPERIMENT = load_experiment(next(path for path in EXPERIMENTS if "bigan_mnist" in str(path)))
STEPS = 100
GAME = EXPERIMENT.game(EXPERIMENT.default(), EXPERIMENT.task(steps=STEPS))


def softplus(x):
    return np.log1p(np.exp(x))


@pytest.mark.parametrize(
    "player, expected",
    [
        ("d", (np.mean(softplus([-1.0, -3.0])) + np.mean(softplus([0.5, 2.0]))) / 2),
        ("g", (np.mean(softplus([1.0, 3.0])) + np.mean(softplus([-0.5, -2.0]))) / 2),
    ],
)
def test_each_loss_is_the_mean_over_real_and_fake_pairs(player, expected):
    """Not their sum: the gradient is half, so that the weight decay beside it weighs double."""
    assert list(GAME.terms[player]) == ["adversarial"]
    batch = judged([1.0, 3.0], [0.5, 2.0])
    cost = alone(lambda: evaluate(GAME.terms[player]["adversarial"], batch))
    assert float(cost.loss) == pytest.approx(expected, rel=1e-6)


def test_both_players_move_at_once():
    assert GAME.updates == SIMULTANEOUS


@pytest.mark.parametrize("player", ["g", "d"])
def test_weight_decay_goes_through_adam(player):
    """Adam(2e-4, 0.5, 0.999, 1e-8) of the gradients plus 2.5e-5 times the weights, by hand.

    Gradients as small as Adam's epsilon and the weight decay show both.
    """
    weights = np.array([0.02, -0.5, 0.0, 3.0])
    gradients = [np.array([0.0, 1e-5, 3e-8, -1e-4]), np.array([1e-7, 0.0, -1e-8, 2e-5])]
    optimizer = GAME.optimizers[player]
    params = jnp.asarray(weights, jnp.float32)
    state = optimizer.init(params)
    first = second = np.zeros(4)
    for count, gradient in enumerate(gradients, start=1):
        updates, state = optimizer.update(jnp.asarray(gradient, jnp.float32), state, params)
        params = optax.apply_updates(params, updates)
        total = gradient + 2.5e-5 * weights
        first = 0.5 * first + 0.5 * total
        second = 0.999 * second + 0.001 * total**2
        mean, square = first / (1 - 0.5**count), second / (1 - 0.999**count)
        move = -2e-4 * mean / (np.sqrt(square) + 1e-8)
        np.testing.assert_allclose(updates, move, rtol=1e-3)
        weights = weights + move


def test_the_rate_is_constant_for_half_the_training_and_then_falls_to_a_hundredth():
    """train_mnist.sh: 200 epochs, and 200 of exponential decay."""
    optimizer = GAME.optimizers["g"]
    params = jnp.zeros(1)
    state, moves = optimizer.init(params), []
    for _ in range(STEPS + 1):
        updates, state = optimizer.update(jnp.ones(1), state, params)
        moves.append(-float(updates[0]))
    steps = np.arange(STEPS + 1)
    expected = 2e-4 * 0.01 ** np.maximum(0, (steps - STEPS / 2) / (STEPS / 2))
    np.testing.assert_allclose(moves, expected, rtol=1e-4)
