from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.errors import UserError
from jaxgan.metrics.frechet import Statistics, frechet_distance, statistics
from jaxgan.metrics.streaming import Moments, across, finish, merge, moments, nothing, update

BATCH, D = 64, 24


@pytest.fixture(scope="module")
def features():
    """610 rows far from the origin, where raw sums would cancel."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((610, D)) @ rng.standard_normal((D, D)) + 30
    return x.astype(np.float32)


def batches(x: np.ndarray):
    """Batches of one shape, and which of their rows are samples; the filling is NaN."""
    for start in range(0, len(x), BATCH):
        rows = x[start : start + BATCH]
        mask = np.arange(BATCH) < len(rows)
        yield np.pad(rows, ((0, BATCH - len(rows)), (0, 0)), constant_values=np.nan), mask


def on_one_device(x):
    step = jax.jit(update)
    so_far = nothing(D)
    for rows, mask in batches(x):
        so_far = step(so_far, rows, mask)
    return so_far


def on_eight_by_jit(x):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    sharded = NamedSharding(mesh, P("data"))
    step = jax.jit(update, out_shardings=NamedSharding(mesh, P()))
    so_far = nothing(D)
    for rows, mask in batches(x):
        so_far = step(so_far, *jax.device_put((rows, mask), sharded))
    return so_far


def on_eight_by_pmap(x):
    """Each device keeps its own; they merge once, at the end."""
    own = jax.tree.map(lambda leaf: jnp.stack([leaf] * 8), nothing(D))
    step = jax.pmap(update)
    for rows, mask in batches(x):
        own = step(own, rows.reshape(8, -1, D), mask.reshape(8, -1))
    return jax.pmap(partial(across, axis="data"), axis_name="data", out_axes=None)(own)


def on_eight_by_shard_map(x):
    """They merge at every batch, as a step that is replicated does."""
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))

    def per_device(so_far, rows, mask):
        return merge(so_far, across(moments(rows, mask), "data"))

    step = jax.jit(
        jax.shard_map(
            per_device,
            mesh=mesh,
            in_specs=(P(), P("data"), P("data")),
            out_specs=P(),
            check_vma=False,
        )
    )
    so_far = nothing(D)
    for rows, mask in batches(x):
        so_far = step(so_far, rows, mask)
    return so_far


@pytest.mark.parametrize(
    "run", [on_one_device, on_eight_by_jit, on_eight_by_pmap, on_eight_by_shard_map]
)
def test_a_stream_gives_what_numpy_gives_in_float64(features, run):
    found, expected = finish(run(features)), statistics(features)
    assert found.count == 610
    np.testing.assert_allclose(found.mean, expected.mean, rtol=3e-7)
    np.testing.assert_allclose(
        found.covariance, expected.covariance, atol=1e-6 * np.abs(expected.covariance).max()
    )
    other = Statistics(2, expected.mean + 1, 2 * expected.covariance)
    distance = frechet_distance(other, expected)
    assert frechet_distance(other, found) == pytest.approx(distance, rel=2e-6)
    assert frechet_distance(found, expected) < 1e-6 * distance


def test_raw_float32_sums_would_not(features):
    """The control: why the second moment is centered."""
    total = features.T.astype(np.float32) @ features
    mean = features.mean(axis=0, dtype=np.float32)
    raw = (total - len(features) * np.outer(mean, mean)) / (len(features) - 1)
    expected = statistics(features).covariance
    assert np.abs(raw - expected).max() > 1e-6 * np.abs(expected).max()


def test_empty_groups_add_nothing(features):
    some = moments(jnp.asarray(features[:10]))
    for both in (merge(some, nothing(D)), merge(nothing(D), some)):
        jax.tree.map(np.testing.assert_array_equal, both, some)
    none = moments(jnp.full((4, D), jnp.nan), jnp.zeros(4, bool))
    jax.tree.map(np.testing.assert_array_equal, none, nothing(D))


def test_the_count_is_an_integer():
    """In float32, 2^24 + 1 is 2^24."""
    many = nothing(2).replace(count=jnp.int32(2**24))
    assert int(merge(many, nothing(2).replace(count=jnp.int32(1))).count) == 2**24 + 1


def test_what_has_no_statistics_is_refused(features):
    with pytest.raises(UserError, match="Statistics of 1 samples"):
        finish(moments(jnp.asarray(features[:1])))
    with pytest.raises(UserError, match="NaN or infinity"):
        finish(moments(jnp.asarray(features).at[3, 3].set(jnp.nan)))
    with pytest.raises(UserError, match="cannot be counted"):
        finish(Moments(jnp.int32(-5), jnp.zeros(2), jnp.zeros((2, 2))))
