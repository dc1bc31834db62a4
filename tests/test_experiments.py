"""Every experiment file runs, and says what it is."""

import ast
import dataclasses
import logging
import re
import typing
from functools import partial

import jax
import pytest

from jaxgan.cli.experiment import parse, run
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Task, initial_state, load_experiment
from jaxgan.game.gan import groups
from jaxgan.runs.settings import check_config
from jaxgan.training.data import noise
from support.tiny_runs import EXPERIMENTS, config, process, rows, status

JAXGAN = "from jaxgan.cli.main import main; main()"

pytest_plugins = ["support.run_fixtures"]


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
    # One of each family is smoked always: gan_ring in another test, and those that are not here.
    *("gan_ring", "gan_mnist", "gan_fashion_mnist", "fgan_mnist", "dcgan_ring", "bigan_mnist"),
    *("veegan_mixture", "rpgan_mixture"),
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
        assert run(load_experiment(file), flags, "test") == 0
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
    parse(experiment, flags, "test")  # exits at a flag that there is not


def test_its_budget_is_the_one_that_it_names(file):
    text = ast.get_docstring(ast.parse(file.read_text()))
    named = re.search(r"default ([\d ]+) steps", text)
    assert named is None or int(named[1].replace(" ", "")) == load_experiment(file).steps


def test_its_ablations_and_its_smoke_are_changes_of_its_config(file):
    experiment = load_experiment(file)
    assert isinstance(experiment, Experiment)
    default = experiment.config()
    for name, change in {"smoke": experiment.smoke, **experiment.ablations}.items():
        hyperparameters = {key: value for key, value in change.items() if key != "batch_size"}
        assert dataclasses.replace(default, **hyperparameters) != default, name
        rows = change.get("batch_size", experiment.batch_size)
        packing = change.get("packing", getattr(default, "packing", 1))
        assert rows % packing == 0, f"{name}: {rows} rows are no packs of {packing}"


def variants(experiment):
    """The default config, and those of the smoke and of the ablations, by name."""
    default = experiment.config()
    changes = {"default": {}, "smoke": experiment.smoke, **experiment.ablations}
    for name, change in changes.items():
        hyperparameters = {key: value for key, value in change.items() if key != "batch_size"}
        yield name, dataclasses.replace(default, **hyperparameters)


def test_the_command_line_takes_its_ablations_and_builds_them(file):
    """What the file suggests, a user must be able to type."""
    experiment = load_experiment(file)
    data = Task(experiment.shape, experiment.classes)
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
    data = Task(experiment.shape, experiment.classes)
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


def test_a_smoke_leaves_what_the_user_typed(tmp_path):
    flags = ["--smoke", "--devices", "1", "--packing", "3", "--maxout", "5"]
    folder = tmp_path / "run"
    experiment = experiment_named("pacgan_mixture")
    assert run(experiment, [*flags, "--workdir", str(folder)], "test") == 0
    described = config(folder)
    assert described["config"]["packing"] == 3
    assert described["config"]["maxout"] == 5
    assert described["config"]["hidden"] == [*experiment.smoke["hidden"]]
    assert described["training"]["batch_size"] == 6, "two packs"

    def stopped(experiment, config, training, runtime):
        raise UserError(f"{training.batch_size} rows")

    with pytest.raises(UserError, match=r"^9 rows"):
        run(experiment, [*flags, "--batch-size", "9"], "test", stopped)


def test_a_smoke_s_noise_has_the_asked_shape():
    def shape(name, *flags):
        experiment = experiment_named(name)
        _, training, _ = parse(experiment, ["--smoke", *flags], "test")
        return noise(experiment, training).shape

    assert shape("pacgan_stacked_mnist") == (28, 28, 3)
    assert shape("pacgan_stacked_mnist", "--resolution", "32") == (32, 32, 3)
    assert shape("dcgan_fashion_mnist", "--channels", "3") == (28, 28, 3)
    assert shape("dcgan_folder", "--resolution", "32", "--channels", "1") == (32, 32, 1)
    assert shape("gan_ring") == (2,)
    with pytest.raises(UserError, match="ring consists of points: leave out --resolution"):
        shape("gan_ring", "--resolution", "32")


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1)])
def test_unrolled_networks_draw_what_the_data_are(shape):
    experiment = experiment_named("unrolled_stacked_mnist")
    data = Task(shape)
    gan = experiment.build(experiment.config(), data)
    jax.eval_shape(partial(initial_state, gan, data=data), jax.random.key(0))


def test_attention_is_on_maps_that_both_players_have():
    experiment = experiment_named("biggan_cifar10")
    data = Task(experiment.shape, experiment.classes)
    for side in (5, 32):  # the generator ends with 32 pixels, the discriminator's maps are smaller
        with pytest.raises(UserError, match=f"--attention {side}: .* are 8, 16; or 0"):
            experiment.build(experiment.config(attention=side), data)
    for side in (None, 0, 8, 16):
        gan = experiment.build(experiment.config(attention=side), data)
        assert gan.generator.attention == gan.discriminator.attention == (side or 0)


@pytest.mark.parametrize(
    "name, ablation, momentum, epsilon, moved",
    [
        # sngan_projection: Chainer's defaults; updater.py draws samples in training mode.
        ("sngan_cifar10", None, 0.9, 2e-5, ("d", "g")),
        ("sngan_projection_cifar10", None, 0.9, 2e-5, ("d", "g")),
        # compare_gan v2, dcgan_architecture.py: moments move within every pass.
        ("sndcgan_cifar10", None, 0.9, 2e-5, ("d", "g")),
        # RelativisticGAN, GAN_losses_iter.py: PyTorch's defaults, always in training mode.
        ("ragan_cifar10", None, 0.9, 1e-5, ("d", "g")),
        # self-attention-gan, ops.py; model.py: both players' steps wait for UPDATE_OPS.
        ("sagan_cifar10", None, 0.999, 1e-5, ("d", "g")),
        # BigGAN-PyTorch, layers.py (where PyTorch's momentum is 0.1); train_fns.py.
        ("biggan_cifar10", "BigGAN-PyTorch", 0.9, 1e-5, ("d", "g")),
        # StudioGAN, utils/ops.py; worker.py: no moments move while the discriminator trains.
        ("sagan_cifar10", "StudioGAN", 0.9, 1e-4, None),
        ("biggan_cifar10", None, 0.9, 1e-4, None),
    ],
)
def test_running_moments_are_those_of_the_authors_code(name, ablation, momentum, epsilon, moved):
    experiment = experiment_named(name)
    changes = dict(experiment.ablations[ablation] if ablation else {})
    changes.pop("batch_size", None)
    gan = experiment.game(experiment.default(**changes), experiment.task())
    assert (gan.generator.momentum, gan.generator.epsilon) == (momentum, epsilon)
    kept = {phase.player: phase.moves_stats for group in groups(gan.updates) for phase in group}
    assert kept == {"d": moved, "g": None}


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
