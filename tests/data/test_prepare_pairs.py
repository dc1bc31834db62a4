"""``jaxgan data prepare glyphs`` and ``emoji``, from small fonts and pictures."""

import io
import json

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from published import make_font
from rich.console import Console

from jaxgan.data.modality import PAIRS
from jaxgan.data.open import open_source
from jaxgan.data.prepare import debian, npm
from jaxgan.data.prepare.emoji import base_of, grouped
from jaxgan.data.prepare.glyphs import ideographs
from jaxgan.data.prepare.listing import list_prepared, unprepared
from jaxgan.data.prepare.packages import PackageError
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.recipe import check_counts, divided
from jaxgan.data.prepare.recipes import RECIPES
from jaxgan.data.sources.tfds import find_builder, resolve_data_dir
from jaxgan.errors import UserError

CHARACTERS = [chr(0x4E00 + i) for i in range(60)]
OTHERS = ["A", "。", "\u3400", "\uf900"]  # of other blocks; the last looks like a unified one
MING = (0, 0, 512, 384)
KAI = (256, -128, 1024, 768)


@pytest.fixture
def fonts(tmp_path):
    folder = tmp_path / "fonts"
    folder.mkdir()
    shared = [*CHARACTERS, *OTHERS]
    make_font(folder / "uming.ttc", dict.fromkeys([*shared, "丽"], MING))
    make_font(folder / "ukai.ttc", dict.fromkeys([*shared, "乾"], KAI))
    return folder


def splits_of(name, data_dir):
    """Code -> split, as plain TFDS reads them."""
    return {
        row["code"].decode(): split
        for split in ("train", "test")
        for row in tfds.data_source(name, split=split, data_dir=str(data_dir), download=False)
    }


def covered(first, last, pixels):
    """The part of each pixel in a line that lies between two places."""
    starts = np.arange(pixels)
    return np.clip(np.minimum(last, starts + 1) - np.maximum(first, starts), 0, 1)


@pytest.mark.parametrize("name, pixels", [("glyphs", 64), ("glyphs/32", 32)])
def test_glyphs_are_drawn(fonts, data_dir, name, pixels):
    prepare(name, source_dir=fonts, partial=True)
    sources = [open_source(name, split) for split in ("train", "test")]
    assert all(source.modality is PAIRS for source in sources)
    assert all(source.shape == (pixels, pixels, 1) for source in sources)
    for source in sources:
        rows = source.arrays()
        assert set(rows) == {"source", "target"}
        for key, box in (("source", MING), ("target", KAI)):
            assert rows[key].dtype == np.uint8
            # The em square of 1024 units has 7/8 of the side, its baseline lies 53/64 from the top.
            unit = pixels * 7 / 8 / 1024
            left, right = (pixels / 16 + unit * box[i] for i in (0, 2))
            top, bottom = (pixels * 53 / 64 - unit * box[i] for i in (3, 1))
            expected = 255 * np.outer(covered(top, bottom, pixels), covered(left, right, pixels))
            for image in rows[key]:
                assert np.abs(image[..., 0] - expected).max() <= 2
    codes = splits_of(name, data_dir)
    assert set(codes) == {f"{ord(one):04X}" for one in CHARACTERS}


def test_both_sizes_have_the_same_characters_in_a_split(fonts, data_dir):
    for name in ("glyphs", "glyphs/32"):
        prepare(name, source_dir=fonts, partial=True)
    assert splits_of("glyphs", data_dir) == splits_of("glyphs/32", data_dir)
    assert {one.name for one in list_prepared()} == {"glyphs/64:1.0.0", "glyphs/32:1.0.0"}
    assert "glyphs" not in unprepared(list_prepared())
    assert "Apache-2.0" in unprepared(list_prepared())["emoji"].terms
    for one in list_prepared():
        assert one.recipe.terms.startswith("license: Arphic Public License; source: ")


def test_ideographs_are_those_of_all_fonts(fonts):
    assert ideographs([fonts / "uming.ttc", fonts / "ukai.ttc"]) == CHARACTERS
    assert "丽" in ideographs([fonts / "uming.ttc"])


def test_a_split_depends_on_no_other_row():
    keys = [f"{number:04X}" for number in range(5000)]
    whole = divided({"code": np.array(keys)}, keys).splits
    assert 440 < len(whole["test"]["code"]) < 560
    assert sorted([*whole["train"]["code"], *whole["test"]["code"]]) == keys
    part = divided({"code": np.array(keys[::-7])}, keys[::-7]).splits
    assert {*part["test"]["code"]} == {*whole["test"]["code"]} & {*keys[::-7]}


def test_faults_of_fonts(fonts, data_dir, tmp_path):
    with pytest.raises(UserError, match=r"hold \d+ samples of glyphs/64's split train.*has \d+"):
        prepare("glyphs", source_dir=fonts)
    (fonts / "ukai.ttc").write_bytes((fonts / "ukai.ttc").read_bytes()[:40])
    with pytest.raises(UserError, match=r"ukai\.ttc is damaged or no font"):
        prepare("glyphs", source_dir=fonts)
    (fonts / "ukai.ttc").unlink()
    with pytest.raises(UserError, match=r"has no file ukai\.ttc\. Put uming\.ttc and ukai\.ttc"):
        prepare("glyphs", source_dir=fonts)
    with pytest.raises(UserError, match="is not a folder"):
        prepare("glyphs", source_dir=tmp_path / "nowhere")
    assert not (data_dir / "glyphs").exists()
    with pytest.raises(UserError, match=r"Run: jaxgan data prepare glyphs/32$"):
        open_source("glyphs/32")


ROWS = {
    "1F600": [],
    "1F468-200D-1F33E": ["1F468-1F3FB-200D-1F33E", "1F468-1F3FF-200D-1F33E"],
    "1F469-200D-1F33E": ["1F469-1F3FD-200D-1F33E"],
    "1F46B": ["1F46B-1F3FB", "1F469-1F3FB-200D-1F91D-200D-1F468-1F3FC"],
    "1F9D1-200D-1F91D-200D-1F9D1": ["1F9D1-1F3FB-200D-1F91D-200D-1F9D1-1F3FC"],
    **{f"1F4{number:02X}": [f"1F4{number:02X}-1F3FB"] for number in range(40)},
}


@pytest.fixture
def pictures(tmp_path):
    """Packages as npm installs them, one color for each picture and vendor."""
    folder = tmp_path / "node_modules"
    random = np.random.default_rng(0)
    for vendor in ("google", "twitter"):
        package = folder / f"emoji-datasource-{vendor}"
        (package / f"img/{vendor}/64").mkdir(parents=True)
        described = [
            {
                "unified": code,
                "skin_variations": {str(i): {"unified": c} for i, c in enumerate(more)},
            }
            if more
            else {"unified": code}
            for code, more in ROWS.items()
        ]
        (package / "emoji.json").write_text(json.dumps(described))
        for code in [one for base, more in ROWS.items() for one in (base, *more)]:
            image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
            image.paste((*random.integers(0, 256, 3).tolist(), 255), (0, 0, 64, 32))
            image.save(package / f"img/{vendor}/64/{code.lower()}.png")
        (package / f"img/{vendor}/64/._1f400.png").write_bytes(b"no picture")
    (folder / "emoji-datasource-google/img/google/64/1f600-fe0f.png").write_bytes(b"alone")
    return folder


@pytest.mark.parametrize("above", [False, True])
def test_emoji_are_read_back(pictures, data_dir, above):
    prepare("emoji", source_dir=pictures.parent if above else pictures, partial=True)
    split = splits_of("emoji", data_dir)
    assert set(split) == {one for base, more in ROWS.items() for one in (base, *more)}
    for name in ("train", "test"):
        source = open_source("emoji", name)
        assert (source.modality, source.shape) == (PAIRS, (64, 64, 3))
        rows = source.arrays()
        found = tfds.data_source("emoji", split=name, data_dir=str(data_dir), download=False)
        for i, row in enumerate(found):
            code = row["code"].decode().lower()
            for key, vendor in (("source", "google"), ("target", "twitter")):
                file = pictures / f"emoji-datasource-{vendor}/img/{vendor}/64/{code}.png"
                drawn = np.asarray(Image.open(file))
                np.testing.assert_array_equal(rows[key][i, :32], drawn[:32, :, :3])
                assert (rows[key][i, 32:] == 255).all()  # on white


def test_variants_of_one_emoji_lie_on_one_side(pictures, data_dir):
    prepare("emoji", source_dir=pictures, partial=True)
    split = splits_of("emoji", data_dir)
    assert set(split.values()) == {"train", "test"}
    for base, more in ROWS.items():
        assert {split[one] for one in more} <= {split[base]}
    assert split["1F468-200D-1F33E"] == split["1F469-200D-1F33E"]
    assert split["1F46B"] == split["1F9D1-200D-1F91D-200D-1F9D1"]


def test_equal_pictures_lie_on_one_side(pictures, data_dir):
    """As one flag that several islands have."""
    codes = [f"1f4{number:02x}" for number in range(40)]
    folder = pictures / "emoji-datasource-twitter/img/twitter/64"
    for code in codes:
        (folder / f"{code}.png").write_bytes((folder / "1f400.png").read_bytes())
    prepare("emoji", source_dir=pictures, partial=True)
    split = splits_of("emoji", data_dir)
    assert len({split[code.upper()] for code in codes}) == 1
    assert set(split.values()) == {"train", "test"}


def package_folder(recipe):
    """Where a package's files are on this machine, without fetching them; None if nowhere."""

    def refuse(command, folder, patience=0):
        raise PackageError("not for a test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(debian, "run_client", refuse)
        patch.setattr(npm, "run_client", refuse)
        try:
            into = resolve_data_dir(None) / "downloads" / "packages"
            return recipe.packages.fetch(into, Console(file=io.StringIO()))
        except PackageError:
            return None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["glyphs/32", "emoji"])
def test_the_real_packages_have_all_pairs_and_no_leak(name):
    recipe = RECIPES[name.partition("/")[0]]
    folder = package_folder(recipe)
    if folder is None:
        pytest.skip(f"the packages of {name} are not on this machine")
    loaded = recipe.load(find_builder(name, resolve_data_dir(None)), recipe.find(folder))
    check_counts(name, recipe, loaded)
    assert f"{sum(recipe.counts.values()):,}" in recipe.about
    train, test = (loaded.splits[split] for split in ("train", "test"))
    assert 0.09 < len(test["code"]) / sum(recipe.counts.values()) < 0.11
    for key in ("source", "target"):
        seen = {image.tobytes() for image in train[key]}
        assert not [code for code, image in zip(test["code"], test[key], strict=True)
                    if image.tobytes() in seen]  # fmt: skip
        if name == "glyphs/32":
            assert all(rows[key].max((1, 2, 3)).min() > 100 for rows in (train, test))  # no blank
            edges = [rows[key][:, [0, -1]].max() for rows in (train, test)]
            assert max(edges) == 0  # nothing is cut off above or below


@pytest.mark.parametrize(
    "code, base",
    [
        ("1F600", "1F600"),
        ("1F44B-1F3FD", "1F44B"),  # a hand's skin
        ("1F469-1F3FB-200D-1F33E", "1F9D1-1F33E"),  # a farmer
        ("1F3C3-1F3FB-200D-2640-FE0F-200D-27A1-FE0F", "1F3C3"),  # a runner, to the right
        ("1F468-200D-1F9B0", "1F9D1"),  # a man with red hair
        ("1F471-1F3FB-200D-2640-FE0F", "1F9D1"),  # a woman with blond hair
        ("1F468-200D-1F469-200D-1F467-200D-1F466", "1F9D1-1F9D2"),  # a family
        ("1F46A", "1F9D1-1F9D2"),
        ("1F936-1F3FB", "1F9D1-1F384"),  # Mrs. Claus
        ("1F9D1-200D-1F384", "1F9D1-1F384"),  # nor Mr. nor Mrs.
        ("27A1-FE0F", "27A1-FE0F"),  # an arrow of its own
        ("1F3FB", "1F3FB"),  # a tone of its own
        ("1F1E6-1F1E8", "1F1E6-1F1E8"),  # a flag
    ],
)
def test_the_base_of_an_emoji(code, base):
    assert base_of(code) == base


def test_variations_join_their_bases():
    groups = grouped(["A", "B", "C", "D", "E"], [("A", "B"), ("C", "D"), ("D", "B")])
    assert len({groups[one] for one in "ABCD"}) == 1
    assert groups["E"] == "E"
    assert grouped(["A", "B", "C", "D"], [("D", "B"), ("D", "C"), ("B", "A")]) == {
        one: groups["A"] for one in "ABCD"
    }


def test_faults_of_pictures(pictures, data_dir):
    twitter = pictures / "emoji-datasource-twitter"
    file = twitter / "img/twitter/64/1f600.png"
    Image.new("RGB", (72, 72)).save(file)
    with pytest.raises(UserError, match=r"1f600\.png has 72x72 pixels, not 64"):
        prepare("emoji", source_dir=pictures)
    file.write_bytes(b"no")
    with pytest.raises(UserError, match=r"1f600\.png is damaged \(not an image\)"):
        prepare("emoji", source_dir=pictures)
    (pictures / "emoji-datasource-google/emoji.json").write_text("[{}]")
    with pytest.raises(UserError, match=r"emoji\.json is missing or damaged"):
        prepare("emoji", source_dir=pictures)
    twitter.rename(pictures / "elsewhere")
    with pytest.raises(UserError, match="has no folder emoji-datasource-twitter/img/twitter/64"):
        prepare("emoji", source_dir=pictures)
    assert not (data_dir / "emoji").exists()


def test_packages_are_the_way_without_a_flag(fonts, pictures, data_dir, monkeypatch):
    monkeypatch.setattr(debian.DebianPackages, "fetch", lambda self, into, console: fonts)
    monkeypatch.setattr(npm.NpmPackages, "fetch", lambda self, into, console: pictures)
    for name in ("glyphs/32", "emoji"):
        prepare(name, partial=True)
        assert open_source(name).size > 50


def test_without_a_client_the_message_says_what_to_fetch(data_dir, monkeypatch):
    def fail(self, into, console):
        raise PackageError("there is no client")

    for packages in (debian.DebianPackages, npm.NpmPackages):
        monkeypatch.setattr(packages, "fetch", fail)
    for name, words in {
        "glyphs/32": (
            "Copy uming.ttc, ukai.ttc into a folder",
            "sudo apt-get install fonts-arphic-uming fonts-arphic-ukai",
            "jaxgan data prepare glyphs/32 --from /usr/share/fonts/truetype/arphic",
        ),
        "emoji": (
            "Copy emoji.json, img/google/64, img/twitter/64 into a folder",
            "npm install emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0",
            "jaxgan data prepare emoji --from node_modules",
        ),
    }.items():
        with pytest.raises(UserError) as caught:
            prepare(name)
        said = str(caught.value)
        assert "\n" not in said
        for word in (f"{name} cannot be downloaded: there is no client.", *words):
            assert word in said
