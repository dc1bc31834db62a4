"""Free-form masks."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from jaxgan import forward
from jaxgan.forward import masks
from support.outputs import drawn


def shapes_of(draw, count=200, size=(40, 64)):
    """Many of one part of the masks, without the other."""
    keys = jax.random.split(jax.random.key(0), count)
    return np.asarray(jax.jit(jax.vmap(lambda key: draw(key, *size)))(keys))


@pytest.mark.parametrize(
    "point, distance",
    [
        ((1.0, 2.0), 1.0),  # beside it
        ((0.0, 7.0), 3.0),  # beyond its end
        ((-3.0, -4.0), 5.0),  # before its start
        ((0.0, 3.0), 0.0),
    ],
)
def test_distances_to_a_segment(point, distance):
    start, end = jnp.zeros(2), jnp.array([0.0, 4.0])
    assert float(masks.distance_to_segments(jnp.array(point), start, end)) == pytest.approx(
        distance
    )
    # A segment of no length is a point.
    found = masks.distance_to_segments(jnp.array(point), start, start)
    assert float(found) == pytest.approx(math.hypot(*point))


def test_a_box_is_a_rectangle_inside_the_image_of_the_size_that_is_said():
    boxes = shapes_of(masks._box)
    for box in boxes:
        rows, columns = np.flatnonzero(box.any(1)), np.flatnonzero(box.any(0))
        assert box.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert 15 <= np.ptp(rows) + 1 <= 20  # 3/8 and 1/2 of 40
        assert 24 <= np.ptp(columns) + 1 <= 32  # of 64
    assert boxes[:, 0].any()
    assert boxes[:, -1].any(), "they reach every edge"
    assert boxes[:, :, 0].any()
    assert boxes[:, :, -1].any()


def test_strokes_fall_anywhere_and_differ():
    drawings = shapes_of(masks._strokes, size=(32, 32))
    shares = drawings.mean((1, 2))
    assert (shares > 0).all()
    assert 0.1 < shares.mean() < 0.2
    assert shares.std() > 0.03
    assert drawings.any(0).all()


def test_a_stroke_is_as_thick_as_is_said(monkeypatch):
    """One straight segment, 8 pixels thick, that lies within the image or is cut off at an edge."""
    monkeypatch.setattr(masks, "STROKES", 1)
    monkeypatch.setattr(masks, "SEGMENTS", (1, 1))
    monkeypatch.setattr(masks, "WIDTHS", (0.125, 0.1251))
    middles = [
        scipy.ndimage.distance_transform_edt(np.pad(drawing, 1)).max()
        for drawing in shapes_of(masks._strokes, size=(64, 64))
    ]
    assert 3.5 <= np.median(middles) <= max(middles) <= 5


def free_form(latents):
    return np.asarray(jax.jit(partial(masks.free_form_masks, height=32, width=32))(latents))


def test_a_mask_is_made_of_its_latent_s_bits():
    latents = forward.normal(2)(drawn(16))
    found = free_form(latents)
    assert found.shape == (16, 32, 32, 1)
    assert found.dtype == bool
    assert len({mask.tobytes() for mask in found}) == 16
    np.testing.assert_array_equal(free_form(latents[::-1])[::-1], found)
    moved = jnp.nextafter(latents, jnp.inf).at[:, 0].set(latents[:, 0])
    assert (free_form(moved) != found).any((1, 2, 3)).all()


def test_a_third_of_an_image_is_hidden():
    shares = free_form(forward.normal(2)(drawn(300))).mean((1, 2, 3))
    assert shares.min() >= 12 * 12 / 32**2, "there is a box"
    assert 0.25 < shares.mean() < 0.4
    assert shares.max() < 0.8
