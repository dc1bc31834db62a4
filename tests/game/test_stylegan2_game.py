"""StyleGAN2-ADA in a game: its phases, its path length, eight devices equal to one, a resume."""

import numpy as np
import optax
import pytest

from jaxgan import forward, losses, penalties
from jaxgan.augment import ada
from jaxgan.game.gan import Gan, Phase
from jaxgan.game.terms import scale
from jaxgan.nets import stylegan2
from support.exact import Trainings

pytestmark = pytest.mark.slow

ROWS, STEPS, SIDE, STYLE = 16, 3, 8, 4
WIDTHS = (3, 3)
COLORS = ada.Pipeline(contrast=1.0, brightness=1.0)
STEER = ada.controlled(target=0.0, ramp=100.0, interval=2)
LENGTHEN = penalties.path_length_average()

GAME = Gan(
    stylegan2.Generator(WIDTHS, 1, STYLE, 1),
    stylegan2.Discriminator(WIDTHS, False, 2),
    forward.augmented_within(
        lambda images, rng, strength: ada.augment(images, rng, strength, COLORS),
        lambda adaptive: adaptive["ada"]["strength"],
        forward.styled(
            stylegan2.layers(SIDE), STYLE, 0.9, forward.unconditional(forward.normal(3))
        ),
    ),
    losses.nonsaturating.terms(
        generator={"path_length": scale(4.0, penalties.path_length())},
        discriminator={"r1": scale(0.2, penalties.r1)},
    ),
    {who: optax.sgd(0.05) for who in ("g", "d")},
    updates=(
        Phase("g", real="same", terms=("adversarial",)),
        Phase("g", real="same", terms=("path_length",), every=2),
        Phase("d", real="same", terms=("adversarial",), moves_stats=("d", "g")),
        Phase("d", real="same", terms=("r1",), every=2),
    ),
    adaptive={"ada": {**ada.START, "strength": 0.5}, **penalties.path_length_start},
    adapt=lambda adaptive, seen: LENGTHEN(STEER(adaptive, seen), seen),
)


def chunk(name="stylegan2"):
    del name
    size = (STEPS, 1, ROWS, SIDE, SIDE, 1)
    return {"image": np.random.default_rng(0).uniform(-1, 1, size).astype(np.float32)}


TRAININGS = Trainings({"stylegan2": GAME}, chunk)


def test_eight_devices_equal_one():
    TRAININGS.check_devices("stylegan2", rtol=1e-4, atol=2e-5)
    state, logs = TRAININGS.trained("stylegan2", 1)
    assert [{"g/path_length", "d/r1"} <= seen.keys() for seen in logs] == [True, False, True]
    lengths = [logs[step]["g/path_length/length"] for step in (0, 2)]
    first = 0.01 * lengths[0]
    assert float(state.adaptive["path_length"]) == pytest.approx(
        first + 0.01 * (lengths[1] - first), rel=1e-4
    )
    assert state.adaptive["ada"]["strength"] != 0.5
    assert np.abs(state.players["g"].stats["average"]["mean"]).max() > 0


def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(tmp_path):
    TRAININGS.check_resume("stylegan2", tmp_path)
