"""The part of an image that is to be completed, for the game that hides it and its scores."""

import numpy as np

from jaxgan.errors import UserError


def central_hole(height: int, width: int, overlap: int) -> np.ndarray:
    """The central square of half the side but for ``overlap`` known pixels, bool ``[h, w]``.

    The Context Encoder's (Pathak et al. 2016, section 5.1); true where the image is hidden.

    Raises:
      UserError: nothing is.
    """
    top, left = height // 4 + overlap, width // 4 + overlap
    hole = np.zeros((height, width), bool)
    hole[top : height - top, left : width - left] = True
    if not hole.any():
        raise UserError(
            f"An overlap of {overlap} hides nothing of the central square of images of {height} x "
            f"{width}; train with a smaller one, or name other --metrics than hole."
        )
    return hole
