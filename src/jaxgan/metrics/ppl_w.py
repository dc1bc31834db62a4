"""Perceptual path length between styles: how fast images change along a straight path in W.

Karras et al. 2019, "A style-based generator architecture for generative adversarial networks",
section 4.1. Styles are found by the mapping network, and paths between them are straight; see
``metrics.ppl`` for the distance, which makes this another number than the paper's.
"""

from typing import Any

import jax

from jaxgan.errors import UserError
from jaxgan.metrics.metric import IMAGES, Comparison, Found, Metric
from jaxgan.metrics.ppl import EPSILON, PATHS, PATHS_AT_ONCE, lerp, perceptual_path_length


def _compute(comparison: Comparison) -> Found:
    """The path length along straight lines between styles, in the extractor's features."""
    generator, extractor = comparison.generated.generator, comparison.extractor
    if generator is None or extractor is None:
        raise UserError("ppl_w walks through styles, which images do not have; name a run folder.")
    key = jax.random.key(generator.seed)
    layers, size = jax.eval_shape(
        lambda: generator.styles(generator.latents(key, 1), generator.condition(1, 0))
    ).shape[1:]

    def mapped(latents: jax.Array, condition: Any) -> jax.Array:
        return generator.styles(latents, condition).reshape(len(latents), layers * size)

    def generate(points: jax.Array, condition: Any) -> jax.Array:
        del condition  # styles know their label
        return generator.images_of(points.reshape(len(points), layers, size))

    found = perceptual_path_length(
        key,
        generate,
        lambda images: extractor.apply(extractor.variables, images).features,
        generator.latents,
        generator.condition,
        mapped,
        count=PATHS,
        batch=PATHS_AT_ONCE,
        interpolate=lerp,
    )
    return {"mean": found.mean}, {}


METRIC = Metric(
    name="ppl_w",
    about="path length along straight lines between styles, drawn in float32 (StyleGAN)",
    compute=_compute,
    values={"mean": "lower"},
    modalities=frozenset({IMAGES}),
    title=lambda distance: f"path-length-W-{distance.removeprefix('FD-')}",
    parameters=lambda comparison: {"paths": PATHS, "epsilon": EPSILON, "walk": "straight, in W"},
    real_score="",
    against="",
    quantized=False,
    keeps="",
    walks=True,
)
