"""What is written is what is read, or nothing is."""

import functools
import gc
import json
import logging
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from jaxgan.errors import UserError
from jaxgan.parallel import replicated
from jaxgan.runs import checkpoint
from jaxgan.runs.checkpoint import Checkpoints


@pytest.fixture
def unfinished_reads():
    """Orbax leaves the coroutines of its other reads unfinished when one fails."""
    yield
    gc.collect()


def damaging(test):
    """Marks a test that reads damaged files; what Orbax leaves of it is collected within."""
    ignored = pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <coroutine object _read_array_index"
        ":pytest.PytestUnraisableExceptionWarning"
    )
    return pytest.mark.usefixtures("unfinished_reads")(ignored(test))


@struct.dataclass
class State:
    weights: dict
    key: jax.Array
    step: jax.Array


def state(step=0):
    weights = {
        "float": jax.random.normal(jax.random.key(step), (40, 40)),  # its file is the largest
        "half": jnp.ones((3,), jnp.bfloat16),
        "flags": jnp.array([True, False]),
        "empty": {},
    }
    made = State(weights, jax.random.key(7), jnp.asarray(step, jnp.int32))
    return jax.device_put(made, replicated(jax.devices()[:1]))


def like(devices=1):
    place = replicated(jax.devices()[:devices])
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place), state()
    )


def stored(folder, steps, **options):
    with Checkpoints(folder, **options) as checkpoints:
        for step in steps:
            checkpoints.save(step, state(step))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original") / "checkpoints"
    stored(folder, (3, 6))
    return folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "run" / "checkpoints")


def restored(folder, step=None, **options):
    with Checkpoints(folder, **options) as checkpoints:
        return checkpoints.restore(like(), step)


def same(a, b):
    return checkpoint.digest(a) == checkpoint.digest(b)


@pytest.mark.parametrize("devices", [1, 8])
def test_what_is_read_is_what_was_saved(devices, original):
    with Checkpoints(original) as checkpoints:
        step, back = checkpoints.restore(like(devices))
    assert step == 6
    assert same(back, state(6))
    assert back.weights["half"].dtype == jnp.bfloat16
    for leaf in jax.tree.leaves(back):
        assert len(leaf.sharding.device_set) == devices


def test_a_given_step_is_read(original):
    assert same(restored(original, 3)[1], state(3))
    with pytest.raises(UserError, match=r"no checkpoint of step 4; it has 3, 6\."):
        restored(original, 4)


def changed(path, value):
    def at(where, leaf):
        if jax.tree_util.keystr(where) != path:
            return leaf
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.key(value)
        return leaf.at[(0,) * leaf.ndim].set(jnp.asarray(value, leaf.dtype))

    return jax.tree_util.tree_map_with_path(at, state())


def test_the_digest_changes_with_any_leaf():
    paths = [jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_flatten_with_path(state())[0]]
    assert len(paths) == 5
    digests = {checkpoint.digest(changed(path, 0 if "flags" in path else 9)) for path in paths}
    assert len({*digests, checkpoint.digest(state())}) == 6
    assert same(state(), state())


def test_the_digest_sees_dtype_shape_name_and_the_sign_of_zero():
    trees = [
        {"a": jnp.zeros(4)},
        {"b": jnp.zeros(4)},
        {"a": jnp.zeros((2, 2))},
        {"a": jnp.zeros(4, jnp.int32)},
        {"a": -jnp.zeros(4)},
    ]
    assert len({checkpoint.digest(tree) for tree in trees}) == len(trees)


def test_the_newest_are_kept(tmp_path):
    stored(tmp_path / "c", (1, 2, 3, 4), keep=3)
    with Checkpoints(tmp_path / "c", keep=3) as checkpoints:
        assert checkpoints.steps() == [2, 3, 4]


def test_the_best_is_kept_beside_the_newest(tmp_path):
    """Also when the folder is opened again; a score that is not finite never counts as best."""
    scores = {1: 0.5, 2: 0.1, 3: float("nan"), 4: 0.3, 5: float("-inf"), 6: 0.2}
    for part in ((1, 2, 3), (4, 5, 6)):
        with Checkpoints(tmp_path / "c", keep=1, best="d/loss") as checkpoints:
            for step in part:
                checkpoints.save(step, state(step), scores[step])
            best = checkpoints.best_step()
    assert best == 2
    with Checkpoints(tmp_path / "c", keep=1, best="d/loss") as checkpoints:
        assert checkpoints.steps() == [2, 6]


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored") / "checkpoints"
    with Checkpoints(folder, keep=1, best="-d/loss") as checkpoints:
        for step, score in ((1, 0.1), (2, 0.5)):
            checkpoints.save(step, state(step), score)
    return folder


def test_the_best_stays_when_it_is_not_asked_for(scored, tmp_path):
    folder = shutil.copytree(scored, tmp_path / "c")
    stored(folder, (3, 4), keep=1)
    with Checkpoints(folder, writing=False) as checkpoints:
        assert (checkpoints.steps(), checkpoints.best_step()) == ([1, 4], 1)


def test_another_score_is_refused(scored):
    with pytest.raises(UserError, match=r"--best=-d/loss, not by --best=g/loss"):
        Checkpoints(scored, best="g/loss")


def test_without_scores_there_is_no_best(original):
    with Checkpoints(original, writing=False) as checkpoints:
        assert checkpoints.best_step() is None


def test_an_existing_step_is_left_alone(folder):
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(6, state(99))
    assert same(restored(folder)[1], state(6))


def test_the_arrays_may_be_donated_while_they_are_written(tmp_path):
    """``save`` returns before the files are complete."""

    @functools.partial(jax.jit, donate_argnums=0)
    def spoil(tree):
        return jax.tree.map(lambda leaf: leaf * 0 - 1, tree)

    make = lambda: {"w": jnp.arange(500_000.0), "v": jnp.ones((1000, 300))}  # noqa: E731
    tree = make()
    shapes = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), tree
    )
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(1, tree)
        for _ in range(5):
            before, tree = tree, spoil(tree)
        assert before["w"].is_deleted()
    with Checkpoints(tmp_path / "c") as checkpoints:
        assert same(checkpoints.restore(shapes)[1], make())


def largest_file(folder, step):
    """That of the array data."""
    files = [path for path in (folder / str(step) / "state").rglob("*") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_size)


def truncate(folder, step):
    file = largest_file(folder, step)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip_a_bit(folder, step):
    file = largest_file(folder, step)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def remove_the_state(folder, step):
    shutil.rmtree(folder / str(step) / "state")


def remove_the_digest(folder, step):
    shutil.rmtree(folder / str(step) / "meta")


@damaging
@pytest.mark.parametrize("damage", [truncate, flip_a_bit, remove_the_state, remove_the_digest])
def test_a_damaged_checkpoint_is_skipped(damage, folder, caplog):
    damage(folder, 6)
    with caplog.at_level(logging.WARNING, logger="jaxgan"):
        step, back = restored(folder)
    assert (step, checkpoint.digest(back)) == (3, checkpoint.digest(state(3)))
    assert "Damaged checkpoint of step 6" in caplog.text
    assert not (folder / "6").exists()
    assert (folder.parent / "damaged" / "6").is_dir()


@damaging
def test_a_reader_names_a_damaged_checkpoint_and_leaves_it(folder, caplog):
    truncate(folder, 6)
    with (
        caplog.at_level(logging.WARNING, logger="jaxgan"),
        Checkpoints(folder, writing=False) as checkpoints,
    ):
        assert checkpoints.restore(like())[0] == 3
    assert "Skipped a damaged checkpoint, step 6" in caplog.text
    assert (folder / "6").exists()


def test_a_wrong_value_that_the_format_accepts_is_found_by_the_digest(folder, caplog):
    """The damage that Orbax does not notice: other content, well formed."""
    with Checkpoints(folder.parent / "other") as checkpoints:
        checkpoints.save(6, state(7))
    shutil.rmtree(folder / "6" / "state")
    shutil.copytree(folder.parent / "other" / "6" / "state", folder / "6" / "state")
    with caplog.at_level(logging.WARNING, logger="jaxgan"):
        assert restored(folder)[0] == 3
    assert "does not match its checksum" in caplog.text


@damaging
def test_when_all_are_damaged_the_error_is_one_line(folder):
    truncate(folder, 3)
    remove_the_state(folder, 6)
    with pytest.raises(UserError) as caught:
        restored(folder)
    assert "step 3:" in str(caught.value)
    assert "step 6:" in str(caught.value)
    assert "in another --workdir" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def other(path, dtype, shape):
    place = replicated(jax.devices()[:1])
    tree = like()
    tree.weights[path] = jax.ShapeDtypeStruct(shape, dtype, sharding=place)
    return tree


@pytest.mark.parametrize(
    "path, dtype, shape, fault",
    [
        ("float", jnp.float32, (40, 41), r"\['float'\] is float32 \[40, 40\], not .*\[40, 41\]"),
        ("half", jnp.float32, (3,), r"\['half'\] is bfloat16 \[3\], not float32 \[3\]"),
        ("new", jnp.float32, (), r"\['new'\] is absent, not float32 \[\]"),
    ],
)
def test_other_networks_are_not_damage(path, dtype, shape, fault, folder):
    with (
        Checkpoints(folder) as checkpoints,
        pytest.raises(UserError, match=rf"other networks.*{fault}.*another --workdir"),
    ):
        checkpoints.restore(other(path, dtype, shape))
    assert not (folder.parent / "damaged").exists()


@pytest.mark.parametrize("name", ["half", "empty"])
def test_fewer_leaves_are_not_damage(name, folder):
    fewer = like()
    del fewer.weights[name]
    with Checkpoints(folder) as checkpoints, pytest.raises(UserError, match="not absent"):
        checkpoints.restore(fewer)


def meta_of(folder, step):
    return folder / str(step) / "meta" / "metadata"


def test_a_damaged_description_is_damage(folder):
    file = meta_of(folder, 6)
    file.write_text(file.read_text().replace("float32", "float64"))
    assert restored(folder)[0] == 3


def test_a_checkpoint_without_a_description_of_its_tree_is_read(folder):
    file = meta_of(folder, 6)
    kept = {name: value for name, value in json.loads(file.read_text()).items() if name[0] in "fs"}
    assert kept.keys() == {"format", "sha256"}
    file.write_text(json.dumps(kept))
    assert restored(folder)[0] == 6


def wrapped():
    try:
        raise MemoryError
    except MemoryError as error:
        raise Exception("orbax's own") from error


def too_large():
    raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")


@pytest.mark.parametrize("lack", [wrapped, too_large])
def test_a_lack_of_memory_is_not_damage(lack, folder, monkeypatch):
    monkeypatch.setattr(checkpoint, "digest", lambda state: lack())
    with (
        Checkpoints(folder) as checkpoints,
        pytest.raises(Exception, match=r"orbax's own|RESOURCE_EXHAUSTED"),
    ):
        checkpoints.restore(like())
    assert not (folder.parent / "damaged").exists()


def test_a_newer_format_is_refused(folder, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", 0)
    with pytest.raises(UserError, match=r"format 1.*[Uu]pdate jaxgan"):
        restored(folder)


def test_what_a_kill_left_half_written_is_ignored(folder):
    half = folder / "9.orbax-checkpoint-tmp"
    shutil.copytree(folder / "6", half)
    # Reading only: Orbax removes what is half written in a thread that nobody waits for.
    assert restored(folder, writing=False)[0] == 6
    stored(folder, (9,))
    assert restored(folder)[0] == 9
    assert not half.exists()


def test_an_empty_folder_has_no_checkpoint(tmp_path):
    with pytest.raises(UserError, match="has no checkpoint yet"):
        restored(tmp_path / "run" / "checkpoints")


def test_a_reader_leaves_the_writer_alone(folder):
    """Sampling a run that is training must not remove what is being written."""
    half = folder / "9.orbax-checkpoint-tmp"
    shutil.copytree(folder / "6", half)
    before = sorted(path.name for path in folder.iterdir())
    with Checkpoints(folder, writing=False) as checkpoints:
        assert checkpoints.restore(like())[0] == 6
    assert sorted(path.name for path in folder.iterdir()) == before


@damaging
def test_after_a_walk_back_the_damaged_steps_are_written_again(folder):
    """Otherwise the run would end with no sound checkpoint of its last step."""
    truncate(folder, 6)
    with Checkpoints(folder) as checkpoints:
        assert checkpoints.restore(like())[0] == 3
        checkpoints.save(5, state(5))
        checkpoints.save(6, state(6))
    step, back = restored(folder)
    assert step == 6
    np.testing.assert_array_equal(back.weights["float"], state(6).weights["float"])
    with Checkpoints(folder) as checkpoints:
        assert checkpoints.steps() == [5, 6]
