"""StyleGAN2-ADA's presets: the sizes, the order and the numbers of the authors' code."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.errors import UserError
from jaxgan.experiment import Task, load_experiment
from jaxgan.game.gan import Phase, fresh_batches
from nets.counting import LABELS, outline, zeros
from support.tiny_runs import EXPERIMENTS

(FILE,) = (path for path in EXPERIMENTS if path.stem == "stylegan2_ada")
DECLARED = load_experiment(FILE)


def game(preset, **changes):
    experiment = DECLARED.selected(preset)
    return experiment, experiment.game(experiment.default(**changes), experiment.task())


SIZES = {
    "auto": (0, 23_191_522, 24_001_089),
    "cifar10": (0, 19_947_539, 20_720_641),
    "cifar10, conditional": (10, 20_215_315, 23_089_664),
    "paper256": (0, 24_767_458, 24_001_089),
    "stylegan2": (0, 30_370_060, 29_012_513),
}


@pytest.mark.parametrize("name", SIZES)
def test_networks_have_the_sizes_of_the_authors(name):
    preset, _, conditional = name.partition(", ")
    classes, generator, discriminator = SIZES[name]
    experiment, gan = game(preset, conditional=bool(conditional))
    label = [LABELS] if classes else []
    assert gan.generator.classes == gan.discriminator.classes == classes
    shape = experiment.data.shape
    assert outline(gan.generator, zeros(512), *label) == (generator, (2, *shape))
    assert outline(gan.discriminator, zeros(*shape), *label) == (discriminator, (2,))


IMAGES = {"auto": 25e6, "cifar10": 100e6, "paper256": 25e6, "stylegan2": 25e6}


@pytest.mark.parametrize("preset", IMAGES)
def test_budgets_are_those_of_the_authors(preset):
    experiment, _ = game(preset)
    assert experiment.steps * experiment.batch_size == IMAGES[preset]


def test_updates_are_in_the_authors_order():
    """With the strength of the augmentations and the mean sign, which are measured only."""
    _, gan = game("paper256")
    logged = ("adversarial", "augmentation", "signs")
    assert gan.updates == (
        Phase("g", real="same", terms=("adversarial",)),
        Phase("g", real="same", terms=("path_length",), every=4),
        Phase("d", real="same", terms=logged, moves_stats=("d", "g")),
        Phase("d", real="same", terms=("r1",), every=16),
    )
    assert fresh_batches(gan.updates) == 1
    _, gan = game("cifar10")
    assert [phase.terms for phase in gan.updates] == [("adversarial",), logged, ("r1",)]
    assert set(gan.adaptive) == {"ada"}
    _, gan = game("cifar10", r1=0.0, augmented=False)
    assert len(gan.updates) == 2
    assert gan.adaptive == {}


def test_both_penalties_count_as_often_as_they_are_left_out():
    """Adam's rate and decays are to the power of ``k / (k + 1)``."""
    _, gan = game("paper256")
    grads = {"x": jnp.float32(0.5)}
    for who, share in (("g", 4 / 5), ("d", 16 / 17)):
        expected = optax.adam(0.0025 * share, b1=0.0, b2=0.99**share)
        ours, theirs = gan.optimizers[who], expected
        state, other = ours.init(grads), theirs.init(grads)
        for grad in (0.5, -0.1):
            step, state = ours.update({"x": jnp.float32(grad)}, state)
            wanted, other = theirs.update({"x": jnp.float32(grad)}, other)
            np.testing.assert_allclose(step["x"], wanted["x"], rtol=1e-6)


@pytest.mark.parametrize("preset, expected", [("auto", 0.5 ** (1 / 5)), ("paper256", 0.99778)])
def test_the_average_is_short_at_first_or_is_not(preset, expected):
    """At step 100: auto has seen 1600 images of which 80 are half of the average."""
    experiment, gan = game(preset)
    images = experiment.batch_size
    assert float(gan.ema(jnp.int32(100), jnp.int32(images))) == pytest.approx(expected, rel=1e-4)


def test_data_that_do_not_fit_are_refused():
    experiment = DECLARED.selected("cifar10")
    for shape, message in (((32, 16, 3), "32 x 16 pixels"), ((28, 28, 1), "not of 28")):
        task = Task.of(dataclasses.replace(experiment.data, shape=shape))
        with pytest.raises(UserError, match=message):
            experiment.build(experiment.default(), task)
    with pytest.raises(UserError, match="--conditional: these data have no classes"):
        game("auto", conditional=True)
