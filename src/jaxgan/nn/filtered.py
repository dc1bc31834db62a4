"""Nonlinearities between an upsampling and a downsampling filter, as StyleGAN3 has them.

Karras, Aittala, Laine, Härkönen, Hellsten, Lehtinen & Aila, "Alias-free generative adversarial
networks", NeurIPS 2021, arXiv:2106.12423, sections 2 and 3 and appendices B and C.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import scipy.signal
import scipy.special

from jaxgan.nn.channelwise import channelwise
from jaxgan.nn.conv import Images


def kaiser(taps: int, cutoff: float, width: float, rate: float) -> np.ndarray:
    """A low-pass filter of a Kaiser window, float32 ``[taps]``, of sum 1.

    Args:
      taps: its length.
      cutoff: frequency where it falls to a half.
      width: of the band in which it falls.
      rate: of sampling, in the same unit.
    """
    found = scipy.signal.firwin(numtaps=taps, cutoff=cutoff, width=width, fs=rate)
    return np.asarray(found, np.float32)


def radial(taps: int, cutoff: float, width: float, rate: float) -> np.ndarray:
    """Likewise in two dimensions, the same in all directions but for its window, ``[taps, taps]``.

    The jinc function in the place of the sinc (appendix C.2); ``taps`` is even.
    """
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    radius = np.hypot(*np.meshgrid(places, places))
    found = scipy.special.j1(2 * cutoff * np.pi * radius) / (np.pi * radius)
    beta = scipy.signal.kaiser_beta(scipy.signal.kaiser_atten(taps, width / (rate / 2)))
    window = np.kaiser(taps, beta)
    found *= np.outer(window, window)
    return (found / found.sum()).astype(np.float32)


class Filters(NamedTuple):
    """What is done before and after a nonlinearity.

    Attributes:
      up: how many times as many places there are in between, per axis.
      down: how many of those there are for one place of the result.
      low: zeros before the first place, counted between the two.
      high: zeros after the last; both may be negative.
      before: ``[taps]``; None for no filter.
      after: ``[taps]``, or ``[taps, taps]``; None for no filter.
    """

    up: int
    down: int
    low: int
    high: int
    before: np.ndarray | None
    after: np.ndarray | None


def filtered_leaky_relu(
    x: Images, filters: Filters, slope: float, gain: float, clamp: float
) -> Images:
    """Upsampled, rectified and downsampled images, ``[b, h, w, c] -> [b, h', w', c]``.

    Args:
      x: the images.
      filters: around the rectifier.
      slope: of the rectifier for negative inputs; 1 for none.
      gain: what its output is multiplied by.
      clamp: what it does not exceed then.
    """
    for axis in (1, 2):
        x = _upsampled(x, filters, axis)
    x = jnp.clip(nn.leaky_relu(x, slope) * gain, -clamp, clamp)
    if filters.after is None:
        return x[:, :: filters.down, :: filters.down]
    if filters.after.ndim == 2:
        return channelwise(x, filters.after, filters.down)
    for axis in (1, 2):
        x = _filtered(x, filters.after, axis, filters.down)
    return x


def _upsampled(x: Images, filters: Filters, axis: int) -> Images:
    """Zeros between the places and around them, filtered, ``up`` times as large."""
    between = filters.up - 1
    sizes = [(0, 0, 0)] * 4
    sizes[axis] = (filters.low, filters.high + between, between)
    x = jax.lax.pad(x, jnp.zeros((), x.dtype), sizes)
    return x if filters.before is None else _filtered(x, filters.up * filters.before, axis, 1)


def _filtered(x: Images, taps: np.ndarray, axis: int, stride: int) -> Images:
    """``y[i] = sum_k taps[k] x[stride i + k]``: a sum of slices, whose gradients are such sums."""
    count = x.shape[axis] - len(taps) + 1
    parts = [
        float(tap) * jax.lax.slice_in_dim(x, k, k + count, stride, axis)
        for k, tap in enumerate(taps)
    ]
    return sum(parts[1:], parts[0])
