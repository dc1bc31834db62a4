"""Sounds: the modality, folders of recordings, and how they are written and shown."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
import soundfile

from jaxgan.data.open import absolute, open_source
from jaxgan.data.sounds import sounds
from jaxgan.data.sources.decode import UnreadableError
from jaxgan.data.sources.sound_files import read_sound
from jaxgan.errors import NoSplitError, UserError
from jaxgan.spectrograms import of_int16, to_int16
from jaxgan.viz.sound import in_turn, spectrograms, wav_bytes

RATE = 8000


def tone(hertz, samples, rate=RATE, height=0.5):
    return height * np.sin(2 * np.pi * hertz * np.arange(samples) / rate)


@pytest.fixture
def folder(tmp_path):
    """Two classes in two splits: 1000 Hz of 2.5 sounds, 500 Hz of half a sound."""
    root = tmp_path / "recordings"
    for split in ("train", "test"):
        for name, hertz, samples in (("high", 1000, 2560), ("low", 500, 512)):
            path = root / split / name / "a.wav"
            path.parent.mkdir(parents=True)
            soundfile.write(path, to_int16(tone(hertz, samples)), RATE, subtype="PCM_16")
    return root


def test_samples_survive_the_way_through_floats():
    levels = np.array([-32768, -1, 0, 1, 32767], np.int16)
    floats = np.asarray(of_int16(jnp.asarray(levels)))
    assert floats.dtype == np.float32
    assert floats.min() == -1
    np.testing.assert_array_equal(to_int16(floats), levels)
    odd = np.array([2.0, -2.0, np.nan, np.inf, -np.inf, 0.4 / 32768], np.float32)
    np.testing.assert_array_equal(to_int16(odd), [32767, -32768, 0, 32767, -32768, 0])


def test_one_modality_for_each_rate():
    assert sounds(8000) is sounds(8000)
    assert sounds(8000) != sounds(16_000)
    assert (sounds(8000).name, sounds(8000).rate) == ("sounds", 8000)
    batch = {"sound": jnp.zeros((2, 4), jnp.int16)}
    seen = sounds(8000).seen(batch, None, (-1.0, 1.0), False)
    assert seen["image"].dtype == jnp.float32
    with pytest.raises(UserError, match="--flip: sounds"):
        sounds(8000).prepare(batch, None, (-1.0, 1.0), True)


def test_recordings_are_cut_and_padded(folder):
    source = open_source(f"sounds:1024:{folder}")
    assert (source.size, source.shape, source.dtype) == (3, (1024,), np.int16)
    assert (source.classes, source.class_names) == (2, ("high", "low"))
    assert source.modality is sounds(RATE)
    rows = source.read(np.array([1, 2]))
    np.testing.assert_array_equal(rows["label"], [0, 1])
    np.testing.assert_array_equal(rows["sound"][0], to_int16(tone(1000, 2560)[1024:2048]))
    np.testing.assert_array_equal(rows["sound"][1, :512], to_int16(tone(500, 512)))
    assert not rows["sound"][1, 512:].any()
    assert open_source(f"sounds:512:{folder}").size == 6
    parts = open_source(f"sounds:1024:{folder}", "train[:2]+test[-1:]")
    np.testing.assert_array_equal(parts.arrays()["label"], [0, 0, 1, 1])
    assert parts.fingerprint != source.fingerprint


def test_the_rate_is_that_of_the_files_or_the_one_asked_for(folder):
    twice = open_source(f"sounds:2048@16000:{folder}")
    assert twice.modality.rate == 16_000
    found, expected = twice.read(np.array([0]))["sound"][0], tone(1000, 2048, 16_000)
    inner = slice(100, -100)  # the filter's ends
    np.testing.assert_allclose(found[inner] / 32768, expected[inner], atol=0.01)
    other = folder / "train" / "low" / "b.flac"
    soundfile.write(other, tone(500, 512, 11_025), 11_025)
    with pytest.raises(UserError, match=r"from 8000 to 11025 .* sounds:16384@8000:"):
        open_source(f"sounds:{folder}")
    assert open_source(f"sounds:512@8000:{folder}").size == 7


def test_recordings_beside_classes_are_refused(folder):
    soundfile.write(folder / "train" / "loose.wav", np.zeros(64), RATE)
    with pytest.raises(UserError, match=r"class subfolders, but loose\.wav lies beside them"):
        open_source(f"sounds:64:{folder}")


def test_channels_become_their_mean(tmp_path):
    both = np.stack([tone(500, 64), -tone(500, 64)], axis=1)
    soundfile.write(tmp_path / "two.wav", both, RATE, subtype="PCM_16")
    samples, rate = read_sound(tmp_path / "two.wav")
    assert rate == RATE
    assert np.abs(samples).max() <= 1


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "."),
        (b"RIFF", "."),
        (b"no sound at all" * 9, "."),
        (wav_bytes(np.zeros(0, np.int16), RATE), "it holds 0 samples"),
    ],
)
def test_damaged_and_empty_files_are_named(folder, content, reason):
    bad = folder / "train" / "low" / "bad.wav"
    bad.write_bytes(content)
    with pytest.raises(UnreadableError, match=reason):
        read_sound(bad)
    with pytest.raises(UserError, match=r"bad\.wav cannot be read .*Repair or remove it") as error:
        open_source(f"sounds:64@8000:{folder}")
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=r"bad\.wav"):
        open_source(f"sounds:64:{folder}")


def test_not_a_number_is_refused(folder):
    samples = np.array([0.0, np.nan, 1.0])
    soundfile.write(folder / "train" / "low" / "nan.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(UserError, match=r"nan\.wav cannot be read \(it holds NaN"):
        open_source(f"sounds:64:{folder}")


@pytest.mark.parametrize(
    "words, fault",
    [
        ("sounds:", "names no folder"),
        ("sounds:nowhere", "no folder nowhere"),
        ("sounds:1:{}", "2 samples or more"),
        ("sounds:64@5:{}", "1,000 to 192,000"),
        ("sounds:{}/train/high/empty", "no recordings"),
    ],
)
def test_wrong_words_are_refused(folder, words, fault):
    (folder / "train" / "high" / "empty").mkdir()
    with pytest.raises(UserError, match=fault):
        open_source(words.format(folder))
    with pytest.raises(UserError, match="leave out --resolution"):
        open_source(f"sounds:64:{folder}", resolution=32)
    with pytest.raises(NoSplitError, match="no split dev"):
        open_source(f"sounds:64:{folder}", "dev")


def test_what_is_not_read_is_told(tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(UserError, match=r"ffmpeg -i song\.mp3 song\.wav"):
        open_source(f"sounds:{tmp_path}")


def test_names_hold_from_anywhere(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert absolute("sounds:64@8000:recordings") == f"sounds:64@8000:{folder.resolve()}"
    assert absolute("sounds:recordings") == f"sounds:{folder.resolve()}"
    assert absolute("syllables:4096") == "syllables:4096"


def test_wav_files_hold_the_samples(tmp_path):
    rng = np.random.default_rng(0)
    some = rng.integers(-(2**15), 2**15, (3, 100)).astype(np.int16)
    modality = sounds(4000)
    modality.write(tmp_path / "one.wav", some[0])
    modality.sheets[".wav"](tmp_path / "all.wav", some)
    one, rate = soundfile.read(tmp_path / "one.wav", dtype="int16")
    assert rate == 4000
    np.testing.assert_array_equal(one, some[0])
    together, _ = soundfile.read(tmp_path / "all.wav", dtype="int16")
    np.testing.assert_array_equal(together, in_turn(some, 4000))
    starts = np.arange(3) * (100 + 1000)
    for sound, start in zip(some, starts, strict=True):
        np.testing.assert_array_equal(together[start : start + 100], sound)
    assert len(together) == 3 * 100 + 2 * 1000


def test_a_tone_is_a_line_at_its_place():
    """Of 0 to 4000 Hz upward, 1000 Hz is at a quarter of the height."""
    shown = spectrograms(to_int16(tone(1000, 8000))[None], RATE)
    brightness = shown[:, 10:-10].astype(int).sum(axis=2)
    assert np.unique(brightness.argmax(axis=0)).tolist() == [round(95 * 0.75)]
    both = spectrograms(np.zeros((2, 8000), np.int16), RATE, columns=2)
    assert both.shape[1] > 2 * 160
    assert dataclasses.replace(sounds(RATE)).preview(np.zeros((1, 8), np.int16), None, 1).size
