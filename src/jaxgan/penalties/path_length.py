"""Path length regularization: a step in the space of styles changes images by a fixed length.

The length is a moving average in the adaptive state, which an ``adapt`` moves after each step.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.errors import UserError
from jaxgan.rng import Rng
from jaxgan.types import AXIS, Cost, Mean, Outputs, ScalarLike, Seen

path_length_start: Mapping[str, float] = {"path_length": 0.0}
"""Adaptive state to begin with."""


def path_length(decay: ScalarLike = 0.01) -> Callable[[Outputs], Cost]:
    """``E (|J^T y| - a)^2``, ``y`` normal noise over the square root of an image's pixels.

    Karras et al. 2020 (StyleGAN2, section 3.2 and appendix B; weight 2): ``J`` is the derivative of
    an image with respect to its styles, and the length is the root of its mean square over layers.
    ``a`` is the average of lengths, this batch's counted with the share ``decay``, as in the
    authors' code, where its gradient counts, too. The batch is the global one: one device and
    eight compute the same. Logs ``length``, the mean length. Needs the extras of
    ``forward.styled``.

    Raises:
      UserError: when it is called, if the rows of a device cannot be divided.
    """

    def penalty(outputs: Outputs) -> Cost:
        shift, shifted = outputs.extras["shift"], outputs.extras["shifted"]
        rows = outputs.rng.rows
        shrink = -(-len(rows) // len(shift))
        if len(rows) % shrink:
            raise UserError(
                f"The path length penalty sees one of {shrink} rows, and there are {len(rows)} "
                f"rows on a device; give a --batch-size that makes it a multiple of {shrink}."
            )
        images, pull = jax.vjp(shifted, shift)
        source = Rng(outputs.rng.key, rows[::shrink])
        _, height, width, _ = images.shape
        noise = source.normal(images.shape[1:]) / jnp.sqrt(height * width)
        (slopes,) = pull(noise)
        # The derivative of a square root at zero is infinite.
        lengths = jnp.sqrt(jnp.mean(jnp.sum(jnp.square(slopes), axis=2), axis=1) + 1e-12)
        mean = lax.pmean(jnp.mean(lengths), AXIS)
        average = outputs.adaptive["path_length"]
        loss = jnp.mean(jnp.square(lengths - _moved(average, mean, decay)))
        return Cost(loss, {"": Mean.of(loss), "length": Mean.of(mean)})

    return penalty


def path_length_average(
    decay: ScalarLike = 0.01, lengths: str = "g/path_length/length"
) -> Callable[[dict[str, Any], Seen], dict[str, Any]]:
    """``a <- a + decay (E length - a)``, an ``adapt``; in steps without the penalty it stays.

    ``lengths`` names the log with the mean length of the global batch.
    """

    def adapt(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
        log, old = seen.logs[lengths], adaptive["path_length"]
        new = _moved(old, log.total / jnp.maximum(log.count, 1.0), decay)
        return {**adaptive, "path_length": jnp.where(log.count > 0, new, old)}

    return adapt


def _moved(average: jax.Array, length: jax.Array, decay: ScalarLike) -> jax.Array:
    return average + decay * (length - average)
