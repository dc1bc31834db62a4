"""Standing statistics: moments of fresh batches, whatever the running ones were."""

import dataclasses

import flax.linen as nn
import jax
import numpy as np
import pytest

from jaxgan.data.datasets import DataSpec
from jaxgan.data.modality import POINTS
from jaxgan.errors import UserError
from jaxgan.experiment import Task
from jaxgan.nn.norm import BatchNorm
from jaxgan.sampling.sampler import BATCH, Sampler
from jaxgan.sampling.standing_statistics import ELSEWHERE, standing
from support import games


class Generator(nn.Module):
    momentum: float

    @nn.compact
    def __call__(self, latent, *, train):
        x = BatchNorm(use_running_average=not train, momentum=self.momentum)(latent)
        x = nn.Dense(4, kernel_init=nn.initializers.normal(1.0))(nn.relu(x))
        return BatchNorm(use_running_average=not train, momentum=0.5)(x)


def sampler(momentum=0.9):
    module = Generator(momentum)
    variables = module.init(jax.random.key(0), np.zeros((2, 3), np.float32), train=False)
    stats = {"batch_stats": jax.tree.map(lambda leaf: leaf + 7.0, variables["batch_stats"])}
    gan = games.gan(generator=module, discriminator=games.Critic())
    return Sampler(
        gan, variables["params"], stats, Task.of(DataSpec("points", (4,), None, POINTS)), 5, "ema"
    )


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.999])
def test_they_are_the_mean_moments_of_fresh_batches(momentum):
    raw = sampler(momentum)
    found = standing(raw, batches=3, seed=2)
    kernel = np.asarray(raw.params["Dense_0"]["kernel"], np.float64)
    means, variances, after = [], [], []
    for number in range(3):
        x = raw.draw(2, ELSEWHERE + BATCH * number).astype(np.float64)
        means.append(x.mean(0))
        variances.append(x.var(0))
        x = np.maximum((x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5), 0) @ kernel
        after.append((x.mean(0), x.var(0)))
    moments = found.stats["batch_stats"]
    np.testing.assert_allclose(moments["BatchNorm_0"]["mean"], np.mean(means, 0), atol=2e-5)
    np.testing.assert_allclose(moments["BatchNorm_0"]["var"], np.mean(variances, 0), rtol=2e-4)
    for place, name in enumerate(("mean", "var")):
        expected = np.mean([pair[place] for pair in after], 0)
        np.testing.assert_allclose(moments["BatchNorm_1"][name], expected, rtol=1e-4, atol=1e-5)
    assert found.standing == 3
    assert raw.standing == 0


def test_other_seeds_and_counts_give_others():
    raw = sampler()
    mean = lambda found: found.stats["batch_stats"]["BatchNorm_0"]["mean"]  # noqa: E731
    assert (mean(standing(raw, 2, 0)) == mean(standing(raw, 2, 0))).all()
    assert (mean(standing(raw, 2, 0)) != mean(standing(raw, 2, 1))).any()
    assert (mean(standing(raw, 2, 0)) != mean(standing(raw, 3, 0))).any()


def test_a_generator_without_moments_is_refused():
    bare = dataclasses.replace(sampler(), stats={})
    with pytest.raises(UserError, match="no batch normalization; omit it"):
        standing(bare)
    with pytest.raises(UserError, match="--standing-batches 0: must be at least 1"):
        standing(sampler(), 0)
