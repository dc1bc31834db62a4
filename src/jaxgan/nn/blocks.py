"""Residual blocks of the WGAN-GP, SNGAN, SAGAN and BigGAN families.

Gulrajani et al. 2017 (appendix F) and Miyato et al. 2018 (appendix B.4) describe the same
blocks, with the same initialization: Glorot's uniform one, times the square root of 2 for
the 3 x 3 convolutions (the former's code calls it He's).
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conditional_norm import ConditionalBatchNorm
from jaxgan.nn.conv import Conv, Images
from jaxgan.nn.resample import average_pool, upsample
from jaxgan.nn.resampled_conv import PooledConv, UpsampledConv

GLOROT = nn.initializers.glorot_uniform()
"""Glorot's uniform initialization."""

GLOROT_SQRT2 = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")
"""Glorot's uniform initialization times the square root of 2."""


class GeneratorBlock(nn.Module):
    """Norm, relu, (up,) conv, norm, relu, conv, ``[b, h, w, i] -> [b, 2h, 2w, features]``.

    Attributes:
      features: of the output.
      up: whether the image doubles, before the first convolution.
      norm: makes a normalization, called with ``(x, condition, train=)``.
      inner_bias: whether the first convolution has one.
      kernel_init: of the 3 x 3 convolutions.
      shortcut_init: of the shortcut's 1 x 1 convolution.
    """

    features: int
    up: bool = True
    norm: Callable[..., nn.Module] = ConditionalBatchNorm
    inner_bias: bool = True
    kernel_init: Callable[..., Any] = GLOROT_SQRT2
    shortcut_init: Callable[..., Any] = GLOROT

    @nn.compact
    def __call__(self, x: Images, condition: jax.Array | None = None, *, train: bool) -> Images:
        """The residual plus the shortcut."""
        h = nn.relu(self.norm(name="norm1")(x, condition, train=train))
        conv = UpsampledConv if self.up else Conv
        h = conv(
            self.features,
            3,
            bias=self.inner_bias,
            kernel_init=self.kernel_init,
            name="conv1",
            dtype=x.dtype,
        )(h)
        h = nn.relu(self.norm(name="norm2")(h, condition, train=train))
        h = Conv(self.features, 3, kernel_init=self.kernel_init, name="conv2", dtype=x.dtype)(h)
        shortcut = x
        if self.up or self.features != x.shape[-1]:
            shortcut = conv(
                self.features, 1, kernel_init=self.shortcut_init, name="shortcut", dtype=x.dtype
            )(shortcut)
        return h + shortcut


class DiscriminatorBlock(nn.Module):
    """(Norm,) relu, conv, (norm,) relu, conv(, down), ``[b, h, w, i] -> [b, h/2, w/2, features]``.

    Attributes:
      features: of the output.
      down: whether the image halves, by average pooling.
      first: the optimized block for images: no relu first (Gulrajani et al. 2017,
        gan_cifar_resnet.py).
      wide: whether the hidden layer has the output's features (SAGAN, BigGAN) or the
        input's (SNGAN).
      norm: makes a normalization, called with ``x`` alone, or None. Its own bias takes the place
        of the first convolution's (Gulrajani et al. 2017, gan_64x64.py).
      kernel_init: of the 3 x 3 convolutions.
      shortcut_init: of the shortcut's 1 x 1 convolution.
    """

    features: int
    down: bool = True
    first: bool = False
    wide: bool = False
    norm: Callable[..., nn.Module] | None = None
    kernel_init: Callable[..., Any] = GLOROT_SQRT2
    shortcut_init: Callable[..., Any] = GLOROT

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """The residual plus the shortcut."""
        hidden = self.features if self.wide or self.first else x.shape[-1]

        def normalized(h: Images, name: str) -> Images:
            return h if self.norm is None else self.norm(name=name, dtype=x.dtype)(h)

        h = x if self.first else nn.relu(normalized(x, "norm1"))
        h = Conv(
            hidden,
            3,
            bias=self.norm is None,
            kernel_init=self.kernel_init,
            name="conv1",
            dtype=x.dtype,
        )(h)
        h = nn.relu(normalized(h, "norm2"))
        conv = PooledConv if self.down else Conv
        h = conv(self.features, 3, kernel_init=self.kernel_init, name="conv2", dtype=x.dtype)(h)
        shortcut = x
        if self.down or self.features != x.shape[-1]:
            shortcut = conv(
                self.features, 1, kernel_init=self.shortcut_init, name="shortcut", dtype=x.dtype
            )(shortcut)
        return h + shortcut


class DeepGeneratorBlock(nn.Module):
    """BigGAN-deep's bottleneck, ``[b, h, w, i] -> [b, 2h, 2w, features]``.

    Brock et al. 2019, appendix B, figure 16: 1 x 1, 3 x 3, 3 x 3, 1 x 1 convolutions, the
    inner ones of a quarter of the larger of the input's and the output's channels, each after
    norm and relu. The shortcut drops channels that are too many, and has no way to add any: so
    ``features`` are at most ``i``, and the larger are the input's.
    """

    features: int
    up: bool = True
    norm: Callable[..., nn.Module] = ConditionalBatchNorm
    kernel_init: Callable[..., Any] = nn.initializers.orthogonal()

    @nn.compact
    def __call__(self, x: Images, condition: jax.Array | None = None, *, train: bool) -> Images:
        """The residual plus the shortcut."""
        hidden = max(x.shape[-1], self.features) // 4
        h = x
        for number, (features, kernel) in enumerate(
            [(hidden, 1), (hidden, 3), (hidden, 3), (self.features, 1)], start=1
        ):
            h = nn.relu(self.norm(name=f"norm{number}")(h, condition, train=train))
            conv = UpsampledConv if self.up and number == 2 else Conv
            h = conv(
                features, kernel, kernel_init=self.kernel_init, name=f"conv{number}", dtype=x.dtype
            )(h)
        shortcut = x[..., : self.features]
        return h + (upsample(shortcut) if self.up else shortcut)


class DeepDiscriminatorBlock(nn.Module):
    """BigGAN-deep's bottleneck, ``[b, h, w, i] -> [b, h/2, w/2, features]``.

    Brock et al. 2019, appendix B, figure 16: the generator's convolutions without norms, the
    inner ones of a quarter of the larger of the input's and the output's channels, here the
    output's, as channels only grow in the paper's; the average pool stands before the last
    convolution; a 1 x 1 convolution adds to the shortcut the channels that it lacks.
    """

    features: int
    down: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.orthogonal()

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """The residual plus the shortcut."""
        hidden = max(x.shape[-1], self.features) // 4
        h = x
        for number, (features, kernel) in enumerate(
            [(hidden, 1), (hidden, 3), (hidden, 3), (self.features, 1)], start=1
        ):
            h = nn.relu(h)
            conv = PooledConv if self.down and number == 4 else Conv
            h = conv(
                features, kernel, kernel_init=self.kernel_init, name=f"conv{number}", dtype=x.dtype
            )(h)
        shortcut = average_pool(x) if self.down else x
        missing = self.features - x.shape[-1]
        if missing > 0:
            more = Conv(missing, 1, kernel_init=self.kernel_init, name="shortcut", dtype=x.dtype)
            shortcut = jnp.concatenate([shortcut, more(shortcut)], axis=-1)
        return h + shortcut
