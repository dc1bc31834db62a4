r"""The kernel Inception distance.

The unbiased squared maximum mean discrepancy under ``k(x, y) = (x.y / d + 1)^3`` (Bińkowski et
al. 2018, "Demystifying MMD GANs", sections 2 and 4):

.. math:: \frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)} + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)}
          - \frac{2}{nm} \sum_{i, j} k(x_i, y_j)

Float64 on the host: the three terms nearly cancel, and float32 kernels leave 1e-4 of the result.
It is unbiased at every n, so it may be negative; it is not scaled by 1,000 here.
"""

import dataclasses
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.features import alike, checked
from jaxgan.metrics.metric import Comparison, Found, Metric, after_network

BLOCK = 2048
"""Rows of a kernel matrix that exist at once; memory is this times n, 8 bytes each."""


@dataclasses.dataclass(frozen=True)
class SubsetDistances:
    """Distances over random subsets; ``deviation`` is theirs, not the mean's error."""

    mean: float
    deviation: float
    values: np.ndarray


def kernel_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """The unbiased estimate from all of ``real`` ``[n, d]`` and ``fake`` ``[m, d]``.

    Raises:
      UserError: the dimensions differ, fewer than two rows, or NaN or infinity.
    """
    real = checked(real, "real features", least=2).astype(np.float64)
    fake = checked(fake, "generated features", least=2).astype(np.float64)
    alike(real, fake)
    return _distance(real, fake)


def kernel_distance_of_subsets(
    real: np.ndarray, fake: np.ndarray, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> SubsetDistances:
    """The mean over random subsets, as torch-fidelity, clean-fid and StyleGAN report it.

    Args:
      real: features ``[n, d]``.
      fake: features ``[m, d]``.
      subsets: how many.
      size: rows of each, drawn without replacement.
      seed: of the draws.

    Raises:
      UserError: a set has fewer rows than ``size``, or as ``kernel_distance``.
    """
    if size < 2 or subsets < 1:
        raise UserError(f"{subsets} subsets of {size}: at least 1 subset of 2 rows is needed.")
    real = checked(real, "real features", least=size).astype(np.float64)
    fake = checked(fake, "generated features", least=size).astype(np.float64)
    alike(real, fake)
    rng = np.random.default_rng(seed)
    values = np.array(
        [
            _distance(
                real[rng.choice(len(real), size, replace=False)],
                fake[rng.choice(len(fake), size, replace=False)],
            )
            for _ in range(subsets)
        ]
    )
    return SubsetDistances(float(values.mean()), float(values.std()), values)


def _distance(x: np.ndarray, y: np.ndarray) -> float:
    n, m = len(x), len(y)
    return float(
        _off_diagonal(x) / (n * (n - 1))
        + _off_diagonal(y) / (m * (m - 1))
        - 2 * _total(x, y) / (n * m)
    )


def _kernel(products: np.ndarray, dimension: int) -> np.ndarray:
    products /= dimension
    products += 1
    return products * products * products


def _total(x: np.ndarray, y: np.ndarray) -> float:
    """``sum_ij k(x_i, y_j)``."""
    blocks = (x[start : start + BLOCK] for start in range(0, len(x), BLOCK))
    return sum(float(_kernel(block @ y.T, x.shape[1]).sum()) for block in blocks)


def _off_diagonal(x: np.ndarray) -> float:
    """``sum_{i != j} k(x_i, x_j)``, from the upper triangle of blocks."""
    total = 0.0
    for start in range(0, len(x), BLOCK):
        block, after = x[start : start + BLOCK], x[start + BLOCK :]
        own = _kernel(block @ block.T, x.shape[1])
        total += float(own.sum() - np.trace(own))
        if len(after):
            total += 2 * float(_kernel(block @ after.T, x.shape[1]).sum())
    return total


def _compute(comparison: Comparison) -> Found:
    real, generated = comparison.real.features, comparison.generated.features
    subsets = kernel_distance_of_subsets(real, generated, **_subsets(comparison))
    return {
        "distance": kernel_distance(real, generated),
        "subsets_mean": subsets.mean,
        "subsets_deviation": subsets.deviation,
    }, {}


def _subsets(comparison: Comparison) -> dict[str, Any]:
    """100 of 1,000, as the papers' tools have; one, where that is all samples of both sets."""
    counts = {comparison.real.count, comparison.generated.count}
    size = min(1000, *counts)
    return {"subsets": 1 if counts == {size} else 100, "size": size}


METRIC = Metric(
    name="kid",
    about="kernel distance, unbiased, of all samples and of subsets",
    compute=_compute,
    values={"distance": "lower", "subsets_mean": "lower", "subsets_deviation": ""},
    title=after_network("KID", "KD"),
    parameters=lambda comparison: {"kernel": "(x.y/d + 1)^3", **_subsets(comparison)},
)
