"""A mistake gets one short message that names it and what to do, and changes nothing."""

import errno
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from jaxgan.experiment import load_experiment
from support.tiny_runs import EXPERIMENTS, TESTS, TINY, process, unchanged

pytest_plugins = ["support.run_fixtures"]


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """The folder of the run, which must not come to be; the tests run beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    return tmp_path / "run"


@pytest.mark.parametrize(
    "flags, expected",
    [
        (["--learning-rat", "0.1"], ["--learning-rat", "--learning-rate"]),
        (["--lerning-rate", "0.1"], ["--learning-rate"]),
        (["--batchsize", "4"], ["--batch-size"]),
        (["--width", "wide"], ["--width", "int"]),
        (["--learning-rate", "high"], ["--learning-rate", "float"]),
        (["--backend", "vmap"], ["--backend", "pmap", "shard_map"]),
        (["--batch-size", "9"], ["--batch-size 9", "not divisible by 8", "use 8 or 16"]),
        (["--batch-size", "4"], ["--batch-size 4", "use 8, or --devices"]),
        (["--batch-size", "0"], ["--batch-size 0: must be at least 1"]),
        (["--batch-size", "-8"], ["must be at least 1"]),
        (["--devices", "9"], ["--devices 9", "has 8"]),
        (["--devices", "0"], ["--devices 0"]),
        (["--steps", "-1"], ["--steps -1: must be at least 0"]),
        (["--learning-rate", "-0.1"], ["--learning-rate -0.1: must not be below 0"]),
        (["--keep", "0"], ["--keep 0: must be at least 1"]),
        (["--log-every", "0"], ["--log-every 0: must be at least 1"]),
        (["--accumulate", "0"], ["--accumulate 0: must be at least 1"]),
        (
            ["--data", "ring", "--batch-size", "16", "--accumulate", "2"],
            ["--accumulate 2: rows of this game see or number each other"],
        ),
        (["--channels", "2"], ["--channels 2", "1 (gray) or 3 (color)"]),
        (["--resolution", "0"], ["--resolution 0: must be at least 1"]),
        (["--data", "ring", "--flip"], ["--flip", "points"]),
        (["--data", "ring", "--split", "rest"], ["no split rest", "train"]),
        (["--data", "npz:none.npz"], ["no file none.npz"]),
        (["--data", "folder:none"], ["no folder none"]),
        (["--data", ""], ["No data set is named"]),
        (["--data", "fashion_mnist"], ["fashion_mnist is not prepared", "data prepare"]),
        (["--data", "fashion_mnits"], ["no data set fashion_mnits", "fashion_mnist"]),
        (["--coordinator", "nonsense", "--num-processes", "2"], ["Cannot join the job"]),
    ],
    ids=" ".join,
)
def test_a_wrong_setting(flags, expected, workdir, refused):
    with unchanged(workdir.parent):
        refused(("train", TINY, "--workdir", workdir, *flags), *expected)
    assert not workdir.exists()


@pytest.mark.parametrize(
    "words, expected",
    [
        (["trian", TINY], ["No command trian", "did you mean train?"]),
        (["zzz"], ["No command zzz", "train, chain, sweep, population, status, sample"]),
        (["data", "prepair", "mnist"], ["No command data prepair", "did you mean prepare?"]),
        (["train", "--steps", "3"], ["The experiment file comes first"]),
        (["train", "nothing.py"], ["No experiment file nothing.py"]),
        (["train", TESTS / "tinny.py"], ["No experiment file", "tiny.py"]),
        (["train", TESTS], ["No experiment file"]),
        (["sample"], ["The run folder", "required"]),
        (["sample", "nothing"], ["No run in nothing", "config.json"]),
        (["export", "nothing", "--out", "new"], ["No run in nothing"]),
        (["export", "nothing"], ["--out"]),
        (["sample", "nothing", "--nmu", "3"], ["--num"]),
        (["data", "prepare", "fashion_mnits"], ["no data set fashion_mnits", "fashion_mnist"]),
    ],
    ids=lambda value: " ".join(str(word).rpartition("/")[2] for word in value),
)
def test_a_wrong_command(words, expected, workdir, refused):
    with unchanged(workdir.parent):
        refused(words, *expected)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("EXPERIMENT = 1 /", ["SyntaxError"]),
        ("import nothing_like_this", ["ModuleNotFoundError", "nothing_like_this"]),
        ("EXPERIMENT = 1 / 0", ["ZeroDivisionError", "division by zero"]),
        ("", ["declares no EXPERIMENT"]),
        ("EXPERIMENT = 'dcgan'", ["declares no EXPERIMENT"]),
    ],
)
def test_a_wrong_experiment_file(text, expected, workdir, refused):
    (workdir.parent / "mine.py").write_text(text)
    with unchanged(workdir.parent):
        refused(("train", "mine.py", "--workdir", workdir), "mine.py", *expected)
    (workdir.parent / "mine.txt").write_text(text)
    refused(("train", "mine.txt"), "mine.txt", "ends in .py")


@pytest.mark.parametrize(
    "name, preset, shape, expected",
    [
        ("lucic", "dragan", (30, 30, 1), ["do not fit data of shape (30, 30, 1)"]),
        ("lucic", "lsgan", (2,), ["do not fit data of shape (2,)", "for (28, 28, 1)"]),
        (
            "pacgan_mixture",
            "grid",
            (28, 28, 1),
            ["do not fit data of shape (28, 28, 1)", "for (2,)"],
        ),
        ("ali_mixture", "ring", (28, 28, 1), ["(28, 28, 1)"]),
        ("acgan_cifar10", "", (2,), ["do not fit data of shape (2,)", "for (32, 32, 3)"]),
        ("sndcgan_cifar10", "", (30, 30, 3), ["30"]),
    ],
)
def test_data_that_no_network_of_the_experiment_fits(
    name, preset, shape, expected, workdir, refused
):
    arrays = workdir.parent / "arrays.npz"
    dtype = np.uint8 if len(shape) == 3 else np.float32
    np.savez(arrays, image=np.zeros((8, *shape), dtype), label=np.arange(8) % 2)
    file = next(path for path in EXPERIMENTS if path.stem == name)
    command = ("train", file, *([preset] if preset else []), "--data", f"npz:{arrays}")
    flags = ["--batch-size", 8, "--devices", 1, "--workdir", workdir]
    if load_experiment(file, preset).flip:
        flags.append("--no-flip")
    with unchanged(workdir.parent):
        said = refused((*command, *flags), *expected)
    assert len(said) < 400
    assert not workdir.exists()


def test_packs_that_do_not_fill_the_batch(workdir, refused):
    """Refused before there is a folder, so that the corrected command finds none in its way."""
    file = next(path for path in EXPERIMENTS if path.stem == "pacgan_mixture")
    command = ("train", file, "--packing", 3, "--devices", 1, "--workdir", workdir)
    with unchanged(workdir.parent):
        refused((*command, "--hidden", 8), "packs of 3 do not fill", "multiple of 3")
        refused((*command, "--batch-size", 2), "packs of 3 do not fill a batch of 2")
        refused((*command, "--hidden"), "--hidden: name at least one")


def test_data_without_the_labels_that_a_game_needs(workdir, refused):
    np.savez("plain.npz", image=np.zeros((8, 28, 28, 1), np.uint8))
    file = next(path for path in EXPERIMENTS if path.stem == "cgan_mnist")
    command = ("train", file, "--data", "npz:plain.npz", "--split", "train", "--workdir", workdir)
    refused((*command, "--batch-size", 8), "cgan_mnist needs labels", "choose other --data")
    assert not workdir.exists()


def test_an_error_of_networks_at_the_data_of_the_file_is_a_bug(workdir, command):
    broken = TINY.read_text().replace("math.prod(self.shape))(", "7 + math.prod(self.shape))(")
    (workdir.parent / "broken.py").write_text(broken)
    for shape, bug in (((6, 6, 1), True), ((4, 4, 1), False)):
        np.savez("arrays.npz", image=np.zeros((8, *shape), np.uint8), label=np.arange(8) % 2)
        words = ["train", "broken.py", "--data", "npz:arrays.npz", "--workdir", workdir]
        if bug:
            with pytest.raises(TypeError, match="reshape"):
                command(words)
        else:
            assert command(words)[0] == 2


def test_a_workdir_that_cannot_be_made(workdir, refused):
    workdir.write_text("a file")
    for place in (workdir, workdir / "below"):
        with unchanged(workdir.parent):
            command = ("train", TINY, "--devices", 1, "--workdir", place)
            refused(command, "Cannot write the run folder", "another --workdir")


def test_a_workdir_that_holds_other_files(workdir, refused):
    workdir.mkdir()
    (workdir / "thesis.txt").write_text("mine")
    with unchanged(workdir):
        command = ("train", TINY, "--devices", 1, "--workdir", workdir)
        refused(command, "holds files but no run", "another --workdir")


def test_a_folder_with_an_unreadable_image(workdir, refused):
    folder = workdir.parent / "photos"
    folder.mkdir()
    for name in "ab":
        Image.fromarray(np.zeros((6, 6, 3), np.uint8)).save(folder / f"{name}.png")
    (folder / "c.png").write_bytes((folder / "a.png").read_bytes()[:40])
    command = ("train", TINY, "--workdir", workdir, "--data", f"folder:{folder}")
    refused(command, "c.png cannot be read", "--unreadable skip")
    assert not workdir.exists()


def test_an_empty_folder_of_images(workdir, refused):
    (workdir.parent / "photos").mkdir()
    command = ("train", TINY, "--workdir", workdir, "--data", "folder:photos")
    refused(command, "holds no images", "png")
    assert not workdir.exists()


def test_a_keyboard_interrupt_is_no_traceback(command, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("jaxgan.cli.experiment.train", interrupted)
    assert command(["train", TINY]) == (130, "jaxgan: interrupted")


@pytest.mark.parametrize(
    "program",
    [
        "from jaxgan.cli.main import main; main()",
        "import sys; from jaxgan.cli.exit import exit_code_of as code_of;"
        "sys.exit(code_of(lambda: print('line\\n' * 100_000)))",
        "import sys; from rich.console import Console; from jaxgan.cli.exit import exit_code_of;"
        "sys.exit(exit_code_of(lambda: Console().print('line\\n' * 10_000)))",
    ],
    ids=["a few lines", "many lines", "by rich"],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_nobody_reads_ends_a_command_quietly(unbuffered, program, monkeypatch):
    """As in ``jaxgan --help | head -0``: neither a traceback nor advice about the disk."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        child = process("-c", program, "--help", stdout=writer, stderr=subprocess.PIPE)
        _, said = child.communicate(timeout=60)
    finally:
        os.close(writer)
    assert (child.returncode, said) == (141, "")


@pytest.mark.parametrize(
    "by", ["print('line', file=sys.stderr)", "Console(stderr=True).print('line')"]
)
def test_messages_that_nobody_reads_end_a_command_with_the_same_code(by):
    """As in ``jaxgan report RUN 2>&1 | head -0``."""
    reader, writer = os.pipe()
    os.close(reader)
    program = (
        "import sys; from rich.console import Console; from jaxgan.cli.exit import exit_code_of;"
        f"sys.exit(exit_code_of(lambda: {by}))"
    )
    try:
        child = process("-c", program, stdout=writer, stderr=writer)
        child.communicate(timeout=60)
    finally:
        os.close(writer)
    assert child.returncode == 141


def test_another_pipe_that_breaks_is_said(command, monkeypatch):
    """The control of the test above: for instance that of a process that reads the data."""

    def broken(*_):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("jaxgan.cli.experiment.train", broken)
    code, said = command(["train", TINY])
    assert (code, "Broken pipe" in said) == (2, True)


def test_a_mistake_of_the_program_keeps_its_traceback(command, monkeypatch):
    """Only faults of what the user gave are put in a line."""

    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("jaxgan.cli.experiment.train", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        command(["train", TINY])


@pytest.mark.parametrize("address", ["gs://bucket/run", "s3://bucket/run"])
def test_an_address_is_no_workdir(address, tmp_path, monkeypatch, refused):
    """It became a local folder of that name."""
    monkeypatch.chdir(tmp_path)
    scheme = address.partition(":")[0]
    refused(("train", TINY, "--workdir", address), f"--workdir {scheme}://", "local path")
    assert not list(tmp_path.iterdir())
