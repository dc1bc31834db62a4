"""StyleGAN3's generators, T and R: details that move with what they belong to.

Karras, Aittala, Laine, Härkönen, Hellsten, Lehtinen & Aila, "Alias-free generative adversarial
networks", NeurIPS 2021, arXiv:2106.12423; details as in the authors' code,
github.com/NVlabs/stylegan3 (training/networks_stylegan3.py). The mapping network and the
discriminator are StyleGAN2's.
"""

import math
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.nets.stylegan2 import CLAMP, Mapping, Styles, followed, truncated
from jaxgan.nn.conv import Geometry, convolution
from jaxgan.nn.equalized import EqualizedDense, initial
from jaxgan.nn.filtered import Filters, filtered_leaky_relu, kaiser, radial
from jaxgan.nn.modulated import by_activations
from jaxgan.types import Image, Label, Latent, ScalarLike

AVERAGE = 0.998
"""Decay of the average style."""

FIRST_CUTOFF, FIRST_STOPBAND, LAST_STOPBAND = 2.0, 2.0**2.1, 2.0**0.3
"""Frequencies in periods of an image's side; the last relative to its cutoff."""

MARGIN = 10
"""Pixels beyond the image on each side, at every resolution."""

TAPS = 6
"""Of a filter, for each place of the lower resolution."""

OUTPUT = 0.25
"""What images are multiplied by."""


class Signal(NamedTuple):
    """What lies between two layers.

    Attributes:
      features: channels.
      size: pixels of a side, with margins.
      rate: pixels of an image's side.
      cutoff: frequency up to which there is something.
      half_width: of the band above it, in which a filter falls.
    """

    features: int
    size: int
    rate: int
    cutoff: float
    half_width: float


def signals(
    resolution: int, channels: int, base: int, most: int, layers: int = 14, critical: int = 2
) -> list[Signal]:
    """The outputs of all layers, of which the last gives colors (section 3.2, appendix D).

    Args:
      resolution: of the image, a power of two.
      channels: of the image.
      base: twice the features times the cutoff.
      most: features at most.
      layers: before the colors.
      critical: of these, the last ones, which use all of the band.
    """
    last = resolution / 2
    steps = np.minimum(np.arange(layers + 1) / (layers - critical), 1)
    cutoffs = FIRST_CUTOFF * (last / FIRST_CUTOFF) ** steps
    stopbands = FIRST_STOPBAND * (last * LAST_STOPBAND / FIRST_STOPBAND) ** steps
    rates = np.exp2(np.ceil(np.log2(np.minimum(2 * stopbands, resolution))))
    sizes = rates + 2 * MARGIN
    sizes[-2:] = resolution
    features = np.maximum(np.rint(np.minimum(base / 2 / cutoffs, most)), 1)
    features[-1] = channels
    widths = np.maximum(stopbands, rates / 2) - cutoffs
    columns = zip(features, sizes, rates, cutoffs, widths, strict=True)
    return [Signal(int(f), int(s), int(r), float(c), float(w)) for f, s, r, c, w in columns]


class Input(nn.Module):
    """Waves of fixed frequencies, moved by a style, ``[b, size] -> [b, s, s, features]``.

    Attributes:
      signal: what the result is.
    """

    signal: Signal

    @nn.compact
    def __call__(self, style: jax.Array, transform: jax.Array | None = None) -> Image:
        """The waves of styles.

        Args:
          style: ``[b, size]``.
          transform: from places in the result to places without it, ``[3, 3]``, in sides of an
            image; None for none.
        """
        signal, batch = self.signal, len(style)
        frequencies = self.variable("fourier", "frequencies", self._frequencies)
        phases = self.variable(
            "fourier",
            "phases",
            lambda: jax.random.uniform(self.make_rng("params"), (signal.features,)) - 0.5,
        )
        kernel = self.param("affine", nn.initializers.zeros_init(), (style.shape[-1], 4))
        bias = self.param("place", lambda _: jnp.array([1.0, 0.0, 0.0, 0.0]))
        turn = style @ (kernel / math.sqrt(style.shape[-1])) + bias
        turn = turn / jnp.linalg.norm(turn[:, :2], axis=1, keepdims=True)
        cosine, sine, right, down = jnp.moveaxis(turn, -1, 0)
        zero, one = jnp.zeros(batch), jnp.ones(batch)

        def matrix(*rows: tuple[jax.Array, ...]) -> jax.Array:
            return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)

        rotation = matrix((cosine, -sine, zero), (sine, cosine, zero), (zero, zero, one))
        shift = matrix((one, zero, -right), (zero, one, -down), (zero, zero, one))
        whole = rotation @ shift
        if transform is not None:
            whole = whole @ transform
        shifted = phases.value + jnp.einsum("fi,bi->bf", frequencies.value, whole[:, :2, 2])
        turned = jnp.einsum("fi,bij->bfj", frequencies.value, whole[:, :2, :2])
        # Waves that a transform makes too short fade out.
        short = (jnp.linalg.norm(turned, axis=-1) - signal.cutoff) / (
            signal.rate / 2 - signal.cutoff
        )
        amplitudes = jnp.clip(1.0 - short, 0.0, 1.0)
        places = (jnp.arange(signal.size) + 0.5 - signal.size / 2) / signal.rate
        along = jnp.einsum("w,bf->bwf", places, turned[..., 0])[:, None]
        across = jnp.einsum("h,bf->bhf", places, turned[..., 1])[:, :, None]
        waves = jnp.sin(2 * jnp.pi * (along + across + shifted[:, None, None]))
        weights = self.param("kernel", initial(), (signal.features, signal.features))
        mixed = weights / math.sqrt(signal.features)
        return (waves * amplitudes[:, None, None]) @ mixed

    def _frequencies(self) -> jax.Array:
        """Frequencies in a disc, ``[features, 2]``, as the authors draw them."""
        signal = self.signal
        found = jax.random.normal(self.make_rng("params"), (signal.features, 2))
        radius = jnp.linalg.norm(found, axis=1, keepdims=True)
        return found / (radius * jnp.exp(radius**2) ** 0.25) * signal.cutoff


class Layer(nn.Module):
    """A modulated convolution and a filtered rectifier, from one signal to the next.

    The collection ``magnitude`` holds the average square of its inputs, which moves in training and
    divides them.

    Attributes:
      before: of the input.
      after: of the output.
      kernel: side of the convolution.
      radial: whether the filter of the downsampling is the same in all directions.
      last: whether the output are colors, which are neither rectified nor filtered.
      decay: of the average square.
      dtype: of the activations.
    """

    before: Signal
    after: Signal
    kernel: int = 3
    radial: bool = False
    last: bool = False
    decay: ScalarLike = 0.999
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Image, style: jax.Array, *, train: bool) -> Image:
        """The layer's output under styles ``[b, size]``."""
        square = self.variable("magnitude", "square", jnp.ones, ())
        if train and not self.is_initializing():
            now = jax.lax.stop_gradient(jnp.mean(jnp.square(x.astype(jnp.float32))))
            square.value = now + self.decay * (square.value - now)
        side = 1 if self.last else self.kernel
        shape = (side, side, x.shape[-1], self.after.features)
        kernel = self.param("kernel", initial(), shape, jnp.float32)
        scales = EqualizedDense(x.shape[-1], bias=1.0, name="scales")(style)
        if self.last:
            scales = scales / math.sqrt(x.shape[-1])
        x = (x * jax.lax.rsqrt(square.value).astype(x.dtype)).astype(self.dtype)

        def convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
            size, pad = (x.shape[1], x.shape[2]), (side - 1, side - 1)
            return convolution(Geometry(size, (side, side), (1, 1), pad, pad), x, kernel)

        x = by_activations(convolve, x, kernel, scales, demodulate=not self.last)
        bias = self.param("bias", nn.initializers.zeros_init(), (self.after.features,))
        slope, gain = (1.0, 1.0) if self.last else (0.2, math.sqrt(2.0))
        return filtered_leaky_relu(x + bias.astype(x.dtype), self.filters, slope, gain, CLAMP)

    @property
    def filters(self) -> Filters:
        """Those around the rectifier, at twice the higher rate of the two signals."""
        before, after = self.before, self.after
        rate = max(before.rate, after.rate) * (1 if self.last else 2)
        up, down = rate // before.rate, rate // after.rate
        taps_up, taps_down = ((TAPS * n if n > 1 and not self.last else 1) for n in (up, down))
        side = 1 if self.last else self.kernel
        total = (after.size - 1) * down + 1 - (before.size + side - 1) * up
        total += taps_up + taps_down - 2
        low = (total + up) // 2  # samples lie in the middle of their pixels (appendix C.3)
        design, sampled = radial if self.radial else kaiser, float(rate)
        return Filters(
            up,
            down,
            low,
            total - low,
            kaiser(taps_up, before.cutoff, 2 * before.half_width, sampled) if taps_up > 1 else None,
            design(taps_down, after.cutoff, 2 * after.half_width, sampled)
            if taps_down > 1
            else None,
        )


class Synthesis(nn.Module):
    """From styles to images, ``[b, layers + 2, size] -> [b, r, r, channels]`` in float32.

    Attributes:
      signals: outputs of the layers, the colors last.
      critical: layers without a transition band, the last ones but for the colors.
      kernel: side of the convolutions: 3 for T, 1 for R.
      radial: whether filters are the same in all directions: R.
      decay: of the average squares.
      dtype: of the activations at the ``half`` highest resolutions.
      half: how many resolutions compute in ``dtype``.
    """

    signals: tuple[Signal, ...]
    critical: int = 2
    kernel: int = 3
    radial: bool = False
    decay: ScalarLike = 0.999
    dtype: Any = jnp.float32
    half: int = 4

    @nn.compact
    def __call__(self, styles: Styles, transform: Any = None, *, train: bool) -> Image:
        """Images of styles; ``transform`` as ``Input``'s."""
        x = Input(self.signals[0])(styles[:, 0], transform)
        count, resolution = len(self.signals) - 1, self.signals[-1].rate
        for number, after in enumerate(self.signals):
            before = self.signals[max(number - 1, 0)]
            highest = after.rate * 2**self.half > resolution
            layer = Layer(
                before,
                after,
                self.kernel,
                self.radial and number < count - self.critical,
                number == count,
                self.decay,
                self.dtype if highest else jnp.float32,
            )
            x = layer(x, styles[:, number + 1], train=train)
        return OUTPUT * x.astype(jnp.float32)


class Generator(nn.Module):
    """``[b, latent] -> [b, r, r, channels]`` in float32; it has no noise.

    The collection ``average`` holds the average style, which moves in training.

    Attributes:
      signals: outputs of the layers, the colors last; see ``signals``.
      critical: layers without a transition band.
      kernel: side of the convolutions: 3 for T, 1 for R.
      radial: whether filters are the same in all directions: R.
      decay: of the average squares of the layers' inputs.
      style: size of a style.
      depth: layers of the mapping network.
      classes: number of classes; 0 for an unconditional generator.
      dtype: of the activations at the ``half`` highest resolutions.
      half: how many resolutions compute in ``dtype``.
    """

    signals: tuple[Signal, ...]
    critical: int = 2
    kernel: int = 3
    radial: bool = False
    decay: ScalarLike = 0.999
    style: int = 512
    depth: int = 2
    classes: int = 0
    dtype: Any = jnp.float32
    half: int = 4

    def setup(self) -> None:
        """Both networks, and the average style."""
        self.mapping = Mapping(self.style, self.depth, self.classes)
        self.synthesis = Synthesis(
            *(self.signals, self.critical, self.kernel, self.radial, self.decay),
            *(self.dtype, self.half),
        )
        self.average = self.variable("average", "mean", jnp.zeros, (self.style,))

    def __call__(
        self,
        latent: Latent,
        label: Label | None = None,
        transform: jax.Array | None = None,
        *,
        psi: ScalarLike | None = None,
        cutoff: int | None = None,
        train: bool,
    ) -> Image:
        """Images of latents, under a label where there are classes.

        Args:
          latent: ``[b, latent]``.
          label: int ``[b]``.
          transform: of the result, see ``Input``.
          psi: truncation, as for ``styles``.
          cutoff: likewise.
          train: whether averages move.
        """
        styles = self.styles(latent, label, psi=psi, cutoff=cutoff, train=train)
        return self.synthesis(styles, transform, train=train)

    def styles(
        self,
        latent: Latent,
        label: Label | None = None,
        *,
        psi: ScalarLike | None = None,
        cutoff: int | None = None,
        train: bool = False,
    ) -> Styles:
        """The styles of latents, ``[b, layers + 2, size]``, the same for every layer.

        Args:
          latent: ``[b, latent]``.
          label: int ``[b]``.
          psi: how far they lie from the average, as a share of how far they would; None for 1.
          cutoff: how many, the first ones, are truncated; None for all.
          train: whether the average moves.
        """
        one = self.mapping(latent, label)
        if train and not self.is_initializing():
            self.average.value = followed(self.average.value, one, AVERAGE)
        styles = jnp.broadcast_to(one[:, None], (len(one), len(self.signals) + 1, self.style))
        return truncated(styles, self.average.value, psi, cutoff)
