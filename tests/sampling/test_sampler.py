"""Sample ``i`` of a seed depends on the seed and on ``i`` alone."""

import dataclasses
import errno
import logging
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.cli.main import dispatch
from jaxgan.errors import UserError
from jaxgan.runs.checkpoint import Checkpoints
from jaxgan.runs.environment import code_digest
from support.tiny_runs import config, contents, rewrite, state_of, unchanged, untrained

pytest_plugins = ["support.run_fixtures"]


@pytest.fixture(scope="module")
def sampler(finished):
    return jaxgan.load(finished)


@pytest.fixture(scope="module")
def toy(finished, tmp_path_factory):
    """The checkpoint of a game of points in the plane without labels, before its first step."""
    described = config(finished)
    described["data"] |= {"shape": [2], "classes": None, "modality": "points"}
    described["data"]["spec"] = {"image": [[2], "float32"]}
    return untrained(tmp_path_factory.mktemp("toy") / "run", described, finished)


def sample(*words):
    return dispatch(["sample", *map(str, words)])


def test_the_first_ten_of_a_hundred_are_ten(sampler):
    np.testing.assert_array_equal(sampler(100)[:10], sampler(10))
    np.testing.assert_array_equal(sampler.latents(100)[:10], sampler.latents(10))
    np.testing.assert_array_equal(sampler.interpolate(5)[:10], sampler.interpolate(1))


@pytest.mark.parametrize("count", [1, 7, 64, 65])
def test_a_float_does_not_depend_on_the_count(count, sampler, toy):
    """Bit for bit, also where no rounding to pixels would hide a difference."""
    points = jaxgan.load(toy)
    np.testing.assert_array_equal(points(200)[:count], points(count))
    latents = sampler.latents(200)
    whole = sampler.decode(latents)
    np.testing.assert_array_equal(sampler.decode(latents[:count]), whole[:count])
    np.testing.assert_array_equal(sampler(count), sampler.quantize(whole[:count]))
    parts = list(sampler.batches(count, seed=2))
    assert max(map(len, parts)) <= 64
    np.testing.assert_array_equal(np.concatenate(parts), sampler(count, seed=2))


def test_seeds_differ(sampler):
    assert not np.array_equal(sampler(10, seed=0), sampler(10, seed=1))
    assert len(np.unique(sampler(10).reshape(10, -1), axis=0)) == 10


def test_samples_are_those_of_the_average(finished, sampler):
    """By hand: the generator of the game, with the average's variables."""
    ema = state_of(finished).ema
    generator = sampler.gan.generator
    out = generator.apply({"params": ema.params, **ema.stats}, sampler.latents(5), train=False)
    levels = np.clip(np.round((np.asarray(out) + 1) * 127.5), 0, 255)
    assert np.abs(levels - sampler(5).astype(float)).max() <= 1  # a half may round either way
    assert sampler(5).dtype == np.uint8
    assert sampler(5).shape == (5, 6, 6, 1)


def test_the_average_and_the_last_weights_differ(finished, sampler):
    raw = jaxgan.load(finished, "raw")
    assert (raw.step, raw.weights, sampler.weights) == (12, "raw", "ema")
    assert not np.array_equal(raw.decode(raw.latents(10)), sampler.decode(sampler.latents(10)))


def test_an_earlier_step_can_be_drawn(finished, sampler):
    earlier = jaxgan.load(finished, step=10)
    assert (earlier.step, sampler.step) == (10, 12)
    latents = sampler.latents(10)
    assert not np.array_equal(earlier.decode(latents), sampler.decode(latents))
    with pytest.raises(UserError, match="no checkpoint of step 7; it has 10, 12"):
        jaxgan.load(finished, step=7)


def test_truncation_shrinks_latents(sampler):
    free = np.abs(sampler.latents(100))
    cut = np.abs(sampler.latents(100, truncation=0.5))
    assert free.max() > 2
    assert cut.max() <= 0.5
    assert cut.mean() < free.mean() / 2
    assert not np.array_equal(sampler(10, truncation=0.5), sampler(10))


def test_a_walk_goes_in_straight_steps_between_samples(sampler):
    rows, columns = 3, 5
    walk = sampler.interpolate(rows, columns, seed=4).reshape(rows, columns, 6, 6, 1)
    ends = sampler(2 * rows, seed=4)
    np.testing.assert_array_equal(walk[:, 0], ends[::2])
    np.testing.assert_array_equal(walk[:, -1], ends[1::2])
    latents = sampler.latents(2 * rows, seed=4)
    middle = sampler.quantize(sampler.decode((latents[::2] + latents[1::2]) / 2))
    assert np.abs(walk[:, 2].astype(int) - middle).max() <= 1


@pytest.fixture
def conditional(monkeypatch):
    """Generators that look at labels."""
    monkeypatch.setattr(jaxgan.Sampler, "labeled", True)


def test_labels_go_in_turn_or_are_given(sampler, conditional):
    np.testing.assert_array_equal(sampler.labels(5), [0, 1, 2, 0, 1])
    np.testing.assert_array_equal(sampler.labels(3, 2), [2, 2, 2])
    np.testing.assert_array_equal(sampler.labels(3, first=4), [1, 2, 0])
    np.testing.assert_array_equal(sampler.walk_labels(2, 3), [0, 0, 0, 1, 1, 1])


def test_a_generator_that_knows_no_labels_is_not_asked_for_one(finished, tmp_path, refused):
    out = tmp_path / "new.png"
    refused(("sample", finished, "--out", out, "--label", 1), "knows no labels", "omit --label")
    assert not out.exists()


def test_an_impossible_label_is_refused(finished, toy, tmp_path, refused, conditional):
    out = ("--out", tmp_path / "new.png")
    refused(("sample", finished, *out, "--label", 3), "--label 3", "0 to 2")
    refused(("sample", finished, *out, "--label", -1), "--label -1")
    refused(("sample", toy, *out, "--label", 0), "knows no labels", "omit --label")
    assert not (tmp_path / "new.png").exists()


def test_a_grid_an_archive_and_a_folder(finished, sampler, tmp_path, capsys):
    assert sample(finished, "--num", 5, "--seed", 9, "--out", tmp_path / "a" / "grid.png") == 0
    said = capsys.readouterr().out
    assert "5 samples" in said
    assert "step 12, ema" in said
    wanted = sampler(5, seed=9)
    with Image.open(tmp_path / "a" / "grid.png") as grid:
        times = 64 // 6
        assert grid.size == ((3 * 8 - 2) * times, (2 * 8 - 2) * times)
        first = np.asarray(grid)[: 6 * times : times, : 6 * times : times]
    np.testing.assert_array_equal(first, wanted[0, ..., 0])

    assert sample(finished, "--num", 5, "--seed", 9, "--out", tmp_path / "five.npz") == 0
    np.testing.assert_array_equal(np.load(tmp_path / "five.npz")["image"], wanted)

    assert sample(finished, "--num", 5, "--seed", 9, "--out", tmp_path / "five") == 0
    names = sorted(contents(tmp_path / "five"))
    assert names == [f"{number:06d}.png" for number in range(5)]
    with Image.open(tmp_path / "five" / names[4]) as last:
        np.testing.assert_array_equal(np.asarray(last), wanted[4, ..., 0])


def test_walks_are_drawn_by_rows(finished, tmp_path):
    assert sample(finished, "--num", 2, "--interpolate", "--out", tmp_path / "walk.png") == 0
    with Image.open(tmp_path / "walk.png") as walk:
        assert walk.size == ((10 * 8 - 2) * 10, (2 * 8 - 2) * 10)


def test_points_are_scattered(toy, tmp_path, refused):
    assert sample(toy, "--num", 30, "--out", tmp_path / "points.png") == 0
    with Image.open(tmp_path / "points.png") as picture:
        assert len(picture.getcolors(100_000)) > 10
    assert sample(toy, "--num", 30, "--out", tmp_path / "points.npz") == 0
    assert np.load(tmp_path / "points.npz")["image"].shape == (30, 2)
    words = ("sample", toy, "--out", tmp_path / "folder")
    refused(words, "points are not written one by one", ".npz or .png")


def test_what_exists_is_not_replaced_unasked(finished, tmp_path, refused):
    (tmp_path / "full").mkdir()
    for name in ("old.png", "old.npz", "full/photo.png"):
        (tmp_path / name).write_text("mine")
    with unchanged(tmp_path):
        for name in ("old.png", "old.npz", "full"):
            command = ("sample", finished, "--out", tmp_path / name)
            refused(command, "exists; choose another --out", "--overwrite")
    assert sample(finished, "--num", 1, "--out", tmp_path / "old.npz", "--overwrite") == 0
    assert np.load(tmp_path / "old.npz")["image"].shape == (1, 6, 6, 1)


def test_sampling_only_reads(copy, tmp_path):
    with unchanged(copy):
        assert sample(copy, "--num", 1, "--out", tmp_path / "one.npz") == 0


@pytest.mark.parametrize(
    "flags, expected",
    [
        (("--num", 0), "--num 0: must be at least 1"),
        (("--num", 2**30 + 1), "at most 1073741824"),
        (("--seed", -1), "--seed -1: use 0 to 4294967295"),
        (("--seed", 2**64), "use 0 to 4294967295"),
        (("--truncation", 0), "must be above 0"),
        (("--truncation", "inf"), "at most 10"),
        (("--truncation", "nan"), "at most 10"),
        (("--out", ""), "--out is empty"),
        (("--num", 10**9, "--out", "a.npz"), "--num 1000000000 needs 34 GiB of memory"),
        (("--num", 10**8, "--interpolate", "--out", "a"), "more than 16; draw fewer."),
        (("--step", "best"), "has no scored checkpoint"),
        (("--interpolate", "--truncation", "0.5"), "does not apply to --interpolate"),
        (("--out", "samples.jpeg"), "ends in .png or .npz"),
        (("--step", 7), "no checkpoint of step 7; it has 10, 12"),
        (("--weights", "best"), "ema"),
    ],
)
def test_a_wrong_request_is_refused(flags, expected, finished, tmp_path, refused, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with unchanged(tmp_path):
        refused(("sample", finished, *flags), expected)


def test_a_run_without_a_checkpoint_has_no_samples(copy, tmp_path, refused):
    out = ("--out", tmp_path / "new.png")
    shutil.rmtree(copy / "checkpoints")
    refused(("sample", copy, *out), "has no checkpoint yet", "train it first")
    (copy / "checkpoints").mkdir()
    refused(("sample", copy, *out), "has no checkpoint yet")
    refused(("sample", tmp_path / "nothing", *out), "No run in", "config.json")
    assert not (tmp_path / "new.png").exists()


def test_an_output_that_cannot_be_written_is_refused(finished, tmp_path, refused):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "below.png"
    refused(("sample", finished, "--num", 1, "--out", out), "Cannot write", "--out")


def test_the_output_is_checked_before_the_run_is_read(tmp_path, refused):
    refused(("sample", tmp_path / "nothing", "--out", tmp_path / "a.jpg"), "ends in .png or .npz")


def test_a_folder_may_have_a_dot_and_its_old_pictures_go(finished, tmp_path):
    out = tmp_path / "v1.5"
    out.mkdir()
    assert sample(finished, "--num", 3, "--out", out) == 0
    (out / "notes.txt").write_text("mine")
    assert sample(finished, "--num", 2, "--out", out, "--overwrite") == 0
    assert sorted(contents(out)) == ["000000.png", "000001.png", "notes.txt"]


@pytest.mark.parametrize("name", ["old.png", "old.npz"])
def test_a_full_disk_leaves_the_old_file(name, finished, tmp_path, refused, monkeypatch):
    (tmp_path / name).write_text("mine")

    def full(file, *_, **__):
        part = file if isinstance(file, Path) else Path(file.name)
        part.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    monkeypatch.setattr(Image.Image, "save", lambda self, file, **_: full(file))
    with unchanged(tmp_path):
        command = ("sample", finished, "--num", 1, "--overwrite", "--out", tmp_path / name)
        refused(command, "Cannot write", "No space left", "--out")


def test_an_archive_has_labels_if_the_generator_saw_them(finished, tmp_path, monkeypatch):
    for labeled, names in ((False, {"image"}), (True, {"image", "label"})):
        monkeypatch.setattr(jaxgan.Sampler, "labeled", labeled)
        out = tmp_path / f"{labeled}.npz"
        assert sample(finished, "--num", 5, "--out", out) == 0
        assert set(np.load(out)) == names
    np.testing.assert_array_equal(np.load(out)["label"], [0, 1, 2, 0, 1])


def test_the_best_step_can_be_drawn(copy, tmp_path, capsys):
    state = state_of(copy)
    with Checkpoints(copy / "checkpoints", best="d/loss") as checkpoints:
        for step, score in ((13, 0.1), (14, 0.5)):
            later = dataclasses.replace(state, step=jax.numpy.int32(step))
            checkpoints.save(step, later, score)
    assert jaxgan.load(copy).step == 14
    assert jaxgan.load(copy, step="best").step == 13
    assert sample(copy, "--num", 1, "--step", "best", "--out", tmp_path / "a.npz") == 0
    assert "step 13" in capsys.readouterr().out


def test_a_file_is_no_run(finished, refused):
    refused(("sample", finished / "config.json", "--out", "new.png"), "is not a folder")


def warnings_of(run, caplog):
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="jaxgan"):
        jaxgan.load(run)
    return caplog.text


def test_code_that_moved_on_is_mentioned(copy, caplog):
    def change(described):
        for place in (described, described["launches"][-1]):
            place["environment"]["code"] = "0" * 64

    rewrite(copy, change)
    assert "another version of jaxgan's code" in warnings_of(copy, caplog)


def test_code_is_that_of_the_last_launch(copy, caplog):
    def change(described):
        described["environment"]["code"] = "0" * 64
        described["launches"][-1]["environment"]["code"] = code_digest()

    rewrite(copy, change)
    assert warnings_of(copy, caplog) == ""


def test_code_that_did_not_is_not(trainer, tmp_path, caplog):
    assert trainer(tmp_path / "run", "--steps", 1) == 0
    assert warnings_of(tmp_path / "run", caplog) == ""


def test_the_run_need_not_be_where_it_was_trained(finished, copy, sampler):
    """A moved folder is rebuilt from what it holds."""
    moved = jaxgan.load(str(copy))
    np.testing.assert_array_equal(moved(3), sampler(3))
    assert isinstance(moved, jaxgan.Sampler)
    assert len(jax.tree.leaves(moved.params)) == 6
