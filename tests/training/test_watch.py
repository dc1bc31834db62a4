"""A run that learns no more ends, or goes back and on with other random numbers."""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.source import from_arrays
from jaxgan.training import watch
from jaxgan.training.loop import Hook, Meter, StepInfo
from jaxgan.types import Mean
from support.tiny_runs import config, digest, rows, state_of, status

pytest_plugins = ["support.run_fixtures"]


class Store:
    """The checkpoints of some steps."""

    def __init__(self, *steps):
        self.kept, self.held = list(steps), None

    def steps(self):
        return self.kept

    def hold(self, step):
        self.held = step


def seen(step, since=0, **means):
    """What a watch looks at, of a row since a step."""
    meter = Meter()
    meter.steps = step - since
    return StepInfo(step, SimpleNamespace(step=step), meter, means, False)


def test_the_meter_counts_the_steps_before_the_first_that_is_not_finite():
    meter = Meter()
    for loss, count in ((1.0, 3), (2.0, 2), (np.nan, 2), (1.0, 2)):
        meter.add({"loss": Mean(jnp.float32(loss), jnp.float32(count))}, count)
    means = meter.pause()
    assert (meter.steps, meter.finite, list(means)) == (9, 5, ["loss"])
    found = watch.not_finite(StepInfo(29, None, meter, means, False))
    assert found == watch.Finding("not finite: loss (from a step after 25 on)", 25)


LOGITS = {"d/logits_real": 12.0, "d/logits_fake": -11.0}
PERFECT = {"d/accuracy_real": 1.0, "d/accuracy_fake": 1.0}


def test_a_discriminator_has_won_after_long_without_a_mistake():
    store = Store(300, 900, 1500)
    won = watch.DiscriminatorWon(store)
    assert won(seen(1000, 500, **LOGITS, **PERFECT)) is None
    assert store.held == 300
    assert won(seen(1500, 1000, **LOGITS, **PERFECT | {"d/accuracy_fake": 0.999})) is None
    assert store.held is None
    for step in (2000, 2500, 3000):
        assert won(seen(step, step - 500, **LOGITS, **PERFECT)) is None
    found = won(seen(3500, 3000, **LOGITS, **PERFECT))
    assert found is not None
    assert found.since == store.held == 1500
    assert "logits of real and generated samples 23 apart" in found.quantity
    outcome = watch.stop_if(lambda info: found, store)(seen(3500))
    assert outcome is not None
    assert (outcome.kind, outcome.since) == ("diverged", 1500)
    assert outcome.note.endswith("at step 3500; last sound checkpoint: step 1500")


@pytest.mark.parametrize(
    "means",
    [
        {},
        LOGITS,  # of a critic, which has no accuracy
        {**PERFECT, "d/logits_real": 4.0, "d/logits_fake": -4.0},
        {**LOGITS, **PERFECT, "d/accuracy_real": 0.99},
    ],
)
def test_no_other_discriminator_has(means):
    won = watch.DiscriminatorWon(Store())
    assert [won(seen(step, step - 1000, **means)) for step in range(1000, 9000, 1000)] == [None] * 8


def test_samples_that_were_diverse_and_become_alike_are_a_collapse():
    random = np.random.default_rng(0)
    points = np.float32(random.normal(size=(64, 2)))
    source = from_arrays("points", "train", {"image": points})
    spread, store = {}, Store(100, 200, 300)
    looks = watch.LostDiversity(lambda state: lambda n: spread[state.step] * points, source, store)

    def looked(step, share):
        spread[step] = share
        return looks(seen(step))

    # Alike at first, which is no loss; then diverse; then alike for one look; then for two.
    assert [looked(n, share) for n, share in enumerate([0.01, 0.01, 1.0, 0.01, 0.06])] == [None] * 5
    assert looked(200, 0.7) is None
    assert looked(300, 0.01) is None
    assert store.held == 200
    found = looked(400, 0.01)
    assert found is not None
    assert found.since == 200
    assert "its samples deviate 1 % as much" in found.quantity


class Spoiling:
    """A hook that makes the generator's weights NaN in place, after some steps, so many times."""

    def __init__(self, step, times):
        self.step, self.times = step, times

    def __call__(self, info):
        if info.step == self.step and self.times:
            self.times -= 1
            player = info.state.players["g"]
            spoiled = jax.tree.map(lambda leaf: leaf * jnp.nan, player.params)
            info.state.players["g"] = dataclasses.replace(player, params=spoiled)


def spoiling(step, times):
    return [Hook(Spoiling(step, times), (1,))]


def test_a_run_stops_at_a_nan_by_default(trainer, tmp_path):
    assert trainer(tmp_path / "run", more=spoiling(6, 1)) == 3
    found = status(tmp_path / "run")
    assert found["outcome"] == "diverged"
    assert "(from a step after 6 on)" in found["note"]
    assert found["note"].endswith("last sound checkpoint: step 5")
    assert int(state_of(tmp_path / "run").step) == 5


def test_a_run_goes_back_and_on_with_another_key(trainer, finished, tmp_path):
    run, back = tmp_path / "run", ("--on-divergence", "rollback", "--seed", "3")
    assert trainer(run, *back, more=spoiling(6, 1)) == 0
    assert status(run) == {"outcome": "finished", "step": 12, "note": ""}
    (row,) = config(run)["rollbacks"]
    assert (row["from"], row["to"]) == (8, 5)
    assert [row["step"] for row in rows(run)][-1] == 12
    assert digest(run) != digest(finished)
    # Interrupted after it went back, it ends in the same bits.
    parts = tmp_path / "parts"
    assert trainer(parts, *back, "--steps", 10, more=spoiling(6, 1)) == 0
    assert trainer(parts, *back) == 0
    assert digest(parts) == digest(run)


def test_a_run_goes_back_so_often_and_no_more(trainer, tmp_path):
    run = tmp_path / "run"
    more = ("--on-divergence", "rollback", "--rollbacks", 2)
    assert trainer(run, *more, more=spoiling(6, 9)) == 3
    assert len(config(run)["rollbacks"]) == 2
    assert status(run)["outcome"] == "diverged"
    assert int(state_of(run).step) == 5
