"""Spectra of sound, against SciPy, librosa's filters, and loops in NumPy."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from jaxgan import spectrograms
from jaxgan.errors import UserError
from jaxgan.spectrograms import HIFIGAN, NARROW, Frames, LogMel

SAMPLES = 500
SOUND = np.random.default_rng(0).normal(size=(2, SAMPLES)).astype(np.float32)

FRAMES = [
    Frames.aligned(64, 16),
    Frames.aligned(60, 25, 40),
    Frames.centered(64, 20),
    Frames(32, 16, 32, 0),
]
"""Hops that divide a frame and some that do not, windows that fill it and one that does not."""


def reflected(sound, frames):
    return np.pad(sound, ((0, 0), (frames.padding, frames.padding)), mode="reflect")


def by_scipy(sound, frames):
    """SciPy's transform, which divides by the sum of the window."""
    taper = frames.taper()
    options = dict(boundary=None, padded=False, detrend=False, return_onesided=True)
    overlap = frames.size - frames.hop
    padded = reflected(sound.astype(np.float64), frames)
    _, _, found = signal.stft(padded, 1.0, taper, frames.size, overlap, **options)
    return np.swapaxes(found, 1, 2) * taper.sum()


@pytest.mark.parametrize("frames", FRAMES)
def test_the_transform_is_scipys(frames):
    found = np.asarray(jax.jit(partial(spectrograms.stft, frames=frames))(SOUND))
    wanted = by_scipy(SOUND, frames)
    np.testing.assert_allclose(found, wanted, atol=2e-5)


@pytest.mark.parametrize("frames", FRAMES)
def test_the_inverse_of_a_transform_is_its_sound(frames):
    @jax.jit
    def back(sound):
        return spectrograms.istft(spectrograms.stft(sound, frames), frames, SAMPLES)

    found = np.asarray(back(SOUND))
    # What the frames cover, and not with the end of a window.
    last = (frames.count(SAMPLES) - 1) * frames.hop + frames.size - frames.padding
    within = slice(1, min(last - (frames.size - frames.window + 2) // 2 - 4, SAMPLES))
    np.testing.assert_allclose(found[:, within], SOUND[:, within], atol=2e-4)
    assert within.stop > SAMPLES - 2 * frames.size


def inverse_in_numpy(spectrum, frames, samples):
    """Least squares, one frame after the other, in float64."""
    window, count = frames.taper(), spectrum.shape[1]
    length = (count - 1) * frames.hop + frames.size
    total, weight = np.zeros((len(spectrum), length)), np.zeros(length)
    for number in range(count):
        place = slice(number * frames.hop, number * frames.hop + frames.size)
        total[:, place] += window * np.fft.irfft(spectrum[:, number], frames.size)
        weight[place] += window**2
    sound = np.where(weight > 1e-8, total / np.maximum(weight, 1e-8), 0)
    sound = sound[:, frames.padding : frames.padding + samples]
    return np.pad(sound, ((0, 0), (0, samples - sound.shape[1])))


def forward_in_numpy(sound, frames):
    padded, window = reflected(sound, frames), frames.taper()
    starts = range(0, padded.shape[1] - frames.size + 1, frames.hop)
    return np.stack([np.fft.rfft(window * padded[:, at : at + frames.size]) for at in starts], 1)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_griffin_and_lim_in_numpy(momentum):
    """The inverse of what is no transform of any sound, too: the first step sees such."""
    frames = Frames.aligned(60, 25, 40)
    magnitudes = np.abs(forward_in_numpy(SOUND, frames))
    guess = before = magnitudes.astype(complex)
    for _ in range(4):
        consistent = forward_in_numpy(inverse_in_numpy(guess, frames, SAMPLES), frames)
        moved = consistent + momentum * (consistent - before)
        guess, before = magnitudes * np.exp(1j * np.angle(moved)), consistent
    wanted = inverse_in_numpy(guess, frames, SAMPLES)
    found = jax.jit(lambda given: spectrograms.griffin_lim(given, frames, SAMPLES, 4, momentum))(
        jnp.asarray(magnitudes, jnp.float32)
    )
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_a_sound_comes_back_from_its_magnitudes():
    """More iterations bring the magnitudes nearer, and random phases are others."""
    frames = Frames.aligned(64, 16)
    magnitudes = spectrograms.magnitude(spectrograms.stft(jnp.asarray(SOUND), frames))

    @partial(jax.jit, static_argnums=0)
    def error(iterations, key=None):
        sound = spectrograms.griffin_lim(magnitudes, frames, SAMPLES, iterations, 0.99, key)
        again = spectrograms.magnitude(spectrograms.stft(sound, frames))
        return jnp.linalg.norm(again - magnitudes) / jnp.linalg.norm(magnitudes)

    first, later = error(0), error(60)
    assert float(later) < 0.25 < float(first)
    assert float(error(60, jax.random.key(0))) != pytest.approx(float(later), rel=1e-3)


BANKS = np.load(Path(__file__).parent / "mel_filters.npz")
"""librosa's, of ``spectrograms_golden.py``."""


@pytest.mark.parametrize(
    "name, settings, every",
    [
        ("telephone", NARROW, 1),
        ("hifigan", HIFIGAN, 4),
        ("band", LogMel(16_000, 512, 128, 512, 20, 40.0, 7800.0), 1),
    ],
)
def test_mel_filters_are_librosas(name, settings, every):
    np.testing.assert_allclose(settings.filters[::every], BANKS[name], atol=1e-8)


def test_the_log_of_silence_and_of_a_tone():
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(1024) / 8000)
    sounds = jnp.asarray(np.stack([np.zeros(1024), tone]), jnp.float32)
    silent, loud = np.asarray(spectrograms.log_mel(sounds, NARROW))
    assert silent.shape == (1024 // 64, 40)
    # Magnitudes of silence are sqrt(1e-9), of which every filter of area 1 / (width) takes a share.
    share = NARROW.filters.sum(axis=0)
    np.testing.assert_allclose(
        silent, np.log(np.maximum(np.sqrt(1e-9) * share, 1e-5))[None].repeat(16, 0), rtol=1e-5
    )
    # 1000 Hz is bin 32, where half the sum of a Hann window is 64: 0.5 * 64 = 32.
    power = np.zeros(129)
    power[31:34] = np.square([16.0, 32.0, 16.0])
    wanted = np.log(np.maximum(np.sqrt(power + 1e-9) @ NARROW.filters, 1e-5))
    heard = wanted > -3
    assert heard.sum() >= 2
    np.testing.assert_allclose(loud[8][heard], wanted[heard], rtol=1e-3, atol=1e-3)


def test_its_gradient_is_finite_in_silence():
    silence = jnp.zeros((1, 512))
    slope = jax.jit(jax.grad(lambda x: spectrograms.log_mel(x, NARROW).sum()))(silence)
    assert np.isfinite(slope).all()
    sound = jnp.asarray(0.3 * SOUND[:1, :512].repeat(1, 0))
    direction = jnp.asarray(SOUND[1:2, : sound.shape[1]])

    @jax.jit
    def along(step):
        return spectrograms.log_mel(sound + step * direction, NARROW).mean()

    step = 1e-2
    difference = (along(step) - along(-step)) / (2 * step)
    assert float(jax.grad(along)(0.0)) == pytest.approx(float(difference), rel=2e-2)


def test_a_sound_of_a_log_mel_has_that_log_mel():
    time = np.arange(2048) / 8000
    chord = sum(0.1 * np.sin(2 * np.pi * pitch * time) for pitch in (220, 440, 1250))
    logs = spectrograms.log_mel(jnp.asarray(chord[None], jnp.float32), NARROW)
    made = jax.jit(lambda logs: spectrograms.sound_of(logs, NARROW, 2048))(logs)
    again = spectrograms.log_mel(made, NARROW)
    assert float(jnp.abs(jnp.exp(again) - jnp.exp(logs)).mean() / jnp.exp(logs).mean()) < 0.2


def test_settings_of_other_rates_keep_the_presets():
    assert spectrograms.settings_for(8000) == NARROW
    full = spectrograms.settings_for(22_050)
    assert (full.size, full.hop, full.mels, full.high) == (1024, 256, 80, None)
    assert spectrograms.settings_for(16_000).size == 1024


@pytest.mark.parametrize(
    "fault, message",
    [
        (lambda: Frames(64, 80, 64, 0), "the hop into the window"),
        (lambda: Frames.aligned(64, 16).count(20), "Sounds of 20 samples are too short"),
        (lambda: LogMel(8000, 256, 64, 256, 40, 0.0, 5000.0).filters, "from 0 to 4000 Hz"),
    ],
)
def test_settings_at_fault_are_refused(fault, message):
    with pytest.raises(UserError, match=message):
        fault()
