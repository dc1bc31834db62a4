"""Forward passes: how a batch and random numbers become real, fake and their logits.

A forward pass hands its terms what they need in ``extras``: ``latents`` and, but for passes of
pairs, ``generator``, the generator of this phase as a function of latents alone, with the labels,
statistics and dropout masks that gave the fakes; passes that complete images hand neither. The rest
is named by each pass. ``packed``, ``augmented`` and ``instance_noise`` turn a pass into another, as
combinators turn terms.
"""

from jaxgan.forward.base import Condition, Forward, Labels, Prior
from jaxgan.forward.completion import central_square, free_form
from jaxgan.forward.latent_optimization import latent_optimization
from jaxgan.forward.pairs import bidirectional, reconstructing
from jaxgan.forward.priors import (
    batch_labels,
    categorical,
    concatenated,
    normal,
    uniform,
    uniform_labels,
)
from jaxgan.forward.samples import (
    autoencoder,
    auxiliary_classifier,
    conditional,
    latent_codes,
    unconditional,
)
from jaxgan.forward.wrappers import (
    augmented,
    count_steps,
    instance_noise,
    packed,
    sampled_with_dropout,
)

__all__ = [
    "Condition",
    "Forward",
    "Labels",
    "Prior",
    "augmented",
    "autoencoder",
    "auxiliary_classifier",
    "batch_labels",
    "bidirectional",
    "categorical",
    "central_square",
    "concatenated",
    "conditional",
    "count_steps",
    "free_form",
    "instance_noise",
    "latent_codes",
    "latent_optimization",
    "normal",
    "packed",
    "reconstructing",
    "sampled_with_dropout",
    "unconditional",
    "uniform",
    "uniform_labels",
]
