import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxgan import penalties
from jaxgan.rng import Rng
from jaxgan.types import Outputs
from support.outputs import across, alone, drawn, rows_of

pytestmark = pytest.mark.usefixtures("strict")

REAL = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
FAKE = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
WEIGHTS = np.array([1.0, -2.0, 0.5], np.float32)
MATRIX = np.array([[2.0, 1.0, 0.0], [1.0, -1.0, 0.5], [0.0, 0.5, 3.0]], np.float32)


def seen(critic, real=REAL, fake=FAKE, rng=None):
    real, fake = jnp.asarray(real), jnp.asarray(fake)
    rng = drawn(len(real)) if rng is None else rng
    return Outputs(real, fake, None, None, critic, stats={}, rng=rng)


def linear(x):
    return x @ WEIGHTS


def quadratic(x):
    return 0.5 * jnp.sum(x * (x @ MATRIX), axis=-1)


@pytest.mark.parametrize("penalty", [penalties.r1, penalties.r2])
def test_a_linear_critic_pays_half_its_squared_weights(penalty):
    assert float(penalty(seen(linear))) == pytest.approx(0.5 * (1 + 4 + 0.25))


@pytest.mark.parametrize("penalty, x", [(penalties.r1, REAL), (penalties.r2, FAKE)])
def test_a_quadratic_critic_pays_at_its_samples(penalty, x):
    expected = 0.5 * np.mean(np.sum((x @ MATRIX) ** 2, axis=1))
    np.testing.assert_allclose(penalty(seen(quadratic)), expected, rtol=1e-5)


def test_slopes_are_per_sample_over_every_axis_of_an_image():
    images = np.random.default_rng(2).normal(size=(4, 2, 3, 1)).astype(np.float32)
    slopes = penalties.squared_slopes(lambda x: jnp.sum(x**3, axis=(1, 2, 3)), jnp.asarray(images))
    np.testing.assert_allclose(slopes, np.sum((3 * images**2) ** 2, axis=(1, 2, 3)), rtol=1e-5)


def test_critics_of_many_logits_are_summed_per_sample():
    """A patch critic: the slope is that of the sum of its logits."""
    x = jnp.asarray(REAL)
    slopes = penalties.squared_slopes(lambda x: jnp.stack([linear(x), 2 * linear(x)], 1), x)
    np.testing.assert_allclose(slopes, np.full(5, 9 * 5.25), rtol=1e-6)


def test_the_penalty_has_the_gradient_of_its_closed_form():
    def penalty(weights):
        return penalties.r1(seen(lambda x: jnp.tanh(x @ weights)))

    weights, epsilon, got = WEIGHTS.astype(np.float64), 1e-6, jax.grad(penalty)(WEIGHTS)

    def closed(weights):
        slope = 1 - np.tanh(REAL.astype(np.float64) @ weights) ** 2
        return 0.5 * np.mean(slope**2) * np.sum(weights**2)

    for axis, direction in enumerate(np.eye(3) * epsilon):
        expected = (closed(weights + direction) - closed(weights - direction)) / (2 * epsilon)
        assert float(got[axis]) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_slopes_are_float32_under_bfloat16_activations():
    layer = nn.Dense(1, dtype=jnp.bfloat16)
    # 1.375 and -0.5 are bfloat16 numbers: rounding the weights changes nothing.
    params = {"kernel": jnp.array([[1.375], [-0.5]]), "bias": jnp.zeros(1)}
    x = jnp.ones((2, 2), jnp.bfloat16)
    slopes = penalties.squared_slopes(lambda x: layer.apply({"params": params}, x)[:, 0], x)
    assert slopes.dtype == jnp.float32
    # The squared norm is not one: it takes more than bfloat16's eight bits.
    np.testing.assert_array_equal(slopes, np.full(2, 1.375**2 + 0.25, np.float32))


# Penalties between real and fake, or around real: as many fakes as reals.
OTHER = FAKE[:5]
NORM = np.sqrt(1 + 4 + 0.25)
BETWEEN = {
    "gp": penalties.gradient_penalty,
    "lp": penalties.lipschitz_penalty,
    "zero": penalties.zero_centered(),
    "dragan": penalties.dragan(),
    "cloud": penalties.dragan(penalties.gaussian_cloud(0.1)),
}
AT = {"r1": penalties.r1, "r2": penalties.r2}


def paid(penalty, critic, **changes):
    return alone(penalty, seen(critic, **{"fake": OTHER, **changes}))


@pytest.mark.parametrize(
    "name, expected",
    [
        ("gp", (NORM - 1) ** 2),
        ("lp", (NORM - 1) ** 2),
        ("zero", NORM**2),
        ("dragan", (NORM - 1) ** 2),
        ("cloud", (NORM - 1) ** 2),
    ],
)
def test_a_linear_critic_pays_the_same_wherever_it_is_asked(name, expected):
    assert float(paid(BETWEEN[name], linear)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "name, factor", [("gp", 1.0), ("lp", 0.0), ("zero", None), ("dragan", 1.0), ("cloud", 1.0)]
)
def test_only_the_one_sided_penalty_spares_gentle_slopes(name, factor):
    slope = 0.25
    value = float(paid(BETWEEN[name], lambda x: slope * linear(x) / NORM))
    expected = slope**2 if factor is None else factor * (slope - 1) ** 2
    assert value == pytest.approx(expected, abs=1e-6)


def test_the_slope_that_dragan_asks_for_is_a_hyperparameter():
    penalty = penalties.dragan(slope=jnp.float32(2.0))
    assert float(paid(penalty, linear)) == pytest.approx((NORM - 2) ** 2, rel=1e-5)


@pytest.mark.parametrize("name", BETWEEN)
def test_a_flat_critic_has_a_finite_gradient(name):
    def loss(scale):
        return BETWEEN[name](seen(lambda x: scale * linear(x), fake=OTHER))

    value, slope = alone(jax.value_and_grad(loss), jnp.zeros(()))
    assert np.isfinite(value)
    assert np.isfinite(slope)


def test_zero_centered_may_look_at_the_probability():
    """``grad sigmoid(l) = D (1 - D) grad l``, here at one point."""
    point = np.array([[0.5, 1.0, -2.0]], np.float32)
    chance = 1 / (1 + np.exp(-float(linear(point)[0])))
    got = paid(penalties.zero_centered(jax.nn.sigmoid), linear, real=point, fake=point)
    assert float(got) == pytest.approx((chance * (1 - chance) * NORM) ** 2, rel=1e-4)


def test_interpolation_is_uniform_on_the_segment_of_each_row():
    count = 4000
    real, fake = np.zeros((count, 2), np.float32), np.full((count, 2), [2.0, -4.0], np.float32)
    points = np.asarray(penalties.interpolated(seen(linear, real, fake)))
    np.testing.assert_allclose(points[:, 1], -2 * points[:, 0], atol=1e-6)
    assert scipy.stats.kstest(points[:, 0], scipy.stats.uniform(0, 2).cdf).pvalue > 1e-3


def test_a_quadratic_critic_pays_where_it_was_asked():
    """WGAN-GP and LP at the very points that were drawn; zero-centered too."""
    outputs = seen(quadratic, fake=OTHER)
    slopes = np.linalg.norm(np.asarray(penalties.interpolated(outputs)) @ MATRIX, axis=1)
    for name, expected in {
        "gp": np.mean((slopes - 1) ** 2),
        "lp": np.mean(np.maximum(slopes - 1, 0) ** 2),
        "zero": np.mean(slopes**2),
    }.items():
        np.testing.assert_allclose(alone(BETWEEN[name], outputs), expected, rtol=1e-5)


@pytest.mark.parametrize("cloud", [penalties.uniform_cloud(), penalties.gaussian_cloud(0.1)])
def test_dragan_asks_around_real_samples(cloud):
    """The quadratic critic's slope at the points of the cloud around them, not around fakes."""
    points = np.asarray(alone(cloud, jnp.asarray(REAL), drawn(5)))
    expected = np.mean((np.linalg.norm(points @ MATRIX, axis=1) - 1) ** 2)
    got = paid(penalties.dragan(cloud), quadratic)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    elsewhere = paid(penalties.dragan(cloud), quadratic, fake=REAL + 3)
    np.testing.assert_allclose(elsewhere, expected, rtol=1e-5)


def test_dragans_points_are_those_of_the_authors_code():
    """Above the data by ``a / 2`` standard deviations of the whole batch, times uniform noise."""
    images = np.random.default_rng(3).normal(1.0, 2.0, (500, 4)).astype(np.float32)
    points = np.asarray(alone(penalties.uniform_cloud(), jnp.asarray(images), drawn(500)))
    moved = (points - images) / (0.5 * images.std())
    assert moved.min() >= -1e-6
    assert 0.9 < moved.max() <= 1
    # a n with a and n uniform has mean 1/4; within a row, the values share their a.
    assert moved.mean() == pytest.approx(0.25, abs=0.02)
    assert np.corrcoef(moved[:, 0], moved[:, 1])[0, 1] == pytest.approx(3 / 7, abs=0.12)


def test_a_gaussian_cloud_has_its_deviation():
    points = np.asarray(penalties.gaussian_cloud(0.3)(jnp.zeros((4000, 1)), drawn(4000)))
    assert scipy.stats.kstest(points[:, 0], scipy.stats.norm(0, 0.3).cdf).pvalue > 1e-3


def smooth(weights):
    return lambda x: jnp.sum(jnp.tanh(x @ weights), axis=-1)


MIXING = np.random.default_rng(4).normal(size=(3, 4)).astype(np.float32)


def test_gradients_agree_with_finite_differences():
    def losses(weights):
        outputs = seen(smooth(weights), fake=OTHER)
        return jnp.stack([penalty(outputs) for penalty in (BETWEEN | AT).values()])

    direction = np.random.default_rng(5).normal(size=MIXING.shape).astype(np.float32)

    def along(step):
        return jax.jvp(losses, (MIXING + step * direction,), (direction,))

    values, slopes = alone(jax.vmap(along), np.array([-0.01, 0, 0.01], np.float32))
    np.testing.assert_allclose(slopes[1], (values[2] - values[0]) / 0.02, rtol=5e-3, atol=5e-4)
    assert np.abs(slopes[1]).min() > 1e-2


def test_eight_devices_ask_at_the_points_of_one():
    rng = np.random.default_rng(6)
    real, fake = rng.normal(size=(2, 16, 3)).astype(np.float32)

    def loss(weights, real, fake):
        rng = Rng(jax.random.key(0), rows_of(len(real)))
        outputs = seen(smooth(weights), real, fake, rng)
        return BETWEEN["gp"](outputs) + BETWEEN["dragan"](outputs)

    one, eight = (across(count, loss, MIXING, real, fake) for count in (1, 8))
    np.testing.assert_allclose(eight[0], one[0], rtol=1e-5)
    np.testing.assert_allclose(eight[1], one[1], rtol=1e-4, atol=1e-6)


def test_a_packed_sample_has_one_slope_and_one_place_between():
    """Packs of 2: as many points as packs, drawn as the first row of each pack."""
    real, fake = REAL[:4].reshape(2, 6), OTHER[:4].reshape(2, 6)
    weights = np.concatenate([WEIGHTS, 2 * WEIGHTS])
    outputs = seen(lambda x: x @ weights, real, fake, rng=drawn(4))
    np.testing.assert_allclose(
        alone(BETWEEN["gp"], outputs), (np.sqrt(5) * NORM - 1) ** 2, rtol=1e-5
    )
    mix = ((np.asarray(penalties.interpolated(outputs)) - real) / (fake - real)).mean(1)
    np.testing.assert_allclose(mix, drawn(4).uniform(())[::2], rtol=1e-4)


def test_a_pair_of_sample_and_latent_is_one_point():
    real, fake = (REAL, REAL[:, :2]), (OTHER, OTHER[:, :2])
    tree = jax.tree.map(jnp.asarray, (real, fake))
    outputs = Outputs(*tree, None, None, lambda p: linear(p[0]) + 3 * p[1][:, 0], {}, drawn(5))
    np.testing.assert_allclose(penalties.r1(outputs), 0.5 * (NORM**2 + 9), rtol=1e-5)
    np.testing.assert_allclose(
        penalties.gradient_penalty(outputs), (np.sqrt(NORM**2 + 9) - 1) ** 2, rtol=1e-5
    )
    np.testing.assert_allclose(
        alone(penalties.dragan(), outputs), (np.sqrt(NORM**2 + 9) - 1) ** 2, rtol=1e-5
    )


def test_r2_asks_the_critic_with_the_labels_of_the_fakes():
    outputs = Outputs(
        jnp.asarray(REAL), jnp.asarray(FAKE), None, None, linear, {}, fake_critic=quadratic
    )
    expected = 0.5 * np.mean(np.sum((FAKE @ MATRIX) ** 2, axis=1))
    np.testing.assert_allclose(penalties.r2(outputs), expected, rtol=1e-5)
    assert float(penalties.r1(outputs)) == pytest.approx(0.5 * NORM**2)
