"""The report of a run: all in one page, and nothing that was not measured."""

import base64
import dataclasses
import io
import json
import logging
import re
import shutil
from html.parser import HTMLParser
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.cli.exit import exit_code_of
from jaxgan.cli.report import report
from jaxgan.data.modality import IMAGES, POINTS
from jaxgan.data.open import open_source
from jaxgan.data.source import from_arrays
from jaxgan.data.sources.toy import ring_modes
from jaxgan.errors import UserError
from jaxgan.evaluation.classifier import SEEN
from jaxgan.evaluation.samples import of_source
from jaxgan.evaluation.score import Score, append
from jaxgan.metrics.extractors.classifier import Training
from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.metrics.modes import mixture_coverage, perfect_coverage
from jaxgan.report import document
from jaxgan.report.context import Choices, ReportedRun, attempt
from jaxgan.report.document import Code, Details, Document, Heading, Picture, Section, Table, Text
from jaxgan.report.modes import beside_perfect, class_modes
from jaxgan.report.neighbors import neighbors
from jaxgan.report.report import compose, lead
from jaxgan.report.samples import density
from jaxgan.report.scores import OF_GOOD, course, score_table
from jaxgan.report.truncation import truncates, truncation
from jaxgan.report.write import check_destination, write
from jaxgan.runs.exit_codes import EXIT_DIVERGED
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.sampling.load import load_state
from jaxgan.viz import figures
from support.tiny_runs import config, contents, rewrite, unchanged, untrained

pytest_plugins = ["support.run_fixtures"]


class Page(HTMLParser):
    """What a browser would make of a page: tags, pictures, links, text by section and tables."""

    def __init__(self, text):
        super().__init__()
        self.text, self.tags, self.sources, self.links = text, [], [], []
        self.ids, self.tables, self.warnings, self.words = [], [], [], {"": ""}
        self._section, self._warning, self._table = "", False, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.sources += [given["src"]] if "src" in given else []
        self.links += [given["href"]] if "href" in given else []
        self.ids += [given["id"]] if "id" in given else []
        if tag == "section":
            self._section = given["id"]
            self.words[self._section] = ""
        self._warning = given.get("class") == "warning"
        if tag == "table":
            self.tables.append("")
            self._table = True

    def handle_endtag(self, tag):
        self._warning = False
        self._table = self._table and tag != "table"

    def handle_data(self, data):
        self.words[self._section] += data
        if self._warning:
            self.warnings.append((self._section, data))
        if self._table:
            self.tables[-1] += data + " "


def random_projection(shape):
    """A small network in the place of the one with published weights."""

    def apply(kernel, images):
        flat = images.reshape(len(images), -1).astype(jnp.float32) / 255
        return Output(jnp.tanh(flat @ kernel), None)

    kernel = np.random.default_rng(0).normal(size=(int(np.prod(shape)), 6)).astype(np.float32)
    return Extractor("projection", "FD-projection", "0" * 64, 6, "none", apply, kernel)


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """A small extractor, a classifier that learns nothing, and a cache of the test's own."""
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(tmp_path / "cache"))
    brief = dataclasses.replace(SEEN["images"], training=Training(steps=1, batch=4))
    monkeypatch.setattr("jaxgan.evaluation.classifier.SEEN", {"images": brief})
    monkeypatch.setattr(
        "jaxgan.report.context.choose_extractor",
        lambda name, weights, shape, _: random_projection(shape),
    )


@pytest.fixture
def run(copy, images, tmp_path):
    """A run to report, with data that also have a test split."""
    path = tmp_path / "data" / "images.npz"
    path.parent.mkdir()
    with np.load(images) as arrays:
        test = np.random.default_rng(1).integers(0, 256, (30, 6, 6, 1), np.uint8)
        labels = np.arange(30) % 3
        np.savez(path, **arrays, image_test=test, label_test=labels)
    rewrite(copy, lambda described: described["launches"][-1].update(data_path=f"npz:{path}"))
    return copy


def score(value, step=12, n=100, title="FD-net", **more):
    protocol = {"metric": "fd", "n_real": 100, "n_fake": n, "extractor": "net"}
    subject = {"step": step, "rule": "chosen", "weights": "ema", "truncation": None, "seed": 0}
    real = {"distance": 0.125 * n}
    return Score("fd", title, "lower", {"distance": value}, real, protocol, subject, **more)


def counted(counts):
    """A score of the classes that a classifier saw."""
    classes = {"captured": float(len(counts))}
    protocol = {"metric": "modes", "n_fake": sum(counts), "classifier_accuracy": 0.5}
    return dataclasses.replace(
        score(0.0, title="modes"),
        metric="modes",
        better="higher",
        values=classes,
        real_score={},
        protocol=protocol,
        details={"counts": counts},
    )


def reported(folder, *flags, out=None):
    """The page after ``jaxgan report``."""
    assert report([str(folder), "--num", "10", *map(str, flags)]) == 0
    return Page(((out or folder / "report") / "report.html").read_text())


@pytest.fixture(scope="module")
def loaded(finished):
    """What ``load_state`` gives, once: a game that is loaded again is compiled again."""
    return load_state(finished)


@pytest.fixture
def given(run, loaded):
    """``given()``: the run as the sections get it."""

    def of():
        experiment = dataclasses.replace(loaded.experiment, file=run / "experiment.py")
        folder = RunFolder(run)
        trained = dataclasses.replace(
            loaded, experiment=experiment, description=read_description(folder)
        )
        choices = Choices(num=10, truncations=(0.5,))
        return ReportedRun(folder, trained, loaded.sampler(), choices)

    return of


def shown(run):
    """The page of a run."""
    return Page(document.to_html(compose(run)))


@pytest.fixture
def refused(capsys):
    """``refused(words, *expected)``: ends with code 2 and one line."""

    def check(words, *expected):
        logger, absl = logging.getLogger("jaxgan"), logging.getLogger("absl")
        before = logger.handlers, logger.propagate, absl.level
        try:
            assert exit_code_of(lambda: report([*map(str, words)])) == 2
        finally:
            logger.handlers, logger.propagate = before[:2]
            absl.setLevel(before[2])
        said = capsys.readouterr().err.strip()
        last = said.splitlines()[-1]
        assert last.startswith("jaxgan: ")
        for text in expected:
            assert text in last

    return check


def pictures(found):
    """The pictures in a page, by name."""
    return {
        given["alt"]: base64.b64decode(given["src"].removeprefix("data:image/png;base64,"))
        for tag, given in found.tags
        if tag == "img"
    }


def pixels(png):
    with Image.open(io.BytesIO(png)) as opened:
        assert opened.format == "PNG"
        return np.asarray(opened.convert("RGB"))


def test_a_report_of_images(run, monkeypatch, capsys):
    """One page of everything; what follows looks at its parts."""
    monkeypatch.setattr(jaxgan.Sampler, "labeled", True)
    append(
        run / "evaluations.jsonl",
        [
            counted([5, 3, 2]),
            dataclasses.replace(score(1.25), metric="fd-infinity", details={"counts": [2, 9]}),
            score(11.5),
            score(22.5, n=50),
            score(13.5, step=5),
        ],
    )
    found = reported(run)
    said = capsys.readouterr()
    assert "report 1/" in said.err
    assert "report.html" in said.out

    check_self_contained(found)
    check_markdown(run / "report", found)
    check_pictures(run, found)
    check_scores(found)
    assert found.warnings == []
    assert "finished at step 12" in found.words["the-run"]
    assert "12 D steps, 12 G steps, 96 real samples" in found.words["the-run"]
    assert "A tiny game that has everything" in found.words[""]
    assert "Left out" not in "".join(found.words.values())
    assert "checkpoint of step 12 (the newest), ema" in found.words["the-run"]


def check_self_contained(found):
    names = {tag for tag, _ in found.tags}
    assert not names & {"script", "link", "iframe", "object", "base", "form", "video"}
    assert found.sources
    assert all(source.startswith("data:image/png;base64,") for source in found.sources)
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert len(found.links) == sum(tag == "section" for tag, _ in found.tags)
    for address in ("http://", "https://", "url(", "@import", "srcset", "<script"):
        assert address not in found.text
    for tag, given in found.tags:
        assert tag == "meta" or not {name for name in given if name.startswith(("on", "http"))}


def check_markdown(folder, found):
    text = (folder / "report.md").read_text()
    linked = re.findall(r"^!\[(.+)\]\((.+)\)$", text, re.M)
    assert {file for _, file in linked} == {path.name for path in folder.glob("*.png")}
    inline = pictures(found)
    assert [name for name, _ in linked] == list(inline)
    for name, file in linked:
        assert (folder / file).read_bytes() == inline[name]
    headings = [
        line[3:].lower().replace(" ", "-") for line in text.splitlines() if line[:3] == "## "
    ]
    assert re.findall(r"^- \[.+\]\(#(.+)\)$", text, re.M) == headings
    assert sorted(contents(folder)) == sorted({"report.md", "report.html", *(f for _, f in linked)})


def check_pictures(run, found):
    shown = {name: pixels(png) for name, png in pictures(found).items()}
    drawn, times = jaxgan.load(run)(64), 64 // 6
    first = shown["samples"][: 6 * times : times, : 6 * times : times, 0]
    np.testing.assert_array_equal(first, drawn[0, ..., 0])
    # The nearest neighbor, found anew in float64.
    with np.load(config(run)["launches"][-1]["data_path"].removeprefix("npz:")) as arrays:
        real = arrays["image"]
    flat = lambda images: images.reshape(len(images), -1) / 255.0  # noqa: E731
    distances = np.linalg.norm(flat(drawn)[:10, None] - flat(real)[None], axis=-1)
    cell = 6 * times
    for name, order in (
        ("neighbors-pixels", np.arange(10)),
        ("nearest-pixels", distances.min(1).argsort()),
    ):
        for place in (0, 1, 4):
            left = place * (cell + 8)
            pair = shown[name][:, left : left + cell : times, 0]
            np.testing.assert_array_equal(pair[:cell:times], drawn[order[place], ..., 0])
            below = pair[cell + 2 : 2 * cell + 2 : times]
            nearest = real[distances[order[place]].argmin(), ..., 0]
            np.testing.assert_array_equal(below, nearest)
    words = found.words["nearest-neighbors"]
    assert f"{np.median(distances.min(1)):.4g}" in words
    assert "all 50 training images" in words
    assert "held-out real (test)" in words
    expected = {"curves", "during-training", "classes", "interpolation", "modes", "scores"}
    expected |= {"neighbors-features", "nearest-features", "truncation"}
    assert expected <= shown.keys()
    assert "10 samples (step 12, ema weights, seed 0) as a small" in found.words["modes"]
    # Nothing is blank.
    assert all(len(np.unique(image)) > 4 for image in shown.values())


def check_scores(found):
    """Two protocols of one title have a table each; two steps of one share theirs."""
    holding = lambda number: [n for n, t in enumerate(found.tables) if f" {number} " in t]  # noqa: E731
    assert len(holding("11.5")) == 1
    assert holding("11.5") == holding("13.5")
    assert len(holding("22.5")) == 1
    assert holding("22.5") != holding("11.5")
    assert holding("12.5") == holding("11.5")  # of held-out real samples
    words = found.words["scores"]
    assert "FD-net, protocol 1" in words
    assert "Differs from the first protocol in n_fake: 100 -> 50" in words
    assert '"n_real": 100' in words  # the complete record
    # The sweep is another way of measuring: its numbers are in a table of its own.
    assert "FD-projection" in found.words["truncation"]
    assert "FD-projection" not in words
    rows = next(table for table in found.tables if "FD-projection" in table)
    for label in ("held-out real", " 0.3 ", " 0.5 ", " 0.7 ", " 1 ", " none "):
        assert label in rows


HOSTILE = "</p><script>alert(1)</script>|<img src=x onerror=alert(1)> [a](http://x.y) `b` \ud800"


def test_what_files_say_is_text(run, given):
    def change(described):
        described["experiment"] = HOSTILE
        described["data"]["name"] = HOSTILE
        for launched in (described, described["launches"][-1]):
            launched["environment"]["git_commit"] = HOSTILE
            launched["environment"]["packages"][HOSTILE] = HOSTILE

    rewrite(run, change)
    (run / "status.json").write_text(
        json.dumps({"outcome": "diverged", "step": HOSTILE, "note": HOSTILE})
    )
    text = (run / "experiment.py").read_text()
    (run / "experiment.py").write_text(text.replace('"""A tiny', '"""</p><b>``` A tiny', 1))
    hostile = score(1.0, title=HOSTILE.replace("\ud800", ""))
    hostile.protocol[HOSTILE[:40]] = hostile.subject["weights"] = HOSTILE[:60]
    append(run / "evaluations.jsonl", [hostile])
    named = run.with_name('run "<b>&amp;')
    hostile_run = given()
    run.rename(named)
    experiment = dataclasses.replace(hostile_run.trained.experiment, file=named / "experiment.py")
    trained = dataclasses.replace(hostile_run.trained, experiment=experiment)
    made = compose(dataclasses.replace(hostile_run, folder=RunFolder(named), trained=trained))
    write(made, named / "report")
    found = Page((named / "report" / "report.html").read_text())
    assert [where for where, _ in found.warnings] == [""]
    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "b"}
    assert all(source.startswith("data:") for source in found.sources)
    assert all(link.startswith("#") for link in found.links)
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    seen = "".join(found.words.values())
    assert seen.count("<script>alert(1)</script>|<img src=x onerror=alert(1)>") >= 5
    assert 'run "<b>&amp;' in seen
    markdown = (named / "report" / "report.md").read_text()
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", markdown, flags=re.M | re.S)
    outside = re.sub(r"</?(details|summary)>", "", outside)
    assert not re.search(r"(?<!\\)<", outside)
    assert not re.search(r"(?<!\\)\]\(http", outside)


def test_a_fence_holds_and_every_block_has_both_forms():
    image = np.zeros((2, 3, 3), np.uint8)
    blocks = [
        Text("1. a *b* - c"),
        Text("- why", "note"),
        Code("a\n````\nb"),
        Table([("x|y", "2")], ("one", "two")),
        Heading("h <i>"),
        Details("more <b>", [Picture("inner", image, "a_b_")]),
    ]
    made = Document("t & u", [Text("lead", "warning")], [Section("The part", blocks)])
    markdown = document.to_markdown(made)
    for expected in (
        "# t \\& u",
        "> **lead**",
        "- [The part](#the-part)",
        "1. a \\*b\\* - c".replace("1.", "\\1."),
        "*\\- why*",
        "`````text\na\n````\nb\n`````",
        "| one | two |\n|---|---|\n| x\\|y | 2 |",
        "### h \\<i\\>",
        "<summary>more &lt;b&gt;</summary>",
        "![inner](inner.png)\n\na\\_b\\_",
    ):
        assert expected in markdown
    assert [picture.name for picture in made.attachments()] == ["inner"]
    found = Page(document.to_html(made))
    assert found.warnings == [("", "lead")]
    assert found.words["the-part"].count("more <b>") == 1
    assert pixels(pictures(found)["inner"]).shape == (2, 3, 3)


def test_without_the_data_and_scores_the_page_says_so(run, given, capsys):
    gone = "npz:/nowhere/else.npz"
    rewrite(run, lambda described: described["launches"][-1].update(data_path=gone))
    for picture in (run / "samples").iterdir():
        picture.unlink()
    (run / "metrics.jsonl").unlink()
    found = shown(given())
    for part, command in (
        ("nearest-neighbors", "jaxgan report RUN --data-dir DIR"),
        ("truncation", "jaxgan report RUN --data-dir DIR"),
        ("scores", "there are no scores yet. jaxgan evaluate RUN"),
        ("modes", "jaxgan report RUN --data-dir DIR"),
        ("samples-during-training", "0 pictures of samples. --sample-every N"),
        ("curves", "metrics.jsonl has no rows"),
    ):
        assert "Left out: " in found.words[part]
        assert command in found.words[part]
    assert pictures(found).keys() == {"samples", "interpolation"}
    assert "/nowhere" not in found.text  # a page that is handed on names no folder of this machine
    assert "/nowhere/else.npz" in capsys.readouterr().err


def test_samples_of_any_other_kind_have_the_sections_that_all_have(given, monkeypatch):
    picture = np.zeros((4, 5, 3), np.uint8)
    tokens = dataclasses.replace(IMAGES, name="tokens", preview=lambda *_: picture)
    monkeypatch.setattr(ReportedRun, "modality", tokens)
    made = compose(given())
    titles = ["Samples", "Scores", "Samples during training", "Curves", "The run"]
    assert [section.title for section in made.sections] == titles
    shown = {one.name: one.image for one in made.attachments()}
    np.testing.assert_array_equal(shown["samples"], picture)


def test_real_samples_are_those_of_the_key_of_the_modality(given):
    """Data may have other entries beside it, and call it something else."""
    random = np.random.default_rng(0)
    decoy = {"image": np.zeros((20, 1), np.float32)}
    made = given()
    pixels = {"picture": random.integers(0, 256, (20, 6, 6, 1), np.uint8)} | decoy
    pictures = dataclasses.replace(IMAGES, key="picture")
    vars(made)["source"] = from_arrays("pictures", "train", pixels, modality=pictures)
    vars(made)["held_out"] = None
    by_key = {one.name: one.image for one in neighbors(made) if isinstance(one, Picture)}
    vars(made)["source"] = from_arrays("images", "train", {"image": pixels["picture"]})
    plain = {one.name: one.image for one in neighbors(made) if isinstance(one, Picture)}
    assert len(plain) == 4
    assert by_key.keys() == plain.keys()
    for name, image in plain.items():
        np.testing.assert_array_equal(by_key[name], image)

    places = {"place": random.normal(size=(20, 2)).astype(np.float32)} | decoy
    points = dataclasses.replace(POINTS, key="place")
    source = from_arrays("places", "train", places, modality=points)
    drawn = of_source(source, np.arange(20))
    stand_in = SimpleNamespace(source=source, drawn=lambda count: drawn, mixture=None)
    (picture,) = density(stand_in)
    assert picture.caption.startswith("20 generated and 20 real points")
    np.testing.assert_array_equal(picture.image, figures.density(places["place"], places["place"]))


def test_without_the_extractor_only_its_parts_are_left_out(run, given, monkeypatch, refused):
    def missing(*_):
        raise UserError("EfficientNet is not installed; pip install it.")

    monkeypatch.setattr("jaxgan.report.context.choose_extractor", missing)
    # What is asked for by name is not left out in silence.
    refused([run, "--extractor", "inception"], "is not installed")
    assert not (run / "report").exists()
    parts = [Section(build.__name__, attempt(build, given())) for build in (neighbors, truncation)]
    found = Page(document.to_html(Document("", [], parts)))
    assert pictures(found).keys() == {"neighbors-pixels", "nearest-pixels"}
    assert "Left out: EfficientNet is not installed" in found.words["neighbors"]
    assert "pip install it" in found.words["truncation"]


@pytest.mark.parametrize(
    "status, expected",
    [
        ({"outcome": "diverged", "step": 14, "note": "not finite: d/loss"}, "diverged: not finite"),
        ({"outcome": "interrupted", "step": 12, "note": "SIGTERM"}, "interrupted: SIGTERM"),
        ({"outcome": "running", "step": 0, "note": ""}, "had not ended"),
        (None, "not recorded"),
    ],
)
def test_what_did_not_finish_is_said_at_the_top(status, expected, run, given):
    (run / "status.json").write_text("{" if status is None else json.dumps(status))
    warning, *rest = lead(given())
    assert isinstance(warning, Text)
    assert warning.kind == "warning"
    assert expected in warning.text
    assert "checkpoint of step 12" in warning.text
    assert all(isinstance(block, Text) and block.kind == "plain" for block in rest)


def test_classes_that_nobody_counted_are_counted(run, given):
    picture, table, _ = class_modes(given())
    assert isinstance(picture, Picture)
    assert "10 samples (step 12" in picture.caption
    assert "small classifier" in picture.caption
    assert isinstance(table, Table)


def test_a_run_that_diverged_before_its_first_checkpoint_is_reported(trainer, tmp_path, refused):
    folder = tmp_path / "run"
    assert trainer(folder, "--learning-rate", "1e30") == EXIT_DIVERGED
    assert not any((folder / "checkpoints").glob("[0-9]*"))
    found = reported(folder)
    assert [text for _, text in found.warnings] == [found.warnings[0][1]]
    assert "This run diverged: not finite" in found.warnings[0][1]
    assert "has no checkpoint" in found.warnings[0][1]
    assert set(pictures(found)) == {"curves"}
    refused([folder, "--step", "4"], "no checkpoint")


def test_a_report_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    def made(word, *names):
        image = np.full((2, 2, 3), len(word), np.uint8)
        shown = [Picture(name, image, word) for name in names]
        return Document(word, [], [Section("Part", [Table([("a", word)]), *shown])])

    folder = tmp_path / "new" / "report"
    write(made("first", "samples", "density"), folder)
    assert contents(folder).keys() == {"report.html", "report.md", "samples.png", "density.png"}
    (folder / "notes.txt").write_text("of a person")
    (folder / "mine.png").write_bytes(b"of a person")
    before = contents(folder)

    def full(self):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Table, "html", full)
        with pytest.raises(UserError, match=r"Cannot write .*No space left.*--out"):
            write(made("second one", "samples"), folder)
    assert contents(folder) == before

    write(made("second one", "samples"), folder)
    after = contents(folder)
    assert before.keys() - after.keys() == {"density.png"}
    for name in ("report.html", "report.md", "samples.png"):
        assert after[name] != before[name]
    for name in ("notes.txt", "mine.png"):
        assert after[name] == before[name]
    check_destination(folder)  # and may be replaced again


def test_a_folder_of_other_files_is_left_alone(run, tmp_path, refused):
    other = tmp_path / "other"
    other.mkdir()
    (other / "samples.png").write_bytes(b"of a person")
    (tmp_path / "file").write_text("")
    with unchanged(tmp_path):
        refused([run, "--out", other], "holds files but no report", "--out")
        refused([run, "--out", tmp_path / "file"], "is not a folder", "--out")


@pytest.mark.parametrize(
    "flags, expected",
    [
        (["--num", 3], "--num 3"),
        (["--num", 2**31], "at most 1073741824"),
        (["--truncations", "0.5,much"], "--truncations 0.5,much: much"),
        (["--truncations", "0.5,-1"], "above 0"),
        (["--seed", -1], "--seed -1"),
        (["--step", 7], "7"),
        (["--step", "best"], "no scored checkpoint"),
    ],
)
def test_a_mistake_is_refused_before_anything_is_written(flags, expected, finished, refused):
    with unchanged(finished):
        refused([finished, *flags], expected)


def test_what_is_no_run_is_refused(finished, copy, tmp_path, refused):
    refused([tmp_path / "none"], "No run")
    refused([finished / "config.json"], "is not a folder")
    shutil.rmtree(copy / "checkpoints")
    refused([copy], "no checkpoint")
    (copy / "config.json").write_text("{")
    refused([copy], "damaged")
    assert not (copy / "report").exists()


@pytest.fixture
def ring(finished, tmp_path):
    """The checkpoint of a game of points in the plane, before its first step."""
    described, source = config(finished), open_source("ring")
    described["training"] |= {"data": "ring", "flip": False}
    described["launches"][-1]["data_path"] = "ring"
    about = {"name": "ring", "size": source.size, "shape": [2], "classes": 8, "modality": "points"}
    about["spec"] = {"image": [[2], "float32"], "label": [[], "int32"]}
    described["data"] = about | {"fingerprint": source.fingerprint}
    return untrained(tmp_path / "ring", described, finished)


def test_a_report_of_points(ring, tmp_path):
    out = tmp_path / "out"
    found = reported(ring, "--num", "40", "--out", out, out=out)
    assert not (ring / "report").exists()
    check_self_contained(found)
    check_markdown(out, found)
    assert {"samples", "density", "modes"} <= pictures(found).keys()
    assert not {"nearest-neighbors", "truncation", "interpolation"} & found.words.keys()
    points = jaxgan.load(ring)(40)
    wanted = mixture_coverage(points, np.asarray(ring_modes()), 0.01)
    table = next(table for table in found.tables if "modes captured" in table)
    perfect = perfect_coverage(40, 8)  # of 98.89 %, rounded
    assert f"modes captured {wanted.captured} {perfect['captured']:.4g}" in table
    assert f"high-quality share {wanted.high_quality:.2%} 98.89%" in table
    for name in ("reverse_kl", "js"):
        assert f"nats {getattr(wanted, name):.4g} {perfect[name]:.4g}" in table
    assert "40 samples" in found.words["modes"]


def test_mode_scores_stand_beside_those_of_perfect_samples():
    samples = np.asarray(ring_modes())[[0, 0, 0, 1]]
    coverage = mixture_coverage(np.concatenate([samples, samples + 5]), np.asarray(ring_modes()), 1)
    table = beside_perfect(coverage, 8)
    rows = {row[0]: row[1:] for row in table.rows}
    few = perfect_coverage(4, 8)
    kl = rows["KL(generated || equal shares), nats"]
    assert kl == ("1.517", *(f"{perfect_coverage(n, 8)['reverse_kl']:.4g}" for n in (8, 4)))
    assert rows["modes captured"][2] == f"{few['captured']:.4g}"
    score = Score(
        *("modes", "modes", "higher", {"captured": 2.0, "reverse_kl": 1.5}, {}, {"n_fake": 8}, {}),
        details={"perfect": {"captured": 8.0, "js": 0.1}, "perfect_of_good": {"n": 4, **few}},
    )
    table = score_table([score, dataclasses.replace(score, details={})])
    assert table.head[-1] == OF_GOOD
    kinds = [(row[0], *row[5:]) for row in table.rows]
    assert kinds[0] == ("a perfect sampler", "8", "", "")
    assert kinds[1:] == [
        ("generated", "2", "1.5", f"{few['reverse_kl']:.4g}"),
        ("generated", "2", "1.5", ""),
    ]


def test_scores_of_a_course_share_a_line_only_if_drawn_alike():
    raw = score(3.0, step=5)
    raw.subject["weights"] = "raw"
    again = score(2.5, step=12)
    column = [score(9.0, step=5), score(2.0, step=12), raw, again, score(float("inf"), step=20)]
    line = course("FD-net", column)
    assert line is not None
    assert line.lines == {"ema weights": ([5, 12], [9.0, 2.5]), "raw weights": ([5], [3.0])}
    assert line.real_score == 12.5
    assert course("FD-net", [score(1.0), score(2.0)]) is None


def test_a_sweep_needs_a_prior_that_truncates(finished):
    sampler = jaxgan.load(finished)
    assert truncates(sampler, 0.5)
    deaf = SimpleNamespace(latents=lambda count, truncation=None: np.zeros((count, 2)))
    assert not truncates(deaf, 0.5)
