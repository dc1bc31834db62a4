"""Masks as image files, with transparency and without."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.sources.decode import UnreadableError
from jaxgan.data.sources.masks import read_mask
from jaxgan.errors import UserError

STROKE = np.zeros((6, 6), bool)
STROKE[1:3, 2:] = True


def saved(tmp_path, pixels, mode):
    path = tmp_path / "mask.png"
    image = Image.fromarray(np.asarray(pixels, np.uint8))
    (image if image.mode == mode else image.convert(mode)).save(path)
    return path


def painted(color, ground=(0, 0, 0, 0)):
    """A stroke on a ground, uint8 ``[6, 6, 4]``."""
    return np.where(STROKE[..., None], np.uint8(color), np.uint8(ground))


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_without_transparency_white_is_to_be_completed(tmp_path, mode):
    path = saved(tmp_path, STROKE * np.uint8(255), mode)
    np.testing.assert_array_equal(read_mask(path, None), STROKE)


@pytest.mark.parametrize(
    "color, ground",
    [
        ((255, 255, 255, 255), (0, 0, 0, 0)),  # white paint; the ground's color is nobody's choice
        ((255, 255, 255, 200), (255, 255, 255, 90)),
        ((255, 0, 0, 255), (0, 0, 0, 0)),
        ((0, 0, 255, 128), (9, 99, 9, 127)),  # more than half opaque, or less
        ((255, 255, 255, 255), (0, 0, 0, 255)),  # opaque throughout: as without transparency
        ((200, 200, 200, 255), (40, 10, 90, 255)),
    ],
)
def test_paint_of_one_color_is_to_be_completed(tmp_path, color, ground):
    path = saved(tmp_path, painted(color, ground), "RGBA")
    np.testing.assert_array_equal(read_mask(path, None), STROKE)


def test_half_of_an_image_and_all_of_it_may_be_painted(tmp_path):
    half = np.zeros((6, 6, 4), np.uint8)
    half[:3] = 255
    np.testing.assert_array_equal(read_mask(saved(tmp_path, half, "RGBA"), None), half[..., 0] > 0)
    assert read_mask(saved(tmp_path, np.full((6, 6, 4), 200), "RGBA"), None).all()


def test_a_palette_with_a_transparent_color(tmp_path):
    image = Image.fromarray(STROKE.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, 0, 200, 0])
    image.save(tmp_path / "mask.png", transparency=0)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", None), STROKE)


def test_a_soft_brush_keeps_its_color(tmp_path):
    """Its edge is opaque by half and more, and its color was rounded there."""
    pixels = painted((250, 0, 0, 255))
    pixels[3, 2:] = (249, 1, 0, 160)
    pixels[4, 2:] = (240, 9, 9, 60)  # rounding of few opaque levels is coarse
    soft = STROKE.copy()
    soft[3, 2:] = True
    np.testing.assert_array_equal(read_mask(saved(tmp_path, pixels, "RGBA"), None), soft)


def test_a_mask_is_resized_as_its_image_is(tmp_path):
    pixels = painted((255, 255, 255, 255)).repeat(4, 0).repeat(4, 1)
    wide = np.concatenate([pixels[:, :4] * 0, pixels, pixels[:, :4] * 0], 1)  # cropped away
    np.testing.assert_array_equal(read_mask(saved(tmp_path, wide, "RGBA"), 6), STROKE)


@pytest.mark.parametrize(
    "pixels, fault",
    [
        (painted((0, 0, 0, 255)), "is black on a transparent ground, which may mean either"),
        (
            painted((0, 0, 0, 0), (0, 0, 0, 255)),
            "is black on a transparent ground, which .*",
        ),  # a window
        (painted((255, 255, 255, 255), (0, 0, 0, 200)), "has transparency and several colors"),
        (painted((0, 0, 0, 0)), "has nothing that is more than half opaque"),
        (painted((255, 255, 255, 120)), "has nothing that is more than half opaque"),
        (painted((0, 0, 0, 0), (255, 255, 255, 255)), "is opaque but for a hole, .*"),
        (painted((255, 255, 255, 90), (255, 0, 0, 200)), "is opaque but for a hole, .*"),
    ],
)
def test_what_may_mean_either_is_refused(tmp_path, pixels, fault):
    path = saved(tmp_path, pixels, "RGBA")
    with pytest.raises(UserError, match=rf"mask\.png {fault}\. Paint .* in white") as caught:
        read_mask(path, None)
    assert "\n" not in str(caught.value)


def test_a_damaged_mask(tmp_path):
    (tmp_path / "mask.png").write_bytes(b"no picture")
    with pytest.raises(UnreadableError, match="not an image"):
        read_mask(tmp_path / "mask.png", None)
