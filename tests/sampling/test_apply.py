"""Generators that make images from images: on one's own files, scored, sampled and reported."""

import dataclasses
import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.cli.apply import read_image
from jaxgan.data.open import held_out_rows
from jaxgan.errors import NoSplitError, UserError
from jaxgan.evaluation.score import read_scores
from jaxgan.experiment import initial_state, load_experiment
from jaxgan.metrics.l1 import l1
from jaxgan.sampling.apply import applier
from jaxgan.sampling.load import load
from jaxgan.sampling.sampler import sampler_of
from support import tiny_pairs
from support.tiny_runs import TESTS, contents

pytest_plugins = ["support.run_fixtures"]
FILE = TESTS / "tiny_pairs.py"
EXPERIMENT_FILES = TESTS.parents[1] / "experiments"
DEVICE = ("--devices", "1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """60 steps of the tiny game of pairs, scored twice on the way."""
    from jaxgan.cli.experiment import train

    folder = tmp_path_factory.mktemp("pairs") / "run"
    flags = ("--workdir", folder, "--sample-every", 30, "--evaluate-every", 30)
    assert train([str(word) for word in (FILE, *flags, *DEVICE)]) == 0
    return folder


@pytest.fixture
def photos(tmp_path):
    """Three pictures of 8, 12 and 8 pixels, one of them in color."""
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name, shape in (("a", (8, 8)), ("b", (12, 12)), ("c", (8, 8, 3))):
        pixels = random.integers(0, 256, shape).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "notes.txt").write_text("not an image")
    return folder


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_scores_compare_each_sample_with_the_true_image_of_its_row(run, command):
    code, said = command(["evaluate", run, "--metrics", "l1,psnr,ssim"])
    assert code == 0
    assert "the sources unchanged" in said
    assert "20 samples against 20 of negatives" in said
    last = {score.metric: score for score in read_scores(run / "evaluations.jsonl")[-3:]}
    sampler, test = load(run), tiny_pairs.opened("test").arrays()
    wanted = l1(test["target"], sampler(20)).mean()  # its rows are those of the test split
    assert last["l1"].values["mean"] == pytest.approx(wanted, rel=1e-6)
    unchanged = l1(test["target"], test["source"]).mean()
    assert last["l1"].controls["the sources unchanged"]["mean"] == pytest.approx(
        unchanged, rel=1e-9
    )
    assert last["l1"].values["mean"] < 0.3 * unchanged  # it has learned the negative
    protocol = last["l1"].protocol
    assert protocol["made_from"] == {"data": "negatives", "split": "test"}
    assert (protocol["n_fake"], protocol["n_real"]) == (20, 20)
    assert protocol["reference"]["split"] == "test"


def test_the_least_distance_is_that_of_training_targets(run, command):
    """The reference is all of the test split, so that nothing of it is left for a floor."""
    code, said = command(["evaluate", run, "--metrics", "ms-ssim"])
    assert code == 0
    assert "held-out real of train: " in said
    score = read_scores(run / "evaluations.jsonl")[-1]
    assert (score.real_score_of["split"], score.real_score_of["n"]) == ("train", 20)
    assert score.protocol["made_from"]["split"] == "test"


def test_scores_during_training_are_of_the_held_out_rows_too(run):
    scores = [score for score in read_scores(run / "evaluations.jsonl") if score.metric == "l1"]
    during = [score for score in scores if score.subject["rule"] == "during training"]
    assert [score.subject["step"] for score in during] == [30, 60]
    assert during[0].values["mean"] > during[1].values["mean"]
    assert during[0].protocol["reference"]["split"] == "test"


def test_another_split_and_counts_that_do_not_fit(run, command, refused):
    words = ["evaluate", run, "--metrics", "l1", "--split", "train", "--num", 10]
    assert command(words)[0] == 0
    newest = read_scores(run / "evaluations.jsonl")[-1]
    assert newest.protocol["n_fake"] == 10
    assert newest.protocol["made_from"]["split"] == "train"
    refused(["evaluate", run, "--num", 30], "--num 30", "20")
    refused(["evaluate", run, "--num", 10, "--num-real", 15], "--num-real")


def test_pictures_show_source_sample_and_truth(run, command, tmp_path):
    picture = np.asarray(Image.open(run / "samples" / "0000060.png"))
    test, samples = tiny_pairs.opened("test").arrays(), load(run)(20)
    for column, images in enumerate((test["source"], samples, test["target"])):
        left = column * (8 + 2) * 8  # tiles of 8 pixels and a gap of 2, eight times enlarged
        tile = picture[: 8 * 8 : 8, left : left + 8 * 8 : 8]
        np.testing.assert_array_equal(tile, images[0, :, :, 0])
    assert command(["sample", run, "--num", 6, "--out", tmp_path / "six.png"])[0] == 0
    assert size_of(tmp_path / "six.png") == ((12 * 10 - 2) * 8, (2 * 10 - 2) * 8)
    assert command(["report", run, "--out", tmp_path / "page"])[0] == 0
    page = (tmp_path / "page" / "report.html").read_text()
    assert "what it was made from" in page
    assert "the sources unchanged" in page
    assert "negatives test" in page


def test_apply_runs_the_model_on_files_of_any_size_that_it_takes(run, photos, command, tmp_path):
    out = tmp_path / "out"
    assert command(["apply", run, photos, "--out", out])[0] == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "c.png"]
    sampler = load(run)
    for name in "ab":
        source = np.asarray(Image.open(photos / f"{name}.png"))
        made = np.asarray(Image.open(out / f"{name}.png"))
        assert made.shape == source.shape
        wanted = sampler.quantize(
            np.asarray(tiny_pairs.Pixels().apply(
                {"params": sampler.params}, source[None, :, :, None] / 127.5 - 1.0, train=False
            ))
        )[0, :, :, 0]  # fmt: skip
        np.testing.assert_allclose(made, wanted, atol=1)
    assert np.asarray(Image.open(out / "c.png")).shape == (8, 8)  # gray, as the model makes them
    words = ["apply", run, photos / "b.png", "--out", tmp_path / "small", "--resolution", 8]
    assert command(words)[0] == 0
    assert size_of(tmp_path / "small" / "b.png") == (8, 8)


def test_results_in_a_folder_score_as_the_run_does(run, command, tmp_path):
    test = tiny_pairs.opened("test").arrays()
    for side, key in (("A", "source"), ("B", "target")):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for number, image in enumerate(test[key][:, :, :, 0]):
            Image.fromarray(image).save(tmp_path / "pairs" / side / f"{number}.png")
    out, scores = tmp_path / "out", tmp_path / "scores.jsonl"
    assert command(["apply", run, tmp_path / "pairs" / "A", "--out", out])[0] == 0
    words = ["--metrics", "l1", "--out", scores]
    assert command(["evaluate", out, "--against", f"pairs:{tmp_path / 'pairs'}", *words])[0] == 0
    assert command(["evaluate", run, *words])[0] == 0
    of_files, of_run = read_scores(scores)
    assert of_files.values == pytest.approx(of_run.values, rel=1e-3)  # levels may round otherwise
    (unchanged,) = of_run.controls.values()
    assert of_files.controls["the sources unchanged"] == pytest.approx(unchanged)


def test_apply_refuses_what_it_cannot_do_and_writes_nothing(
    run, finished, photos, refused, tmp_path
):
    out = tmp_path / "out"
    refused(["apply", run, "--out", out], "No image")
    refused(["apply", run, tmp_path / "none.png", "--out", out], "none.png")
    refused(["apply", run, photos / "notes.txt", "--out", out], "notes.txt cannot be read")
    refused(["apply", run, tmp_path, "--out", out], "holds no images")
    refused(["apply", run, photos / "a.png", photos / "a.png", "--out", out], "would both become")
    refused(["apply", run, photos, "--out", photos], "exists")
    refused(["apply", run, photos, "--out", photos, "--overwrite"], "is one of the images")
    refused(["apply", run, photos, "--out", out, "--reverse"], "one direction only")
    refused(["apply", finished, photos, "--out", out], "samples of latents")
    Image.new("L", (8, 8)).save(photos / "a.mask.png")
    refused(["apply", run, photos, "--out", out], "takes no masks")
    (photos / "a.mask.png").unlink()
    (photos / "d.png").write_bytes(b"no picture")
    refused(["apply", run, photos, "--out", out], "d.png cannot be read")
    assert not out.exists()


def test_masks_and_the_other_direction(photos):
    """With a pass that completes what a mask marks, and one that learned both ways."""

    def completed(generator, latents, condition):
        made = generator(condition["source"])[0]
        return jnp.where(condition["mask"] > 0, made, condition["source"])

    def back(generator, latents, condition):
        return -generator(condition["target"])[0]

    task = tiny_pairs.EXPERIMENT.task()
    gan = tiny_pairs.build(tiny_pairs.Config(), task)
    forward = dataclasses.replace(gan.forward, sample=completed, optional=("mask",), reverse=back)
    gan = dataclasses.replace(gan, forward=forward)
    sampler = sampler_of(gan, initial_state(gan, jax.random.key(0), task), task)
    model, latents = applier(sampler), sampler.latents(1)
    Image.new("L", (8, 4), 255).save(photos / "a.mask.png")
    with pytest.raises(UserError, match=r"a\.mask\.png and .*a\.png differ in size"):
        read_image(model, photos / "a.png", None)
    mask = np.zeros((8, 8), np.uint8)
    mask[2:4] = 255
    Image.fromarray(mask).save(photos / "a.mask.png")
    image, known = read_image(model, photos / "a.png", None)
    assert known.tolist() == (mask > 0).tolist()
    layer = np.stack(
        [mask * 0 + 255, mask * 0, mask * 0, mask], -1
    )  # red paint on a transparent ground
    Image.fromarray(layer).save(photos / "a.mask.png")
    assert read_image(model, photos / "a.png", None)[1].tolist() == known.tolist()
    made = model(image, latents, known)
    np.testing.assert_array_equal(made[~known], image[~known])
    assert (made[known] != image[known]).any()
    backward = applier(sampler, reverse=True)(image, latents)
    levels = np.tanh(image / 127.5 - 1.0)  # the first weight of the network is 1
    np.testing.assert_allclose(backward, (1.0 - levels) * 127.5, atol=1)


def test_layers_that_do_not_fit_an_image_are_noticed():
    """A network whose layers follow from the side of its training images."""
    experiment = load_experiment(EXPERIMENT_FILES / "context_encoder.py", "cifar10_small")
    task = experiment.task()
    gan = experiment.game(experiment.default(width=4, bottleneck=4), task)
    state = jax.jit(functools.partial(initial_state, gan, task=task))(jax.random.key(0))
    sampler = sampler_of(gan, state, task)
    assert [applier(sampler).takes((side, side, 3)) for side in (32, 64, 50)] == [1, 0, 0]


def test_rows_come_from_the_first_split_that_there_is():
    def opened(*there):
        def one(split):
            if split == "broken":
                raise UserError("a file is damaged")
            if split not in there:
                raise NoSplitError(split)
            return split

        return one

    assert held_out_rows(opened("train", "validation", "test"), "train") == "test"
    assert held_out_rows(opened("train", "val"), "train") == "val"
    assert held_out_rows(opened("train"), "train") == "train"
    with pytest.raises(UserError, match="damaged"):
        held_out_rows(opened(), "broken")


def test_a_generator_of_latents_has_no_true_images(finished, run, refused):
    before = contents(finished)
    refused(["evaluate", finished, "--metrics", "l1", "--num", 10], "true image of its row")
    assert contents(finished) == before
    refused(["sample", run, "--interpolate", "--out", "x.png"], "--interpolate")
    assert json.loads((run / "config.json").read_text())["data"]["modality"] == "pairs"
    assert jaxgan.load is load
