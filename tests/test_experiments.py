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

from jaxgan import hyperparameters
from jaxgan.cli.experiment import parse, run
from jaxgan.data.datasets import (
    FASHION_MNIST,
    GLYPHS_32,
    HORSE2ZEBRA,
    UNPAIRED_GLYPHS_32,
    DataSpec,
)
from jaxgan.data.source import RowSpec
from jaxgan.errors import UserError
from jaxgan.experiment import UNNAMED, Experiment, Task, blank_rows, initial_state, load_experiment
from jaxgan.game.gan import groups
from jaxgan.game.terms import evaluate
from jaxgan.rng import Rng
from jaxgan.runs.settings import Training
from jaxgan.sampling.sampler import sampler_of
from jaxgan.training.data import noise
from jaxgan.types import AXIS
from support.tiny_runs import EXPERIMENTS, config, process, rows, status

JAXGAN = "from jaxgan.cli.main import main; main()"

pytest_plugins = ["support.run_fixtures"]


@pytest.fixture(params=EXPERIMENTS, ids=lambda path: path.stem)
def file(request):
    return request.param


LIGHT = ("dcgan-fashion_mnist", "ebgan_mnist", "lucic-wgan_gp", "pacgan_mixture-ring")
"""Smoked always: convolutions, an autoencoder, several critic updates under a penalty, perceptrons
and packs. The others, by the slow tests: a compilation each."""

LONG = (
    *("stylegan2_ada-stylegan2", "stylegan2_ada-auto", "stylegan2_ada-paper256"),
    *("stylegan3-t256", "stylegan3-r256", "projected_gan-folder", "r3gan-ffhq256"),
    "projected_gan-stylegan2",
    *("r3gan_roadmap-b", "r3gan_roadmap-c", "r3gan_roadmap-d", "r3gan_roadmap-e"),
)
"""Smoked by hand: at 256 pixels a smoke takes up to a minute, at 1024 many, and gigabytes."""

RESIZED = (
    *("cyclegan-horse2zebra", "hifigan-ljspeech_v3", "hifigan-prompts", "mocogan-shape_motion"),
    *("pix2pix-glyphs", "r3gan-imagenet32", "r3gan-imagenet64", "r3gan-stacked_mnist"),
    *("vgan-shape_motion", "vgan-moving_mnist_small", "wavegan-sc09", "specgan-sc09"),
    *("ali_mixture-ring", "rpgan_mixture-ring", "veegan_mixture-ring", "unrolled_mixture-ring"),
    *("cyclegan-small_images", "pix2pix-facades", "r3gan-ffhq64", "dcgan-folder"),
)
"""Smoked by hand, too: another preset of the file is smoked in CI whose program differs in numbers
alone, such as sides of images or lengths of schedules. Steps of all presets are traced at full size
by ``training/test_cost.py``."""


def tier(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """The marks of an experiment's smoke."""
    if name in LIGHT:
        return ()
    return (pytest.mark.long if name in (*LONG, *RESIZED) else pytest.mark.slow,)


def presets_of(file) -> list[Experiment]:
    """The file's experiments: one for each preset."""
    experiment = load_experiment(file)
    return [experiment.selected(name) for name in experiment.presets] or [experiment]


def structure(experiment: Experiment) -> str:
    """What two smokes of a file must differ in to be two programs: floats are arguments."""
    values = dataclasses.asdict(experiment.default(**experiment.smoke))
    kept = {name: value for name, value in values.items() if not value or type(value) is not float}
    data = experiment.data
    return repr((kept, data.shape, data.classes, data.modality.name, experiment.fixed_budget))


SMOKES = [
    pytest.param(
        file,
        experiment.preset,
        id=experiment.name,
        marks=tier(experiment.name),
    )
    for file in EXPERIMENTS
    for experiment in {structure(one): one for one in reversed(presets_of(file))}.values()
]
"""The first preset of each structure: the others are the same program."""


@pytest.mark.parametrize("file, preset", SMOKES)
def test_it_trains(file, preset, tmp_path, caplog):
    """Three tiny steps, compiled once."""
    flags = ["--smoke", "--devices", "1", "--workdir", str(tmp_path / "run")]
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        assert run(load_experiment(file, preset), flags, "test") == 0
    assert status(tmp_path / "run")["outcome"] == "finished"
    assert [row["step"] for row in rows(tmp_path / "run")] == [1, 2, 3]
    assert list((tmp_path / "run" / "samples").glob("*3.png"))
    messages = [record.getMessage() for record in caplog.records]
    assert sum(message.startswith("Compiling jit(_fun)") for message in messages) == 1


def test_what_is_smoked_by_hand_is_an_experiment():
    assert {*LIGHT, *LONG, *RESIZED} <= {param.id for param in SMOKES}


def test_it_says_what_it_is(file):
    text = ast.get_docstring(ast.parse(file.read_text()))
    for heading in ("Paper: ", "Run:  ", "Cost: ", "Differs from the paper"):
        assert heading in text, heading
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|openreview\.net/forum\?id=\w{10}", text)
    commands = re.findall(r"(?:Run: |     |\n) *(python experiments/.*)", text)
    assert commands
    for command in commands:
        program, path, *flags = command.split()
        assert (program, path) == ("python", f"experiments/{file.name}")
        flags = [word for word in flags if word != "\\"]
        parse(load_experiment(file), flags, "test")  # exits at a flag that there is not


def test_its_budget_is_the_one_that_it_names(file):
    text = " ".join(ast.get_docstring(ast.parse(file.read_text())).split())
    named = {int(steps.replace(" ", "")) for steps in re.findall(r"default ([\d ]+) steps", text)}
    assert named <= {experiment.steps for experiment in presets_of(file)}
    hint = "say under Cost: ... for the default N steps"
    assert named or file.stem in ("dcgan", "ebgan_mnist"), hint


def variants(experiment):
    """Name, config and batch size: of the default, the smoke and the ablations."""
    changes = {"default": {}, "smoke": experiment.smoke, **experiment.ablations}
    for name, change in changes.items():
        of_config = {key: value for key, value in change.items() if key != "batch_size"}
        size = change.get("batch_size", experiment.batch_size)
        yield name, experiment.default(**of_config), size


def test_its_ablations_and_its_smoke_are_changes_of_its_config(file):
    for experiment in presets_of(file):
        for name, variant, size in variants(experiment):
            assert name == "default" or variant != experiment.default(), name
            pack = experiment.game(variant, experiment.task()).forward.pack
            assert size % pack == 0, f"{name}: {size} rows are no packs of {pack}"


def test_the_command_line_takes_its_ablations_and_builds_them(file):
    """What the file suggests, a user must be able to type."""
    for experiment in presets_of(file):
        for name, variant, _ in variants(experiment):
            hyperparameters.check(variant, experiment.default())
            for field in dataclasses.fields(variant):
                allowed = typing.get_type_hints(experiment.config)[field.name]
                if typing.get_origin(allowed) is typing.Literal:
                    assert getattr(variant, field.name) in typing.get_args(allowed), name
            assert set(experiment.game(variant, experiment.task()).networks) == {"g", "d"}, name


@pytest.mark.slow
def test_the_networks_of_its_ablations_fit_its_data(file):
    for experiment in presets_of(file):
        for _, variant, _ in variants(experiment):
            task = experiment.task()
            gan = experiment.game(variant, task)
            state = jax.eval_shape(partial(initial_state, gan, task=task), jax.random.key(0))
            assert set(state.players) == {"g", "d"}


def test_the_first_preset_is_the_default_and_the_others_are_named():
    experiment = experiment_named("dcgan")
    for words, name in ([], "fashion_mnist"), (["cifar10", "--width", "32"], "cifar10"):
        chosen, cfg, training, runtime = parse(experiment, words, "test")
        assert chosen.name == f"dcgan-{name}"
        assert training.preset == training.data == name
        assert runtime.steps == chosen.steps == {"fashion_mnist": 9380, "cifar10": 39_000}[name]
        assert cfg.width == {"fashion_mnist": 64, "cifar10": 32}[name]
    with pytest.raises(UserError, match=r"No preset of dcgan\.py cifar11; did you mean cifar10\?"):
        parse(experiment, ["cifar11"], "test")


def test_a_preset_may_change_only_what_there_is():
    experiment = dataclasses.replace(experiment_named("gan_ring"), presets={"odd": {"widht": 3}})
    with pytest.raises(UserError, match=r"gan_ring\.py, preset odd: .*widht"):
        experiment.selected("odd")
    unnamed = dataclasses.replace(experiment, data=UNNAMED, presets={"odd": {"latent": 3}})
    with pytest.raises(UserError, match=r"gan_ring\.py, preset odd: name its data="):
        unnamed.selected("odd")


@pytest.mark.parametrize("field, where", [("smoke", "smoke"), ("ablations", "ablation 'wide'")])
def test_smoke_and_ablations_may_change_only_what_there_is(field, where, tmp_path):
    text = (EXPERIMENTS[0].parent / "gan_ring.py").read_text()
    row = {"smoke": "dict(hiden=3)", "ablations": "{'wide': dict(batch_size=3, hiden=3)}"}[field]
    text += f"\nEXPERIMENT = dataclasses.replace(EXPERIMENT, {field}={row})\n"
    (tmp_path / "odd.py").write_text(text)
    with pytest.raises(UserError, match=rf"odd\.py, {where}: No flag hiden; did you mean hidden"):
        load_experiment(tmp_path / "odd.py")


@pytest.mark.parametrize(
    "program", ["python", pytest.param("jaxgan train", marks=pytest.mark.slow)]
)
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


def test_a_smoke_leaves_what_the_user_typed(recorder, tmp_path):
    flags = ["--smoke", "--devices", "1", "--packing", "3", "--maxout", "5"]
    folder = tmp_path / "run"
    experiment = experiment_named("pacgan_mixture")
    file = next(path for path in EXPERIMENTS if path.stem == "pacgan_mixture")
    assert recorder(file, *flags, "--workdir", folder) == 0
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
        experiment, _, training, _ = parse(experiment, [*flags, "--smoke"], "test")
        return noise(experiment, training).shape

    assert shape("pacgan_stacked_mnist") == (28, 28, 3)
    assert shape("pacgan_stacked_mnist", "--resolution", "32") == (32, 32, 3)
    assert shape("dcgan", "--channels", "3") == (28, 28, 3)
    assert shape("dcgan", "folder", "--resolution", "32", "--channels", "1") == (32, 32, 1)
    assert shape("gan_ring") == (2,)
    with pytest.raises(UserError, match="ring consists of points: leave out --resolution"):
        shape("gan_ring", "--resolution", "32")


@pytest.mark.parametrize("data", [GLYPHS_32, HORSE2ZEBRA])
def test_a_smoke_s_pairs_have_the_asked_shape(data):
    experiment = dataclasses.replace(experiment_named("dcgan"), data=data)
    asked = Training(resolution=16, channels=3)
    for training, shape in ((Training(), data.shape), (asked, (16, 16, 3))):
        source = noise(experiment, training)
        assert source.modality is data.modality
        assert {key: (row.shape, row.dtype) for key, row in source.spec.items()} == {
            "source": (shape, np.uint8),
            "target": (shape, np.uint8),
        }


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1)])
def test_unrolled_networks_draw_what_the_data_are(shape):
    experiment = experiment_named("unrolled_stacked_mnist")
    task = Task.of(DataSpec("images", shape))
    gan = experiment.game(experiment.default(), task)
    jax.eval_shape(partial(initial_state, gan, task=task), jax.random.key(0))


def test_attention_is_on_maps_that_both_players_have():
    experiment = experiment_named("biggan_cifar10")
    task = experiment.task()
    for side in (5, 32):  # the generator ends with 32 pixels, the discriminator's maps are smaller
        with pytest.raises(UserError, match=f"--attention {side}: .* are 8, 16; or 0"):
            experiment.build(experiment.default(attention=side), task)
    for side in (None, 0, 8, 16):
        gan = experiment.build(experiment.default(attention=side), task)
        assert gan.generator.attention == gan.discriminator.attention == (side or 0)


@pytest.mark.parametrize(
    "name, changes, message",
    [
        ("pix2pix", dict(depth=6), "--depth 6: 32 x 32 pixels are no multiple of 64"),
        ("pix2pix", dict(patch=142), "--patch 142: too large for 32 pixels"),
        ("cyclegan", dict(layers=4), "--layers 4: too many for 32 pixels"),
    ],
)
def test_networks_of_translations_fit_the_images(name, changes, message):
    experiment = experiment_named(name).selected("glyphs_small")
    with pytest.raises(UserError, match=message):
        experiment.build(experiment.default(**changes), experiment.task())


def test_translations_need_images_of_two_kinds_and_pix2pix_needs_pairs():
    for name, data, message in (
        ("cyclegan", FASHION_MNIST, "not images of two kinds"),
        ("pix2pix", FASHION_MNIST, "not images of two kinds"),
        ("pix2pix", UNPAIRED_GLYPHS_32, "learns from images in pairs"),
    ):
        experiment = experiment_named(name).selected("glyphs_small")
        with pytest.raises(UserError, match=message):
            experiment.game(experiment.default(), Task.of(data, steps=1))
    spec = {**GLYPHS_32.spec, "source": RowSpec((16, 32, 1), np.uint8)}
    with pytest.raises(UserError, match="16 x 32 and 32 x 32 pixels"):
        _ = Task(spec, modality=GLYPHS_32.modality).source_shape


def test_domains_of_other_channels_are_refused():
    """The identity loss would compare what a generator does not take."""
    experiment = experiment_named("cyclegan").selected("glyphs_small")
    spec = {**experiment.data.spec, "source": RowSpec((32, 32, 3), np.uint8)}
    task = dataclasses.replace(experiment.task(), spec=spec)
    with pytest.raises(UserError, match=r"3 and 1 channels: .* 3, or 1, or --identity 0"):
        experiment.build(experiment.default(), task)
    assert experiment.game(experiment.default(**experiment.smoke, identity=0.0), task)


@pytest.mark.parametrize("identity", [0.0, 0.5])
def test_without_the_identity_loss_its_images_are_not_made(identity):
    """In the step, where the other weights are traced."""
    experiment = experiment_named("cyclegan").selected("glyphs_small")
    task = experiment.task()
    config = experiment.default(**experiment.smoke, identity=identity)

    def made(values):
        gan = experiment.build(hyperparameters.merge(config, values), task)
        state = initial_state(gan, jax.random.key(0), task)
        batch = task.modality.seen(blank_rows(task, 2), None, gan.range, False)
        g, d = (
            gan.network(who, state.players[who].params, state.players[who].stats, train=True)
            for who in ("g", "d")
        )
        outputs = gan.forward.run(g, d, batch, Rng(jax.random.key(1), jnp.arange(2)), gan.adaptive)
        logs = evaluate(gan.terms["g"]["identity"], outputs).logs
        return bool(logs), "identity" in outputs.extras

    found = []
    jax.eval_shape(lambda values: found.append(made(values)), hyperparameters.split(config))
    assert found == [(identity > 0, identity > 0)]


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
        # compare_gan v1: TensorFlow's defaults; moments move in both players' steps.
        ("lucic", None, 0.999, 1e-3, ("d", "g")),
        ("began_fashion_mnist", None, 0.999, 1e-3, ("d", "g")),
        # StudioGAN, utils/ops.py; worker.py: no moments move while the discriminator trains.
        ("sagan_cifar10", "StudioGAN", 0.9, 1e-4, None),
        ("biggan_cifar10", None, 0.9, 1e-4, None),
    ],
)
def test_running_moments_are_those_of_the_authors_code(name, ablation, momentum, epsilon, moved):
    experiment = experiment_named(name).selected()
    configs = {variant: config for variant, config, _ in variants(experiment)}
    gan = experiment.game(configs[ablation or "default"], experiment.task())
    assert (gan.generator.momentum, gan.generator.epsilon) == (momentum, epsilon)
    kept = {phase.player: phase.moves_stats for group in groups(gan.updates) for phase in group}
    assert kept == {"d": moved, "g": None}


def test_the_conditional_gan_s_samples_have_the_spread_of_its_training():
    """Its generator's noise is dropout more than the latent: without the masks a digit's samples
    would be closer to one another than those that the discriminator sees.
    """
    experiment = experiment_named("cgan_mnist")
    task = experiment.task()
    gan = experiment.game(experiment.default(), task)
    state = jax.jit(partial(initial_state, gan, task=task))(jax.random.key(0))
    sampler = sampler_of(gan, state, task)
    latents, labels = jnp.asarray(sampler.latents(128)), jnp.full(128, 3)

    @jax.jit
    @partial(jax.vmap, axis_name=AXIS)
    def drawn(latents):
        rngs = {"dropout": jax.random.key(1)}
        networks = (
            gan.network("g", sampler.params, {}),
            gan.network("g", sampler.params, {}, train=True, rngs=rngs),
        )
        return [network(latents, labels)[0] for network in networks]

    spread = lambda samples: float(np.std(samples, axis=0).mean())  # noqa: E731
    plain, in_training = drawn(latents[None])
    expected = spread(in_training[0])
    assert spread(plain[0]) < 0.5 * expected
    assert spread(sampler.decode(latents, {"label": labels})) == pytest.approx(expected, rel=0.1)


def test_a_game_of_pairs_refuses_images_that_are_not():
    experiment = experiment_named("pix2pix").selected("glyphs_small")
    experiment.game(experiment.default(), experiment.task())
    unpaired = Task.of(UNPAIRED_GLYPHS_32, steps=1)
    with pytest.raises(UserError, match=r"pix2pix-glyphs_small learns from images in pairs"):
        experiment.game(experiment.default(), unpaired)


def test_there_are_experiments():
    assert len(EXPERIMENTS) >= 4
    assert len(SMOKES) > len(EXPERIMENTS)
    assert {case.id for case in SMOKES} >= set(LIGHT)
