"""Standing statistics: a batch-normalized generator's moments, taken anew before sampling.

Brock et al. 2019 (BigGAN, appendix C.2 of arXiv:1809.11096; 16 batches in the authors' PyTorch
code): running averages lag behind the weights, all the more behind averaged weights. So the
moments are averaged over fresh batches, each normalized by its own.
"""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.game.gan import Gan
from jaxgan.game.network import Network
from jaxgan.game.step import RNGS
from jaxgan.rng import named
from jaxgan.sampling.sampler import BATCH, Arithmetic, Sampler, Static
from jaxgan.types import AXIS

COLLECTION = "batch_stats"
"""Flax's name for what normalization layers keep."""

ELSEWHERE = 2**30
"""Number of the first sample that is drawn: none of those that are scored."""


def standing(sampler: Sampler, batches: int = 16, seed: int = 0) -> Sampler:
    """The sampler with moments averaged over ``batches`` batches of 64 samples.

    Raises:
      UserError: the generator keeps no moments.
    """
    check(sampler.gan, sampler.stats, batches)
    key = named(jax.random.key(seed), "standing")
    total = jax.tree.map(jnp.zeros_like, sampler.stats[COLLECTION])
    for number in range(batches):
        latents = sampler.draw(seed, ELSEWHERE + BATCH * number)
        condition = sampler.condition(BATCH, None, BATCH * number)
        one = jax.random.fold_in(key, number)
        static, how = Static(sampler.gan), sampler.arithmetic
        moments = _moments(static, how, sampler.params, sampler.stats, latents, condition, one)
        total = jax.tree.map(jnp.add, total, moments)
    mean = jax.tree.map(lambda leaf: np.asarray(leaf) / np.float32(batches), total)
    stats = {**sampler.stats, COLLECTION: mean}
    return dataclasses.replace(sampler, stats=stats, standing=batches)


def check(gan: Gan, stats: Any, batches: int) -> None:
    """Refuses a generator whose ``stats`` hold no moments, or that makes images from images.

    Raises:
      UserError: as it says.
    """
    if gan.forward.row_keys:
        raise UserError("--standing-batches is of generators of latents alone; omit it.")
    if COLLECTION not in stats:
        raise UserError("--standing-batches: this generator has no batch normalization; omit it.")
    if batches < 1:
        raise UserError(f"--standing-batches {batches}: must be at least 1.")


class _Watched:
    """A network that remembers the statistics after its last call."""

    def __init__(self, network: Network):
        self.network = network
        self.stats: Any = network.stats

    def __call__(self, *args, **kwargs):
        out, self.stats = self.network(*args, **kwargs)
        return out, self.stats


@partial(jax.jit, static_argnums=(0, 1))
def _moments(static: Static, how: Arithmetic, params, stats, latents, condition, key):
    """One batch's own moments, whatever share of them the layers mix into the running ones.

    A layer turns ``old`` into ``m old + (1 - m) moments``. Begun at 0 and at 1 that gives both.
    """
    gan = static.gan

    def after(start: float):
        begun = jax.tree.map(lambda leaf: jnp.full_like(leaf, start), stats[COLLECTION])
        rngs = {name: named(key, name) for name in RNGS}
        whole = {**stats, COLLECTION: begun}
        network = _Watched(how.bound(gan.network("g", params, whole, train=True, rngs=rngs)))
        gan.forward.sample(network, latents, condition)
        return network.stats[COLLECTION]

    def on_one_device(_):
        zero, one = after(0.0), after(1.0)
        return jax.tree.map(lambda low, high: low / (1.0 - (high - low)), zero, one)

    with jax.default_matmul_precision(how.precision):
        moments = jax.vmap(on_one_device, axis_name=AXIS)(jnp.zeros(1))
    return jax.tree.map(lambda leaf: leaf[0], moments)
