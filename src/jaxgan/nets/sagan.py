"""SAGAN (Zhang et al. 2019, arXiv:1805.08318): SNGAN's ResNets with self-attention.

github.com/brain-research/self-attention-gan, generator.py and discriminator.py
(``generator_test``, ``discriminator_test``): attention on the feature map of 32 pixels
in both networks, wide discriminator blocks, Glorot initialization throughout. Spectral
normalization, here of both players' kernels, is applied from outside.
"""

from typing import Any

from jaxgan.errors import UserError
from jaxgan.nets.resnet import Discriminator, Generator, sngan_discriminator, sngan_generator
from jaxgan.nn.blocks import GLOROT

ATTENTION = {32: 16, 64: 32, 128: 32}
"""Resolution to the side of the map that attends; 128 is the paper's (table 1, feat32)."""


def _attention(resolution: int) -> int:
    if resolution not in ATTENTION:
        raise UserError(f"SAGAN draws 32, 64 or 128 pixels, not {resolution}.")
    return ATTENTION[resolution]


def generator(resolution: int = 128, width: int | None = None, **options: Any) -> Generator:
    """SAGAN's generator; conditional batch normalization with ``classes``.

    Its running moments have a decay of 0.999 (ops.py; there the last, unconditional one 0.9999).

    Raises:
      UserError: there is no such ``resolution``.
    """
    defaults = {
        "attention": _attention(resolution),
        "kernel_init": GLOROT,
        "momentum": 0.999,
        "epsilon": 1e-5,
    }
    return sngan_generator(resolution, width, **{**defaults, **options})


def discriminator(resolution: int = 128, width: int | None = None, **options: Any) -> Discriminator:
    """SAGAN's discriminator; a projection with ``classes``.

    Raises:
      UserError: there is no such ``resolution``.
    """
    defaults = {
        "attention": _attention(resolution),
        "kernel_init": GLOROT,
        "wide": True,
        "bias": True,
    }
    return sngan_discriminator(resolution, width, **{**defaults, **options})
