"""The augmentations of StyleGAN2-ADA, as one pipeline in which each happens with a probability.

Karras, Aittala, Hellsten, Laine, Lehtinen & Aila, "Training Generative Adversarial Networks with
Limited Data", NeurIPS 2020, arXiv:2006.06676, appendix B: pixel blitting, geometry and color, and
cutout. Its image-space filters and noise, which the paper finds of no use, are not here. Flips,
turns, scalings and shifts make one matrix, through which the image is resampled once, between a
doubling and a halving with the low-pass filter of a wavelet.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.rng import Rng
from jaxgan.types import Image, ScalarLike, Seen

SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
"""The orthogonal wavelet sym6's low-pass filter."""

TAPS = np.asarray(SYM6) / np.sum(SYM6)
"""The filter, of sum 1."""

BORDER = len(SYM6) // 4
"""Pixels beyond the image that the filters look at."""


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """How often each transformation happens, as a share of the strength, and how far it goes.

    Attributes:
      xflip: mirrors left and right.
      rotate90: turns by quarters.
      xint: shifts by whole pixels, up to an eighth of each side.
      scale: enlarges or shrinks, by a factor of ``2 ** (0.2 n)`` with a normal number ``n``.
      rotate: turns by any angle.
      aniso: stretches, by ``2 ** (0.2 n)`` in one direction and its inverse in the other.
      xfrac: shifts, by a normal number of deviation 0.125 of each side.
      brightness: adds a normal number of deviation 0.2.
      contrast: multiplies by ``2 ** (0.5 n)``.
      lumaflip: mirrors the brightness of each color.
      hue: turns colors around the gray axis, by any angle.
      saturation: multiplies colors' distance from gray by ``2 ** n``.
      cutout: sets a square of half of each side to zero.
    """

    xflip: float = 0.0
    rotate90: float = 0.0
    xint: float = 0.0
    scale: float = 0.0
    rotate: float = 0.0
    aniso: float = 0.0
    xfrac: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    lumaflip: float = 0.0
    hue: float = 0.0
    saturation: float = 0.0
    cutout: float = 0.0


BLIT = dict(xflip=1.0, rotate90=1.0, xint=1.0)
"""Probabilities of flips, quarter turns and whole shifts, at strength 1."""

GEOMETRY = dict(scale=1.0, rotate=1.0, aniso=1.0, xfrac=1.0)
"""Likewise of scales, rotations and shifts by parts of a pixel."""

COLOR = dict.fromkeys(("brightness", "contrast", "lumaflip", "hue", "saturation"), 1.0)
"""Likewise of changes of color."""

BGC = Pipeline(**BLIT, **GEOMETRY, **COLOR)
"""Blitting, geometry and color: what StyleGAN2-ADA trains with."""

R3GAN = Pipeline(**BLIT, **GEOMETRY, **{name: 0.5 for name in COLOR}, cutout=1.0)
"""R3GAN's (Huang et al. 2024, its code)."""


class Draws(NamedTuple):
    """What happens to each image; in comments, what changes nothing.

    All are ``[batch]`` or, where said, ``[batch, 2]``: to the right, and down.
    """

    flipped: jax.Array  # 0
    quarters: jax.Array  # 0, of a turn
    whole_shift: jax.Array  # 0, [batch, 2], shares of the sides
    zoom: jax.Array  # 1
    turn: jax.Array  # 0, in radians, before the stretch
    stretch: jax.Array  # 1
    turn_after: jax.Array  # 0
    shift: jax.Array  # 0, [batch, 2], shares of the sides
    brightness: jax.Array  # 0
    contrast: jax.Array  # 1
    luma_flipped: jax.Array  # 0
    hue: jax.Array  # 0, in radians
    saturation: jax.Array  # 1
    hole: jax.Array  # 0, share of each side
    center: jax.Array  # of the hole, [batch, 2], shares of the sides


UNIFORM = ("xflip", "rotate90", "xint", "turn", "turn after", "lumaflip", "hue", "center")
"""What is drawn from 0 to 1."""

NORMAL = ("scale", "aniso", "xfrac", "brightness", "contrast", "saturation")
"""What is drawn from a standard normal distribution."""


def draw(rng: Rng, strength: ScalarLike, pipeline: Pipeline) -> Draws:
    """What happens to the images of these rows.

    Args:
      rng: of the rows.
      strength: the probability of each transformation whose share is 1; the paper's ``p``.
      pipeline: the shares.
    """
    p = pipeline
    # A turn before or after the stretch: so that either happens with the probability.
    turns = 1.0 - jnp.sqrt(jnp.clip(1.0 - p.rotate * strength, 0.0, 1.0))
    chances = {name: share * strength for name, share in dataclasses.asdict(p).items()}
    chances |= {"turn": turns, "turn after": turns}
    coins = [f"{name}?" for name in chances]
    uniforms = rng.each((*UNIFORM, *coins), lambda one: one.uniform((2,)))
    normals = rng.each(NORMAL, lambda one: one.normal((2,)))

    def often(name: str, value: ArrayLike, neutral: float) -> jax.Array:
        return jnp.where(uniforms[f"{name}?"][:, 0] < chances[name], value, neutral)

    def uniform(name: str, low: float, high: float) -> jax.Array:
        return low + (high - low) * uniforms[name][:, 0]

    def power(name: str, deviation: float) -> jax.Array:
        return jnp.exp2(deviation * normals[name][:, 0])

    def both(name: str, value: jax.Array) -> jax.Array:
        return jnp.stack([often(name, value[:, axis], 0.0) for axis in (0, 1)], axis=1)

    return Draws(
        flipped=often("xflip", jnp.floor(uniform("xflip", 0.0, 2.0)), 0.0),
        quarters=often("rotate90", jnp.floor(uniform("rotate90", 0.0, 4.0)), 0.0),
        whole_shift=both("xint", 0.25 * uniforms["xint"] - 0.125),
        zoom=often("scale", power("scale", 0.2), 1.0),
        turn=often("turn", uniform("turn", -np.pi, np.pi), 0.0),
        stretch=often("aniso", power("aniso", 0.2), 1.0),
        turn_after=often("turn after", uniform("turn after", -np.pi, np.pi), 0.0),
        shift=both("xfrac", 0.125 * normals["xfrac"]),
        brightness=often("brightness", 0.2 * normals["brightness"][:, 0], 0.0),
        contrast=often("contrast", power("contrast", 0.5), 1.0),
        luma_flipped=often("lumaflip", jnp.floor(uniform("lumaflip", 0.0, 2.0)), 0.0),
        hue=often("hue", uniform("hue", -np.pi, np.pi), 0.0),
        saturation=often("saturation", power("saturation", 1.0), 1.0),
        hole=often("cutout", 0.5, 0.0),
        center=uniforms["center"],
    )


def apply(images: Image, draws: Draws, pipeline: Pipeline) -> Image:
    """The images after what was drawn, ``[batch, height, width, 1 or 3]``.

    Transformations whose share is 0 are not part of the program.
    """
    p, x = pipeline, images.astype(jnp.float32)
    if any((p.xflip, p.rotate90, p.xint, p.scale, p.rotate, p.aniso, p.xfrac)):
        x = _resampled(x, inverse_geometry(draws, x.shape[1], x.shape[2]))
    if any((p.brightness, p.contrast, p.lumaflip, p.hue, p.saturation)):
        x = _recolored(x, color_matrix(draws, gray=x.shape[-1] == 1))
    if p.cutout:
        x = jnp.where(_in_hole(x, draws), 0.0, x)
    return x.astype(images.dtype)


def augment(images: Image, rng: Rng, strength: ScalarLike, pipeline: Pipeline = BGC) -> Image:
    """Images through the pipeline, each by a draw of its own; nothing happens at strength 0."""
    return apply(images, draw(rng, strength, pipeline), pipeline)


def inverse_geometry(draws: Draws, height: int, width: int) -> jax.Array:
    """From a place in the result to the place in the image, ``[batch, 3, 3]``.

    Homogeneous coordinates ``(x, y, 1)`` in pixels from the middle, to the right and down.
    """
    size = jnp.array([width, height], jnp.float32)
    one, flip = jnp.ones_like(draws.zoom), 1.0 - 2.0 * draws.flipped
    steps = (
        _scaling(flip, one),
        _rotation(np.pi / 2 * draws.quarters),
        _translation(-jnp.round(draws.whole_shift * size)),
        _scaling(1.0 / draws.zoom, 1.0 / draws.zoom),
        _rotation(draws.turn),
        _scaling(1.0 / draws.stretch, draws.stretch),
        _rotation(draws.turn_after),
        _translation(-draws.shift * size),
    )
    found = steps[0]
    for step in steps[1:]:
        found = found @ step
    return found


def color_matrix(draws: Draws, gray: bool = False) -> jax.Array:
    """From a color to the color in the result, ``[batch, 4, 4]``, homogeneous.

    Hue and saturation mean nothing to ``gray`` images.
    """
    v = jnp.array([1.0, 1.0, 1.0, 0.0]) / np.sqrt(3.0)
    luma, same = jnp.outer(v, v), jnp.eye(4)

    def weighted(*parts: tuple[jax.Array, jax.Array]) -> jax.Array:
        return sum((weight[:, None, None] * matrix for weight, matrix in parts), jnp.zeros(()))

    one, last = jnp.ones_like(draws.contrast), jnp.diag(jnp.array([0.0, 0.0, 0.0, 1.0]))
    white = jnp.zeros((4, 4)).at[:3, 3].set(1.0)
    found = weighted((one, same), (draws.brightness, white))
    found = weighted((draws.contrast, same - last), (one, last)) @ found
    found = weighted((one, same), (-2.0 * draws.luma_flipped, luma)) @ found
    if gray:
        return found
    # Rodrigues' rotation around the gray axis.
    across = (
        jnp.zeros((4, 4))
        .at[:3, :3]
        .set(jnp.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / np.sqrt(3.0))
    )
    cosine, sine = jnp.cos(draws.hue), jnp.sin(draws.hue)
    turn = weighted((cosine, same - last - luma), (sine, across), (one, luma + last))
    return weighted((one, luma), (draws.saturation, same - luma - last), (one, last)) @ turn @ found


def _scaling(x: jax.Array, y: jax.Array) -> jax.Array:
    zero, one = jnp.zeros_like(x), jnp.ones_like(x)
    return _matrix((x, zero, zero), (zero, y, zero), (zero, zero, one))


def _rotation(angle: jax.Array) -> jax.Array:
    zero, one = jnp.zeros_like(angle), jnp.ones_like(angle)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    return _matrix((cosine, -sine, zero), (sine, cosine, zero), (zero, zero, one))


def _translation(by: jax.Array) -> jax.Array:
    zero, one = jnp.zeros_like(by[:, 0]), jnp.ones_like(by[:, 0])
    return _matrix((one, zero, by[:, 0]), (zero, one, by[:, 1]), (zero, zero, one))


def _matrix(*rows: tuple[jax.Array, ...]) -> jax.Array:
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def _resampled(x: Image, inverse: jax.Array) -> Image:
    """The images seen through the inverse of their transformation.

    Beyond the border they are reflected once. The authors reflect as far as the batch needs, and
    at most as far.
    """
    height, width = x.shape[1:3]
    x = jnp.pad(x, ((0, 0), (height - 1,) * 2, (width - 1,) * 2, (0, 0)), mode="reflect")
    x = _doubled(_doubled(x, 1), 2)
    rows, columns = 2 * (height + 2 * BORDER), 2 * (width + 2 * BORDER)
    # Pixels from the middle; between two pixels of the doubled image are half of one of the other.
    down = jnp.arange(rows) + 0.5 - rows / 2
    right = jnp.arange(columns) + 0.5 - columns / 2
    shape = (rows, columns)
    places = jnp.stack(
        [jnp.broadcast_to(right, shape), jnp.broadcast_to(down[:, None], shape), jnp.ones(shape)]
    )
    half = jnp.array([0.5, 0.5, 0.0])[:, None, None]
    found = jnp.einsum(
        "bij,jhw->bihw", inverse, (places + half) * jnp.array([1, 1, 2.0])[:, None, None]
    )
    found = found[:, :2] - 0.5
    at_x = found[:, 0] + x.shape[2] / 2 - 0.5
    at_y = found[:, 1] + x.shape[1] / 2 - 0.5
    x = _bilinear(x, at_x, at_y)
    return _halved(_halved(x, 1), 2)


def _doubled(x: jax.Array, axis: int) -> jax.Array:
    """Twice as many places along an axis, low-pass filtered."""
    size = x.shape[axis]
    spread = jnp.stack([x, jnp.zeros_like(x)], axis=axis + 1)
    spread = spread.reshape(*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])
    pads = [(0, 0)] * x.ndim
    pads[axis] = (len(TAPS) // 2, len(TAPS) // 2 - 1)
    return _filtered(jnp.pad(spread, pads), 2.0 * TAPS[::-1], axis, 1)


def _halved(x: jax.Array, axis: int) -> jax.Array:
    """Half as many places along an axis, low-pass filtered, without the border."""
    inside = jax.lax.slice_in_dim(x, 1, x.shape[axis] - 1, axis=axis)
    return _filtered(inside, TAPS, axis, 2)


def _filtered(x: jax.Array, taps: np.ndarray, axis: int, stride: int) -> jax.Array:
    """``y[i] = sum_k taps[k] x[stride i + k]``: a sum of slices, whose gradients are such sums."""
    count = x.shape[axis] - len(taps) + 1
    parts = [
        float(tap) * jax.lax.slice_in_dim(x, k, k + count, stride, axis)
        for k, tap in enumerate(taps)
    ]
    return sum(parts[1:], parts[0])


def _bilinear(x: Image, right: jax.Array, down: jax.Array) -> Image:
    """Values between pixels, ``[b, h, w, c]`` at places ``[b, m, n]``; zero outside."""
    batch, height, width, channels = x.shape
    flat = x.reshape(batch, height * width, channels)
    left, top = jnp.floor(right), jnp.floor(down)
    total = jnp.zeros((*right.shape, channels), x.dtype)
    for dy in (0, 1):
        for dx in (0, 1):
            column, row = left + dx, top + dy
            weight = (1 - jnp.abs(right - column)) * (1 - jnp.abs(down - row))
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            place = jnp.clip(row, 0, height - 1) * width + jnp.clip(column, 0, width - 1)
            index = place.astype(jnp.int32).reshape(batch, -1, 1)
            values = jnp.take_along_axis(flat, index, axis=1).reshape(total.shape)
            total += jnp.where(inside, weight, 0.0)[..., None] * values
    return total


def _recolored(x: Image, matrix: jax.Array) -> Image:
    if x.shape[-1] == 1:
        gray = matrix[:, :3].mean(axis=1)
        scale, offset = gray[:, :3].sum(axis=1), gray[:, 3]
        return x * scale[:, None, None, None] + offset[:, None, None, None]
    colored = jnp.einsum("bij,bhwj->bhwi", matrix[:, :3, :3], x)
    return colored + matrix[:, None, None, :3, 3]


def _in_hole(x: Image, draws: Draws) -> jax.Array:
    """Where the pixels' middles lie in the hole, bool ``[batch, h, w, 1]``."""
    inside = jnp.ones((1, 1, 1, 1), bool)
    for axis, place in ((2, draws.center[:, 0]), (1, draws.center[:, 1])):
        size = x.shape[axis]
        middles = (jnp.arange(size) + 0.5) / size
        near = jnp.abs(middles[None] - place[:, None]) < draws.hole[:, None] / 2
        shape = [len(place), 1, 1, 1]
        shape[axis] = size
        inside = inside & near.reshape(shape)
    return inside


START = {"strength": 0.0, "signs": 0.0, "images": 0, "steps": 0}
"""The adaptive state of ``controlled``, before the first step."""


def controlled(
    target: ScalarLike = 0.6, ramp: ScalarLike = 500_000.0, interval: int = 4
) -> Callable[[dict[str, Any], Seen], dict[str, Any]]:
    """An ``adapt`` that moves the strength so that the discriminator does not overfit.

    How often it calls real images real, the mean sign of its logits, is held at a target (section
    3, equation 1). The adaptive state ``ada`` begins as ``START``; ``forward.augmented_within``
    leaves the signs of a discriminator's update.

    Args:
      target: of the mean sign.
      ramp: images in which the strength would go from 0 to 1.
      interval: steps between two moves.
    """

    def adapt(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
        state, signs = adaptive["ada"], seen.remembered["d"]["signs"]
        total, images = state["signs"] + jnp.sum(signs), state["images"] + signs.size
        steps = state["steps"] + 1
        due = steps % interval == 0
        way = jnp.sign(total / images - target)
        moved = jnp.maximum(state["strength"] + way * images / ramp, 0.0)
        return {
            **adaptive,
            "ada": {
                "strength": jnp.where(due, moved, state["strength"]),
                "signs": jnp.where(due, 0.0, total),
                "images": jnp.where(due, 0, images),
                "steps": steps,
            },
        }

    return adapt
