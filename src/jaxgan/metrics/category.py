"""Whether the category of a clip can be read from the way that its shape moves.

Where a generator draws a clip from a code among others (MoCoGAN's category of motion), codes are
drawn here, clips are made, and the direction of the shape's way is read from each: right, left,
down or up. The mutual information of code and direction, in nats, is 0 if they have nothing to do
with each other, and ``log 2`` if two equally frequent codes move in two directions.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.metric import VIDEOS, Comparison, Found, Generator, Metric
from jaxgan.metrics.motion import DIRECTIONS, directions, information

CODE = "category"
"""The name of the code in a generator's latents."""

COUNT, AT_ONCE = 1024, 64
"""Clips that are drawn, and how many at a time."""


def _generator(comparison: Comparison) -> tuple[Generator, slice]:
    """The generator, and where its latents hold the category.

    Raises:
      UserError: there is no such generator.
    """
    generator = comparison.generated.generator
    if generator is None or CODE not in generator.codes:
        raise UserError(
            f"{comparison.generated.name} is of no generator that draws clips from a category; "
            "leave category out of --metrics."
        )
    return generator, slice(*generator.codes[CODE])


def _compute(comparison: Comparison) -> Found:
    generator, place = _generator(comparison)
    latents = generator.latents(jax.random.key(generator.seed), COUNT)
    parts = [
        np.asarray(generator.images(part, {})) for part in jnp.split(latents, COUNT // AT_ONCE)
    ]
    codes = np.asarray(latents)[:, place].argmax(axis=1)
    found = directions(np.clip(np.rint(np.concatenate(parts)), 0, 255))
    table = {
        str(code): {name: int((found[codes == code] == at).sum()) for at, name in _NUMBERED}
        for code in range(place.stop - place.start)
    }
    return {"information": information(codes, found)}, {"directions": table}


_NUMBERED = (*enumerate(DIRECTIONS), (-1, "nowhere"))
"""The numbers that ``directions`` gives, and what they mean."""


def _parameters(comparison: Comparison) -> dict[str, int]:
    _, place = _generator(comparison)
    return {"clips": COUNT, "categories": place.stop - place.start}


METRIC = Metric(
    name="category",
    about="what the direction of motion tells about the clip's category, in nats",
    compute=_compute,
    values={"information": "higher"},
    title=lambda distance: "category, nats",
    network="",
    modalities=frozenset({VIDEOS}),
    parameters=_parameters,
    real_score="",
    against="",
    keeps="",
    walks=True,
)
