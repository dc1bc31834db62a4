"""``jaxgan data prepare syllables``, ``prompts`` and ``sc09``, from small recordings."""

import io
import tarfile

import numpy as np
import pytest
import soundfile
import tensorflow_datasets as tfds

from jaxgan.data.open import open_source
from jaxgan.data.prepare import debian
from jaxgan.data.prepare.packages import PackageError, sha256_at, sha256_of_all
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.recipes import RECIPES
from jaxgan.data.prepare.recordings import segments
from jaxgan.data.sounds import sounds
from jaxgan.errors import UserError

BASES = [chr(0x3105 + one) + chr(0x311A + two) for one in range(12) for two in range(4)]


def noise(seed, samples):
    return np.random.default_rng(seed).integers(-9000, 9000, samples).astype(np.int16)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """48 syllables of two tones, by two speakers, at 44.1 kHz, 0.1 s; one of 0.6 s."""
    root = tmp_path_factory.mktemp("voice")
    for number, base in enumerate(BASES):
        for mark in ("", "3"):
            for speaker in ("3", "5"):
                path = root / "ogg" / (base + mark) / f"{speaker}.ogg"
                path.parent.mkdir(parents=True, exist_ok=True)
                samples = noise(number, 26_460 if number == 0 else 4410)
                soundfile.write(path, samples, 44_100, format="OGG", subtype="VORBIS")
    return root


def test_syllables_are_prepared(spoken, data_dir):
    prepare("syllables", source_dir=spoken, partial=True)
    train, test = (open_source("syllables", split) for split in ("train", "test"))
    assert train.size + test.size == 4 * len(BASES)
    assert train.modality is sounds(16_000)
    assert (train.shape, train.classes) == ((8192,), 10)
    assert train.class_names[:2] == ("first tone, speaker 3", "first tone, speaker 5")
    assert train.class_names[-1] == "neutral tone, speaker 5"
    rows = train.arrays()
    assert set(rows["label"]) == {0, 1, 4, 5}  # first and third tone, either speaker
    short = np.abs(rows["sound"].astype(int)).max(axis=0)
    assert short[: 16_000 // 10 - 10].min() > 0
    raw = {
        split: tfds.data_source("syllables", split=split, data_dir=str(data_dir), download=False)
        for split in ("train", "test")
    }
    said = {split: {row["syllable"].decode() for row in found} for split, found in raw.items()}
    assert said["train"] | said["test"] == set(BASES)
    assert not said["train"] & said["test"]
    first = raw["train"][0]
    assert first["rate"] == 16_000
    assert first["label"] == 2 * first["tone"] + first["speaker"]


def test_fewer_samples_can_be_asked_for(spoken, data_dir):
    prepare("syllables", source_dir=spoken, partial=True)
    whole, part = open_source("syllables"), open_source("syllables:1024")
    assert part.shape == (1024,)
    assert part.name == "syllables:1024"
    some = np.array([3, 0])
    np.testing.assert_array_equal(part.read(some)["sound"], whole.read(some)["sound"][:, :1024])
    for words in ("syllables:8193", "syllables:0"):
        with pytest.raises(UserError, match="8192 samples; give fewer"):
            open_source(words)
    with pytest.raises(UserError, match="leave out --resolution"):
        open_source("syllables", resolution=32)


def test_a_damaged_recording_is_named(spoken, data_dir, tmp_path):
    folder = tmp_path / "ogg" / "ㄊㄢ3"
    folder.mkdir(parents=True)
    (folder / "3.ogg").write_bytes(b"OggS damaged")
    with pytest.raises(UserError, match=r"ㄊㄢ3/3\.ogg is damaged"):
        prepare("syllables", source_dir=tmp_path)
    with pytest.raises(UserError, match="no files such as"):
        prepare("syllables", source_dir=folder)
    with pytest.raises(UserError, match=r"hold \d+ samples of syllables's split train"):
        prepare("syllables", source_dir=spoken)
    assert not (data_dir / "syllables").exists()


def test_prompts_are_cut_into_parts(data_dir, tmp_path):
    voice = tmp_path / "en_US_f_Allison"
    recordings = {f"digits/{n}": noise(n, 3000) for n in range(30)}
    recordings |= {"long": noise(99, 3 * 8192 + 5), "beep": noise(1, 99)}
    recordings |= {"silence/1": np.zeros(8192, np.int16)}
    for name, samples in recordings.items():
        (voice / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(voice / f"{name}.wav", samples, 8000, subtype="PCM_16")
    prepare("prompts", source_dir=tmp_path, partial=True)
    raw = {
        split: tfds.data_source("prompts", split=split, data_dir=str(data_dir), download=False)
        for split in ("train", "test")
    }
    named = {split: [row["prompt"].decode() for row in found] for split, found in raw.items()}
    assert sorted(named["train"] + named["test"]) == sorted(
        [*(f"digits/{n}" for n in range(30)), *["long"] * 3]
    )
    assert not set(named["train"]) & set(named["test"])
    source = open_source("prompts", "train+test")
    assert (source.modality.rate, source.classes) == (8000, None)
    kept = {row.tobytes() for row in source.arrays()["sound"]}
    assert kept == {
        part.tobytes()
        for name, samples in recordings.items()
        if name not in ("beep", "silence/1")
        for part in segments(samples, 8192)
    }


def test_parts_of_a_recording():
    recording = np.arange(10, dtype=np.int16)
    np.testing.assert_array_equal(segments(recording, 4), [recording[:4], recording[4:8]])
    np.testing.assert_array_equal(segments(recording, 10), [recording])
    np.testing.assert_array_equal(segments(recording[:3], 5), [[0, 1, 2, 0, 0]])


def wav(samples):
    file = io.BytesIO()
    soundfile.write(file, samples, 16_000, format="WAV", subtype="PCM_16")
    return file.getvalue()


@pytest.mark.parametrize("packed", [True, False])
def test_digits_are_divided_by_the_lists_of_the_archive(data_dir, tmp_path, packed):
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    files = {f"{name}/{n}.wav": wav(noise(n, 900 + n)) for name in names for n in range(3)}
    files |= {"yes/0.wav": b"not a digit", "_background_noise_/a.wav": b""}
    files |= {
        "validation_list.txt": "".join(f"{name}/1.wav\n" for name in names).encode(),
        "testing_list.txt": b"zero/2.wav\nyes/0.wav\n",
    }
    for name, content in files.items():
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    place = tmp_path / "files"
    if packed:
        place = tmp_path / "speech_commands_v0.02.tar.gz"
        with tarfile.open(place, "w:gz") as tar:
            tar.add(tmp_path / "files", arcname=".")
    prepare("sc09", source_dir=place)
    sizes = {split: open_source("sc09", split).size for split in ("train", "validation", "test")}
    assert sizes == {"train": 19, "validation": 10, "test": 1}
    rows = open_source("sc09", "validation").arrays()
    assert sorted(rows["label"]) == list(range(10))
    np.testing.assert_array_equal(rows["sound"][:, :901], np.tile(noise(1, 901), (10, 1)))
    assert not rows["sound"][:, 901:].any()


def test_what_is_missing_of_the_digits_is_said(data_dir, tmp_path):
    with pytest.raises(UserError, match=r"neither speech_commands_v0\.02\.tar\.gz nor"):
        prepare("sc09", source_dir=tmp_path)
    damaged = tmp_path / "speech_commands_v0.02.tar.gz"
    damaged.write_bytes(b"no archive")
    with pytest.raises(UserError, match="is damaged"):
        prepare("sc09", source_dir=damaged)
    with tarfile.open(damaged, "w:gz"):
        pass
    with pytest.raises(UserError, match=r"has no validation_list\.txt and no testing_list\.txt"):
        prepare("sc09", source_dir=damaged)
    assert not (data_dir / "sc09").exists()


def test_a_whole_folder_of_a_package_is_known_by_its_checksum(spoken, tmp_path, monkeypatch):
    known = sha256_of_all(spoken / "ogg")
    assert sha256_at(spoken / "ogg") == known
    packages = debian.DebianPackages(("voice",), spoken, {"ogg": known}, "1 MB")
    assert packages.fetch(tmp_path, None) == spoken
    other = debian.DebianPackages(("voice",), spoken, {"ogg": "0" * 64}, "1 MB")
    monkeypatch.setattr(debian.shutil, "which", lambda client: None)
    with pytest.raises(PackageError, match="there is no apt-get"):
        other.fetch(tmp_path, None)


@pytest.mark.parametrize("name", ["syllables", "prompts", "sc09"])
def test_license_and_source_are_told(name):
    assert len(RECIPES[name].terms) > 30
