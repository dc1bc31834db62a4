"""Forward passes: how a batch and random numbers become real, fake and their logits.

A forward pass hands its terms what they need in ``extras``: ``latents`` and ``generator``, the
generator of this phase as a function of latents alone, with the labels, statistics and dropout
masks that gave the fakes; passes of pairs hand no ``generator``, and those that make images from
images neither. The rest is named by each pass. ``packed``, ``augmented``, ``jittered`` and
``instance_noise`` turn a pass into another, as combinators turn terms.
"""

from jaxgan.forward.base import Condition, Forward, Labels, Prior
from jaxgan.forward.completion import central_square, free_form
from jaxgan.forward.image_to_image import cycle, jittered, translation
from jaxgan.forward.language import follow, generator_of, policy, relaxed
from jaxgan.forward.latent_optimization import latent_optimization
from jaxgan.forward.pairs import bidirectional, reconstructing
from jaxgan.forward.pool import empty_pools, move_pools
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
from jaxgan.forward.spectral import spectrograms
from jaxgan.forward.styles import styled
from jaxgan.forward.video import clip_shape, content_and_motion, foreground_and_background
from jaxgan.forward.vocoder import vocoder
from jaxgan.forward.wrappers import (
    augmented,
    augmented_within,
    blurred,
    count_steps,
    deceived,
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
    "augmented_within",
    "autoencoder",
    "auxiliary_classifier",
    "batch_labels",
    "bidirectional",
    "blurred",
    "categorical",
    "central_square",
    "clip_shape",
    "concatenated",
    "conditional",
    "content_and_motion",
    "count_steps",
    "cycle",
    "deceived",
    "empty_pools",
    "follow",
    "foreground_and_background",
    "free_form",
    "generator_of",
    "instance_noise",
    "jittered",
    "latent_codes",
    "latent_optimization",
    "move_pools",
    "normal",
    "packed",
    "policy",
    "reconstructing",
    "relaxed",
    "sampled_with_dropout",
    "spectrograms",
    "styled",
    "translation",
    "unconditional",
    "uniform",
    "uniform_labels",
    "vocoder",
]
