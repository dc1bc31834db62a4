import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.errors import UserError
from jaxgan.game.terms import Cost, evaluate, every, measured, of_logits, scale, total
from jaxgan.rng import Rng
from jaxgan.types import Mean, Outputs


def at(step=0, **extras):
    rng = Rng(jax.random.key(0), jnp.arange(4, dtype=jnp.int32))
    step = jnp.asarray(step, jnp.int32)
    return Outputs(None, None, None, None, None, stats={}, rng=rng, step=step, extras=extras)


def judged(**critics):
    """Outputs of the critic ``x^2``; samples and random numbers do not matter."""
    more = {"critic": jnp.square, **critics}
    return Outputs(None, None, jnp.array([1.0, -2.0]), jnp.array([3.0]), stats={}, **more)


def test_a_term_may_be_of_changed_logits():
    """Both players' logits, and the answers of the critics to any samples."""
    seen = []
    term = of_logits(lambda logits: 10 * logits, lambda outputs: seen.append(outputs) or 3.0)
    assert term(judged(fake_critic=jnp.negative)) == 3.0
    term(judged())
    changed, without = seen
    np.testing.assert_array_equal(changed.real_logits, [10, -20])
    np.testing.assert_array_equal(changed.fake_logits, [30])
    np.testing.assert_array_equal(changed.critic(jnp.array([2.0, 3.0])), [40, 90])
    np.testing.assert_array_equal(changed.fake_critic(jnp.array([2.0])), [-20])
    assert without.fake_critic is None


def test_slopes_are_of_the_changed_critic():
    """``(e^(x^2))' = 2 x e^(x^2)``."""
    slope = of_logits(jnp.exp, lambda outputs: jax.grad(outputs.critic)(0.5))
    assert float(slope(judged())) == pytest.approx(np.exp(0.25), rel=1e-6)


def three(outputs):
    return jnp.asarray(3.0)


def detailed(outputs):
    return Cost(jnp.asarray(3.0), {"": Mean.of(3.0), "detail": Mean.of(7.0)})


def logged(logs):
    return {name: (float(mean.total), float(mean.count)) for name, mean in logs.items()}


@pytest.mark.parametrize("weight", [2.5, jnp.asarray(2.5), np.float32(2.5)])
def test_scaling_weighs_the_loss_and_not_the_logs(weight):
    cost = scale(weight, detailed)(at())
    assert float(cost.loss) == 7.5
    assert logged(cost.logs) == {"": (3, 1), "detail": (7, 1)}


def test_a_weight_may_follow_a_schedule():
    term = scale(optax.linear_schedule(1.0, 0.0, 10), three)
    assert [float(term(at(step)).loss) for step in (0, 5, 10)] == pytest.approx([3, 1.5, 0])


def test_scales_multiply():
    assert float(scale(2.0, scale(5.0, three))(at()).loss) == 30


@pytest.mark.parametrize("interval", [1, 4, 16])
def test_a_lazy_term_has_the_mean_of_its_term(interval):
    run = jax.jit(lambda step: evaluate(every(interval, three), at(step)))
    costs = [run(step) for step in range(32)]
    assert np.mean([cost.loss for cost in costs]) == 3
    counts = [float(cost.logs[""].count) for cost in costs]
    assert counts == [float(step % interval == 0) for step in range(32)]
    assert all(float(cost.logs[""].total) == 3 * n for cost, n in zip(costs, counts, strict=True))


def test_an_interval_below_one_is_refused():
    with pytest.raises(UserError, match="every 0-th step"):
        every(0, three)


def test_a_lazy_term_is_not_computed_when_it_is_skipped():
    calls = []

    def counted(outputs):
        jax.debug.callback(lambda: calls.append(1))
        return jnp.asarray(1.0)

    run = jax.jit(lambda step: every(4, counted)(at(step)).loss)
    for step in range(8):
        run(step).block_until_ready()
    jax.effects_barrier()
    assert len(calls) == 2


def test_a_skipped_term_cannot_spoil_the_gradient():
    """Multiplying by zero instead of skipping gives 0 * inf = nan; the control shows it."""

    def root(outputs):
        return jnp.sqrt(outputs.extras["x"])

    def slope(term, step):
        return float(jax.grad(lambda x: evaluate(term, at(step, x=x)).loss)(jnp.zeros(())))

    assert slope(every(2, root), step=1) == 0
    assert np.isnan(slope(scale(jnp.zeros(()), root), step=1))


@pytest.mark.parametrize("weight", [0, 0.0, -0.0])
def test_a_term_of_weight_zero_is_left_out(weight):
    def unpaid(outputs):
        raise AssertionError("it is not evaluated")

    cost = evaluate(scale(weight, unpaid), at())
    assert float(cost.loss) == 0
    assert cost.logs == {}
    assert float(scale(jnp.float32(weight), three)(at()).loss) == 0, "a traced one is unknown"


def test_what_is_measured_is_logged_and_not_minimized():
    def square(outputs):
        return jnp.square(outputs.extras["x"])

    value, slope = jax.value_and_grad(lambda x: evaluate(measured(square), at(x=x)).loss)(3.0)
    assert (float(value), float(slope)) == (0, 0)
    assert logged(measured(detailed)(at()).logs) == {"": (3, 1), "detail": (7, 1)}


def test_a_lazy_term_may_be_scaled_by_a_schedule_on_either_side():
    schedule = optax.piecewise_constant_schedule(1.0, {3: 0.5})
    for term in (scale(schedule, every(4, three)), every(4, scale(schedule, three))):
        assert [float(term(at(step)).loss) for step in (0, 1, 4)] == [12, 0, 6]


def test_the_total_is_the_sum_of_the_terms_and_names_their_logs():
    loss, logs = total({"a": scale(2.0, three), "b": detailed}, at(), "d")
    assert float(loss) == 9
    assert logged(logs) == {"d/a": (3, 1), "d/b": (3, 1), "d/b/detail": (7, 1)}


def test_low_precision_values_are_summed_in_float32():
    cost = evaluate(lambda outputs: jnp.asarray(3.0, jnp.bfloat16), at())
    assert cost.loss.dtype == cost.logs[""].total.dtype == jnp.float32


def test_terms_have_randomness_of_their_own():
    drawn = {}

    def noisy(outputs, seen):
        drawn[seen] = np.asarray(outputs.rng.normal((3,)))
        return jnp.zeros(())

    for who in "dg":
        names = {n: lambda outputs, key=f"{who}/{n}": noisy(outputs, key) for n in ("one", "two")}
        total(names, at(), who)
        total({"one": lambda outputs, key=f"{who}/again": noisy(outputs, key)}, at(), who)
    np.testing.assert_array_equal(drawn["d/one"], drawn["d/again"])
    values = [drawn[key] for key in ("d/one", "d/two", "g/one", "g/two")]
    assert len(np.unique(np.stack(values))) == 4 * 4 * 3


def test_a_mean_of_nothing_adds_nothing():
    mean = Mean.of(2.0) + Mean.of(5.0) + Mean.nothing()
    assert logged({"": mean}) == {"": (7, 2)}
