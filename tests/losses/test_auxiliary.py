"""Losses of energies, classes, codes and pairs, against values worked by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses
from jaxgan.types import Mean
from support.outputs import after, alone, judged

pytestmark = pytest.mark.usefixtures("strict")


def test_the_energy_margin_stops_the_discriminator():
    outputs = judged([0.5, 1.5], [1.0, 5.0])
    # (0.5 + 1.5)/2 + (max(0, 3 - 1) + 0)/2
    assert float(losses.ebgan(3.0).discriminator(outputs)) == pytest.approx(2.0)
    assert float(losses.ebgan(1.0).generator(outputs)) == pytest.approx(3.0)
    slope = jax.grad(lambda fake: losses.ebgan(3.0).discriminator(judged([0.0], fake)))(
        jnp.array([1.0, 5.0])
    )
    np.testing.assert_allclose(slope, [-0.5, 0.0])


def test_began_weighs_the_fakes_by_k():
    outputs = judged([0.5, 1.5], [1.0, 5.0], adaptive={"k": jnp.float32(0.25)})
    assert float(losses.began.discriminator(outputs)) == pytest.approx(1 - 0.25 * 3)
    assert float(losses.began.generator(outputs)) == pytest.approx(3.0)
    # 1 + |0.7 - 3|
    assert float(alone(losses.began_convergence(0.7), outputs)) == pytest.approx(3.3)


def energies(real, fake, count=1.0):
    def mean(value):
        return Mean(jnp.float32(value * count), jnp.float32(count))

    return {"d/logits_real": mean(real), "g/adversarial": mean(fake)}


@pytest.mark.parametrize(
    "k, real, fake, expected",
    [
        # 0.5 + 0.1 (0.4 * 2 - 0.3)
        (0.5, 2.0, 0.3, 0.55),
        (0.5, 1.0, 0.9, 0.45),
        (0.0, 1.0, 9.0, 0.0),
        (1.0, 9.0, 0.0, 1.0),
    ],
)
@pytest.mark.parametrize("count", [1.0, 5.0])
def test_the_balance_controller_moves_k_and_clips_it(k, real, fake, expected, count):
    adapt = losses.began_balance(jnp.float32(0.4), jnp.float32(0.1))
    adaptive = adapt({"k": jnp.float32(k), "other": 1}, after(energies(real, fake, count)))
    assert float(adaptive["k"]) == pytest.approx(expected, abs=1e-6)
    assert adaptive["other"] == 1


def test_a_step_without_a_measurement_leaves_k():
    """One of the players did not move."""
    nothing, both = energies(1.0, 1.0, count=0.0), energies(1.0, 1.0)
    for name in both:
        logs = {**both, name: nothing[name]}
        adaptive = losses.began_balance(0.4, 0.1)({"k": jnp.float32(0.3)}, after(logs))
        assert float(adaptive["k"]) == pytest.approx(0.3)


def test_began_is_in_balance_where_the_ratio_of_energies_is_gamma():
    """Iterated, k stops moving only when ``E e(G(z)) = gamma E e(x)``."""
    adapt, adaptive = losses.began_balance(0.5, 0.1), {"k": jnp.float32(0.2)}
    assert float(adapt(adaptive, after(energies(2.0, 1.0)))["k"]) == pytest.approx(0.2)


# softmax(log 1, log 3) = (1/4, 3/4)
CLASSES = {
    "real_classes": jnp.log(jnp.array([[1.0, 3.0], [1.0, 1.0]])),
    "real_labels": jnp.array([1, 0], jnp.int32),
    "fake_classes": jnp.log(jnp.array([[1.0, 3.0], [3.0, 1.0]])),
    "fake_labels": jnp.array([0, 0], jnp.int32),
}


def test_auxiliary_losses_are_cross_entropies():
    outputs = judged([0.0, 0.0], [0.0, 0.0], extras=CLASSES)
    fake = -(math.log(1 / 4) + math.log(3 / 4)) / 2
    real = -(math.log(3 / 4) + math.log(1 / 2)) / 2
    assert float(losses.auxiliary_classifier.generator(outputs)) == pytest.approx(fake, rel=1e-6)
    assert float(losses.auxiliary_classifier.discriminator(outputs)) == pytest.approx(
        real + fake, rel=1e-6
    )


def test_categorical_information_is_the_codes_log_likelihood():
    extras = {
        "codes": {"digit": jnp.array([[0.0, 1.0], [1.0, 0.0]])},
        "fake_codes": {"digit": jnp.log(jnp.array([[1.0, 3.0], [1.0, 1.0]]))},
    }
    got = losses.categorical_information("digit")(judged([0.0], [0.0], extras=extras))
    assert float(got) == pytest.approx(-(math.log(3 / 4) + math.log(1 / 2)) / 2, rel=1e-6)


def test_gaussian_information_is_the_codes_log_likelihood():
    code = jnp.array([[0.5, -1.0], [0.0, 2.0]])
    mean = jnp.array([[0.5, 0.0], [1.0, 2.0]])
    log_deviation = jnp.log(jnp.array([[1.0, 2.0], [0.5, 1.0]]))
    extras = {"codes": {"angle": code}, "fake_codes": {"angle": (mean, log_deviation)}}
    got = losses.gaussian_information("angle")(judged([0.0], [0.0], extras=extras))
    # Errors in deviations: 0, -1/2, -2, 0.
    logs = 0.5 * (0.25 + 4) + math.log(2) + math.log(0.5) + 4 * 0.5 * math.log(2 * math.pi)
    assert float(got) == pytest.approx(logs / 2, rel=1e-6)


def test_information_is_never_more_than_the_codes_entropy():
    """``H(c) + E log Q <= I <= H(c)``: an ideal Q leaves a loss of zero, a blind one ``log K``."""
    codes = jnp.eye(4, dtype=jnp.float32)

    def loss(logits):
        extras = {"codes": {"c": codes}, "fake_codes": {"c": logits}}
        return float(losses.categorical_information("c")(judged([0.0], [0.0], extras=extras)))

    assert loss(100.0 * codes) == pytest.approx(0, abs=1e-6)
    assert loss(jnp.zeros((4, 4))) == pytest.approx(math.log(4))


def test_the_joint_generator_exchanges_the_labels():
    outputs = judged([math.log(3), 0.0], [-math.log(3), 0.0])
    # D(x, E(x)) = 3/4, 1/2 and D(G(z), z) = 1/4, 1/2.
    assert float(losses.bidirectional.generator(outputs)) == pytest.approx(math.log(8), rel=1e-6)
    assert float(losses.veegan.generator(outputs)) == pytest.approx(math.log(3), rel=1e-6)


def test_latents_are_to_be_read_back():
    extras = {
        "latents": jnp.array([[1.0, 2.0], [0.0, 0.0]]),
        "reconstructed": jnp.array([[1.0, 0.0], [3.0, 0.0]]),
    }
    outputs = judged([0.0], [0.0], extras=extras)
    assert float(losses.latent_reconstruction(outputs)) == pytest.approx((4 + 9) / 2)
