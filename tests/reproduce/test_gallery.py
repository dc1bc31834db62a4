"""The gallery shows every record with what belongs to it, and lists what has none."""

import json
import shutil

import numpy as np
import pytest

from jaxgan.cli.gallery import gallery
from jaxgan.errors import UserError
from jaxgan.reproduce.catalog import catalog
from jaxgan.reproduce.gallery import HEIGHT, page, strip
from support.tiny_runs import EXPERIMENTS

FOLDER = EXPERIMENTS[0].parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three experiments; two have records, one of them with a picture and a score."""
    root = tmp_path_factory.mktemp("experiments")
    for name in ("gan_ring", "dcgan", "cgan_mnist"):
        shutil.copy(FOLDER / f"{name}.py", root)
    (root / "trained").mkdir()
    (root / "results").mkdir()
    shutil.copy(FOLDER / "results" / "cgan_mnist.json", root / "results")
    for suffix in (".json", ".png"):
        shutil.copy(FOLDER / "trained" / f"dcgan-fashion_mnist{suffix}", root / "trained")
    record = json.loads((root / "trained" / "dcgan-fashion_mnist.json").read_text())
    record |= {"experiment": "cgan_mnist", "outcome": "diverged", "seen": "a < b"}
    (root / "trained" / "cgan_mnist.json").write_text(json.dumps(record))
    return root


def test_a_record_is_shown_with_command_budget_hardware_and_score(folder):
    text = page(catalog(folder), folder)
    assert text.count("<figure>") == 2
    shown = {one.partition("</strong>")[0]: one for one in text.split("<strong>")[1:]}
    garments = shown["dcgan fashion_mnist"]
    assert '<img src="trained/dcgan-fashion_mnist.png"' in text
    for part in (
        "step 4,282 of 9,380, seed 0",
        "1 core of Intel",
        "<code>jaxgan train experiments/dcgan.py",
        "Not scored.",
    ):
        assert part in garments
    assert "diverged at step" in shown["cgan_mnist"]
    assert "Other runs: 120.8 ± 1.6 (Parzen" in shown["cgan_mnist"]
    assert "Seen: a &lt; b." in shown["cgan_mnist"]


def test_what_has_no_record_is_listed_as_such(folder):
    text = page(catalog(folder), folder)
    assert "Not trained yet: `dcgan cifar10`, `dcgan folder`." in text
    assert "Not trained yet: `gan_ring`." in text.partition("## Points")[2]


def test_every_record_of_this_repository_is_in_its_gallery():
    records = [json.loads(path.read_text()) for path in (FOLDER / "trained").glob("*.json")]
    text = page(catalog(FOLDER), FOLDER)
    assert text.count("<figure>") == len(records) > 10
    for path in (FOLDER / "trained").glob("*.png"):
        assert f"trained/{path.name}" in text


def test_the_strip_has_a_square_of_each_experiment_that_did_not_diverge(folder):
    picture = strip(catalog(folder), folder)
    assert picture.shape == (HEIGHT, HEIGHT, 3)  # one, which is of the only healthy record
    assert len(np.unique(picture)) > 100


def test_the_command_writes_page_and_strip(folder, tmp_path, capsys):
    where = ["--out", str(tmp_path / "out"), "--strip", str(tmp_path / "strip.png")]
    assert gallery(["--folder", str(folder), *where]) == 0
    assert "shows 2 trainings" in capsys.readouterr().out
    assert (tmp_path / "out" / "gallery.md").read_text() == page(catalog(folder), folder)
    assert (tmp_path / "out" / "trained" / "dcgan-fashion_mnist.png").is_file()
    assert (tmp_path / "strip.png").is_file()
    with pytest.raises(UserError, match="holds no experiment files"):
        gallery(["--folder", str(tmp_path / "none"), "--out", str(tmp_path / "other")])
