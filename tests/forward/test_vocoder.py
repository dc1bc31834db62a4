"""HiFi-GAN's forward pass and its losses, by hand: every network is a simple function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import forward, losses
from jaxgan.game.terms import scale
from jaxgan.spectrograms import NARROW, log_mel
from jaxgan.types import Outputs
from support.outputs import drawn

ROWS = 3
SOUND = jnp.arange(ROWS * 4, dtype=jnp.float32).reshape(ROWS, 4)


class Counted:
    """``answer(*arguments)``, and statistics that are the number of calls so far."""

    def __init__(self, answer, calls=0):
        self.answer, self.calls = answer, calls

    def __call__(self, *args):
        return self.answer(*args), self.calls + 1

    def after(self, calls):
        return Counted(self.answer, calls)


def judge(sound):
    """Two networks: one logit for each half of the samples, and one for each sample."""
    halves = sound.reshape(len(sound), 2, 2).sum(axis=2)
    return (halves, 3 * sound), ((sound + 1, halves), (3 * sound,))


def played():
    game = forward.vocoder(lambda sound: sound[:, None, ::2])
    generator = Counted(lambda spectrogram: jnp.repeat(spectrogram[:, 0], 2, axis=1) / 2)
    batch = {"sound": SOUND, "image": 0 * SOUND}
    return game, generator, game.run(generator, Counted(judge), batch, drawn(ROWS), {})


def test_a_sound_is_made_of_its_spectrogram_and_judged_beside_it():
    game, generator, outputs = played()
    fake = np.asarray(SOUND)[:, [0, 0, 2, 2]] / 2
    np.testing.assert_array_equal(outputs.real, SOUND)
    np.testing.assert_array_equal(outputs.fake, fake)
    for sound, logits, features in (
        (SOUND, outputs.real_logits, outputs.extras["real_features"]),
        (fake, outputs.fake_logits, outputs.extras["fake_features"]),
    ):
        expected = judge(jnp.asarray(sound))
        jax.tree.map(np.testing.assert_array_equal, (logits, features), expected)
    assert outputs.stats == {"g": 1, "d": 1}
    again = outputs.critic(outputs.fake)
    jax.tree.map(np.testing.assert_array_equal, again, outputs.fake_logits)
    latents = jnp.zeros((ROWS, 2))
    np.testing.assert_array_equal(game.sample(generator, latents, {"sound": SOUND}), fake)
    assert game.row_keys == ("sound",)


def test_squares_are_summed_over_the_networks():
    """The authors': means of each network, not halved."""
    _, _, outputs = played()
    loss = losses.least_squares().map(losses.each_domain).map(lambda term: scale(2.0, term))
    real, fake = ([np.asarray(one) for one in judge(x)[0]] for x in (SOUND, outputs.fake))
    wanted = sum(
        np.mean((one - 1) ** 2) + np.mean(other**2) for one, other in zip(real, fake, strict=True)
    )
    assert float(loss.discriminator(outputs).loss) == pytest.approx(wanted)
    wanted = sum(np.mean((one - 1) ** 2) for one in fake)
    assert float(loss.generator(outputs).loss) == pytest.approx(wanted)


def test_features_are_matched_layer_by_layer():
    """A mean of each layer, whatever its size, and their sum over layers and networks."""
    _, _, outputs = played()
    real, fake = (np.asarray(x) for x in (SOUND, outputs.fake))
    of_samples = np.abs(real - fake).mean()
    of_halves = np.abs((real - fake).reshape(ROWS, 2, 2).sum(axis=2)).mean()
    wanted = of_samples + of_halves + 3 * of_samples
    assert float(losses.feature_matching(outputs)) == pytest.approx(wanted)


def test_spectrograms_are_compared():
    random = np.random.default_rng(0)
    real, fake = (jnp.asarray(random.normal(size=(2, 512)), jnp.float32) for _ in range(2))
    outputs = Outputs(real, fake, (), (), critic=lambda x: x, stats={})
    wanted = np.abs(np.asarray(log_mel(real, NARROW)) - np.asarray(log_mel(fake, NARROW))).mean()
    assert float(losses.log_mel_distance(NARROW)(outputs)) == pytest.approx(wanted, rel=1e-5)
