"""Games whose orbits are known: the Dirac-GAN and the bilinear game.

The Dirac-GAN (Mescheder, Geiger & Nowozin 2018, section 2) has one real sample at 0, a
generator that always answers ``theta`` and the critic ``psi * x``.
"""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, penalties
from jaxgan.game.gan import ALTERNATING, SIMULTANEOUS, Phase
from jaxgan.game.terms import scale
from jaxgan.training import repeat
from support import games

WASSERSTEIN = (losses.wasserstein.generator, losses.wasserstein.discriminator)
MINIMAX = (losses.minimax.generator, losses.minimax.discriminator)
NONSATURATING = (losses.nonsaturating.generator, losses.nonsaturating.discriminator)


class Point(nn.Module):
    """A generator whose every sample is its parameter."""

    start: tuple[float, ...]

    @nn.compact
    def __call__(self, latent, *, train):
        theta = self.param("theta", lambda key: jnp.array(self.start))
        return jnp.broadcast_to(theta, (latent.shape[0], len(self.start)))


class Plane(nn.Module):
    """The critic ``psi . A x`` with ``A = diag(scales)``."""

    start: tuple[float, ...]
    scales: tuple[float, ...]

    @nn.compact
    def __call__(self, x, *, train):
        psi = self.param("psi", lambda key: jnp.array(self.start))
        return x @ (psi * jnp.array(self.scales))


def game(loss, updates, theta, psi, scales=(1.0,)):
    """The game as a function of its hyperparameters: the learning rate and the weight of R1."""

    def build(hyperparameters):
        optimizer = optax.sgd(hyperparameters["lr"])
        return games.gan(
            prior=forward.normal(1),
            generator=Point(theta),
            discriminator=Plane(psi, scales),
            terms={
                "g": {"adversarial": loss[0]},
                "d": {"adversarial": loss[1], "r1": scale(hyperparameters["r1"], penalties.r1)},
            },
            optimizers={"g": optimizer, "d": optimizer},
            updates=updates,
        )

    return build


def hyperparameters(lr, r1=0.0):
    return {"lr": np.float32(lr), "r1": np.float32(r1)}


def position(state):
    theta = np.array(state.players["g"].params["theta"], np.float64)
    return np.stack([theta, np.array(state.players["d"].params["psi"], np.float64)])


def orbit(build, steps, lr, r1=0.0, real=0.0, runner=None):
    """Positions ``[steps + 1, (theta, psi), dimensions]``."""
    runner = games.Runner(build) if runner is None else runner
    game = build(hyperparameters(lr, r1))
    dimensions = len(game.generator.start)
    state = games.born(game, shape=(dimensions,))
    seen = [position(state)]
    chunk = {"image": np.full((1, 1, 2, dimensions), real, np.float32)}
    for _ in range(steps):
        state, _ = runner(state, chunk, hyperparameters=hyperparameters(lr, r1))
        seen.append(position(state))
    return np.stack(seen)


def growth(path):
    squares = np.sum(path**2, axis=1)
    return squares[1:] / squares[:-1]


def test_simultaneous_wasserstein_dirac_spirals_out_by_one_plus_eta_squared():
    path = orbit(game(WASSERSTEIN, SIMULTANEOUS, (1.0,), (0.5,)), 100, lr=0.2)
    np.testing.assert_allclose(growth(path), 1 + 0.2**2, rtol=1e-6)


def test_each_mode_of_the_bilinear_game_grows_by_its_own_singular_value():
    """``min_theta max_psi psi . A (c - theta)``, around its equilibrium (c, 0)."""
    start = {"theta": (1.5, 1.5), "psi": (0.25, 0.5)}
    build = game(WASSERSTEIN, SIMULTANEOUS, **start, scales=(2.0, 0.5))
    path = orbit(build, 60, lr=0.25, real=1.0) - np.array([[1.0, 1.0], [0.0, 0.0]])
    expected = np.broadcast_to([1 + (0.25 * 2) ** 2, 1 + (0.25 * 0.5) ** 2], (60, 2))
    np.testing.assert_allclose(growth(path), expected, rtol=2e-6)


def test_the_simultaneous_logistic_dirac_gan_grows_as_predicted():
    """The factor is ``1 + eta^2 f'(theta psi)^2``; here ``f'`` is the logistic function."""
    path = orbit(game(MINIMAX, SIMULTANEOUS, (1.0,), (1.0,)), 150, lr=0.5)[..., 0]
    slope = 1 / (1 + np.exp(-path[:-1, 0] * path[:-1, 1]))
    np.testing.assert_allclose(growth(path), 1 + (0.5 * slope) ** 2, rtol=1e-6)
    near = orbit(game(MINIMAX, SIMULTANEOUS, (1e-3,), (1e-3,)), 3, lr=0.5)
    np.testing.assert_allclose(growth(near), 1 + 0.5**2 / 4, rtol=1e-5)


@pytest.fixture(scope="module")
def alternating():
    build = game(WASSERSTEIN, ALTERNATING, (1.0,), (0.5,))
    return build, games.Runner(build, how=repeat.looped)


def after(alternating, steps, lr):
    build, runner = alternating
    chunk = {"image": np.zeros((4000, 1, 2, 1), np.float32)}
    state = games.born(build(hyperparameters(lr)), shape=(1,))
    state, _ = runner(state, chunk, count=steps, hyperparameters=hyperparameters(lr))
    return position(state)[:, 0]


@pytest.mark.parametrize("lr", [0.1, 1.0, 1.9])
def test_alternating_stays_on_an_ellipse_below_eta_two(alternating, lr):
    """It conserves ``theta^2 + psi^2 - eta theta psi``, an ellipse as long as eta < 2."""
    for steps in (1, 7, 4000):
        theta, psi = after(alternating, steps, lr)
        assert theta**2 + psi**2 - lr * theta * psi == pytest.approx(1.25 - lr / 2, rel=2e-3)


def test_alternating_follows_its_linear_map_and_leaves_beyond_eta_two(alternating):
    for lr in (1.9, 2.1):
        # psi' = psi - eta theta, then theta' = theta + eta psi'.
        step = np.array([[1 - lr**2, lr], [-lr, 1.0]])
        expected = np.linalg.matrix_power(step, 40) @ [1.0, 0.5]
        np.testing.assert_allclose(after(alternating, 40, lr), expected, rtol=1e-3)
    assert np.linalg.norm(after(alternating, 40, 2.1)) > 1e8


def test_generator_first_is_the_other_alternation():
    updates = (Phase("g"), Phase("d", real="same", latents="same"))
    path = orbit(game(WASSERSTEIN, updates, (1.0,), (0.5,)), 20, lr=0.7)[..., 0]
    # theta' = theta + eta psi, then psi' = psi - eta theta'.
    step = np.array([[1.0, 0.7], [-0.7, 1 - 0.7**2]])
    np.testing.assert_allclose(path[1:], path[:-1] @ step.T, rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def regularized():
    build = game(NONSATURATING, SIMULTANEOUS, (1e-3,), (2e-3,))
    return build, games.Runner(build)


def jacobian(lr, r1):
    """Of one simultaneous step at the equilibrium (Mescheder et al. 2018, lemma 4.1's game)."""
    return np.array([[1.0, lr / 2], [-lr / 2, 1 - lr * r1]])


@pytest.mark.parametrize("r1", [0.3, 1.0, 3.0])
def test_r1_contracts_the_dirac_gan_at_the_predicted_rate(regularized, r1):
    """Complex, double and real eigenvalues of the update's Jacobian."""
    build, runner = regularized
    path = orbit(build, 120, 0.2, r1, runner=runner)[..., 0]
    step = jacobian(0.2, r1)
    expected = [np.linalg.matrix_power(step, t) @ path[0] for t in range(121)]
    np.testing.assert_allclose(path, expected, atol=2e-3 * np.abs(path[0]).max())
    radius = np.abs(np.linalg.eigvals(step)).max()
    assert radius < 1
    if r1 == 0.3:  # a spiral: its norm oscillates around radius ** t
        assert radius**2 == pytest.approx(1 - 0.2 * 0.3 + 0.2**2 / 4)
    if r1 == 3.0:  # real eigenvalues: the slow one is the rate in the end
        tail = np.linalg.norm(path[100:], axis=1)
        np.testing.assert_allclose(tail[1:] / tail[:-1], radius, rtol=1e-4)


def test_without_r1_the_dirac_gan_leaves_its_equilibrium(regularized):
    build, runner = regularized
    path = orbit(build, 120, 0.2, runner=runner)[..., 0]
    radius = np.abs(np.linalg.eigvals(jacobian(0.2, 0.0))).max()
    rate = np.linalg.norm(path[-1]) / np.linalg.norm(path[0])
    assert rate == pytest.approx(radius**120, rel=2e-2)
    assert radius > 1


def test_r1_brings_the_dirac_gan_home_from_afar():
    """The basin is wide: the nonlinear game converges too."""
    path = orbit(game(NONSATURATING, SIMULTANEOUS, (1.0,), (1.0,)), 400, lr=0.3, r1=0.5)
    assert np.linalg.norm(path[0]) > 1
    assert np.linalg.norm(path[-1]) < 1e-4
