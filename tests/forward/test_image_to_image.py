"""pix2pix's and CycleGAN's forward passes, by hand: every network is a linear one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import forward
from jaxgan.errors import UserError
from jaxgan.game.network import Network
from jaxgan.nets.pix2pix import UNet
from jaxgan.types import Outputs
from support.outputs import drawn

ROWS = 3


def noise(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


SOURCE, TARGET = noise(0, ROWS, 4, 4, 2), noise(1, ROWS, 4, 4, 2)
BATCH = {"source": SOURCE, "target": TARGET, "image": TARGET}


class Linear:
    """``answer(*arguments)``, and statistics that are the number of calls so far."""

    def __init__(self, answer, calls=0):
        self.answer, self.calls = answer, calls

    def __call__(self, *args, **kwargs):
        return self.answer(*args, **kwargs), self.calls + 1

    def after(self, calls):
        return Linear(self.answer, calls)


def weighted(x):
    """A logit of each pixel that tells the channels apart."""
    return x @ (10.0 ** jnp.arange(x.shape[-1]))


def test_the_conditional_discriminator_sees_the_source_before_the_image():
    game = forward.translation()
    outputs = game.run(Linear(lambda x: 2 * x), Linear(weighted), BATCH, drawn(ROWS), {"k": 1})

    def beside(image):
        return np.concatenate([SOURCE, image], axis=-1) @ [1.0, 10.0, 100.0, 1000.0]

    np.testing.assert_allclose(outputs.fake, 2 * SOURCE)
    np.testing.assert_allclose(outputs.real_logits, beside(TARGET), rtol=1e-5)
    np.testing.assert_allclose(outputs.fake_logits, beside(2 * SOURCE), rtol=1e-5)
    np.testing.assert_allclose(outputs.critic(TARGET + 1), beside(TARGET + 1), rtol=1e-5)
    np.testing.assert_array_equal(outputs.extras["source"], SOURCE)
    np.testing.assert_array_equal(outputs.real, TARGET)
    # The generator runs once, the discriminator on real and then on fake.
    assert outputs.stats == {"g": 1, "d": 2}
    assert outputs.adaptive == {"k": 1}


def test_the_unconditional_discriminator_sees_the_image_alone():
    game = forward.translation(conditional=False)
    outputs = game.run(Linear(lambda x: 2 * x), Linear(weighted), BATCH, drawn(ROWS), {})
    alone = jnp.array([1.0, 10.0])
    np.testing.assert_allclose(outputs.real_logits, TARGET @ alone, rtol=1e-5)
    np.testing.assert_allclose(outputs.fake_logits, 2 * SOURCE @ alone, rtol=1e-5)


@pytest.fixture(scope="module")
def unet():
    """A small U-Net, and samples of one source by four latents."""
    module = UNet(channels=1, width=8, depth=3)
    source = noise(2, 1, 8, 8, 1)
    variables = jax.jit(functools.partial(module.init, train=False))(jax.random.key(0), source)
    network = Network(module, variables["params"], {"batch_stats": variables["batch_stats"]})
    return network, forward.translation(), source


def test_a_sample_depends_on_its_latent_and_on_its_source_alone(unet):
    """Batch normalization too takes its moments of one image, and dropout is on."""
    network, game, source = unet
    latents = game.prior(drawn(4))
    assert game.condition == ("source",)
    sample = jax.jit(lambda source: game.sample(network, latents, {"source": source}))
    four = sample(jnp.repeat(source, 4, 0))
    others = jnp.concatenate([source, 3 + noise(3, 3, 8, 8, 1)])
    mixed = sample(others)
    np.testing.assert_allclose(mixed[0], four[0], atol=1e-6)
    assert all(np.abs(four[0] - other).max() > 1e-3 for other in four[1:])
    again = sample(jnp.repeat(source, 4, 0))
    np.testing.assert_array_equal(again, four)


def test_the_origin_of_a_sample_is_its_source(unet):
    _, game, source = unet
    for one in game, forward.cycle():
        assert one.origin(game.prior(drawn(1)), {"source": source}) is source


# CycleGAN: G doubles, F adds one, so that every composition is told from every other.


def translate(source, target=None, method=None):
    if method == "translate_back":
        return source + 1
    return 2 * source if target is None else (2 * source, target + 1)


def judge(target, source):
    return weighted(target), 1000 * weighted(source)


def test_cycles_go_there_and_back_in_both_domains():
    game = forward.cycle(pooled=False)
    outputs = game.run(Linear(translate), Linear(judge), BATCH, drawn(ROWS), {})

    def check(found, *expected):
        assert len(found) == 2
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)

    check(outputs.real, TARGET, SOURCE)
    check(outputs.fake, 2 * SOURCE, TARGET + 1)
    check(outputs.extras["cycled"], 2 * (TARGET + 1), 2 * SOURCE + 1)
    check(outputs.extras["identity"], 2 * TARGET, SOURCE + 1)
    check(outputs.real_logits, *judge(TARGET, SOURCE))
    check(outputs.fake_logits, *judge(2 * SOURCE, TARGET + 1))
    check(outputs.extras["own_logits"], *outputs.fake_logits)
    check(outputs.critic((SOURCE, TARGET)), *judge(SOURCE, TARGET))
    assert outputs.stats == {"g": 3, "d": 2}


def test_the_discriminator_judges_what_the_pool_gives_and_the_generator_its_own():
    game = forward.cycle()
    adaptive = forward.empty_pools(2, (TARGET.shape[1:], SOURCE.shape[1:]))
    for pool in adaptive["pools"]:
        pool["images"] += 7.0
        pool["held"] += 2
    outputs = game.run(Linear(translate), Linear(judge), BATCH, drawn(ROWS, seed=1), adaptive)
    fakes = (2 * SOURCE, TARGET + 1)
    new = outputs.remember["arrivals"]
    for own, fake, arrived in zip(outputs.extras["own_logits"], judge(*fakes), new, strict=True):
        np.testing.assert_allclose(own, fake, rtol=1e-5)
        assert arrived.coins.shape == arrived.places.shape == (ROWS,)
    old = judge(*(jnp.full_like(fake, 7.0) for fake in fakes))
    for number, found in enumerate(outputs.fake_logits):
        first = int(np.argmax(new[number].coins))
        assert new[number].coins[first], "a seed of which no coin falls shows nothing"
        np.testing.assert_allclose(found[first], old[number][first], rtol=1e-5)
    assert not np.array_equal(new[0].places, new[1].places) or not np.array_equal(
        new[0].coins, new[1].coins
    )


def test_a_pool_that_nothing_keeps_is_refused():
    with pytest.raises(UserError, match=r"give Gan adaptive=empty_pools\(...\)"):
        forward.cycle().run(Linear(max), Linear(max), BATCH, drawn(ROWS), {})


def test_samples_are_of_either_direction():
    game, generator = forward.cycle(), Linear(translate)
    latents = game.prior(drawn(ROWS))
    np.testing.assert_array_equal(game.sample(generator, latents, {"source": SOURCE}), 2 * SOURCE)
    np.testing.assert_array_equal(game.reverse(generator, latents, {"target": TARGET}), TARGET + 1)


def seen_through(pixels, batch, rows, aligned=True):
    """The batch that a pass behind ``jittered`` is given."""

    def run(generator, discriminator, batch, rng, adaptive):
        return Outputs((), (), (), (), critic=generator, stats={}, extras=batch)

    inner = forward.Forward(prior=forward.normal(1), run=run)
    return forward.jittered(pixels, inner, aligned).run(None, None, batch, rows, {}).extras


def pictures(rows):
    """Images whose every pixel is another number: row, and place in the image."""
    place = jnp.arange(36.0).reshape(6, 6)
    return jnp.arange(rows)[:, None, None, None] * 100.0 + place[None, :, :, None]


def test_a_pair_is_cropped_at_one_place_and_rows_at_their_own():
    images = pictures(32)
    batch = {"source": images, "image": -images}
    found = seen_through(3, batch, drawn(32))
    np.testing.assert_array_equal(found["source"], -found["image"])
    enlarged = jax.image.resize(images, (32, 9, 9, 1), "bilinear")
    crops = [
        {
            (top, left)
            for top in range(4)
            for left in range(4)
            if np.array_equal(one[top : top + 6, left : left + 6], crop)
        }
        for one, crop in zip(np.asarray(enlarged), np.asarray(found["source"]), strict=True)
    ]
    assert all(len(places) == 1 for places in crops)
    places = {place for crop in crops for place in crop}
    assert {top for top, _ in places} == {left for _, left in places} == {0, 1, 2, 3}
    # A row's place does not depend on the batch that it is in.
    other = seen_through(3, {key: rows[5:7] for key, rows in batch.items()}, drawn(2, first=5))
    np.testing.assert_allclose(other["source"], found["source"][5:7], rtol=1e-6)


def test_images_of_two_domains_are_cropped_each_at_its_own_place():
    images = pictures(32)
    found = seen_through(3, {"source": images, "image": images}, drawn(32), aligned=False)
    same = np.all(np.asarray(found["source"] == found["image"]), axis=(1, 2, 3))
    assert same.mean() < 0.5


def test_jitter_of_no_pixel_changes_nothing():
    found = seen_through(0, BATCH, drawn(ROWS))
    np.testing.assert_allclose(found["source"], SOURCE, rtol=1e-6)


def test_jitter_leaves_samples_alone():
    game = forward.translation()
    assert forward.jittered(9, game).sample is game.sample
