"""What is compiled is kept for the next process, unless it would not run there."""

import json
import os
import subprocess
import sys

import jax
import pytest
from jax._src import cache_key

from jaxgan import compiled
from jaxgan.runs.settings import Compute, Runtime, Training
from jaxgan.training.distributed import prepare_jax
from support.tiny_runs import TINY, as_users_compile, digest

PROGRAM = """
import json, os, pathlib, sys
import jax
from jax._src import cache_key
from jaxgan.compiled import keep_programs

keep_programs()
found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name.rpartition("/")[2]))

def compiled():
    found.clear()
    jax.clear_caches()
    jax.jit(lambda x: x + 1)(2.0)
    return "cache_hits" in found

hits = [compiled(), compiled()]
folder = pathlib.Path(jax.config.jax_compilation_cache_dir)
cache_key.custom_hook = lambda: "another processor, or another number of cores"
hits.append(compiled())
old, *young = sorted(folder.glob("*-cache"))
for entry in folder.glob("*-atime"):
    entry.unlink()
os.utime(old, (0, 0))
jax.config.update("jax_compilation_cache_dir", None)
keep_programs()
print(json.dumps({
    "hits": hits,
    "folder": str(folder),
    "limit": jax.config.jax_compilation_cache_max_size,
    "young": len(young),
    "left": sorted(folder.glob("*-cache")) == young,
}))
"""


def without_cache(**more):
    """The environment of a user who has set nothing of JAX's cache."""
    names = [name for name in os.environ if "CACHE" in name]
    kept = {name: value for name, value in as_users_compile().items() if name not in names}
    return {**kept, **{name: str(value) for name, value in more.items()}}


@pytest.fixture
def unset(monkeypatch):
    """No folder is named, and none is at the end."""
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    yield
    assert jax.config.jax_compilation_cache_dir is None
    jax.config.update("jax_compilation_cache_dir", before)


def test_programs_are_kept_within_a_limit_and_for_one_kind_of_machine(tmp_path):
    told = without_cache(XDG_CACHE_HOME=tmp_path, JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0)
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=told, capture_output=True, text=True, check=True
    )
    found = json.loads(child.stdout)
    assert found == {
        "hits": [False, True, False],
        "folder": str(tmp_path / "jaxgan" / "compiled"),
        "limit": 2**30,
        "young": found["young"],
        "left": True,  # what may still be written stays, what is torn goes
    }
    assert found["young"]


def test_a_machine_is_its_processor_and_its_cores(monkeypatch):
    here = compiled.machine()
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(4096))
    assert compiled.machine.__wrapped__() != here


def test_a_folder_that_the_user_names_is_used_as_it_is():
    before = jax.config.jax_compilation_cache_dir, cache_key.custom_hook
    assert before[0], "the tests name one"
    compiled.keep_programs()
    assert (jax.config.jax_compilation_cache_dir, cache_key.custom_hook) == before


def test_a_folder_that_cannot_be_made_is_no_error(unset, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(tmp_path / "file"))
    compiled.keep_programs()


def test_recompiling_keeps_nothing(unset, tmp_path, monkeypatch):
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(tmp_path))
    runtime = Runtime(compute=Compute(recompile=True))
    try:
        prepare_jax(Training(), runtime)
        assert not jax.config.jax_enable_compilation_cache
        compiled.keep_programs()
        assert not list(tmp_path.iterdir())
    finally:
        jax.config.update("jax_enable_compilation_cache", True)


@pytest.mark.slow
def test_a_run_does_not_depend_on_what_is_kept(tmp_path):
    told = without_cache(
        JAXGAN_CACHE_DIR=tmp_path / "cache", JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0
    )
    command = [sys.executable, "-m", "jaxgan.cli.main", "train", TINY, "--steps", "6"]
    digests = []
    for name, *flags in (["none", "--recompile"], ["cold"], ["warm"]):
        folder = tmp_path / name
        subprocess.run([*command, "--workdir", folder, *flags], env=told, check=True)
        kept = list((tmp_path / "cache").rglob("*-cache"))
        assert bool(kept) == (name != "none")
        digests.append(digest(folder))
    assert len(set(digests)) == 1
