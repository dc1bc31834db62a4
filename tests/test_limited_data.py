"""Learning from few images: changes of a game, in one line or by a flag."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, limited_data, losses
from jaxgan.augment import ada
from jaxgan.data.modality import IMAGES, POINTS
from jaxgan.errors import UserError
from jaxgan.game.gan import Gan, Phase
from jaxgan.rng import Rng
from jaxgan.types import Outputs, Seen
from support import games
from support.exact import Trainings
from support.games import SIDE, Judge, Pictures

ROWS, STEPS = 8, 3

PLAIN = Gan(
    Pictures(),
    Judge(),
    forward.unconditional(forward.normal(3)),
    losses.nonsaturating.terms(),
    {who: optax.sgd(0.3) for who in ("g", "d")},
)


def helped():
    """The game with everything that goes together, at a probability of a half."""
    gan = limited_data.adaptive_pseudo_augmentation(PLAIN, target=0.0, ramp=100.0, interval=2)
    gan = limited_data.with_lecam(gan, 0.5)
    gan = limited_data.differentiable_augmentation(gan)
    return dataclasses.replace(gan, adaptive={**gan.adaptive, "ada": HALF})


HALF = {**ada.START, "strength": 0.5}


def chunk(name="helped"):
    del name
    size = (STEPS, 1, ROWS, SIDE, SIDE, 3)
    return {"image": np.random.default_rng(0).uniform(-1, 1, size).astype(np.float32)}


TRAININGS = Trainings({"helped": helped()}, chunk)


@pytest.mark.slow
def test_eight_devices_equal_one():
    TRAININGS.check_devices("helped", rtol=2e-5, atol=1e-5)
    eight, one = (TRAININGS.trained("helped", count)[0].adaptive for count in (8, 1))
    games.close(eight, one, 1e-5, 1e-6)
    assert one["ada"]["strength"] != 0.5
    logs = TRAININGS.trained("helped", 1)[1][0]
    assert logs["d/augmentation"] == 0.5
    assert -1.0 < logs["d/signs"] < 1.0
    assert one["lecam_real"] != 0.0


@pytest.mark.slow
def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(tmp_path):
    TRAININGS.check_resume("helped", tmp_path)


class Marked:
    """Players as functions: samples of twos, logits that are the first pixel."""

    def __init__(self, function):
        self.function = function

    slopes = False

    def __call__(self, x):
        return self.function(x), {}

    def after(self, stats):
        return self


@pytest.mark.parametrize("probability, expected", [(0.0, 0.0), (1.0, 1.0), (0.3, 0.3)])
def test_generated_images_take_the_place_of_so_many_real_ones(probability, expected):
    rows = 2000
    seen = forward.deceived(lambda adaptive: adaptive["p"], PLAIN.forward)

    def outputs(scale):
        generator = Marked(lambda z: scale * jnp.full((len(z), 2, 2, 1), 2.0))
        judge = Marked(lambda image: image[:, 0, 0, 0])
        batch = {"image": jnp.full((rows, 2, 2, 1), -1.0)}
        rng = Rng(jax.random.key(1), jnp.arange(rows))
        return seen.run(generator, judge, batch, rng, {"p": probability})

    found = outputs(1.0)
    replaced = np.asarray(found.real)[:, 0, 0, 0] == 2.0
    assert replaced.mean() == pytest.approx(expected, abs=0.03)
    assert (np.asarray(found.fake) == 2.0).all()
    np.testing.assert_array_equal(found.remember["signs"], np.where(replaced, 1.0, -1.0))
    slope = jax.grad(lambda scale: outputs(scale).real_logits.sum())(1.0)
    assert slope == 0.0, "what is passed off as real carries no gradient"


def test_frozen_modules_keep_their_weights():
    gan = limited_data.freeze(PLAIN, ["Dense_0"])
    state = games.born(gan, shape=(SIDE, SIDE, 3))
    before = jax.tree.map(np.asarray, state.players["d"].params)
    after = games.Runner(gan)(state, jax.tree.map(lambda x: x[:1], chunk()))[0].players["d"].params
    games.close(after["Dense_0"], before["Dense_0"], 0, 0)
    assert np.abs(after["Dense_1"]["kernel"] - before["Dense_1"]["kernel"]).max() > 0


def test_a_module_that_there_is_not():
    with pytest.raises(
        UserError, match=r"--freeze-d first: .*no such module, but Dense_0, Dense_1"
    ):
        games.born(limited_data.freeze(PLAIN, ["first"]), shape=(SIDE, SIDE, 3))


def test_what_flags_ask_for():
    change = limited_data.requested(IMAGES, "ada", 1e5, 0.25, "Dense_1")
    gan = change(PLAIN)
    assert gan.adaptive.keys() == {"ada", "lecam_real", "lecam_fake"}
    assert "lecam" in gan.terms["d"]
    same = limited_data.requested(POINTS)(PLAIN)
    assert same is PLAIN


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda: limited_data.requested(POINTS, "ada"), "only single images"),
        (lambda: helped_again("ada"), "an adaptive augmentation of its own"),
        (lambda: limited_data.with_lecam(helped(), 0.1), "LeCam's penalty already"),
        (lambda: critic_with("apa"), "do not tell real from generated"),
    ],
    ids=["points", "ada twice", "lecam twice", "critic"],
)
def test_what_cannot_be(change, said):
    with pytest.raises(UserError, match=said):
        change()


def test_phases_that_name_their_terms_get_the_new_ones():
    """StyleGAN2's and 3's do: the penalty would be built, and never minimized."""
    lazy = Phase("d", real="same", terms=("r1",), every=2)
    named = (Phase("g", real="same"), Phase("d", terms=("adversarial",)), lazy)
    gan = limited_data.with_lecam(dataclasses.replace(PLAIN, updates=named), 0.5)
    assert [update.terms for update in gan.updates] == [None, ("adversarial", "lecam"), ("r1",)]
    together = dataclasses.replace(PLAIN, updates=((Phase("g"), Phase("d", terms=("r1",))),))
    ((first, second),) = limited_data.with_lecam(together, 0.5).updates
    assert (first.terms, second.terms) == (None, ("r1", "lecam"))
    assert limited_data.with_lecam(PLAIN, 0.5).updates == PLAIN.updates


def test_games_that_a_remedy_does_not_fit():
    ask = limited_data.requested
    packs = dataclasses.replace(PLAIN, forward=forward.packed(2, PLAIN.forward))
    shifted = dataclasses.replace(PLAIN, threshold=1.0)
    whole = dataclasses.replace(PLAIN, forward=forward.central_square(0))
    lengths = dataclasses.replace(PLAIN, updates=(Phase("g", terms=("path_length",)),))
    for gan, name, said in (
        (packs, "ada", "judges packs"),
        (shifted, "apa", "do not tell real from generated"),
        (whole, "diffaugment", "made from images"),
        (lengths, "diffaugment", "path length is penalized"),
    ):
        with pytest.raises(UserError, match=said):
            ask(IMAGES, name)(gan)


def test_logits_that_the_penalty_cannot_take_are_refused_when_it_is_traced():
    gan = limited_data.with_lecam(PLAIN, 0.5)
    outputs = dataclasses.replace(drawn_outputs(), real_logits=(jnp.zeros(2), jnp.zeros(2)))
    with pytest.raises(UserError, match="several logits"):
        gan.terms["d"]["lecam"](outputs)
    with pytest.raises(UserError, match="no logits of samples"):
        gan.adapt(dict(gan.adaptive), Seen({}, {}))


def drawn_outputs():
    zeros = jnp.zeros(2)
    return Outputs(
        zeros, zeros, zeros, zeros, lambda x: x, {}, adaptive=dict(limited_data.lecam_start)
    )


def helped_again(name):
    return limited_data.requested(IMAGES, name)(helped())


def critic_with(name):
    critic = dataclasses.replace(PLAIN, threshold=None)
    return limited_data.requested(IMAGES, name)(critic)
