"""The Fréchet distance between pairs: of what a sample was made from, and the sample.

DeVries et al. 2019, "On the evaluation of conditional GANs" (arXiv:1907.08175), section 3, whose
Fréchet joint distance this is with one network for both and a weight of 1: features of the source
and of the image are one vector. A distance of images alone does not see whether a sample shows what
its source does; here the same samples beside other sources are far away.
"""

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.metric import PAIRS, Comparison, Found, Metric

BLOCK = 256
"""Sources that the network sees at once."""


def _compute(comparison: Comparison) -> Found:
    sources, network = comparison.generated.origins(), comparison.extractor
    if sources is None or network is None:
        raise UserError(
            f"{comparison.generated.name} are made of latents alone; leave fd_joint out of "
            "--metrics."
        )
    blocks = [sources[at : at + BLOCK] for at in range(0, len(sources), BLOCK)]
    seen = np.concatenate([np.asarray(network.features(block)) for block in blocks])
    true, made = (
        np.concatenate([seen, one.features], axis=1)
        for one in (comparison.real, comparison.generated)
    )
    return {"distance": frechet_distance_of_features(true, made)}, {}


METRIC = Metric(
    name="fd_joint",
    about="Fréchet distance between features of sources and images, as pairs",
    compute=_compute,
    values={"distance": "lower"},
    title=lambda distance: f"joint {distance}",
    modalities=frozenset({PAIRS}),
    real_score="",
    paired=True,
)
