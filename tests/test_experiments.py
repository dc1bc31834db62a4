"""Every experiment file runs, and says what it is."""

import ast
import dataclasses
import logging
import re
import typing
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import launch, train
from jaxgan.errors import UserError
from jaxgan.experiment import Data, Experiment, load_experiment
from jaxgan.randomness import Draw
from jaxgan.sampling import initial_state
from jaxgan.settings import check_config
from jaxgan.types import AXIS
from tiny_runs import EXPERIMENTS, config, process, rows, status

JAXGAN = "from jaxgan.cli import main; main()"

pytest_plugins = ["run_fixtures"]


@pytest.fixture(params=EXPERIMENTS, ids=lambda path: path.stem)
def file(request):
    return request.param


HEAVY = (
    *("acgan_cifar10", "biggan_cifar10", "ragan_cifar10", "sagan_cifar10", "sndcgan_cifar10"),
    *("sngan_cifar10", "sngan_projection_cifar10", "wgan_gp_cifar10"),
    *("pacgan_stacked_mnist", "rpgan_stacked_mnist", "unrolled_stacked_mnist"),
    *("wgan_gp_stacked_mnist", "dcgan_folder", "dcgan_cifar10", "unrolled_mixture"),
    # The networks of gan_lucic_fashion_mnist and wgan_gp_fashion_mnist, which are smoked always.
    *("began_fashion_mnist", "dragan_fashion_mnist", "lsgan_fashion_mnist", "wgan_fashion_mnist"),
)
"""Smoked by the slow tests only: each compiles for 5 to 30 seconds."""

SMOKES = [
    pytest.param(path, id=path.stem, marks=pytest.mark.slow if path.stem in HEAVY else ())
    for path in EXPERIMENTS
]


@pytest.mark.parametrize("file", SMOKES)
def test_it_trains(file, tmp_path, caplog):
    """Three tiny steps, compiled once."""
    flags = ["--smoke", "--devices", "1", "--workdir", str(tmp_path / "run")]
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        assert launch.run(load_experiment(file), flags, "test") == 0
    assert status(tmp_path / "run")["outcome"] == "finished"
    assert [row["step"] for row in rows(tmp_path / "run")] == [1, 2, 3]
    assert list((tmp_path / "run" / "samples").glob("*3.png"))
    messages = [record.getMessage() for record in caplog.records]
    assert sum(message.startswith("Compiling jit(_fun)") for message in messages) == 1


def test_it_says_what_it_is(file):
    text = ast.get_docstring(ast.parse(file.read_text()))
    for heading in ("Paper: ", "Run:  ", "Cost: ", "Differs from the paper"):
        assert heading in text, heading
    assert re.search(r"arXiv:\d{4}\.\d{4,5}", text)
    command = re.search(r"Run: +(.*)", text)[1].split()
    assert command[:2] == ["python", f"experiments/{file.name}"]
    experiment = load_experiment(file)
    flags = [word for word in command[2:] if word != "\\"]
    launch.parse(experiment, flags, "test")  # exits at a flag that there is not


def test_its_budget_is_the_one_that_it_names(file):
    text = ast.get_docstring(ast.parse(file.read_text()))
    named = re.search(r"default ([\d ]+) steps", text)
    assert named is None or int(named[1].replace(" ", "")) == load_experiment(file).steps


def test_its_ablations_and_its_smoke_are_changes_of_its_config(file):
    experiment = load_experiment(file)
    assert isinstance(experiment, Experiment)
    default = experiment.config()
    for name, change in {"smoke": experiment.smoke, **experiment.ablations}.items():
        knobs = {key: value for key, value in change.items() if key != "batch_size"}
        assert dataclasses.replace(default, **knobs) != default, name
        rows = change.get("batch_size", experiment.batch_size)
        packing = change.get("packing", getattr(default, "packing", 1))
        assert rows % packing == 0, f"{name}: {rows} rows are no packs of {packing}"


def variants(experiment):
    """The default config, and those of the smoke and of the ablations, by name."""
    default = experiment.config()
    changes = {"default": {}, "smoke": experiment.smoke, **experiment.ablations}
    for name, change in changes.items():
        knobs = {key: value for key, value in change.items() if key != "batch_size"}
        yield name, dataclasses.replace(default, **knobs)


def test_the_command_line_takes_its_ablations_and_builds_them(file):
    """What the file suggests, a user must be able to type."""
    experiment = load_experiment(file)
    data = Data(experiment.shape, experiment.classes)
    for name, variant in variants(experiment):
        check_config(variant, experiment.config())
        for field in dataclasses.fields(variant):
            allowed = typing.get_type_hints(experiment.config)[field.name]
            if typing.get_origin(allowed) is typing.Literal:
                assert getattr(variant, field.name) in typing.get_args(allowed), name
        assert set(experiment.game(variant, data, experiment.steps).networks) == {"g", "d"}, name


@pytest.mark.slow
def test_the_networks_of_its_ablations_fit_its_data(file):
    experiment = load_experiment(file)
    data = Data(experiment.shape, experiment.classes)
    for _, variant in variants(experiment):
        gan = experiment.game(variant, data, experiment.steps)
        state = jax.eval_shape(partial(initial_state, gan, data=data), jax.random.key(0))
        assert set(state.players) == {"g", "d"}


@pytest.mark.parametrize("program", ["python", "jaxgan train"])
def test_a_program_smokes_without_leaving_anything(program, tmp_path):
    file = next(path for path in EXPERIMENTS if path.stem == "gan_ring")
    started = [file] if program == "python" else ["-c", JAXGAN, "train", file]
    child = process(*started, "--smoke", "--devices", "2", cwd=tmp_path)
    said = child.communicate(timeout=120)[0]
    assert child.returncode == 0, said
    assert "step 3/3" in said
    assert list(tmp_path.iterdir()) == []


def experiment_named(name):
    return load_experiment(next(path for path in EXPERIMENTS if path.stem == name))


def test_a_smoke_leaves_what_the_user_typed(tmp_path, monkeypatch):
    flags = ["--smoke", "--devices", "1", "--packing", "3", "--maxout", "5"]
    run = tmp_path / "run"
    experiment = experiment_named("pacgan_mixture")
    assert launch.run(experiment, [*flags, "--workdir", str(run)], "test") == 0
    described = config(run)
    assert described["config"]["packing"] == 3
    assert described["config"]["maxout"] == 5
    assert described["config"]["hidden"] == [*experiment.smoke["hidden"]]
    assert described["identity"]["batch_size"] == 6, "two packs"

    def stopped(experiment, config, identity, operation):
        raise UserError(f"{identity.batch_size} rows")

    monkeypatch.setattr(launch, "_train", stopped)
    with pytest.raises(UserError, match=r"^9 rows"):
        launch.run(experiment, [*flags, "--batch-size", "9"], "test")


def test_a_smoke_s_noise_has_the_asked_shape(monkeypatch):
    seen = []

    def stopped(*given):
        seen.append(given)
        raise UserError("seen")

    monkeypatch.setattr(launch, "_train", stopped)

    def noise(name, *flags):
        with pytest.raises(UserError, match="seen"):
            launch.run(experiment_named(name), ["--smoke", *flags], "test")
        experiment, _, identity, operation = seen.pop()
        return train._source(experiment, identity, operation).shape

    assert noise("pacgan_stacked_mnist") == (28, 28, 3)
    assert noise("pacgan_stacked_mnist", "--resolution", "32") == (32, 32, 3)
    assert noise("dcgan_fashion_mnist", "--channels", "3") == (28, 28, 3)
    assert noise("dcgan_folder", "--resolution", "32", "--channels", "1") == (32, 32, 1)
    assert noise("gan_ring") == (2,)
    with pytest.raises(UserError, match="ring consists of points: leave out --resolution"):
        noise("gan_ring", "--resolution", "32")


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1)])
def test_unrolled_networks_draw_what_the_data_are(shape):
    experiment = experiment_named("unrolled_stacked_mnist")
    data = Data(shape)
    gan = experiment.build(experiment.config(), data)
    jax.eval_shape(partial(initial_state, gan, data=data), jax.random.key(0))


def test_attention_is_on_maps_that_both_players_have():
    experiment = experiment_named("biggan_cifar10")
    data = Data(experiment.shape, experiment.classes)
    for side in (5, 32):  # the generator ends with 32 pixels, the discriminator's maps are smaller
        with pytest.raises(UserError, match=f"--attention {side}: .* are 8, 16; or 0"):
            experiment.build(experiment.config(attention=side), data)
    for side in (None, 0, 8, 16):
        gan = experiment.build(experiment.config(attention=side), data)
        assert gan.networks["g"].attention == gan.networks["d"].attention == (side or 0)


def test_only_the_latent_tells_the_conditional_gan_s_digits_of_a_class_apart():
    """Dropout in the generator would give the variety, and be off when samples are drawn."""
    experiment = experiment_named("cgan_mnist")
    data = Data(experiment.shape, experiment.classes, lambda: np.full(experiment.shape, 0.5))
    gan = experiment.build(experiment.config(), data)
    state = initial_state(gan, jax.random.key(0), data)
    rngs = {"dropout": jax.random.key(1)}
    generator = gan.network("g", state.players["g"].params, {}, train=True, rngs=rngs)

    @partial(jax.vmap, axis_name=AXIS)
    def logits(latents, labels):
        samples = generator(latents, labels)[0]
        return jnp.log(samples) - jnp.log1p(-samples)

    labels = jnp.repeat(jnp.arange(10), 20)[None]
    latents = gan.prior(Draw(jax.random.key(2), jnp.arange(200)))[None]
    alike = logits(jnp.broadcast_to(latents[:, :1], latents.shape), labels)[0].reshape(10, 20, -1)
    np.testing.assert_allclose(alike, jnp.broadcast_to(alike[:, :1], alike.shape), atol=1e-6)
    digits = logits(latents, labels)[0].reshape(10, 20, -1)
    of_latents, of_labels = digits.var(1).mean(), alike.mean(1).var(0).mean()
    assert of_latents > of_labels > 0


def test_there_are_experiments():
    assert len(EXPERIMENTS) >= 4


@pytest.mark.parametrize(
    "names",
    [("gan_mnist", "gan_fashion_mnist"), ("dcgan_fashion_mnist", "dcgan_cifar10", "dcgan_folder")],
)
def test_one_paper_on_several_data_sets_is_one_game(names):
    """Each file stands alone, so that it can be read and copied alone; none may drift."""
    trees = [ast.parse(path.read_text()) for path in EXPERIMENTS if path.stem in names]
    assert len(trees) == len(names)
    functions = [
        {node.name: ast.dump(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
        for tree in trees
    ]
    assert "build" in functions[0]
    assert all(other == functions[0] for other in functions[1:])
