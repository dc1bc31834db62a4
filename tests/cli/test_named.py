"""Experiments by name: listed, copied, trained without a clone; what a shell completes."""

import shutil
import subprocess

import pytest

from jaxgan.cli import listing, named
from jaxgan.cli.completion import script
from jaxgan.cli.new import new
from jaxgan.errors import UserError
from jaxgan.experiment import load_experiment
from jaxgan.reproduce.catalog import cost_of, paper_of
from support.tiny_runs import EXPERIMENTS


def test_the_experiments_that_come_with_jaxgan_are_those_of_the_folder():
    assert named.packaged() == {path.stem: path.resolve() for path in EXPERIMENTS}


def test_a_path_is_a_file_and_a_word_an_experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named.experiment_file("gan_ring") == named.FOLDER / "gan_ring.py"
    (tmp_path / "gan_ring").touch()  # a file of one's own comes first
    assert named.experiment_file("gan_ring").resolve() == tmp_path / "gan_ring"
    assert named.experiment_file("mine.py").name == "mine.py"
    (tmp_path / "dcgan").mkdir()  # a folder is no experiment
    assert named.experiment_file("dcgan") == named.FOLDER / "dcgan.py"


@pytest.mark.parametrize(
    "word, said",
    [
        ("gan_rng", r"No experiment gan_rng; did you mean gan_ring\?"),
        ("xyzzy", r"No experiment xyzzy; jaxgan list shows all\."),
        ("nowhere/gan_ring.py", r"No experiment file nowhere/gan_ring\.py; gan_ring alone is"),
    ],
)
def test_a_misspelled_name_gets_the_nearest(word, said):
    with pytest.raises(UserError, match=said):
        named.experiment_file(word)


def test_a_misspelled_file_gets_the_nearest(tmp_path):
    (tmp_path / "mine.py").touch()
    with pytest.raises(UserError, match=r"No experiment file .*mime\.py; did you mean .*mine\.py"):
        load_experiment(tmp_path / "mime.py")


def test_a_new_file_is_an_experiment_that_names_itself(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert new(["gan_ring", "mine.py"]) == 0
    assert "jaxgan train mine.py --smoke" in capsys.readouterr().out
    experiment = load_experiment("mine.py")
    assert experiment.name == "mine"
    assert "python mine.py" in experiment.doc
    assert "experiments/" not in experiment.doc
    with pytest.raises(UserError, match=r"mine\.py is there already"):
        new(["gan_ring", "mine.py"])
    with pytest.raises(UserError, match="give it the ending"):
        new(["gan_ring", "mine"])
    with pytest.raises(UserError, match="did you mean gan_ring"):
        new(["gan_rimg", "other.py"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py"]


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Three files of experiments, with the records of two."""
    for name in ("gan_ring.py", "dcgan.py", "cgan_mnist.py"):
        shutil.copy(named.FOLDER / name, tmp_path)
    for path in ("trained/dcgan-fashion_mnist.json", "results/cgan_mnist.json"):
        (tmp_path / path).parent.mkdir()
        shutil.copy(named.FOLDER / path, tmp_path / path)
    monkeypatch.setattr(listing, "FOLDER", tmp_path)


def test_each_experiment_and_preset_has_a_line(few, capsys):
    assert listing.list([]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["experiment", "paper"]
    found = {line[: head.index("paper")].strip(): line for line in lines}
    assert {*found} == {
        *("gan_ring", "cgan_mnist"),
        *("dcgan fashion_mnist", "dcgan cifar10", "dcgan folder"),
    }
    for part in ("Goodfellow et al. 2014", " ring ", "20,000", "about a minute", "not run yet"):
        assert part in found["gan_ring"]
    assert "no score; at step 4,282: garments of every kind" in found["dcgan fashion_mnist"]
    assert "120.8 ± 1.6 (Parzen-window log-likelihood, nats; 50 epochs" in found["cgan_mnist"]


def test_a_word_leaves_the_lines_that_have_it(few, capsys):
    assert listing.list(["cifar10"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["dcgan"]
    with pytest.raises(UserError, match="No experiment has xyzzy"):
        listing.list(["xyzzy"])


def test_a_line_is_cut_to_the_terminal():
    assert listing.cut("a long line", 7) == "a long…"
    assert listing.cut("a long line", None) == listing.cut("a long line", 11) == "a long line"


def test_paper_and_cost_are_read_from_the_docstring():
    doc = (
        'Title.\n\nPaper: One, Two & Three, "A title of\n1999, with commas", ICLR 2015.\n'
        "Code: none.\n\nRun: x\nCost: an hour on\n      a core; more elsewhere.\n\nMore 2003."
    )
    assert paper_of(doc) == "One et al. 2015"
    assert cost_of(doc) == "an hour on a core"
    assert paper_of('Paper: Mirza & Osindero, "A", 2014.') == "Mirza & Osindero 2014"


COMPLETE = """
source jaxgan.bash
complete_words() {
  COMP_WORDS=(jaxgan "$@") COMP_CWORD=$# COMP_LINE="jaxgan $*" COMPREPLY=()
  COMP_POINT=${#COMP_LINE}
  _tyro_jaxgan
  echo "${COMPREPLY[*]}"
}
complete_words ev
complete_words train gan_
complete_words train gan_ring --batch
complete_words new pix2
complete_words sample --trunc
complete_words data pre
"""


def test_a_shell_completes_commands_experiments_and_flags(tmp_path):
    (tmp_path / "jaxgan.bash").write_text(script("bash"))
    command = ["bash", "--norc", "-c", COMPLETE]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == [
        *("evaluate", "gan_ring", "--batch-size", "pix2pix", "--truncation", "prepare")
    ]
