"""Weights that PyTorch's networks and ours are filled with alike, drawn by NumPy."""

import numpy as np


class Drawn:
    """Draws arrays one after the other, in PyTorch's layout."""

    def __init__(self, seed: int):
        self._random = np.random.default_rng(seed)

    def kernel(self, *shape: int) -> np.ndarray:
        """Of a convolution, ``[o, i, h, w]``, or of a transposed one, ``[i, o, h, w]``."""
        return self._normal(shape) / np.sqrt(np.prod(shape[1:], dtype=np.float32))

    def gain(self, features: int) -> np.ndarray:
        """Of a normalization."""
        return 1.0 + 0.2 * self._normal((features,))

    def bias(self, features: int) -> np.ndarray:
        """Of any layer."""
        return 0.2 * self._normal((features,))

    def _normal(self, shape) -> np.ndarray:
        return self._random.standard_normal(shape).astype(np.float32)


def images(seed: int, *shape: int) -> np.ndarray:
    """Inputs ``[b, h, w, c]`` in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)
