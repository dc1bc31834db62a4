"""Random numbers that are a function of a place: no table, and the same on every machine."""

import numpy as np


def splitmix64(places: np.ndarray, seed: int) -> np.ndarray:
    """Splitmix64's output for each place and seed, uint64 of the shape of ``places``.

    Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators".
    """
    words = np.asarray(places, np.uint64)
    step, start = np.uint64(0x9E3779B97F4A7C15), np.uint64(seed)
    with np.errstate(over="ignore"):
        x = (words + np.uint64(1)) * step + start * np.uint64(0xD1342543DE82EF95)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def uniform(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """``count`` numbers of each row, uniform in [0, 1), float64 ``[rows, count]``."""
    places = np.asarray(rows, np.uint64)[:, None] * np.uint64(count) + np.arange(
        count, dtype=np.uint64
    )
    return (splitmix64(places, seed) >> np.uint64(11)) * 2.0**-53
