"""jaxgan without a clone: its wheel, alone in an environment of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


def bare():
    """The variables of this process without those that would find this clone."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment with the wheel; what the wheel needs is this environment's own."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy: building leaves files, which later wheels would have
    kept = shutil.ignore_patterns("__pycache__", "*.egg-info", "studies", "figures", "*.png")
    for name in ("src", "experiments"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=kept)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True, env=bare())
    (wheel,) = folder.glob("jaxgan-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    install = [*pip, "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, env=bare())
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "env"


@pytest.fixture(scope="module")
def jaxgan(environment, tmp_path_factory):
    """``jaxgan(words)``: exit code and output of the installed command, in an empty folder."""
    folder = tmp_path_factory.mktemp("elsewhere")

    def run(*words):
        command = [environment / "bin" / "jaxgan", *words]
        found = subprocess.run(command, cwd=folder, env=bare(), capture_output=True, text=True)
        return found.returncode, found.stdout + found.stderr

    return run


def test_it_is_the_wheel_that_runs(environment, jaxgan):
    code = "import jaxgan; print(jaxgan.__file__)"
    command = [environment / "bin" / "python", "-c", code]
    found = subprocess.run(command, env=bare(), capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(environment))


def test_it_has_the_experiments_and_their_numbers_and_no_pictures(environment):
    (folder,) = environment.glob("lib/python*/site-packages/jaxgan/experiments")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wanted = {
        path.relative_to(ROOT / "experiments").as_posix()
        for pattern in ("*.py", "results/*.json", "trained/*.json")
        for path in (ROOT / "experiments").glob(pattern)
    }
    assert {name for name in there if not name.endswith(".pyc")} == wanted


def test_it_lists_them(jaxgan):
    code, said = jaxgan("list", "Goodfellow")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["gan", "gan", "gan_ring"]


def test_it_trains_one_by_name(jaxgan):
    code, said = jaxgan("train", "gan_ring", "--smoke")
    assert code == 0, said
    assert "gan_ring runs: 3 steps" in said


def test_it_writes_one_to_start_from(jaxgan):
    assert jaxgan("new", "dcgan", "mine.py")[0] == 0
    code, said = jaxgan("train", "mine.py", "cifar10", "--smoke")
    assert code == 0, said
    assert "mine-cifar10 runs" in said


def test_a_misspelled_name_gets_the_nearest(jaxgan):
    code, said = jaxgan("train", "dcgam", "cifar10", "--smoke")
    assert (code, said) == (2, "jaxgan: No experiment dcgam; did you mean dcgan?\n")
