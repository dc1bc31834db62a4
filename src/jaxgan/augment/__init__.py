"""Differentiable augmentations of images, row by row.

An augmentation is a function of samples ``[batch, height, width, channels]`` and a ``Rng``;
gradients pass through to the samples. ``diffaugment`` has those of DiffAugment, whose names are
here; ``ada`` has the pipeline of StyleGAN2-ADA, in which one number says how often each of many
transformations happens.
"""

from jaxgan.augment import ada
from jaxgan.augment.diffaugment import (
    Augment,
    brightness,
    color,
    composed,
    contrast,
    cutout,
    diff_augment,
    flip,
    saturation,
    shift,
    translation,
)

__all__ = [
    "Augment",
    "ada",
    "brightness",
    "color",
    "composed",
    "contrast",
    "cutout",
    "diff_augment",
    "flip",
    "saturation",
    "shift",
    "translation",
]
