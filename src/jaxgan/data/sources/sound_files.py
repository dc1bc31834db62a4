"""Files of sound, as samples."""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from jaxgan.data.sources.decode import UnreadableError
from jaxgan.errors import UserError
from jaxgan.spectrograms import to_int16

SUFFIXES = (".wav", ".ogg", ".flac", ".oga", ".aif", ".aiff")
"""Files that are taken for sound in a folder."""

LONGEST = 2**31
"""Samples of a file at most; a header may claim any number."""


def read_sound(file: Path | BinaryIO, rate: int | None = None) -> tuple[np.ndarray, int]:
    """The samples of a file, int16 ``[n]``, and their rate.

    Several channels become their mean. Resampling is by a polyphase filter.

    Args:
      file: the file, or what it is read from.
      rate: samples a second to resample to; None keeps those of the file.

    Raises:
      UnreadableError: it is no such file, damaged, or holds no sound.
    """
    import soundfile
    from scipy.signal import resample_poly

    try:
        with soundfile.SoundFile(file) as sound:
            if not 0 < sound.frames < LONGEST:
                raise UnreadableError(f"it holds {sound.frames} samples")
            samples, found = sound.read(dtype="float64", always_2d=True).mean(1), sound.samplerate
    except soundfile.LibsndfileError as error:
        raise UnreadableError(error.error_string.rstrip(".")) from error
    except (OSError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise UnreadableError(str(error).splitlines()[0] if str(error) else "damaged") from error
    if not len(samples):
        raise UnreadableError("it holds no samples")
    if not np.isfinite(samples).all():
        raise UnreadableError("it holds NaN or infinity")
    if rate is not None and rate != found:
        common = np.gcd(rate, found)
        samples = resample_poly(samples, rate // common, found // common)
    return to_int16(samples), rate or found


def rate_of(file: Path) -> int:
    """Samples a second of a file.

    Raises:
      UserError: it is unreadable.
    """
    import soundfile

    try:
        return soundfile.info(file).samplerate
    except (soundfile.LibsndfileError, OSError, TypeError, ValueError, RuntimeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise UserError(f"{file} cannot be read ({reason}). Repair or remove it.") from error
