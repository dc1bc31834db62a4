"""Spectra over time: the short-time Fourier transform, log-mel spectrograms, and the ways back.

Everything is differentiable and float32, but the filter bank, which NumPy computes. A spectrogram
is ``[..., frames, frequencies]``: time comes first, as in the sequences that networks see.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.errors import UserError
from jaxgan.types import Array, Key, ScalarLike

LEAST_POWER = 1e-9
"""Added to power under the root of a magnitude, whose slope at 0 would be infinite."""

LEAST_MAGNITUDE = 1e-5
"""What no magnitude falls below before its logarithm is taken."""

LEAST_WEIGHT = 1e-8
"""Sums of squared windows up to this are no part of a sound's frames."""


FULL = 32768.0
"""What 16 bits call 1."""


def of_int16(samples: Array) -> Array:
    """int16 samples as float32 in [-1, 1); floating samples pass unchanged."""
    if jnp.issubdtype(samples.dtype, jnp.floating):
        return samples
    return samples.astype(jnp.float32) / FULL


def to_int16(samples: np.ndarray) -> np.ndarray:
    """The inverse of ``of_int16``: rounds, clips what lies outside; not-a-number becomes 0."""
    levels = np.nan_to_num(np.asarray(samples, np.float32) * FULL)
    return np.clip(np.round(levels), -FULL, FULL - 1).astype(np.int16)


@dataclasses.dataclass(frozen=True)
class Frames:
    """How a sound is cut into frames.

    Attributes:
      size: samples of a frame, and of its Fourier transform.
      hop: samples from one frame to the next.
      window: samples of the periodic Hann window, in the middle of a frame.
      padding: samples of the sound's reflection that are put before it and after it.
    """

    size: int
    hop: int
    window: int
    padding: int

    def __post_init__(self) -> None:
        if not 0 < self.hop <= self.window <= self.size or self.padding < 0:
            raise UserError(
                f"Frames of {self.size} samples, a window of {self.window} and a hop of "
                f"{self.hop}: the window must fit into the frame, and the hop into the window."
            )

    @classmethod
    def aligned(cls, size: int, hop: int, window: int | None = None) -> "Frames":
        """Exactly ``samples / hop`` frames: padded by ``(size - hop) / 2`` (HiFi-GAN's code)."""
        return cls(size, hop, window or size, (size - hop) // 2)

    @classmethod
    def centered(cls, size: int, hop: int, window: int | None = None) -> "Frames":
        """Frames around samples 0, ``hop``, ...: padded by half a frame (librosa's ``center``)."""
        return cls(size, hop, window or size, size // 2)

    def count(self, samples: int) -> int:
        """Frames of a sound of so many samples.

        Raises:
          UserError: it is too short for its reflection, or for one frame.
        """
        if samples <= self.padding or samples + 2 * self.padding < self.size:
            raise UserError(
                f"Sounds of {samples} samples are too short for frames of {self.size}; give longer "
                "ones, or shorter frames."
            )
        return (samples + 2 * self.padding - self.size) // self.hop + 1

    def taper(self) -> np.ndarray:
        """The window, zeros around it, float64 ``[size]``."""
        window = np.hanning(self.window + 1)[:-1] if self.window > 1 else np.ones(1)
        before = (self.size - self.window) // 2
        return np.pad(window, (before, self.size - self.window - before))


SPECGAN = Frames.aligned(256, 128)
"""SpecGAN's: at 16 kHz 16 ms of sound every 8 ms, a frame for each 128 samples."""


def stft(sound: Array, frames: Frames) -> Array:
    """The short-time Fourier transform, ``[..., samples] -> [..., frames, size / 2 + 1]``.

    Frame ``m`` is ``sum_n w[n] x[n + m hop - padding] exp(-2 pi i k n / size)``, without a factor.

    Raises:
      UserError: the sound is too short.
    """
    count = frames.count(sound.shape[-1])
    pads = [(0, 0)] * (sound.ndim - 1) + [(frames.padding, frames.padding)]
    padded = jnp.pad(sound.astype(jnp.float32), pads, mode="reflect")
    tapered = _cut(padded, count, frames) * jnp.asarray(frames.taper(), jnp.float32)
    return jnp.fft.rfft(tapered)


def istft(spectrum: Array, frames: Frames, samples: int) -> Array:
    """The sound whose transform is nearest, ``[..., frames, size / 2 + 1] -> [..., samples]``.

    In the sense of least squares (Griffin & Lim 1984, equation 6). What lies outside all frames is
    0. What no window weighs, such as the first sample without a padding, is 0 as well.
    """
    window = frames.taper()
    pieces = jnp.fft.irfft(spectrum, frames.size) * jnp.asarray(window, jnp.float32)
    count = spectrum.shape[-2]
    weights = _added_up(np.broadcast_to(window**2, (count, frames.size)), frames, np)
    divided = _added_up(pieces, frames, jnp) / np.where(weights > LEAST_WEIGHT, weights, np.inf)
    sound = divided[..., frames.padding : frames.padding + samples]
    missing = samples - sound.shape[-1]
    return jnp.pad(sound, [(0, 0)] * (sound.ndim - 1) + [(0, missing)]).astype(jnp.float32)


def magnitude(spectrum: Array) -> Array:
    """``sqrt(|X|^2 + 1e-9)``, float32 (HiFi-GAN's code)."""
    power = jnp.square(spectrum.real) + jnp.square(spectrum.imag)
    return jnp.sqrt(power + LEAST_POWER)


def griffin_lim(
    magnitudes: Array,
    frames: Frames,
    samples: int,
    iterations: int = 32,
    momentum: ScalarLike = 0.0,
    key: Key | None = None,
) -> Array:
    """A sound with these magnitudes, ``[..., frames, size / 2 + 1] -> float32 [..., samples]``.

    Phases are those of the transform of the sound so far, again and again (Griffin & Lim 1984).

    Args:
      magnitudes: what the transform's should be.
      frames: of the transform.
      samples: of the sound.
      iterations: how often a sound is made and transformed, beside the last one that is made.
      momentum: how far each step goes on (Perraudin, Balazs & Søndergaard 2013, the fast
        algorithm's alpha; 0.99 is usual); 0 for none.
      key: of random first phases; without one they are 0.
    """
    first = magnitudes.astype(jnp.complex64)
    if key is not None:
        turns = jax.random.uniform(key, magnitudes.shape, maxval=2 * np.pi)
        first = magnitudes * jnp.exp(1j * turns)

    def turned(spectrum: Array) -> Array:
        size = jnp.abs(spectrum)
        # Where there is no phase it is 0.
        return jnp.where(size > 0, magnitudes * spectrum / jnp.where(size > 0, size, 1), magnitudes)

    def step(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        guess, before = carry
        consistent = stft(istft(guess, frames, samples), frames)
        return (turned(consistent + momentum * (consistent - before)), consistent), None

    (guess, _), _ = lax.scan(step, (first, first), None, iterations)
    return istft(guess, frames, samples)


@functools.cache
def mel_filters(rate: int, size: int, mels: int, low: float, high: float) -> np.ndarray:
    """Slaney's triangles of area 1 on the mel scale, float32 ``[size / 2 + 1, mels]``.

    Those of ``librosa.filters.mel`` with its defaults (``htk=False``, ``norm="slaney"``).

    Args:
      rate: samples of a second.
      size: of the Fourier transform.
      mels: triangles.
      low: where the first one begins, in Hz.
      high: where the last one ends, in Hz.

    Raises:
      UserError: there is no such range.
    """
    if not 0 <= low < high <= rate / 2:
        raise UserError(
            f"Mel filters from {low:g} to {high:g} Hz: a sound of {rate} samples a second has "
            f"frequencies from 0 to {rate / 2:g} Hz."
        )
    edges = _hertz(np.linspace(_mels(low), _mels(high), mels + 2))
    bins = np.linspace(0, rate / 2, size // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))).astype(np.float32)


LINEAR, CORNER, STEP = 200 / 3, 1000.0, np.log(6.4) / 27
"""Hz of a mel up to the corner, in Hz; above it a mel is this logarithmic step."""


def _mels(hertz: float) -> float:
    if hertz < CORNER:
        return hertz / LINEAR
    return CORNER / LINEAR + float(np.log(hertz / CORNER)) / STEP


def _hertz(mels: np.ndarray) -> np.ndarray:
    corner = CORNER / LINEAR
    above = CORNER * np.exp(STEP * (np.maximum(mels, corner) - corner))
    return np.where(mels < corner, mels * LINEAR, above)


@dataclasses.dataclass(frozen=True)
class LogMel:
    """The settings of a log-mel spectrogram, whose frames are ``Frames.aligned``.

    Attributes:
      rate: samples of a second.
      size: of a frame and its Fourier transform.
      hop: samples from one frame to the next.
      window: of the Hann window.
      mels: filters.
      low: where the first one begins, in Hz.
      high: where the last one ends, in Hz; None for half the rate.
    """

    rate: int
    size: int
    hop: int
    window: int
    mels: int
    low: float = 0.0
    high: float | None = None

    @property
    def frames(self) -> Frames:
        """How a sound is cut."""
        return Frames.aligned(self.size, self.hop, self.window)

    @property
    def filters(self) -> np.ndarray:
        """``mel_filters``, float32 ``[size / 2 + 1, mels]``."""
        high = self.rate / 2 if self.high is None else self.high
        return mel_filters(self.rate, self.size, self.mels, self.low, high)


HIFIGAN = LogMel(22_050, 1024, 256, 1024, 80, 0.0, 8000.0)
"""What HiFi-GAN's published vocoders see; their loss has the full band, ``high=None``."""

NARROW = LogMel(8000, 256, 64, 256, 40)
"""Telephone's rate: 32 ms of sound in a frame, every 8 ms, and filters up to 4 kHz."""


def settings_for(rate: int) -> LogMel:
    """Full-band settings for sounds of this rate: a preset's, or its times in such samples.

    A frame has 1024 samples, a hop 256 and there are 80 filters, from 12 000 samples a second on;
    below, a quarter of them and half as many filters.
    """
    like = HIFIGAN if rate >= 12_000 else NARROW
    return dataclasses.replace(like, rate=rate, high=None)


def log_mel(sound: Array, settings: LogMel) -> Array:
    """``log max(M |X|, 1e-5)``, float32 ``[..., samples] -> [..., frames, mels]``.

    As HiFi-GAN's code has it (meldataset.py): magnitudes, not powers, and the natural logarithm.

    Raises:
      UserError: the sound is too short.
    """
    magnitudes = magnitude(stft(sound, settings.frames))
    bands = jnp.matmul(magnitudes, settings.filters, precision=lax.Precision.HIGHEST)
    return jnp.log(jnp.maximum(bands, LEAST_MAGNITUDE))


def sound_of(
    logs: Array,
    settings: LogMel,
    samples: int,
    iterations: int = 32,
    momentum: ScalarLike = 0.99,
) -> Array:
    """A sound with this log-mel spectrogram, without a network, ``[..., samples]``.

    Magnitudes are the least squares solution of the filter bank, negative ones 0, and phases are
    Griffin and Lim's.
    """
    inverse = jnp.asarray(np.linalg.pinv(settings.filters.astype(np.float64)), jnp.float32)
    magnitudes = jnp.matmul(jnp.exp(logs), inverse, precision=lax.Precision.HIGHEST)
    magnitudes = jnp.maximum(magnitudes, 0.0)
    return griffin_lim(magnitudes, settings.frames, samples, iterations, momentum)


def _cut(sound: Array, count: int, frames: Frames) -> Array:
    """Overlapping frames, ``[..., samples] -> [..., count, size]``.

    Blocks of a hop side by side: unlike a gather, these have a gradient that is fast everywhere.
    """
    blocks = -(-frames.size // frames.hop)
    length = (count + blocks - 1) * frames.hop
    more = max(0, length - sound.shape[-1])
    sound = jnp.pad(sound, [(0, 0)] * (sound.ndim - 1) + [(0, more)])[..., :length]
    hops = sound.reshape(*sound.shape[:-1], -1, frames.hop)
    side = [hops[..., at : at + count, :] for at in range(blocks)]
    return jnp.concatenate(side, axis=-1)[..., : frames.size]


def _added_up(pieces, frames: Frames, xp):
    """The adjoint of ``_cut``: overlapping frames are added, ``[..., count, size] -> [..., n]``."""
    count, blocks = pieces.shape[-2], -(-frames.size // frames.hop)
    rest = [(0, 0)] * (pieces.ndim - 2)
    more = blocks * frames.hop - frames.size
    pieces = xp.pad(pieces, [*rest, (0, 0), (0, more)])
    hops = pieces.reshape(*pieces.shape[:-1], blocks, frames.hop)
    moved = [
        xp.pad(hops[..., at, :], [*rest, (at, blocks - 1 - at), (0, 0)]) for at in range(blocks)
    ]
    total = sum(moved[1:], moved[0])
    length = (count - 1) * frames.hop + frames.size
    return total.reshape(*total.shape[:-2], -1)[..., :length]
