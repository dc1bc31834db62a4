"""SpecGAN's forward pass: spectra by NumPy, networks by hand, and sounds that come back."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import forward
from jaxgan.forward.spectral import log_magnitudes
from support.outputs import drawn

ROWS, SAMPLES = 3, 1024

RATE = 16_000


def tones():
    """A tone a row, each louder than the one before."""
    time = np.arange(SAMPLES) / RATE
    pitch, loudness = np.array([[500.0], [1000.0], [3000.0]]), np.array([[0.1], [0.3], [0.9]])
    return jnp.asarray(loudness * np.sin(2 * np.pi * pitch * time), jnp.float32)


def test_log_magnitudes_are_numpys():
    """Frames of 256 samples every 128, of the sound with 64 reflected samples at either end."""
    sound = np.asarray(tones(), np.float64)
    wide = np.pad(sound, ((0, 0), (64, 64)), mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    frames = [wide[:, at : at + 256] * window for at in range(0, SAMPLES, 128)]
    wanted = np.log(np.abs(np.fft.rfft(np.stack(frames, axis=1))) + 1e-6)
    got = log_magnitudes(tones())
    assert got.shape == (ROWS, 8, 129)
    loud = wanted > -6  # below it float32 rounds
    assert loud.mean() > 0.2
    np.testing.assert_allclose(np.asarray(got)[loud], wanted[loud], atol=1e-2)


class Counted:
    """``answer(*arguments)``, and statistics that are the number of calls so far."""

    def __init__(self, answer, calls=0):
        self.answer, self.calls = answer, calls

    def __call__(self, *args):
        return self.answer(*args), self.calls + 1

    def after(self, calls):
        return Counted(self.answer, calls)


def test_spectrograms_are_judged():
    game = forward.spectrograms(forward.uniform(2))

    def generator(latents, real):
        return latents[:, 0, None, None, None] * jnp.ones((1, 8, 128, 1)), real[..., :128, None]

    critic = Counted(lambda image: image.sum(axis=(1, 2, 3)))
    outputs = game.run(Counted(generator), critic, {"image": tones()}, drawn(ROWS), {})
    np.testing.assert_array_equal(outputs.real[..., 0], log_magnitudes(tones())[..., :128])
    latents = outputs.extras["latents"]
    assert latents.shape == (ROWS, 2)
    np.testing.assert_allclose(outputs.fake[:, 3, 5, 0], latents[:, 0])
    np.testing.assert_allclose(outputs.real_logits, outputs.real.sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(outputs.critic(outputs.fake), outputs.fake_logits)
    assert outputs.stats == {"g": 1, "d": 2}


def test_samples_are_sounds_of_the_generated_magnitudes():
    """Of a generator that knows the tones: pitch and loudness come back, the phase need not."""
    game, logs = forward.spectrograms(forward.uniform(2)), log_magnitudes(tones())
    made = jax.jit(lambda: game.sample(Counted(lambda latents: logs), jnp.zeros((ROWS, 2)), {}))()
    assert made.shape == (ROWS, SAMPLES)
    spectra = [np.abs(np.fft.rfft(np.asarray(sound))) for sound in (made, tones())]
    assert (spectra[0].argmax(axis=1) == spectra[1].argmax(axis=1)).all()
    power = [np.mean(np.square(sound), axis=1) for sound in (made, tones())]
    np.testing.assert_allclose(*power, rtol=0.2)
