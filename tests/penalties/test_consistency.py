"""Consistency, LeCam's anchors and orthogonal weights, in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses, penalties
from jaxgan.game.terms import evaluate, measured
from jaxgan.types import Mean, Outputs
from support.outputs import after, alone, drawn, judged, seen

pytestmark = pytest.mark.usefixtures("strict")

REAL = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]], np.float32)
FAKE = np.array([[2.0, 2.0], [1.0, 0.0], [-1.0, 1.0]], np.float32)


def linear(x):
    return x @ np.array([2.0, -1.0], np.float32)


def grown(x, rng):
    """An augmentation without chance: ``T(x) = 2 x``."""
    return 2.0 * x


def noised(x, rng):
    return x + rng.normal(x.shape[1:])


def test_consistency_is_the_squared_change_of_the_logit():
    """A linear critic at ``2 x`` says twice as much: the change is ``l(x)``."""
    outputs = seen(linear, REAL, FAKE)
    real, fake = np.mean(linear(REAL) ** 2), np.mean(linear(FAKE) ** 2)
    np.testing.assert_allclose(penalties.consistency(grown)(outputs), real, rtol=1e-6)
    balanced = penalties.balanced_consistency(grown, real=3.0, fake=jnp.float32(0.5))
    np.testing.assert_allclose(balanced(outputs), 3 * real + 0.5 * fake, rtol=1e-6)


def test_each_sample_of_a_pack_is_augmented_by_itself():
    """Two packs of two: the noise of four rows, side by side."""
    packs = np.arange(8, dtype=np.float32).reshape(2, 4) / 8
    weights = np.array([2.0, -1.0, 0.5, 3.0], np.float32)
    outputs = seen(lambda x: x @ weights, packs, packs[::-1], rng=drawn(4))
    noise = np.asarray(drawn(4).named("real").normal((2,))).reshape(2, 4)
    expected = np.mean((noise @ weights) ** 2)
    np.testing.assert_allclose(penalties.consistency(noised)(outputs), expected, rtol=1e-5)
    noise = np.asarray(drawn(4).named("fake").normal((2,))).reshape(2, 4)
    balanced = penalties.balanced_consistency(noised, real=0.0, fake=1.0)(outputs)
    np.testing.assert_allclose(balanced, np.mean((noise @ weights) ** 2), rtol=1e-5)


def test_neighbors_of_packed_fakes_are_packed():
    latents, mix = REAL[:2], np.array([[1.0, 2.0], [-1.0, 0.5]], np.float32)
    weights = np.array([2.0, -1.0, 0.5, 3.0], np.float32)
    fake = (latents @ mix).reshape(1, 4)
    extras = {"latents": jnp.asarray(latents), "generator": lambda z: z @ mix}
    outputs = seen(lambda x: x @ weights, fake, fake, rng=drawn(2), extras=extras)
    noise = np.asarray(drawn(2).named("latent").normal((2,)))
    moved = 0.1 * (noise @ mix).reshape(1, 4)
    closeness = penalties.latent_consistency(jnp.float32(0.1))(outputs)
    np.testing.assert_allclose(closeness, np.mean((moved @ weights) ** 2), rtol=1e-4)
    spread = penalties.latent_diversity(jnp.float32(0.1))(outputs)
    np.testing.assert_allclose(spread, -np.mean(moved**2), rtol=1e-4)


def test_real_and_fake_are_augmented_independently():
    same = seen(linear, REAL, REAL)
    one = penalties.balanced_consistency(noised, real=1.0, fake=0.0)(same)
    other = penalties.balanced_consistency(noised, real=0.0, fake=1.0)(same)
    assert abs(float(one) - float(other)) > 1e-3


def test_consistency_moves_the_critic_to_ignore_the_augmentation():
    """For ``l(x) = w x`` and ``T(x) = x + n``: the mean square of ``w n``, and its gradient."""
    noise = np.asarray(drawn(3).named("real").normal((2,)))
    weights = np.array([2.0, -1.0], np.float32)

    def loss(weights):
        return penalties.consistency(noised)(seen(lambda x: x @ weights, REAL, FAKE))

    np.testing.assert_allclose(loss(weights), np.mean((noise @ weights) ** 2), rtol=1e-4)
    expected = 2 * np.mean((noise @ weights)[:, None] * noise, axis=0)
    np.testing.assert_allclose(jax.grad(loss)(weights), expected, rtol=1e-4)


LATENTS = np.array([[0.5, 1.0], [-1.0, 0.0], [0.0, 2.0]], np.float32)
MATRIX = np.array([[1.0, 2.0], [0.0, 3.0]], np.float32)


def generated(critic=linear, fake_critic=None):
    """A linear generator, whose fakes' neighbors are ``(z + n) A``."""
    latents = jnp.asarray(LATENTS)
    return seen(
        critic,
        REAL,
        LATENTS @ MATRIX,
        fake_critic=fake_critic,
        extras={"latents": latents, "generator": lambda z: z @ MATRIX},
    )


def test_zcr_holds_the_critic_still_and_the_generator_moving():
    noise = 0.1 * np.asarray(drawn(3).named("latent").normal((2,))) @ MATRIX
    critic = np.mean(linear(noise) ** 2)
    np.testing.assert_allclose(penalties.latent_consistency(0.1)(generated()), critic, rtol=1e-4)
    moved = -np.mean(noise**2)
    got = penalties.latent_diversity(jnp.float32(0.1))(generated())
    np.testing.assert_allclose(got, moved, rtol=1e-4)


def test_fakes_are_judged_with_their_own_labels():
    outputs = generated(critic=lambda x: 100.0 * linear(x), fake_critic=linear)
    noise = 0.1 * np.asarray(drawn(3).named("latent").normal((2,))) @ MATRIX
    # The logits of this pass are those of the other critic, a hundred times as large.
    expected = np.mean((99 * linear(LATENTS @ MATRIX) - linear(noise)) ** 2)
    np.testing.assert_allclose(penalties.latent_consistency(0.1)(outputs), expected, rtol=1e-4)


def test_of_pairs_the_image_is_augmented():
    """The latent beside it stays, as an encoder of the augmented image is not asked."""
    judge = lambda pair: linear(pair[0]) + 5 * pair[1][:, 0]  # noqa: E731
    pairs = jnp.asarray(REAL), jnp.asarray(LATENTS)
    outputs = Outputs(pairs, pairs, judge(pairs), judge(pairs), judge, {}, drawn(3))
    expected = np.mean(linear(REAL) ** 2)
    np.testing.assert_allclose(penalties.consistency(grown)(outputs), expected, rtol=1e-5)


def every_penalty(critic, generator):
    """Each with a critic ``tanh(x w)`` and a generator ``tanh(z A)``."""
    judge = lambda x: jnp.tanh(x @ critic)  # noqa: E731
    make = lambda z: jnp.tanh(z @ generator)  # noqa: E731
    outputs = seen(
        judge,
        REAL,
        make(LATENTS),
        extras={"latents": jnp.asarray(LATENTS), "generator": make},
        adaptive={"lecam_real": jnp.float32(0.3), "lecam_fake": jnp.float32(-0.4)},
        params={"d": {"kernel": jnp.stack([critic, 2 * critic**2])}},
    )
    return {
        "consistency": penalties.consistency(noised)(outputs),
        "balanced, fake": penalties.balanced_consistency(noised, real=0.0, fake=1.0)(outputs),
        "latent consistency": penalties.latent_consistency(0.3)(outputs),
        "latent diversity": penalties.latent_diversity(0.3)(outputs),
        "lecam": penalties.lecam(outputs),
        "lecam, clipped": penalties.lecam_clipped(outputs),
        "orthogonal": penalties.orthogonal("d")(outputs),
        "off the diagonal": penalties.orthogonal_off_diagonal("d")(outputs),
    }


STILL = {
    "critic": ("latent diversity",),
    "generator": ("consistency", "orthogonal", "off the diagonal"),
}
"""Penalties that a player's parameters do not change."""


@pytest.mark.parametrize("player", ["critic", "generator"])
def test_gradients_agree_with_finite_differences(player):
    at = {"critic": np.array([0.7, -0.4], np.float32), "generator": MATRIX / 4}
    random = np.random.default_rng(1)
    direction = random.normal(size=at[player].shape).astype(np.float32)

    def along(step):
        def moved(step):
            return every_penalty(**at | {player: at[player] + step * direction})

        return jax.jvp(moved, (step,), (jnp.ones_like(step),))

    values, slopes = jax.jit(jax.vmap(along))(jnp.array([-0.01, 0.0, 0.01], jnp.float32))
    for name, value in values.items():
        expected = (value[2] - value[0]) / 0.02
        np.testing.assert_allclose(slopes[name][1], expected, rtol=1e-2, atol=2e-5, err_msg=name)
        assert (abs(float(slopes[name][1])) > 2e-4) == (name not in STILL[player]), name


def test_latent_steps_are_measured_by_row():
    outputs = judged([0.0], [0.0], extras={"latent_step": jnp.array([[3.0, 4.0], [0.0, 1.0]])})
    assert float(penalties.latent_step(outputs)) == pytest.approx((25 + 1) / 2)


ANCHORED = judged(
    [1.0, 3.0],
    [0.0, -2.0],
    adaptive={"lecam_real": jnp.float32(-1.0), "lecam_fake": jnp.float32(2.0)},
)


def test_lecam_holds_each_kind_to_the_anchor_of_the_other():
    # (1 - 2)^2, (3 - 2)^2 and (0 + 1)^2, (-2 + 1)^2
    assert float(penalties.lecam(ANCHORED)) == pytest.approx(1 + 1)
    # Only 3 is above 2, and only -2 below -1.
    assert float(penalties.lecam_clipped(ANCHORED)) == pytest.approx(0.5 + 0.5)


def logged(real, fake, count=1.0):
    logs = {"d/logits_real": real, "d/logits_fake": fake}
    return {
        name: Mean(jnp.float32(value * count), jnp.float32(count)) for name, value in logs.items()
    }


def test_lecams_anchors_are_moving_averages():
    adaptive = jax.tree.map(jnp.float32, dict(penalties.lecam_start)) | {"k": 3}
    adapt = penalties.lecam_averages(jnp.float32(0.9))
    for _ in range(2):
        adaptive = adapt(adaptive, after(logged(1.0, -2.0, count=4.0)))
    assert float(adaptive["lecam_real"]) == pytest.approx(1 - 0.81)
    assert float(adaptive["lecam_fake"]) == pytest.approx(-2 * (1 - 0.81))
    assert adaptive["k"] == 3
    still = adapt(adaptive, after(logged(9.0, 9.0, count=0.0)))
    assert float(still["lecam_real"]) == float(adaptive["lecam_real"])


KERNEL = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0]], np.float32)
PARAMS = {
    "Dense_0": {"kernel": jnp.asarray(KERNEL), "bias": jnp.full(2, 7.0)},
    "Embed_0": {"embedding": jnp.array([[3.0, 1.0]])},
}
PLAYED = judged([0.0], [0.0], params={"g": PARAMS, "d": {}})


def dense(path):
    return path == "Dense_0/kernel"


def test_orthogonality_by_hand():
    # W^T W = [[5, 2], [2, 5]]; less the identity: 16, 4, 4, 16. Embedding: [[9, 3], [3, 1]].
    assert float(penalties.orthogonal("g", dense)(PLAYED)) == pytest.approx(40.0)
    assert float(penalties.orthogonal_off_diagonal("g", dense)(PLAYED)) == pytest.approx(8.0)
    assert float(penalties.orthogonal_off_diagonal("g")(PLAYED)) == pytest.approx(8.0 + 18.0)
    assert float(penalties.orthogonal("g")(PLAYED)) == pytest.approx(40.0 + 64 + 9 + 9)


def test_orthogonal_filters_pay_nothing_off_the_diagonal():
    """Of any length: a convolution's kernel is one column for each filter."""
    columns, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(18, 4)))
    kernel = jnp.asarray((3 * columns).reshape(3, 3, 2, 4), jnp.float32)
    outputs = judged([0.0], [0.0], params={"d": {"Conv_0": {"kernel": kernel}}})
    assert float(penalties.orthogonal_off_diagonal("d")(outputs)) == pytest.approx(0, abs=1e-8)
    assert float(penalties.orthogonal("d")(outputs)) == pytest.approx(4 * (9 - 1) ** 2, rel=1e-5)


def test_the_gradient_is_twice_that_of_bigans_released_code():
    def loss(kernel):
        outputs = judged([0.0], [0.0], params={"g": {"kernel": kernel}})
        return penalties.orthogonal_off_diagonal("g")(outputs)

    released = 2 * KERNEL @ (KERNEL.T @ KERNEL * (1 - np.eye(2, dtype=np.float32)))
    np.testing.assert_allclose(jax.grad(loss)(jnp.asarray(KERNEL)), 2 * released, rtol=1e-5)


def test_a_choice_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no kernel was chosen"):
        penalties.orthogonal("g", lambda path: False)(PLAYED)


def test_measures_are_logged_without_weight():
    """BEGAN's convergence: in the logs, not in the loss."""
    cost = alone(lambda: evaluate(measured(losses.began_convergence(0.5)), judged([2.0], [1.5])))
    assert float(cost.loss) == 0
    assert float(cost.logs[""].total) == pytest.approx(2.5)
