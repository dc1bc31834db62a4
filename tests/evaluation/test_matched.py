"""Folders of generated images, each scored against the true image of its name."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.cli.evaluate import Evaluate, evaluate
from jaxgan.cli.evaluate import _of_files as samples_of
from jaxgan.data.source import from_arrays
from jaxgan.errors import UserError
from jaxgan.evaluation.matched import matched
from jaxgan.evaluation.requirements import check_comparable
from jaxgan.evaluation.score import read_scores
from jaxgan.evaluation.suite import metrics_named
from jaxgan.metrics.l1 import l1
from jaxgan.metrics.psnr import psnr

RANDOM = np.random.default_rng(0)
SOURCES, TARGETS = (RANDOM.integers(0, 200, (5, 16, 16, 3)).astype(np.uint8) for _ in range(2))
MADE = TARGETS + np.uint8([0, 10, 20, 30, 40])[:, None, None, None]
NAMES = ["b", "a", "d", "c", "e.1"]


def save(folder, images, suffix=".png"):
    folder.mkdir(parents=True)
    for name, image in zip(NAMES, images, strict=True):
        Image.fromarray(image).save(folder / f"{name}{suffix}")
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Pairs whose test split is known, and a folder of images made from its sources."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(tmp_path / "cache"))
    for side, images in (("A", SOURCES), ("B", TARGETS)):
        save(tmp_path / "pairs" / side / "train", 255 - images)
        save(tmp_path / "pairs" / side / "test", images)
    save(tmp_path / "made", MADE, ".bmp")
    return tmp_path


def scored(here, *words):
    out = here / "scores.jsonl"
    assert evaluate([str(word) for word in (*words, "--out", out)]) == 0
    return {score.metric: score for score in read_scores(out)}


def test_each_image_is_compared_with_the_true_one_of_its_name(here, capsys):
    words = (here / "made", "--against", f"pairs:{here / 'pairs'}", "--metrics", "l1,psnr")
    scores = scored(here, *words)
    assert scores["l1"].values["mean"] == pytest.approx(100 * 20 / 255)
    assert scores["psnr"].values["mean"] == pytest.approx(psnr(TARGETS, MADE).mean())
    unchanged = scores["l1"].controls["the sources unchanged"]["mean"]
    assert unchanged == pytest.approx(l1(TARGETS, SOURCES).mean())
    assert "the sources unchanged" in capsys.readouterr().out
    protocol = scores["l1"].protocol
    assert protocol["made_from"] == {"data": "pairs:pairs", "split": "test", "by": "file name"}
    assert protocol["reference"]["split"] == "test"
    assert (protocol["n_fake"], protocol["n_real"]) == (5, 5)
    assert scores["l1"].subject["data"] == "folder:made"
    wrong = scored(here, *words, "--split", "train")  # the true images of others, of equal names
    assert wrong["l1"].values["mean"] == pytest.approx(l1(255 - TARGETS, MADE).mean())


def test_originals_in_a_folder(here):
    """As those of completed images: whoever asks for a metric of true images has them."""
    save(here / "originals", TARGETS)
    scores = scored(here, here / "made", "--against", here / "originals", "--metrics", "l1")
    assert scores["l1"].values["mean"] == pytest.approx(100 * 20 / 255)
    assert not scores["l1"].controls  # what the images were made from is not known


@pytest.mark.parametrize("subject", ["made.npz", "made"])
def test_without_a_metric_of_single_images_names_are_not_asked_for(here, subject):
    """Neither of the samples nor of the targets, and their numbers may differ."""
    np.savez(here / "made.npz", image=MADE[:4])
    (here / "made" / "a.bmp").unlink()
    words = (here / subject, "--against", f"pairs:{here / 'pairs'}", "--num-real", 5)
    protocol = scored(here, *words, "--metrics", "ms-ssim")["ms-ssim"].protocol
    assert "made_from" not in protocol
    assert protocol["n_fake"] == 4
    for data, split in ((f"pairs:{here / 'pairs'}", "test"), (f"folder:{here / 'made'}", "train")):
        asked = Evaluate(str(here / subject), data, num_real=4)
        generated, _, reference = samples_of(asked, metrics_named("fd"), None)
        check_comparable(reference, generated.modality.name)
        assert (generated.count, reference.real.count) == (4, 4)
        assert reference.real.about["split"] == split


def test_what_does_not_match_is_refused(here):
    made, pairs = here / "made", f"pairs:{here / 'pairs'}"

    def refused(match, *words):
        with pytest.raises(UserError, match=match) as caught:
            scored(here, *words)
        assert "\n" not in str(caught.value)
        assert not (here / "scores.jsonl").exists()

    for flag in ("--num", "--num-real"):
        refused(f"^{flag}: every image", made, "--against", pairs, flag, 4)
    Image.fromarray(MADE[0]).save(made / "f.png")
    refused(r"^pairs:pairs test has no image f of folder:made; names", made, "--against", pairs)
    (made / "f.png").unlink()
    (made / "a.bmp").rename(made / "A.bmp")
    (made / "c.bmp").unlink()
    words = r"^folder:made has no image a of pairs:pairs test, and 1 more like it; names must"
    refused(words, made, "--against", pairs)
    (here / "made2" / "x").mkdir(parents=True)
    Image.fromarray(MADE[0]).save(here / "made2" / "a.png")
    Image.fromarray(MADE[0]).save(here / "made2" / "a.jpg")
    refused("has two images a; rename", here / "made2", "--against", pairs)
    save(here / "small", MADE[:, :8, :8])
    refused(
        r"shape \(8, 8, 3\), the true ones .* \(16, 16, 3\)", here / "small", "--against", pairs
    )
    (here / "made" / "A.bmp").rename(made / "a.bmp")
    Image.fromarray(MADE[NAMES.index("c")]).save(made / "c.bmp")
    save(here / "originals", TARGETS)
    for against in (pairs, here / "originals"):
        words = r"^hole compares .* but no hole is known of folder:made; name a run"
        refused(words, made, "--against", against, "--metrics", "l1,hole")
    np.savez(here / "made.npz", image=MADE)
    refused("npz:made.* has no files, by whose names", here / "made.npz", "--against", pairs)


def test_rows_in_memory_have_no_names():
    images = from_arrays("made", "train", {"image": MADE})
    with pytest.raises(UserError, match=r"^made has no files"):
        matched(images, images)
