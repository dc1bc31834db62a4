"""Projection: the style whose image is nearest to a given one.

Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", appendix D, with the
schedules of the authors' code (StyleGAN2-ADA, projector.py), but fewer latents and steps. Distances
are of features of EfficientNet-Lite0, normalized at each place, in the place of LPIPS of VGG-16;
the generator's noise stays as it is, theirs is projected, too.
"""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.metrics.extractors.efficientnet_lite0 import (
    MEAN,
    STD,
    efficientnet_lite0,
    levels,
)
from jaxgan.sampling.sampler import Arithmetic, Static
from jaxgan.sampling.styles import StyleSpace, synthesize

SEEN = 128
"""Side in pixels at which features are compared."""

DRAWN = 2048
"""Latents whose styles give the average and the deviation to begin with."""

RATE, NOISE = 0.1, 0.05
"""Adam's learning rate, and the noise on the style as a share of the deviation, at the most."""

ADAM = optax.scale_by_adam(b1=0.9, b2=0.999)
"""The optimizer of a projection, before its rate."""


@dataclasses.dataclass(frozen=True)
class Projection:
    """What was found.

    Attributes:
      styles: float32 ``[layers, size]``.
      image: of these styles, quantized.
      distances: at each step.
    """

    styles: np.ndarray
    image: np.ndarray
    distances: np.ndarray


def schedule(step: int, steps: int) -> tuple[float, float]:
    """The learning rate and the share of the noise at a step, as in the authors' code."""
    at = step / steps
    down = min(1.0, (1.0 - at) / 0.25)
    rate = (0.5 - 0.5 * math.cos(down * math.pi)) * min(1.0, at / 0.05)
    return RATE * rate, NOISE * max(0.0, 1.0 - at / 0.75) ** 2


def project(
    space: StyleSpace,
    target: np.ndarray,
    steps: int = 500,
    seed: int = 0,
    each_layer: bool = False,
    label: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Projection:
    """Looks for the styles of an image.

    Args:
      space: of the generator.
      target: the image, uint8 of the shape of a sample.
      steps: of the search.
      seed: of the noise that the style gets at first, and of the latents whose styles are averaged.
      each_layer: whether each layer has a style of its own (W+).
      label: the class of those latents; each in turn if None.
      advance: told how many more steps are done.

    Raises:
      UserError: the extractor's weights are not installed, or there is no such class.
    """
    drawn = space.of_samples(np.arange(DRAWN), seed, label)[:, 0]
    average = drawn.mean(axis=0)
    deviation = float(np.sqrt(np.square(drawn - average).sum(axis=1).mean()))
    extractor = efficientnet_lite0()
    seen = _seen(jnp.asarray(target, jnp.float32)[None])
    wanted = jax.jit(_features)(extractor.variables, seen)
    styles = jnp.asarray(np.tile(average, (space.layers if each_layer else 1, 1)))
    state, distances = ADAM.init(styles), []
    sampler = space.sampler
    static, how = Static(sampler.gan), sampler.arithmetic
    weights = (sampler.params, sampler.stats, extractor.variables)
    for step in range(steps):
        rate, share = schedule(step, steps)
        key = jax.random.fold_in(jax.random.key(seed), step)
        noise = share * deviation * jax.random.normal(key, styles.shape)
        styles, state, distance = _step(
            static, how, space.layers, *weights, wanted, styles, state, noise, np.float32(rate)
        )
        distances.append(distance)
        advance(1)
    found = np.broadcast_to(np.asarray(styles), (space.layers, space.size))
    return Projection(found, space.images(found[None])[0], np.asarray(jnp.stack(distances)))


@partial(jax.jit, static_argnums=(0, 1, 2))
def _step(
    static: Static,
    how: Arithmetic,
    layers: int,
    params: Any,
    stats: Any,
    network: Any,
    wanted: list[jax.Array],
    styles: jax.Array,
    state: Any,
    noise: jax.Array,
    rate: jax.Array,
) -> tuple[jax.Array, Any, jax.Array]:
    """One step of Adam; the distance is that of the styles with their noise."""
    low, high = static.gan.range

    def distance(styles: jax.Array) -> jax.Array:
        every = jnp.broadcast_to(styles + noise, (layers, styles.shape[-1]))
        image = synthesize(static, how, params, stats, every[None])
        found = _features(network, _seen((image - low) * (255.0 / (high - low))))
        pairs = zip(found, wanted, strict=True)
        return jnp.sum(jnp.stack([jnp.mean(jnp.sum(jnp.square(a - b), -1)) for a, b in pairs]))

    value, slope = jax.value_and_grad(distance)(styles)
    moved, state = ADAM.update(slope, state)
    return styles - rate * jnp.asarray(moved), state, value


def _seen(images: jax.Array) -> jax.Array:
    """Images of 0 to 255 as the network sees them, ``[n, SEEN, SEEN, 3]``."""
    images = jnp.broadcast_to(images, (*images.shape[:3], 3))
    shape = (len(images), SEEN, SEEN, 3)
    return (jax.image.resize(images, shape, "bilinear") / 255.0 - MEAN) / STD


def _features(network: Any, images: jax.Array) -> list[jax.Array]:
    """Features of the three finest levels, each place's of length 1 (Zhang et al. 2018, LPIPS)."""
    found = levels(network, images, precision=None)[:3]
    return [x / (jnp.linalg.norm(x, axis=-1, keepdims=True) + 1e-10) for x in found]
