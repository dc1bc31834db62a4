import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.stats

from jaxgan import augment, forward, losses, penalties
from jaxgan.game.network import Network
from jaxgan.game.state import init
from jaxgan.game.step import make_step
from jaxgan.game.terms import scale
from jaxgan.nn.dropout import Dropout
from jaxgan.rng import Rng
from jaxgan.types import AXIS, Seen
from support import games
from support.outputs import alone, drawn

ROWS = 20_000


def draw(count=ROWS):
    return Rng(jax.random.key(0), jnp.arange(count, dtype=jnp.int32))


def test_normal_latents_are_standard():
    latents = np.asarray(forward.normal(2)(draw()))
    assert latents.shape == (ROWS, 2)
    assert scipy.stats.kstest(latents[:, 0], "norm").pvalue > 1e-3
    assert scipy.stats.kstest(latents[:, 1], "norm").pvalue > 1e-3


@pytest.mark.parametrize("truncation", [0.5, 1.0, 2.0])
def test_truncated_latents_follow_the_truncated_normal(truncation):
    latents = np.asarray(forward.normal(1)(draw(), truncation))[:, 0]
    assert np.abs(latents).max() <= truncation
    expected = scipy.stats.truncnorm(-truncation, truncation)
    assert scipy.stats.kstest(latents, expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("truncation", [1e-4, 0.04, 8.0])
def test_extreme_truncations_are_finite(truncation):
    """BigGAN's own sweep goes down to 0.04."""
    latents = np.asarray(forward.normal(1)(draw(2000), truncation))
    assert np.isfinite(latents).all()
    assert 0.4 * min(truncation, 1) < np.abs(latents).max() <= truncation


def test_uniform_latents_fill_their_cube():
    latents = np.asarray(forward.uniform(1, bound=3.0)(draw()))[:, 0]
    assert scipy.stats.kstest(latents, scipy.stats.uniform(-3, 6).cdf).pvalue > 1e-3
    shrunk = np.asarray(forward.uniform(1, bound=3.0)(draw(), 0.5))[:, 0]
    np.testing.assert_allclose(shrunk, latents / 2, atol=1e-6)


class Counted:
    """A network that multiplies, and whose statistics are the sums of what it saw."""

    def __init__(self, factor, stats=0.0):
        self.factor, self.stats = factor, stats

    def __call__(self, x):
        return x * self.factor, self.stats + float(jnp.sum(x))

    def after(self, stats):
        return Counted(self.factor, stats)


def test_the_noise_game_judges_real_then_fake():
    real = jnp.array([[1.0], [2.0]])
    prior = lambda rng: jnp.array([[3.0], [5.0]])  # noqa: E731
    game = forward.unconditional(prior)
    outputs = game.run(Counted(10.0), Counted(7.0), {"image": real}, draw(2), {"k": 1})
    np.testing.assert_array_equal(outputs.fake, [[30], [50]])
    np.testing.assert_array_equal(outputs.real_logits, [[7], [14]])
    np.testing.assert_array_equal(outputs.fake_logits, [[210], [350]])
    np.testing.assert_array_equal(outputs.critic(real + 1), [[14], [21]])
    assert outputs.real is real
    # The discriminator's statistics have seen real, then fake, and not the penalty's points.
    assert outputs.stats == {"g": 8.0, "d": 3.0 + 80.0}
    assert outputs.adaptive == {"k": 1}


def test_terms_may_ask_the_generator_again():
    game = forward.unconditional(lambda rng: jnp.array([[3.0], [5.0]]))
    outputs = game.run(Counted(10.0), Counted(7.0), {"image": jnp.ones((2, 1))}, draw(2), {})
    np.testing.assert_array_equal(outputs.extras["latents"], [[3], [5]])
    np.testing.assert_array_equal(outputs.extras["generator"](jnp.ones((2, 1))), [[10], [10]])


# Games of functions: every network is a linear one whose statistics count what it saw.


class Linear:
    """``answer(*arguments)``, and statistics that are the number of calls so far."""

    def __init__(self, answer, calls=0):
        self.answer, self.calls = answer, calls

    def __call__(self, *args, **kwargs):
        return self.answer(*args, **kwargs), self.calls + 1

    def after(self, calls):
        return Linear(self.answer, calls)


IMAGES = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
LABELS = np.array([0, 1, 2, 1], np.int32)
BATCH = {"image": jnp.asarray(IMAGES), "label": jnp.asarray(LABELS)}
LATENTS = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)


def fixed(rng, truncation=None):
    return jnp.asarray(LATENTS)


def total(x):
    return jnp.sum(x, axis=-1)


def labels_of(x, labels):
    """A network that scales by label."""
    return x * (1.0 + labels[:, None])


def test_the_conditional_game_hands_each_sample_its_label():
    fakes = jnp.array([2, 0, 1, 0], jnp.int32)
    game = forward.conditional(fixed, lambda rng, batch: fakes)
    judge = Linear(lambda x, labels: total(labels_of(x, labels)))
    outputs = game.run(Linear(labels_of), judge, BATCH, drawn(4), {})
    fake = LATENTS * (1 + np.asarray(fakes))[:, None]
    np.testing.assert_allclose(outputs.fake, fake)
    np.testing.assert_allclose(outputs.real_logits, (IMAGES * (1 + LABELS[:, None])).sum(1), 1e-5)
    np.testing.assert_allclose(outputs.fake_logits, (fake * (1 + fakes[:, None])).sum(1), 1e-5)
    # Penalties: real samples' labels at the critic, the fakes' at theirs.
    np.testing.assert_allclose(outputs.critic(outputs.real), outputs.real_logits)
    np.testing.assert_allclose(outputs.fake_critic(outputs.fake), outputs.fake_logits)
    assert not np.allclose(outputs.critic(outputs.fake), outputs.fake_logits)
    np.testing.assert_array_equal(outputs.extras["real_labels"], LABELS)
    np.testing.assert_array_equal(outputs.extras["fake_labels"], fakes)
    np.testing.assert_allclose(outputs.extras["generator"](LATENTS), fake)
    assert outputs.stats == {"g": 1, "d": 2}


def test_labels_of_the_fakes_are_drawn_or_those_of_the_batch():
    assert forward.batch_labels(drawn(4), BATCH) is BATCH["label"]
    labels = np.asarray(forward.uniform_labels(5)(drawn(5000), BATCH))
    assert labels.dtype == np.int32
    assert scipy.stats.chisquare(np.bincount(labels, minlength=5)).pvalue > 1e-3


def test_the_auxiliary_game_asks_for_the_class_and_tells_none():
    game = forward.auxiliary_classifier(fixed)
    judge = Linear(lambda x: (total(x), jnp.concatenate([x, -x], axis=-1)))
    outputs = game.run(Linear(labels_of), judge, BATCH, drawn(4), {"k": 2})
    fake = LATENTS * (1 + LABELS)[:, None]
    np.testing.assert_allclose(outputs.fake_logits, fake.sum(1), rtol=1e-5)
    np.testing.assert_allclose(outputs.critic(outputs.fake), outputs.fake_logits)
    np.testing.assert_allclose(outputs.extras["real_classes"], np.hstack([IMAGES, -IMAGES]))
    np.testing.assert_allclose(outputs.extras["fake_classes"], np.hstack([fake, -fake]))
    np.testing.assert_array_equal(outputs.extras["real_labels"], LABELS)
    np.testing.assert_array_equal(outputs.extras["fake_labels"], LABELS)
    assert outputs.stats == {"g": 1, "d": 2}
    assert outputs.adaptive == {"k": 2}


def test_the_auto_encoding_game_hands_out_codes():
    game = forward.autoencoder(fixed)
    judge = Linear(lambda x: (total(x * x), 3 * x))
    outputs = game.run(Linear(lambda z: 2 * z), judge, BATCH, drawn(4), {})
    np.testing.assert_allclose(outputs.real_logits, (IMAGES**2).sum(1), rtol=1e-5)
    np.testing.assert_allclose(outputs.extras["real_codes"], 3 * IMAGES)
    np.testing.assert_allclose(outputs.extras["fake_codes"], 6 * LATENTS)
    assert outputs.critic(outputs.real).shape == (4,)
    assert outputs.stats == {"g": 1, "d": 2}


CODES = {"digit": forward.categorical(3), "angle": forward.uniform(2)}


def test_codes_are_the_end_of_the_latents():
    game = forward.latent_codes(forward.normal(4), CODES)
    judge = Linear(lambda x: (total(x), {"digit": x[:, :3], "angle": (x[:, :2], x[:, 2:4])}))
    outputs = game.run(
        Linear(lambda z: z), judge, BATCH | {"image": jnp.ones((4, 9))}, drawn(4), {}
    )
    codes = outputs.extras["codes"]
    # The generator returns its latents here: noise, then the codes in their order.
    np.testing.assert_array_equal(outputs.fake[:, 4:7], codes["digit"])
    np.testing.assert_array_equal(outputs.fake[:, 7:], codes["angle"])
    np.testing.assert_array_equal(outputs.extras["fake_codes"]["digit"], outputs.fake[:, :3])
    assert outputs.extras["real_codes"]["angle"][0].shape == (4, 2)
    assert np.abs(np.corrcoef(outputs.fake[:, 0], outputs.fake[:, 7]))[0, 1] < 0.999


def test_the_prior_of_coded_latents_is_that_of_the_game():
    prior = forward.concatenated(forward.normal(4), CODES)
    latents = np.asarray(prior(drawn(3000)))
    assert latents.shape == (3000, 9)
    assert latents.dtype == np.float32
    assert scipy.stats.chisquare(latents[:, 4:7].sum(0)).pvalue > 1e-3
    np.testing.assert_array_equal(latents[:, 4:7].sum(1), 1)
    # Truncation is the noise's affair.
    cut = np.asarray(prior(drawn(3000), 0.5))
    assert np.abs(cut[:, :4]).max() <= 0.5
    np.testing.assert_array_equal(cut[:, 4:], latents[:, 4:])


def test_the_joint_game_judges_pairs():
    game = forward.bidirectional(fixed)
    both = Linear(lambda z, x: (2 * z, x + 1))
    outputs = game.run(both, Linear(lambda x, z: total(x * z)), BATCH, drawn(4), {})
    np.testing.assert_allclose(outputs.real_logits, (IMAGES * (IMAGES + 1)).sum(1), rtol=1e-5)
    np.testing.assert_allclose(outputs.fake_logits, (2 * LATENTS * LATENTS).sum(1), rtol=1e-5)
    np.testing.assert_allclose(outputs.critic(outputs.fake), outputs.fake_logits)
    # A penalty takes the slope in sample and latent together: grad (x . z) = (z, x).
    slopes = (2 * LATENTS) ** 2 + LATENTS**2
    np.testing.assert_allclose(penalties.r2(outputs), 0.5 * slopes.sum(1).mean(), rtol=1e-5)
    assert outputs.stats == {"g": 1, "d": 2}


def test_the_reconstructing_game_reads_the_latents_back():
    game = forward.reconstructing(fixed)
    both = Linear(lambda z, x: (2 * z, x + 1, 2 * z + 1))
    outputs = game.run(both, Linear(lambda x, z: total(x * z)), BATCH, drawn(4), {})
    np.testing.assert_allclose(outputs.real_logits, (IMAGES * (IMAGES + 1)).sum(1), rtol=1e-5)
    expected = np.mean(np.sum((LATENTS + 1) ** 2, axis=1))
    np.testing.assert_allclose(losses.latent_reconstruction(outputs), expected, rtol=1e-5)


@pytest.mark.parametrize("count, shape", [(1, (3,)), (2, (2, 5, 3)), (3, (3,))])
def test_packs_are_consecutive_rows_along_the_channels(count, shape):
    images = np.random.default_rng(2).normal(size=(6, *shape)).astype(np.float32)
    seen = []

    def judge(x):
        seen.append(x)
        return jnp.sum(x * x, axis=tuple(range(1, x.ndim)))

    prior = lambda rng: jnp.asarray(images).reshape(6, -1) + 1  # noqa: E731
    game = forward.packed(count, forward.unconditional(prior))
    generator = Linear(lambda z: z.reshape(images.shape))
    outputs = game.run(generator, Linear(judge), {"image": jnp.asarray(images)}, drawn(6), {})
    expected = np.concatenate([images[first::count] for first in range(count)], axis=-1)
    np.testing.assert_array_equal(outputs.real, expected)
    np.testing.assert_array_equal(seen[0], expected)
    np.testing.assert_array_equal(outputs.fake, np.asarray(outputs.real) + 1)
    squares = (expected**2).reshape(6 // count, -1).sum(1)
    np.testing.assert_allclose(outputs.real_logits, squares, rtol=1e-5)
    assert outputs.stats == {"g": 1, "d": 2}
    # The critic takes packs, and its slope is that of the whole pack: 2 |x|.
    np.testing.assert_allclose(outputs.critic(outputs.real), outputs.real_logits)
    np.testing.assert_allclose(penalties.r1(outputs), 0.5 * np.mean(4 * squares), rtol=1e-5)


def test_packs_must_fill_the_batch():
    game = forward.packed(3, forward.unconditional(fixed))
    with pytest.raises(ValueError, match="packs of 3 do not fill a batch of 4 rows"):
        game.run(Linear(lambda z: z), Linear(total), BATCH, drawn(4), {})
    with pytest.raises(ValueError, match="at least 1"):
        forward.packed(0, forward.unconditional(fixed))


def test_a_pack_larger_than_the_batch_is_for_initialization_only():
    """A game is initialized with two rows; a step with too few of them is a mistake."""
    game = forward.packed(5, forward.unconditional(fixed))
    networks = Linear(lambda z: z), Linear(total)
    outputs = game.run(*networks, BATCH, drawn(4), {})
    assert outputs.real.shape == outputs.fake.shape == (1, 10)
    np.testing.assert_allclose(outputs.critic(outputs.real), outputs.real_logits)
    with pytest.raises(ValueError, match="packs of 5 do not fill a batch of 4 rows"):
        alone(lambda: game.run(*networks, BATCH, drawn(4), {}).real)


def test_packs_carry_labels_and_pairs():
    labeled = forward.packed(2, forward.conditional(fixed))
    judge = Linear(lambda x, labels: total(x) + total(labels).astype(jnp.float32))
    outputs = labeled.run(Linear(labels_of), judge, BATCH, drawn(4), {})
    assert outputs.real_logits.shape == (2,)
    np.testing.assert_allclose(outputs.fake_critic(outputs.fake), outputs.fake_logits)
    joint = forward.packed(2, forward.bidirectional(fixed))
    pairs = joint.run(
        Linear(lambda z, x: (z, x)), Linear(lambda x, z: total(x * z)), BATCH, draw(4), {}
    )
    assert [leaf.shape for leaf in pairs.real] == [(2, 4), (2, 4)]
    np.testing.assert_allclose(pairs.critic(pairs.real), pairs.real_logits)


def test_a_pack_of_one_is_the_plain_game():
    """Labels too, which a discriminator of classes takes one a row."""
    judge = Linear(lambda x, labels: total(labels_of(x, labels)))
    plain = forward.conditional(fixed).run(Linear(labels_of), judge, BATCH, drawn(4), {})
    packed = forward.packed(1, forward.conditional(fixed)).run(
        Linear(labels_of), judge, BATCH, drawn(4), {}
    )
    for name in ("real", "fake", "real_logits", "fake_logits"):
        np.testing.assert_array_equal(getattr(packed, name), getattr(plain, name))
    np.testing.assert_array_equal(packed.critic(packed.real), plain.critic(plain.real))


def test_the_generator_learns_from_every_member_of_a_pack():
    """``l = (w . pack)^2`` of packs ``(c_1 z_1, c_2 z_2)``: by hand, for each place's factor."""
    weights = np.array([2.0, -1.0, 0.5, 3.0], np.float32)
    game = forward.packed(2, forward.unconditional(fixed))

    def loss(factors):
        generator = Linear(lambda z: z * jnp.tile(factors, 2)[:, None])
        judge = Linear(lambda x: jnp.square(x @ weights))
        return jnp.sum(game.run(generator, judge, BATCH, drawn(4), {}).fake_logits)

    factors = np.array([1.5, -0.5], np.float32)
    parts = LATENTS.reshape(2, 2, 2) * weights.reshape(2, 2)  # pack, place, channel
    places = parts.sum(2)
    expected = 2 * np.sum((places @ factors)[:, None] * places, axis=0)
    np.testing.assert_allclose(jax.grad(loss)(jnp.asarray(factors)), expected, rtol=1e-4)
    assert np.abs(expected).min() > 0.1


def marked(images, rng):
    """An augmentation that says which row it drew for."""
    return images * (1 + rng.uniform((1,)))


def test_an_augmented_game_shows_augmented_images_to_everyone():
    seen = []

    def judge(x):
        seen.append(x)
        return total(x)

    game = forward.augmented(marked, forward.unconditional(fixed))
    outputs = game.run(Linear(lambda z: 2 * z), Linear(judge), BATCH, drawn(4), {})
    np.testing.assert_array_equal(outputs.real, seen[0])
    np.testing.assert_array_equal(outputs.fake, seen[1])
    real, fake = np.asarray(outputs.real) / IMAGES - 1, np.asarray(outputs.fake) / (2 * LATENTS) - 1
    # One draw for each row, and other draws for the fakes.
    np.testing.assert_allclose(real[:, 0], real[:, 1], atol=1e-5)
    assert len(np.unique(np.round(np.concatenate([real[:, 0], fake[:, 0]]), 4))) == 8
    # The critic is asked at augmented images: it does not augment them again.
    np.testing.assert_array_equal(outputs.critic(outputs.real), outputs.real_logits)
    # Statistics pass through the wrapper.
    assert outputs.stats == {"g": 1, "d": 2}


def test_the_generator_learns_through_the_augmentation():
    def loss(factor):
        game = forward.augmented(marked, forward.unconditional(fixed))
        outputs = game.run(Linear(lambda z: factor * z), Linear(total), BATCH, drawn(4), {})
        return jnp.sum(outputs.fake_logits)

    marks = 1 + drawn(4).named("seen fake").uniform((1,))
    np.testing.assert_allclose(jax.grad(loss)(2.0), np.sum(LATENTS * marks), rtol=1e-5)


def test_an_augmented_composite_keeps_its_other_outputs():
    game = forward.augmented(marked, forward.bidirectional(fixed))
    outputs = game.run(
        Linear(lambda z, x: (2 * z, x + 1)), Linear(lambda x, z: total(x)), BATCH, drawn(4), {}
    )
    np.testing.assert_array_equal(outputs.real[1], outputs.real[0] + 1)
    np.testing.assert_array_equal(outputs.fake[1], LATENTS)


def test_instance_noise_follows_its_schedule():
    game = forward.instance_noise(lambda step: 1.0 - 0.1 * step, forward.unconditional(fixed))
    adaptive = {"step": jnp.int32(0)}
    networks = Linear(lambda z: z), Linear(total)
    first = game.run(*networks, BATCH, drawn(4), adaptive)
    for _ in range(5):
        adaptive = forward.count_steps(adaptive, Seen({}, {}))
    later = game.run(*networks, BATCH, drawn(4), adaptive)
    for then, now, clean in [(first.real, later.real, IMAGES), (first.fake, later.fake, LATENTS)]:
        np.testing.assert_allclose(now - clean, 0.5 * (then - clean), atol=1e-5)
        assert np.std(then - clean) > 0.3
    assert not np.allclose(first.real - IMAGES, first.fake - LATENTS)


def test_images_are_blurred_by_a_filter_that_fades():
    """As the authors' code has it: 2 to the minus square of the distance, to three deviations."""
    images = np.random.default_rng(0).normal(size=(4, 9, 9, 2)).astype(np.float32)
    places = np.arange(-3, 4)
    taps = np.exp2(-np.square(places / 1.2))
    taps /= taps.sum()
    padded = np.pad(images, ((0, 0), (3, 3), (3, 3), (0, 0)))
    expected = sum(
        taps[i] * taps[j] * padded[:, i : i + 9, j : j + 9] for i in range(7) for j in range(7)
    )
    game = forward.blurred(lambda step: 1.2 - 0.3 * step, 2.0, forward.unconditional(fixed))
    given = jnp.asarray(images)
    weights = np.random.default_rng(1).normal(size=(9, 9, 2)).astype(np.float32)
    judge = Linear(lambda x: (x * weights).sum(axis=(1, 2, 3)))
    players = Linear(lambda z: given[: len(z)]), judge
    for step, blurred in ((0, expected), (3, images), (9, images)):
        outputs = game.run(*players, {"image": given}, drawn(4), {"step": step})
        np.testing.assert_array_equal(outputs.real, images)
        for logits in (outputs.real_logits, outputs.fake_logits):
            np.testing.assert_allclose(logits, (blurred * weights).sum((1, 2, 3)), atol=1e-4)


def test_noise_without_a_clock_is_an_error():
    with pytest.raises(KeyError, match="step"):
        forward.instance_noise(lambda step: 1.0, forward.unconditional(fixed)).run(
            None, None, BATCH, drawn(4), {}
        )


def test_latents_take_a_natural_gradient_step():
    """For the critic ``w . G(z)`` with ``G(z) = 3 z``: ``dz = rate g / (damping + |g|^2)``."""
    weights = np.array([2.0, -1.0], np.float32)
    game = forward.latent_optimization(fixed, rate=0.9, damping=5.0, bound=10.0)
    judge = Linear(lambda x: x @ weights)
    outputs = game.run(Linear(lambda z: 3 * z), judge, BATCH, drawn(4), {})
    slope = 3 * weights
    step = np.broadcast_to(0.9 * slope / (5 + np.sum(slope**2)), (4, 2))
    np.testing.assert_allclose(outputs.extras["latent_step"], step, rtol=1e-5)
    np.testing.assert_allclose(outputs.fake, 3 * (LATENTS + step), rtol=1e-5)
    np.testing.assert_allclose(penalties.latent_step(outputs), np.sum(step[0] ** 2), rtol=1e-5)
    clipped = forward.latent_optimization(fixed, bound=0.5).run(
        Linear(lambda z: z), judge, BATCH, drawn(4), {}
    )
    assert np.abs(clipped.extras["latents"]).max() == 0.5


def test_latents_move_in_any_game():
    """With labels: the slope is that of each fake's logit under its own label."""
    weights = np.array([2.0, -1.0], np.float32)
    game = forward.latent_optimization(fixed, bound=10.0, game=forward.conditional)
    judge = Linear(lambda x, labels: labels_of(x, labels) @ weights)
    outputs = game.run(Linear(labels_of), judge, BATCH, drawn(4), {})
    slope = (1 + LABELS[:, None]) ** 2 * weights
    step = 0.9 * slope / (5 + np.sum(slope**2, axis=1, keepdims=True))
    np.testing.assert_allclose(outputs.extras["latent_step"], step, rtol=1e-5)
    np.testing.assert_allclose(outputs.fake, (1 + LABELS[:, None]) * (LATENTS + step), rtol=1e-5)
    np.testing.assert_array_equal(outputs.extras["fake_labels"], LABELS)


def moves(share, rows):
    """The steps of latents of four elements at rows of the global batch."""
    rng = dataclasses.replace(drawn(len(rows)), rows=jnp.asarray(rows, jnp.int32))
    game = forward.latent_optimization(forward.uniform(4), share=share)
    images = {"image": jnp.zeros((len(rows), 4))}
    outputs = game.run(Linear(lambda z: z), Linear(lambda x: total(x)), images, rng, {})
    return np.asarray(outputs.extras["latent_step"])


def test_a_share_of_each_latents_elements_is_moved():
    moved = moves(0.5, np.arange(2000)) != 0
    np.testing.assert_allclose(moved.mean(0), 0.5, atol=0.05)
    # Elements are drawn one by one: of four, a sample moves any number.
    counts = np.bincount(moved.sum(1), minlength=5) / 2000
    np.testing.assert_allclose(counts, scipy.stats.binom.pmf(np.arange(5), 4, 0.5), atol=0.04)
    # Those that move do so as they would together, by ``rate g / (damping + |g|^2)``.
    np.testing.assert_allclose(moves(0.5, np.arange(2000))[moved], 0.9 / (5 + 4), rtol=1e-5)


def test_which_elements_move_belongs_to_the_row():
    """So that devices, each with its own rows, draw what one with all of them would."""
    np.testing.assert_array_equal(moves(0.5, np.arange(8, 12)), moves(0.5, np.arange(16))[8:12])


def test_gradients_pass_through_the_latent_step():
    """``f = w^2 G^2 / ...``: by finite differences in the generator and in the critic."""

    def loss(parameters):
        factor, weights = parameters[0], parameters[1:]
        game = forward.latent_optimization(fixed, bound=100.0)
        judge = Linear(lambda x: jnp.tanh(x @ weights))
        outputs = game.run(Linear(lambda z: factor * z), judge, BATCH, drawn(4), {})
        return jnp.sum(outputs.fake_logits)

    at = jnp.array([3.0, 0.2, -0.1])
    value, slope = jax.jit(loss), np.asarray(jax.jit(jax.grad(loss))(at))
    for axis, direction in enumerate(np.eye(3, dtype=np.float32) * 1e-2):
        expected = (float(value(at + direction)) - float(value(at - direction))) / 2e-2
        assert slope[axis] == pytest.approx(expected, rel=1e-2, abs=1e-3)


# Games of modules, through initialization and the training step.


class Labeled(nn.Module):
    """Looks at a label as a one-hot vector."""

    size: int

    @nn.compact
    def __call__(self, x, labels, *, train):
        x = jnp.concatenate([x, jax.nn.one_hot(labels, 3)], axis=-1)
        x = nn.Dense(self.size)(nn.tanh(nn.Dense(6)(x)))
        return x[:, 0] if self.size == 1 else x


class Describing(nn.Module):
    """Answers with logits and ``parts`` of other things."""

    parts: tuple[int, ...] = (3,)

    @nn.compact
    def __call__(self, x, *, train):
        x = games.BatchNorm(use_running_average=not train)(nn.Dense(6)(x))
        x = nn.tanh(x)
        others = [nn.Dense(size)(x) for size in self.parts]
        return nn.Dense(1)(x)[:, 0], others[0] if len(others) == 1 else others


class Guessing(Describing):
    """InfoGAN's Q of one category and one angle, in the discriminator."""

    parts: tuple[int, ...] = (3, 2, 2)

    @nn.compact
    def __call__(self, x, *, train):
        logits, (digit, mean, log_deviation) = Describing(self.parts)(x, train=train)
        return logits, {"digit": digit, "angle": (mean, log_deviation)}


class Composite(nn.Module):
    """Generator and encoder of one player, the latter also reading the fakes if asked."""

    reads: bool = False

    def setup(self):
        self.decoder, self.encoder = nn.Dense(2), nn.Dense(3)

    def generate(self, latents, *, train):
        return self.decoder(latents)

    def __call__(self, latents, images, *, train):
        fake = self.decoder(latents)
        pair = fake, self.encoder(images)
        return (*pair, self.encoder(fake)) if self.reads else pair


class Pairs(nn.Module):
    @nn.compact
    def __call__(self, x, z, *, train):
        return nn.Dense(1)(nn.tanh(nn.Dense(5)(jnp.concatenate([x, z], axis=-1))))[:, 0]


NOISE = forward.normal(3)
PLAIN = {"g": games.generator(), "d": games.Critic()}
GAMES = {
    "labeled": (
        {"g": Labeled(2), "d": Labeled(1)},
        forward.conditional(NOISE, forward.uniform_labels(3)),
        {"g": {"adversarial": losses.hinge.generator}},
        {"d": {"adversarial": losses.hinge.discriminator, "r1": penalties.r1, "r2": penalties.r2}},
    ),
    "auxiliary": (
        {"g": Labeled(2), "d": Describing()},
        forward.auxiliary_classifier(NOISE),
        {"g": {"classes": losses.auxiliary_classifier.generator}},
        {"d": {"classes": losses.auxiliary_classifier.discriminator}},
    ),
    "autoencoding": (
        {"g": games.generator(), "d": Describing()},
        forward.autoencoder(NOISE),
        {"g": {"energy": losses.ebgan(1.0).generator, "apart": scale(0.1, losses.pull_away)}},
        {"d": {"energy": losses.ebgan(10.0).discriminator}},
    ),
    "coded": (
        {"g": games.generator(), "d": Guessing()},
        forward.latent_codes(NOISE, CODES),
        {"g": {"angle": losses.gaussian_information("angle")}},
        {"d": {"digit": losses.categorical_information("digit")}},
    ),
    "joint": (
        {"g": Composite(), "d": Pairs()},
        forward.bidirectional(NOISE),
        {"g": {"adversarial": losses.bidirectional.generator}},
        {"d": {"adversarial": losses.minimax.discriminator, "gp": penalties.gradient_penalty}},
    ),
    "reconstructing": (
        {"g": Composite(reads=True), "d": Pairs()},
        forward.reconstructing(NOISE),
        {"g": {"ratio": losses.veegan.generator, "read": losses.latent_reconstruction}},
        {"d": {"adversarial": losses.minimax.discriminator}},
    ),
    "packed": (
        PLAIN,
        forward.packed(2, forward.unconditional(NOISE)),
        {"g": {"adversarial": losses.nonsaturating.generator}},
        {"d": {"adversarial": losses.minimax.discriminator, "dragan": penalties.dragan()}},
    ),
    "optimized": (
        PLAIN,
        forward.latent_optimization(forward.uniform(3), share=0.5),
        {"g": {"adversarial": losses.wasserstein.generator, "step": penalties.latent_step}},
        {"d": {"adversarial": losses.wasserstein.discriminator}},
    ),
}


def built(name):
    networks, run, generator, discriminator = GAMES[name]
    return games.gan(networks=networks, forward=run, terms={**generator, **discriminator})


def data(game, rows=16):
    batch = games.points(1, game, rows)
    labels = np.arange(rows, dtype=np.int32).reshape(1, 1, rows) % 3
    return jax.tree.map(lambda leaf: leaf[0], {**batch, "label": labels})


def stepped(game, state, count):
    """One step on ``count`` devices of 16 rows together, under ``vmap``."""

    def shards(leaf):
        return jnp.moveaxis(leaf.reshape(len(leaf), count, -1, *leaf.shape[2:]), 1, 0)

    batches = jax.tree.map(shards, data(game))
    step = jax.vmap(make_step(game), in_axes=(None, 0), axis_name=AXIS)
    return jax.tree.map(lambda leaf: leaf[0], step(state, batches))


def begun(game):
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[0, :2]), data(game))
    return init(game, jax.random.key(0), batch)


@pytest.mark.parametrize("name", GAMES)
def test_every_game_is_initialized_and_stepped(name):
    """By shapes: the state that comes out of a step is the kind that went in."""
    game = built(name)
    state = jax.eval_shape(lambda: begun(game))
    after, logs = jax.eval_shape(lambda state: stepped(game, state, 2), state)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert jax.tree.leaves(after) == jax.tree.leaves(state)
    wanted = {f"{who}/{term}" for who in "gd" for term in game.terms[who]}
    assert wanted <= set(logs)


@pytest.mark.slow
@pytest.mark.parametrize("name", GAMES)
def test_every_game_steps_alike_on_one_device_and_eight(name):
    game = built(name)
    state = begun(game)
    (one, logs), (eight, _) = (jax.jit(lambda s, n=n: stepped(game, s, n))(state) for n in (1, 8))
    games.close(games.own(eight), games.own(one), rtol=1e-3, atol=1e-5)
    assert all(np.isfinite(value) for value in games.means(logs).values())
    assert all(games.means(logs)[f"{who}/gradient_norm"] > 0 for who in "gd")


def test_a_composite_samples_by_its_own_method():
    module, images = Composite(), jnp.zeros((4, 2))
    latents = jnp.asarray(np.random.default_rng(3).normal(size=(4, 3)), jnp.float32)
    variables = module.init(jax.random.key(0), latents, images, train=False)
    network = Network(module, variables["params"], {})
    samples = forward.bidirectional(fixed).sample(network, latents, {})
    np.testing.assert_array_equal(samples, network(latents, images)[0][0])


def test_a_labeled_generator_samples_by_label():
    network = Linear(labels_of)
    samples = forward.conditional(fixed).sample(
        network, jnp.asarray(LATENTS), {"label": jnp.asarray(LABELS)}
    )
    np.testing.assert_allclose(samples, LATENTS * (1 + LABELS)[:, None])


def test_packs_do_not_depend_on_the_number_of_devices():
    """As long as they fill each device's rows."""
    game = forward.instance_noise(
        lambda step: 0.1, forward.packed(2, forward.unconditional(forward.normal(2)))
    )
    networks, adaptive = (Linear(lambda z: z), Linear(total)), {"step": 0}
    whole = game.run(*networks, BATCH, drawn(4), adaptive)
    for first in (0, 2):
        rows = {name: leaf[first : first + 2] for name, leaf in BATCH.items()}
        part = game.run(*networks, rows, drawn(2, first=first), adaptive)
        for name in ("real", "fake", "real_logits", "fake_logits"):
            expected = getattr(whole, name)[first // 2 : first // 2 + 1]
            np.testing.assert_allclose(getattr(part, name), expected, rtol=1e-6)


@pytest.mark.slow
def test_eight_devices_play_the_whole_lot_as_one():
    """Noise, packs, moved latents, statistics, coupled losses, anchors: all in one game."""
    game = games.gan(
        generator=games.NormalizedGenerator(),
        discriminator=games.Critic(norm=True, rate=0.3),
        forward=forward.instance_noise(
            lambda step: 0.1, forward.packed(2, forward.latent_optimization(forward.uniform(3)))
        ),
        terms={
            "g": {"adversarial": losses.top_k_generator(3.0), "step": penalties.latent_step},
            "d": {
                "adversarial": losses.average_relativistic.discriminator,
                "gp": penalties.gradient_penalty,
                "lecam": penalties.lecam,
            },
        },
        optimizers={"g": optax.sgd(0.1), "d": optax.sgd(0.1)},
        adaptive={**penalties.lecam_start, "step": 0},
        adapt=lambda adaptive, seen: forward.count_steps(
            penalties.lecam_averages(0.9)(adaptive, seen), seen
        ),
    )
    results = []
    for count in (1, 8):
        runner = games.Runner(game, jax.devices()[:count])
        state, _ = runner(games.born(game, jax.devices()[:count]), games.points(2, game, 16))
        results.append(games.own(state))
    one, eight = results
    games.close(eight, one, rtol=2e-3, atol=1e-5)
    assert one[3]["step"] == 2
    assert abs(one[3]["lecam_real"]) > 1e-4


def test_augmentation_and_packs_fit_one_game():
    """Images, as both players' views of them."""
    game = forward.packed(2, forward.augmented(augment.cutout(), forward.unconditional(fixed)))
    generator = Linear(lambda z: jnp.zeros((4, 8, 8, 3)) + z[:, :1, None, None])
    judge = Linear(lambda x: jnp.mean(x, axis=(1, 2, 3)))
    outputs = game.run(generator, judge, {"image": jnp.ones((4, 8, 8, 3))}, drawn(4), {})
    assert outputs.real.shape == outputs.fake.shape == (2, 8, 8, 6)
    np.testing.assert_allclose(outputs.critic(outputs.fake), outputs.fake_logits, rtol=1e-5)


class Dropping(nn.Module):
    """Labels, latents and the masks of 32 units, side by side."""

    @nn.compact
    def __call__(self, latent, label, *, train):
        masks = Dropout(0.5)(jnp.ones((len(latent), 32)), train=train)
        return jnp.concatenate([label[:, None].astype(float), latent, masks], axis=-1)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_samples_with_dropout_have_masks_of_their_own_latent(size):
    """Also the same sample in another place, in a batch of another size."""
    prior = forward.uniform(size)
    played, generator = forward.conditional(prior), Network(Dropping(), {}, {})
    sample = jax.jit(functools.partial(forward.sampled_with_dropout(played).sample, generator))
    latents, labels = prior(draw(500)), jnp.arange(500)
    samples = sample(latents, {"label": labels})
    np.testing.assert_array_equal(samples[:, 0], labels)
    np.testing.assert_array_equal(samples[:, 1 : size + 1], latents)
    masks = np.asarray(samples[:, size + 1 :])
    assert set(masks.ravel().tolist()) == {0.0, 2.0}
    assert masks.mean() == pytest.approx(1.0, abs=5 / np.sqrt(masks.size))
    np.testing.assert_allclose(np.corrcoef(masks.T), np.eye(32), atol=5 / np.sqrt(500))
    assert len({row.tobytes() for row in masks}) == 500
    moved = sample(latents[7:3:-1], {"label": labels[7:3:-1]})
    np.testing.assert_array_equal(moved, samples[7:3:-1])
