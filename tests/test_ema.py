import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import ema
from jaxgan.game.state import Average
from support import games


def at(decay, step, images=1):
    value = decay(jnp.asarray(step, jnp.int32), jnp.asarray(images, jnp.int32))
    assert value.dtype == jnp.float32
    return float(value)


def test_a_constant_decay_without_warmup_is_constant():
    decay = ema.constant(0.99, warmup=False)
    assert [at(decay, step) for step in (0, 1000)] == pytest.approx([0.99, 0.99])


def test_the_warmup_follows_tensorflow_until_it_reaches_the_decay():
    decay = ema.constant(0.99)
    assert at(decay, 0) == pytest.approx(1 / 10)
    assert at(decay, 10) == pytest.approx(11 / 20)
    # (1 + t) / (10 + t) = 0.99 at t = 890.
    assert at(decay, 889) < at(decay, 890) == pytest.approx(0.99)
    assert at(decay, 10**6) == pytest.approx(0.99)


@pytest.mark.parametrize("images", [8, 64])
def test_half_the_weight_is_younger_than_the_half_life(images):
    decay = ema.half_life(6400.0, rampup=1e9)
    weight = np.prod([at(decay, 10**4 + step, images) for step in range(6400 // images)])
    assert weight == pytest.approx(0.5, rel=1e-3)


def test_the_rampup_shortens_the_half_life_of_young_averages():
    """StyleGAN2-ADA: after n images the half-life is at most 0.05 n."""
    decay = ema.half_life(10_000.0, rampup=0.05)
    assert at(decay, step=100, images=32) == pytest.approx(0.5 ** (32 / (0.05 * 3200)))
    assert at(decay, step=0, images=32) == 0
    assert at(decay, step=10**6, images=32) == pytest.approx(0.5 ** (32 / 10_000))


def test_the_average_of_a_run_is_the_recursion_over_its_generators():
    """Parameters and batch-norm moments alike, so that they belong together."""
    game = games.gan(generator=games.NormalizedGenerator(), discriminator=games.Critic())
    runner, state = games.Runner(game), games.born(game)
    average = games.arrays(state.ema)
    for step, image in enumerate(games.points(4, game, 8)["image"]):
        state, _ = runner(state, {"image": image[None]})
        generator = games.arrays(Average(state.players["g"].params, state.players["g"].stats))
        weight = min(0.9, (1 + step) / (10 + step))
        average = jax.tree.map(
            lambda old, new, w=weight: w * old + (1 - w) * new, average, generator
        )
        games.close(games.arrays(state.ema), average, rtol=1e-5, atol=1e-7)
    assert average.stats["batch_stats"]
    assert not games.same(average, generator)
