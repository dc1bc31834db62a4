r"""Perceptual path length: how fast images change along a path between latents.

.. math:: E\, d(G(interpolate(z_1, z_2; t)), G(interpolate(z_1, z_2; t + e))) / e^2

Karras et al. 2019, "A style-based generator architecture for generative adversarial networks",
section 4.1. There ``d`` is LPIPS with VGG16. Here it is the squared distance of whatever features
are given, so the result carries their name: a path length over EfficientNet features is not PPL.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.features import checked
from jaxgan.metrics.metric import IMAGES, Comparison, Found, Metric

EPSILON = 1e-4

PATHS, PATHS_AT_ONCE = 5000, 50
"""Steps along paths of which the metric is the mean."""


@dataclasses.dataclass(frozen=True)
class PathLength:
    """Mean over the paths kept, and the value of every path, ``[n]``."""

    mean: float
    values: np.ndarray


def slerp(first: jax.Array, second: jax.Array, t: jax.Array) -> jax.Array:
    """Interpolates on the sphere, ``[n, d]``: for latents drawn from a normal distribution.

    Both ends are normalized first, and so is the result, as in StyleGAN's code.
    """
    first, second = _unit(first), _unit(second)
    cosine = jnp.clip(jnp.sum(first * second, axis=-1, keepdims=True), -1, 1)
    towards = _unit(second - cosine * first)
    angle = t[:, None] * jnp.arccos(cosine)
    return _unit(first * jnp.cos(angle) + towards * jnp.sin(angle))


def lerp(first: jax.Array, second: jax.Array, t: jax.Array) -> jax.Array:
    """Interpolates on the line, ``[n, d]``: for StyleGAN's w, or uniform latents."""
    return first + t[:, None] * (second - first)


def path_length(
    before: np.ndarray, after: np.ndarray, epsilon: float = EPSILON, trim: float = 0.01
) -> PathLength:
    """The path length from features at ``t`` and at ``t + epsilon``, both ``[n, d]``.

    Args:
      before: features of images that were not quantized: the step is below a gray level.
      after: as ``before``, row for row.
      epsilon: the step.
      trim: share of the shortest and of the longest paths that are left out of the mean; 0.01 in
        the paper's code, 0 to keep all.

    Raises:
      UserError: NaN or infinity, or shapes that differ.
    """
    before = checked(before, "features at t").astype(np.float64)
    after = checked(after, "features at t + epsilon").astype(np.float64)
    if before.shape != after.shape:
        raise UserError(f"The two ends of the steps differ: {before.shape} and {after.shape}.")
    values = np.sum((after - before) ** 2, axis=1) / epsilon**2
    low = np.quantile(values, trim, method="lower")
    high = np.quantile(values, 1 - trim, method="higher")
    return PathLength(float(values[(values >= low) & (values <= high)].mean()), values)


def perceptual_path_length(
    key: jax.Array,
    generate: Callable[[jax.Array, Any], jax.Array],
    features: Callable[[jax.Array], jax.Array],
    rng: Callable[[jax.Array, int], jax.Array],
    condition: Callable[[int, int], Any] = lambda count, first: {},
    mapped: Callable[[jax.Array, Any], jax.Array] = lambda latents, condition: latents,
    *,
    count: int = 10_000,
    batch: int = 100,
    interpolate: Callable[[jax.Array, jax.Array, jax.Array], jax.Array] = slerp,
    ends_only: bool = False,
    epsilon: float = EPSILON,
    trim: float = 0.01,
) -> PathLength:
    """Draws paths and measures them.

    Args:
      key: a scalar typed key.
      generate: (points ``[n, e]``, condition) -> images; both ends of a step in one call, in this
        order.
      features: images, not quantized -> features ``[n, f]``.
      rng: (key, n) -> latents ``[n, d]``.
      condition: (n, first) -> what images depend on beside their latents, rows ``[n, ...]`` of
        paths ``first`` to ``first + n``; the two ends of a step share it.
      mapped: (latents ``[n, d]``, condition) -> points ``[n, e]`` between which paths lie.
      count: number of paths; 100,000 in the paper, 50,000 in StyleGAN2-ADA.
      batch: paths at once.
      interpolate: ``slerp`` or ``lerp``.
      ends_only: whether t is 0 ("PPL end") instead of uniform ("PPL full").
      epsilon: the step.
      trim: see ``path_length``.
    """

    @jax.jit
    def step(key, condition):
        z_key, t_key = jax.random.split(key)
        both = jax.tree.map(lambda rows: jnp.concatenate([rows, rows]), condition)
        z = mapped(rng(z_key, 2 * batch), both)
        t = jax.random.uniform(t_key, (batch,))
        t = jnp.zeros_like(t) if ends_only else t
        ends = [interpolate(z[:batch], z[batch:], at) for at in (t, t + epsilon)]
        return features(generate(jnp.concatenate(ends), both))

    pairs = [
        np.asarray(step(jax.random.fold_in(key, i), condition(batch, i * batch)))
        for i in range(-(-count // batch))
    ]
    before = np.concatenate([pair[:batch] for pair in pairs])[:count]
    after = np.concatenate([pair[batch:] for pair in pairs])[:count]
    return path_length(before, after, epsilon, trim)


def _unit(x: jax.Array) -> jax.Array:
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)


def _compute(comparison: Comparison) -> Found:
    """The path length along straight lines between latents, in the extractor's features."""
    generator, extractor = comparison.generated.generator, comparison.extractor
    if generator is None or extractor is None:
        raise UserError("ppl walks through latents, which images do not have; name a run folder.")
    found = perceptual_path_length(
        jax.random.key(generator.seed),
        generator.images,
        lambda images: extractor.apply(extractor.variables, images).features,
        generator.latents,
        generator.condition,
        count=PATHS,
        batch=PATHS_AT_ONCE,
        interpolate=lerp,
    )
    return {"mean": found.mean}, {}


METRIC = Metric(
    name="ppl",
    about="path length along straight lines between latents, drawn in float32",
    compute=_compute,
    values={"mean": "lower"},
    modalities=frozenset({IMAGES}),
    title=lambda distance: f"path-length-{distance.removeprefix('FD-')}",
    parameters=lambda comparison: {"paths": PATHS, "epsilon": EPSILON, "walk": "straight"},
    real_score="",
    against="",
    quantized=False,
    keeps="",
    walks=True,
)
