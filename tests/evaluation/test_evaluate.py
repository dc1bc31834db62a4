"""``jaxgan evaluate``, on runs, files and folders, with the offline extractor."""

import dataclasses
import functools

import jax
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.cli.evaluate import print_scores
from jaxgan.data.modality import POINTS
from jaxgan.data.source import from_arrays
from jaxgan.data.sources.toy import ring_modes
from jaxgan.errors import NoSplitError, UserError
from jaxgan.evaluation.classifier import classifier_of
from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.extractors import extractor_for
from jaxgan.evaluation.features import cached_extraction
from jaxgan.evaluation.inputs import opener
from jaxgan.evaluation.measured import Walker
from jaxgan.evaluation.protocol import LEAK
from jaxgan.evaluation.reference import Reference, reference_of
from jaxgan.evaluation.samples import of_source
from jaxgan.evaluation.score import column, columns, differences, read_scores
from jaxgan.evaluation.suite import METRICS, metrics_named
from jaxgan.metrics.extractors.efficientnet_lite0 import SHA256, efficientnet_lite0
from jaxgan.metrics.metric import Metric
from jaxgan.metrics.modes import kl_floor
from jaxgan.sampling.load import training_source
from support import tiny_pairs
from support.tiny_runs import config, rewrite

pytest_plugins = ["support.run_fixtures"]

SCORED = ("fd", "kid", "prdc", "is", "ms-ssim", "neighbors", "intra-fd", "fd-infinity")


@pytest.fixture(autouse=True, scope="module")
def quick(tmp_path_factory):
    """A cache of its own, one device, and one compilation of the extractor for all commands."""
    device = jax.devices()[:1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAXGAN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(jax, "local_devices", lambda **_: device)
        patch.setattr("jaxgan.evaluation.extractors.efficientnet_lite0", extractor)
        yield


@functools.cache
def extractor(resolution=64, path=None):
    return efficientnet_lite0(resolution, path)


@pytest.fixture(scope="module")
def labeled(tmp_path_factory):
    """Two sets of 90 labeled images of one distribution, and one of another: npz files."""
    folder = tmp_path_factory.mktemp("labeled")
    random = np.random.default_rng(0)
    for name, spread in (("real", 40), ("same", 40), ("other", 110)):
        tint = np.repeat(np.arange(3) * 60, 30)[:, None, None, None]
        image = tint + random.integers(0, spread, (90, 12, 12, 3))
        label = np.repeat(np.arange(3), 30)
        np.savez(folder / f"{name}.npz", image=image.astype(np.uint8), label=label)
    return folder


def rows(path):
    return {score.metric: score for score in read_scores(path)}


@pytest.fixture(scope="module")
def scored(labeled, tmp_path_factory):
    """Scores of two of the files, against the third."""
    from jaxgan.cli.evaluate import evaluate

    out = tmp_path_factory.mktemp("scores")
    found = {}
    for name in ("same", "other"):
        words = [f"{labeled}/{name}.npz", "--against", f"npz:{labeled}/real.npz"]
        words += ["--num-real", "60", "--out", str(out / name), "--metrics", ",".join(SCORED)]
        assert evaluate(words) == 0
        found[name] = rows(out / name)
    return found


def test_what_is_alike_scores_better_by_every_metric_that_says_which_is(scored):
    assert tuple(scored["same"]) == SCORED
    for name, score in scored["same"].items():
        assert tuple(score.values) == tuple(METRICS[name].values)
    for name in ("fd", "kid", "prdc", "intra-fd"):
        same, other = scored["same"][name], scored["other"][name]
        sign = 1 if METRICS[name].better == "lower" else -1
        assert sign * same.value < sign * other.value, name
    assert scored["other"]["ms-ssim"].value < scored["same"]["ms-ssim"].value  # more diverse
    assert scored["same"]["neighbors"].values["copies"] == 0


def test_the_real_score_is_of_held_out_real_samples(scored):
    """30 of the 90 were held out; they are of the distribution of ``same``."""
    for name in ("fd", "kid", "prdc", "ms-ssim"):
        score = scored["same"][name]
        assert set(score.real_score) == set(score.values)
        assert score.real_score_of["n"] == 30
        assert scored["other"][name].real_score == score.real_score
    assert scored["same"]["fd"].real_score["distance"] > 0
    assert scored["same"]["prdc"].real_score["recall"] > 0.3


def test_a_protocol_says_how_it_was_measured(scored):
    protocol = scored["same"]["fd"].protocol
    assert protocol["extractor"] == "efficientnet-lite0-64"
    assert protocol["weights_sha256"] == SHA256
    assert protocol["resize_real"] == protocol["resize_fake"] == "12x12x3, clean to 64"
    assert protocol["quantization"] == "uint8: rounded, clipped"
    assert (protocol["n_real"], protocol["n_fake"]) == (60, 90)
    assert protocol["reference"]["split"] == "train"
    assert len(protocol["reference"]["data_sha256"]) == 64
    assert scored["same"]["kid"].protocol["parameters"]["size"] == 60
    assert scored["same"]["prdc"].protocol["parameters"] == {"k_precision": 3, "k_density": 5}
    titles = {name: score.title for name, score in scored["same"].items()}
    assert titles["fd"] == "FD-EffNetLite0-64"
    assert titles["kid"] == "KD-EffNetLite0-64"
    assert titles["is"] == "IS-EffNetLite0-64"
    assert not any("FID" in title or title in ("IS", "KID") for title in titles.values())
    around = scored["same"]["fd"].environment
    assert {"time", "command", "packages", "device_kind", "git_commit", "code"} <= set(around)
    assert around["packages"]["jax"]


def test_only_the_network_of_the_papers_gives_their_names():
    for distance, kid, inception in (
        ("FID", "KID", "IS"),
        ("clean-FID", "clean-KID", "clean-IS"),
        ("FD-DINOv2", "KD-DINOv2", "IS-DINOv2"),
    ):
        assert METRICS["fd"].title(distance) == distance
        assert METRICS["kid"].title(distance) == kid
        assert METRICS["is"].title(distance) == inception


def test_a_run_is_scored_and_its_score_says_which_checkpoint(copy, command):
    words = ["evaluate", copy, "--num", 30, "--metrics", "fd,kid", "--seed", 2, "--weights", "raw"]
    code, said = command([*words, "--step", 10, "--truncation", 0.7])
    assert code == 0, said
    assert "FD-EffNetLite0-64" in said
    code, said = command([*words, "--metrics", "fd", "--truncation", 0.7])
    assert code == 0, said
    first, second, third = read_scores(copy / "evaluations.jsonl")
    subject = first.subject
    assert (subject["step"], subject["rule"], subject["weights"]) == (10, "chosen", "raw")
    assert (subject["seed"], subject["truncation"]) == (2, 0.7)
    assert (subject["d_steps"], subject["g_steps"], subject["images"]) == (10, 10, 80)
    assert subject["experiment"] == "tiny"
    assert subject["run_seed"] == 3
    assert (third.subject["step"], third.subject["rule"]) == (12, "last")
    assert differences(first, third) == []
    assert columns([first, second, third]) == [[first, third], [second]]
    assert first.protocol["reference"]["data_sha256"] == config(copy)["data"]["fingerprint"]


@pytest.mark.parametrize("held_out", [None, "train", "train[:50%]", "test"])
def test_what_is_held_out_is_not_in_the_reference(held_out, tmp_path):
    """Also where it is asked for by a split that overlaps, or a file that repeats."""
    random = np.random.default_rng(5)
    image = random.integers(0, 256, (40, 4, 4, 1), np.uint8)
    path = tmp_path / "a.npz"
    np.savez(path, image=image, image_test=image[::-1])
    opened = opener(str(path), None)
    reference = reference_of(opened, "train", 25, 20, held_out)
    real = {row.tobytes() for row in reference.real.array()}
    assert len(real) == 25
    held = [row.tobytes() for row in reference.held_out.array()]
    assert held
    assert not real & set(held)
    assert reference.held_out.count == len(held)
    whole = reference_of(opened, "train", 40, 20, "test")
    assert whole.held_out is None  # every one of them is in the reference


def test_where_the_whole_test_split_is_the_reference_training_targets_are_beside_it():
    opened = tiny_pairs.opened
    assert reference_of(opened, "test", None, 500).held_out is None
    found = reference_of(opened, "test", None, 500, trained="train")
    assert found.held_out.count == found.real.count == 20
    targets = {row.tobytes() for row in opened("train").arrays()["target"]}
    held = {row.tobytes() for row in found.held_out.array()}
    assert len(held) == 20
    assert held <= targets
    rest = reference_of(opened, "test", 5, 5, trained="train").held_out
    assert rest.about["split"] == "test"  # it has enough of its own
    turned = reference_of(opened, "train", None, 500, trained="train").held_out
    assert (turned.about["split"], turned.count) == ("test", 20)

    def alone(split):
        if split != "train":
            raise NoSplitError(split)
        return opened(split)

    assert reference_of(alone, "train", None, 500, trained="train").held_out is None


def test_standing_statistics_are_another_generator(copy, command):
    words = ["evaluate", copy, "--num", 30, "--metrics", "ms-ssim"]
    assert command(words)[0] == command([*words, "--standing-batches", 4])[0] == 0
    running, standing = read_scores(copy / "evaluations.jsonl")
    assert running.subject["standing_batches"] == 0
    assert standing.subject["standing_batches"] == 4
    assert running.value != standing.value
    assert differences(running, standing) == ["standing_batches: 0 -> 4"]


def test_how_samples_were_drawn_splits_columns(copy, command):
    """Also of a metric that looks at no reference; the step of the checkpoint does not."""
    words = ["evaluate", copy, "--num", 30, "--metrics", "ms-ssim"]
    changes = [(), ("--step", 10), ("--weights", "raw"), ("--truncation", 0.5), ("--seed", 2)]
    for change in changes:
        assert command([*words, *change])[0] == 0
    rewrite(copy, lambda described: described["training"].update(matmul_precision="bfloat16"))
    assert command(words)[0] == 0
    found = read_scores(copy / "evaluations.jsonl")
    assert [differences(found[0], other) for other in found[1:]] == [
        [],
        ["generator_weights: ema -> raw"],
        ["truncation: None -> 0.5"],
        [],
        ["generator_precision: float32 -> bfloat16"],
    ]
    assert found[0].protocol["generator_dtype"] == "float32"


def test_other_data_split_columns_of_metrics_without_a_reference(labeled, scored, copy, command):
    """The data that a run was trained on; for files, the data that they are compared with."""
    assert command(["evaluate", copy, "--num", 30, "--metrics", "ms-ssim"])[0] == 0
    (score,) = read_scores(copy / "evaluations.jsonl")
    assert score.protocol["data"]["data_sha256"] == config(copy)["data"]["fingerprint"]
    assert score.subject["trained_on"] == score.protocol["data"]
    for name in ("is", "ms-ssim"):
        assert "reference" not in scored["same"][name].protocol
        assert len(scored["same"][name].protocol["data"]["data_sha256"]) == 64
    words = ["evaluate", f"{labeled}/same.npz", "--against", f"{labeled}/other.npz"]
    words += ["--metrics", "ms-ssim", "--out", copy / "other.jsonl"]
    assert command(words)[0] == 0
    (other,) = read_scores(copy / "other.jsonl")
    assert other.value == scored["same"]["ms-ssim"].value
    assert [one.partition(":")[0] for one in differences(other, scored["same"]["ms-ssim"])] == [
        "data"
    ]


@pytest.mark.slow
def test_paths_are_measured_in_the_extractor_s_name(copy, command, monkeypatch):
    monkeypatch.setattr("jaxgan.metrics.ppl.PATHS", 20)
    monkeypatch.setattr("jaxgan.metrics.ppl.PATHS_AT_ONCE", 10)
    words = ["evaluate", copy, "--num", 30, "--metrics", "ppl"]
    code, said = command(words)
    assert code == 0, said
    assert command([*words, "--seed", 7])[0] == command([*words, "--truncation", 0.2])[0] == 0
    score, seeded, truncated = read_scores(copy / "evaluations.jsonl")
    assert score.title == "path-length-EffNetLite0-64"
    assert score.value > 0
    assert score.real_score == {}
    assert score.protocol["quantization"] == "none"
    assert "reference" not in score.protocol  # which it does not look at
    column([score, seeded])
    assert differences(score, truncated) == ["truncation: None -> 0.2"]
    assert seeded.value != score.value
    assert truncated.value < 0.5 * score.value
    rewrite(copy, lambda described: described["training"].update(matmul_precision="bfloat16"))
    assert command(words)[0] == 0
    coarse = read_scores(copy / "evaluations.jsonl")[-1]
    assert coarse.subject["precision"] == "bfloat16"  # and yet:
    assert coarse.protocol["generator_precision"] == coarse.protocol["generator_dtype"] == "float32"
    column([score, coarse])
    assert coarse.value == score.value


def test_paths_are_walked_in_float32_whatever_the_run_was(finished):
    sampler = dataclasses.replace(jaxgan.load(finished), precision="bfloat16")
    walker = Walker(sampler, seed=0)
    with jax.default_matmul_precision("bfloat16"):
        lowered = jax.jit(walker.images).lower(np.zeros((4, 3), np.float32), {}).as_text()
    assert "stablehlo.dot_general" in lowered
    assert lowered.count("precision = [HIGHEST, HIGHEST]") == lowered.count("dot_general")


def test_paths_go_through_each_class_in_turn(finished, monkeypatch):
    """Whatever the number of classes: here 3, in steps of 5."""
    monkeypatch.setattr(jaxgan.Sampler, "labeled", True)
    walker = Walker(jaxgan.load(finished), seed=0)
    vars(walker)["_generate"] = lambda latents, condition: condition["label"]
    for first in (0, 5):
        condition = walker.condition(5, first)
        seen = np.asarray(walker.images(np.zeros((5, 3), np.float32), condition)) / 127.5 - 1
        np.testing.assert_allclose(seen, np.arange(first, first + 5) % 3)


def test_two_runs_are_scored_against_each_other(copy, finished, command):
    words = ["evaluate", copy, "--against", finished, "--num", 30, "--metrics", "fd"]
    code, said = command(words)
    assert code == 0, said
    (score,) = read_scores(copy / "evaluations.jsonl")
    assert score.value > 1  # other latents: not the same images
    assert score.real_score == {}
    assert score.protocol["reference"]["kind"] == "run"
    assert (score.protocol["reference"]["seed"], score.subject["seed"]) == (1, 0)
    assert command([*words, "--against-step", 10])[0] == 0
    assert read_scores(copy / "evaluations.jsonl")[1].protocol["reference"]["step"] == 10


def test_a_folder_of_pictures_scores_as_the_array_of_them(labeled, tmp_path, command):
    """PNGs lose nothing, so the distance to the array they were made from is zero."""
    with np.load(labeled / "same.npz") as file:
        for number, image in enumerate(file["image"]):
            path = tmp_path / "pictures" / f"{number:03d}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(image).save(path)
    words = ["evaluate", tmp_path / "pictures", "--against", labeled / "same.npz"]
    words += ["--num-real", 90, "--metrics", "fd", "--data-dir", tmp_path / "tfds"]
    code, said = command([*words, "--out", tmp_path / "scores.jsonl"])
    assert code == 0, said
    assert rows(tmp_path / "scores.jsonl")["fd"].value == pytest.approx(0.0, abs=1e-6)


def test_toys_are_scored_by_their_modes(tmp_path, command):
    code, said = command(
        ["evaluate", "ring", "--against", "ring", "--num", 1000, "--out", tmp_path / "e"]
    )
    assert code == 0, said
    score = rows(tmp_path / "e")["modes"]
    assert score.values["captured"] == 8
    assert score.values["high_quality"] == pytest.approx(0.9889, abs=0.015)
    assert score.real_score["high_quality"] == pytest.approx(0.9889, abs=0.015)
    parameters = score.protocol["parameters"]
    assert parameters["perfect_high_quality"] == pytest.approx(0.98889, abs=1e-5)
    assert 0 < parameters["perfect_kl"] < 0.01
    good = round(1000 * score.values["high_quality"])
    assert sum(score.details["counts"]) == score.details["perfect_of_good"]["n"] == good
    perfect = score.details["perfect"]
    assert perfect.keys() == score.values.keys()
    assert perfect["reverse_kl"] == parameters["perfect_kl"]
    assert f"a perfect sampler: {perfect['high_quality']:.6g}" in line(said, "high_quality")
    assert f"a perfect sampler: {perfect['js']:.6g}; of as many good" in line(said, "js")


def line(said, name):
    """What was printed of a score, up to the parenthesis that closes."""
    return said.partition(f"modes {name} ")[2].partition(")")[0]


def test_few_good_samples_stand_beside_as_many_perfect_ones(tmp_path, command):
    """Five in a hundred are near a mode: the KL of so few perfect samples is large."""
    modes = np.asarray(ring_modes())[np.arange(1000) % 8]
    points = np.where(np.arange(1000)[:, None] < 50, modes, 9.0).astype(np.float32)
    np.savez(tmp_path / "x.npz", image=points)
    words = ["evaluate", f"npz:{tmp_path}/x.npz", "--against", "ring", "--out", tmp_path / "e"]
    code, said = command(words)
    assert code == 0, said
    score = rows(tmp_path / "e")["modes"]
    expected = kl_floor(50, 8)[0]
    assert score.details["perfect_of_good"]["n"] == 50
    assert score.details["perfect_of_good"]["reverse_kl"] == expected
    assert 10 * score.protocol["parameters"]["perfect_kl"] < expected  # of all samples
    assert f"of as many good samples, 50: {expected:.6g}" in line(said, "reverse_kl")
    np.savez(tmp_path / "x.npz", image=np.full((10, 2), 9.0, np.float32))
    code, said = command(words)
    assert code == 0, said
    assert line(said, "reverse_kl").startswith("inf ")
    assert "good samples" not in said  # there are none


@pytest.mark.parametrize(
    "flags, expected",
    [
        (("--metrics", "fid"), ("No metric fid", "did you mean fd?")),
        (("--metrics", ","), ("No metric is named",)),
        (("--extractor", "vgg"), ("No extractor vgg", "efficientnet-lite0")),
        (("--extractor", "inception"), ("--extractor-weights FILE", "pt_inception-2015-12-05")),
        (("--num", "1"), ("--num 1", "at least 2")),
        (("--num-real", "51"), ("--num-real 51", "has 50")),
        (("--truncation", "0"), ("--truncation 0",)),
        (("--split", "valid"), ("valid",)),
        (("--held-out", "valid"), ("valid",)),
        (("--step", "3"), ("no checkpoint of step 3", "10, 12")),
        (("--against", "nothing"), ("nothing",)),
        (("--against", "ring"), ("Images and points cannot be compared", "--against")),
        (("--num", "100000000"), ("kid keeps all features", "Lower --num")),
        (("--num", "1000000000", "--metrics", "ms-ssim"), ("keeps all samples", "34 GiB")),
        (("--num", "2000000000", "--metrics", "fd"), ("at most 1073741824",)),
        (("--num", "9", "--metrics", "is"), ("--num 9: is needs at least 10",)),
        (("--num", "30", "--num-real", "5", "--metrics", "prdc"), ("--num-real 5", "at least 6")),
        (("--num", "30", "--num-real", "50", "--metrics", "parzen"), ("beside the reference",)),
        (("--metrics", "prdc", "--num", "30", "--against", "ring"), ("cannot be compared",)),
        (("--standing-batches", "-1"), ("--standing-batches -1",)),
        (("--seed", "-1"), ("--seed -1",)),
        (("--against-step", "3", "--against", "SELF"), ("no checkpoint of step 3",)),
        (("--metrics", "cas", "--num", "30"), ("labels", "choose another")),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(flags, expected, copy, refused):
    flags = [str(copy) if flag == "SELF" else flag for flag in flags]
    refused(["evaluate", copy, *flags], *expected)
    assert not (copy / "evaluations.jsonl").exists()


def test_sizes_are_refused_before_a_checkpoint_is_read(copy, refused, monkeypatch):
    monkeypatch.setattr("jaxgan.evaluation.inputs.load_state", lambda *_: pytest.fail("read"))
    refused(["evaluate", copy, "--num", 100_000_000], "kid keeps all features")
    refused(["evaluate", copy, "--num", 20, "--num-real", 51], "--num-real 51", "has 50")


def test_a_large_reference_is_refused_before_it_is_drawn(copy, refused):
    words = ["evaluate", copy, "--against", copy, "--num", 20, "--metrics", "kid"]
    said = refused([*words, "--num-real", 1_000_000_000], "Lower --num-real")
    assert "--num-real 1000000000: kid keeps all features" in said


def test_points_are_refused_by_metrics_of_images(refused, tmp_path):
    words = ["evaluate", "ring", "--against", "ring", "--num", 20, "--out", tmp_path / "e"]
    refused([*words, "--metrics", "modes,fd"], "fd is of images, pairs, unpaired, not of points")


def test_what_is_not_there_is_refused(tmp_path, copy, labeled, refused):
    refused(["evaluate", tmp_path / "none"], "no run folder", "--against DATA")
    refused(["evaluate", f"{labeled}/same.npz"], "no run folder", "--against DATA")
    same = f"{labeled}/same.npz"
    refused(["evaluate", same, "--against", same, "--num", 91], "--num 91", "has 90")
    refused(["evaluate", same, "--against", same, "--metrics", "ppl"], "name a run folder")
    for flag, value in (("--step", 3), ("--weights", "raw"), ("--truncation", 1), ("--seed", 1)):
        refused(["evaluate", same, "--against", same, flag, value], f"{flag} is of runs")
    (tmp_path / "empty").mkdir()
    refused(["evaluate", tmp_path / "empty", "--against", same], "holds no images")
    (tmp_path / "file").write_text("")
    refused(["evaluate", copy, "--out", tmp_path / "file" / "out"], "Cannot write", "--out")
    truncated = tmp_path / "pt_inception.pth"
    truncated.write_bytes(b"PK" * 100)
    refused(
        ["evaluate", copy, "--extractor", "inception", "--extractor-weights", truncated],
        "has SHA-256",
        "not 6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    )
    refused(["evaluate", copy, "--extractor-weights", truncated], "has SHA-256", SHA256)


def test_data_that_changed_since_the_training_are_refused(trainer, tmp_path, refused, images):
    mine = tmp_path / "images.npz"
    with np.load(images) as file:
        arrays = dict(file)
    np.savez(mine, **arrays)
    assert trainer(tmp_path / "run", "--data", f"npz:{mine}", "--steps", 3) == 0
    arrays["image"][7, 0, 0] ^= 1
    np.savez(mine, **arrays)
    refused(
        ["evaluate", tmp_path / "run", "--num", 20], "no longer what", "trained on", "--against"
    )
    mine.unlink()
    refused(["evaluate", tmp_path / "run", "--num", 20], "images.npz", "--against")
    with pytest.raises(UserError, match=r"The data of .*images\.npz") as caught:
        training_source(tmp_path / "run")
    assert "--against" not in str(caught.value), "which other commands do not have"


def evaluation(real, *metrics):
    source = from_arrays("reals", "train", {"image": real})
    reference = Reference(of_source(source, np.arange(len(real))), None, None, pytest.fail)
    return Evaluation(metrics_named(metrics), reference, extractor())


def test_samples_of_a_modality_of_their_own_are_scored_by_its_metric(monkeypatch):
    """Integers in rows, under a key of their own: neither quantized, nor seen by a network."""
    tokens = dataclasses.replace(POINTS, name="tokens", key="text", dtype=np.int32)

    def lengths(comparison):
        assert comparison.generated.modality == "tokens"
        return {"mean": float((comparison.generated.array() > 0).sum(1).mean())}, {}

    metric = Metric(
        "length",
        "mean length",
        lengths,
        {"mean": ""},
        lambda _: "length",
        network="",
        modalities=frozenset({"tokens"}),
        keeps="samples",
    )
    rows = {"text": np.tril(np.ones((4, 6), np.int32)), "image": np.zeros((4, 2), np.float32)}
    made = of_source(from_arrays("texts", "train", rows, modality=tokens), np.arange(4))
    metrics = (metric, METRICS["fd"])
    assert extractor_for(metrics, "vgg", None, (6,), "tokens", pytest.fail) is None
    against = Evaluation((metric,), Reference(made, None, None, pytest.fail))
    (score,) = against.score(made, {})
    assert score.values == {"mean": 2.5}
    assert score.protocol["quantization"] == "none"
    with pytest.raises(UserError, match="fd is of images, pairs, unpaired, not of tokens"):
        dataclasses.replace(against, metrics=metrics).score(made, {})
    with pytest.raises(UserError, match="Images and tokens cannot be compared"):
        against.check(4, (6, 6, 1), "images")
    monkeypatch.setattr("jaxgan.evaluation.requirements.MEMORY", 4 * 6 * 4)
    against.check(4, (6,), "tokens")  # four bytes each
    monkeypatch.setattr("jaxgan.evaluation.requirements.MEMORY", 4 * 6 * 4 - 1)
    with pytest.raises(UserError, match="length keeps all samples"):
        against.check(4, (6,), "tokens")


def test_only_images_with_labels_have_a_small_classifier():
    points = {"image": np.zeros((4, 2), np.float32), "label": np.arange(4) % 2}
    images = {"image": np.zeros((4, 6, 6, 1), np.uint8)}
    for rows in (points, images):
        source = from_arrays("made", "train", rows)
        with pytest.raises(UserError, match="made has no labeled images"):
            classifier_of(source, source)


def scored_images(against, image):
    source = from_arrays("fakes", "train", {"image": image})
    return against.score(of_source(source, np.arange(len(image))), {})


def test_a_generator_that_makes_one_image_gets_finite_bad_scores():
    random = np.random.default_rng(3)
    real = random.integers(0, 256, (40, 12, 12, 3), np.uint8)
    collapsed = np.repeat(real[:1], 40, axis=0)
    fresh = random.integers(0, 256, (40, 12, 12, 3), np.uint8)
    against = evaluation(real, "fd", "kid", "prdc")
    fd, kid, near = scored_images(against, collapsed)
    good, _, wide = scored_images(against, fresh)
    assert np.isfinite([fd.value, kid.value]).all()
    assert fd.value > 2 * good.value
    assert near.values["recall"] == 0
    assert near.values["coverage"] < wide.values["coverage"]
    itself, itself_kid, _ = scored_images(against, real)
    assert itself.value == pytest.approx(0.0, abs=1e-6)
    assert itself_kid.value < 0  # unbiased: the diagonal is left out


def test_scores_by_features_that_a_player_learned_through_leak(capsys):
    """Projected GAN's discriminator sees the features of the usual extractor."""
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (20, 12, 12, 3), np.uint8)
    made = of_source(from_arrays("fakes", "train", {"image": images}), np.arange(20))
    against = evaluation(images, "fd", "ms-ssim")
    fd, similarity = against.score(made, {"learned_through": [SHA256]})
    assert fd.protocol["leak"] == LEAK
    assert fd.title == "FD-EffNetLite0-64 (leaking)"
    assert "leak" not in similarity.protocol
    other, _ = against.score(made, {"learned_through": ["another network"]})
    assert "leak" not in other.protocol
    assert other.protocol != fd.protocol
    print_scores([similarity, fd])
    assert "Leaking: a player of the game learned through this extractor" in capsys.readouterr().out
    print_scores([similarity, other])
    assert "Leaking" not in capsys.readouterr().out


def test_features_that_are_not_finite_are_refused():
    against = evaluation(np.zeros((4, 12, 12, 3), np.uint8), "fd")
    broken = dataclasses.replace(against.extractor, variables=None, apply=_broken)
    against = dataclasses.replace(against, extractor=broken)
    with pytest.raises(UserError, match="4 of 4 rows of the features hold NaN"):
        scored_images(against, np.zeros((4, 12, 12, 3), np.uint8))


def _broken(variables, images):
    import jax.numpy as jnp

    from jaxgan.metrics.extractors.extractor import Output

    return Output(jnp.full((len(images), 1280), jnp.nan), None)


def test_features_of_changed_images_are_not_taken_from_the_cache():
    random = np.random.default_rng(4)
    image = random.integers(0, 256, (5, 12, 12, 3), np.uint8)

    def features(image):
        source = from_arrays("a name", "train", {"image": image})
        source = dataclasses.replace(source, fingerprint="f" * 64)  # which says nothing
        return cached_extraction(extractor(), of_source(source, np.arange(5))).features

    before = features(image)
    np.testing.assert_array_equal(features(image), before)
    image[3] ^= 255
    after = features(image)
    assert (after[3] != before[3]).any()
    np.testing.assert_array_equal(after[:3], before[:3])
