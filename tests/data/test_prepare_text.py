"""``jaxgan data prepare sentences`` and ``poems``, from small files."""

import json

import numpy as np
import pytest

from jaxgan.data.open import open_source
from jaxgan.data.prepare import debian, npm
from jaxgan.data.prepare.packages import PackageError
from jaxgan.data.prepare.prepare import prepare
from jaxgan.errors import UserError

WORDS = ("cat", "dog", "bird", "fish", "horse")
TIMES = ("now", "then", "today", "again")


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory):
    """Four files in WordNet's form, with 80 different examples and one that is too short."""
    root = tmp_path_factory.mktemp("wordnet")
    for part, verb in (("noun", "is"), ("verb", "runs"), ("adj", "seems"), ("adv", "sleeps")):
        examples = [
            f'00001740 03 n 01 x | a thing; "the {one} {verb} here {two}"; "too short"'
            for one in WORDS
            for two in TIMES
        ]
        (root / f"data.{part}").write_text("  1 a line of the license\n" + "\n".join(examples))
    return root


def test_examples_of_use_become_sentences(wordnet, data_dir):
    prepare("sentences", source_dir=wordnet, partial=True)
    train, test = (open_source("sentences", split) for split in ("train", "test"))
    assert train.shape == (5,)
    assert train.size > test.size > 0
    assert train.size + test.size == 80
    words = train.modality.vocabulary
    assert set(words.words) == {"", "the", "here", *WORDS, *TIMES, "is", "runs", "seems", "sleeps"}
    known = words.sentences(train.arrays()["tokens"])
    assert "the cat is here now" in known + words.sentences(test.arrays()["tokens"])
    few = open_source("sentences:11", "train")
    assert few.modality.vocabulary.size == 12
    assert 0 < few.size < train.size
    with pytest.raises(UserError, match="consists of sentences"):
        open_source("sentences", resolution=8)


def test_quatrains_become_characters(tmp_path, data_dir):
    folder = tmp_path / "node_modules" / "chinese-poetry" / "dist" / "quantangshi"
    folder.mkdir(parents=True)
    letters = [chr(0x4E00 + number) for number in range(200)]
    random = np.random.default_rng(0)

    def line():
        return "".join(random.choice(letters, 5))

    poems = [{"paragraphs": [f"{line()}，{line()}。", f"{line()}，{line()}。"]} for _ in range(40)]
    poems.append({"paragraphs": ["太長的一行詩句，不算。"]})
    (folder / "poet.tang.0.json").write_text(json.dumps(poems, ensure_ascii=False), "utf-8")
    prepare("poems", source_dir=tmp_path, partial=True)
    train = open_source("poems", "train")
    assert train.shape == (20,)
    assert train.modality.vocabulary.between == ""
    (first,) = train.modality.vocabulary.sentences(train.read(np.arange(1))["tokens"])
    whole = ["".join(poem["paragraphs"]).replace("，", "").replace("。", "") for poem in poems]
    assert first in whole
    (folder / "poet.tang.0.json").write_text("[{]", "utf-8")
    with pytest.raises(UserError, match=r"poet\.tang\.0\.json is damaged"):
        prepare("poems", source_dir=tmp_path, data_dir=tmp_path / "other", partial=True)


@pytest.mark.parametrize(
    "name, client, words",
    [
        ("sentences", debian.DebianPackages, "apt-get install wordnet-base"),
        ("poems", npm.NpmPackages, "npm install chinese-poetry@2.0.1"),
    ],
)
def test_without_a_client_it_is_said_what_to_fetch(name, client, words, monkeypatch, data_dir):
    def missing(self, into, console):
        raise PackageError("there is no client")

    monkeypatch.setattr(client, "fetch", missing)
    with pytest.raises(UserError, match=words):
        prepare(name)


@pytest.mark.parametrize("name, file", [("sentences", "data.noun"), ("poems", "quantangshi")])
def test_a_folder_without_the_files_is_refused(name, file, tmp_path, data_dir):
    with pytest.raises(UserError, match=file):
        prepare(name, source_dir=tmp_path)
