r"""Improved precision and recall, density and coverage.

With ``B(x)`` the open ball about ``x`` that reaches to its k-th nearest other sample in its set:

- precision: share of fakes in at least one ball of a real; recall: share of reals in at least one
  ball of a fake (Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing
  generative models", equation 2);
- density: mean over fakes of the number of real balls that hold it, over k; coverage: share of
  reals whose ball holds a fake (Naeem et al. 2020, "Reliable fidelity and diversity metrics for
  generative models", equations 5 and 6).

A sample on the sphere is outside (strict ``<``, as in the ``prdc`` package; torch-fidelity and
StyleGAN use ``<=``). That differs where samples repeat: of a generator that makes one image k+1
times or more, the balls are empty.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.distances import BLOCK, blocks, centered, squared, squared_radii
from jaxgan.metrics.features import alike, checked
from jaxgan.metrics.metric import Comparison, Found, Metric

PRECISION_K, DENSITY_K = 3, 5
"""The neighbors of Kynkäänniemi et al. 2019 and of Naeem et al. 2020."""


@dataclasses.dataclass(frozen=True)
class Prdc:
    """The four numbers."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: np.ndarray, fake: np.ndarray, *, k: int = 3, block: int = BLOCK) -> Prdc:
    """Precision, recall, density and coverage of ``fake`` ``[m, d]`` against ``real`` ``[n, d]``.

    Args:
      real: features.
      fake: features. Precision and recall depend on both numbers of samples: state them.
      k: which neighbor; 3 in the first paper, 5 in the second.
      block: fakes compared at once.

    Raises:
      UserError: the dimensions differ, too few rows for k, or NaN or infinity.
    """
    if k < 1:
        raise UserError(f"k = {k}: the nearest neighbor is number 1.")
    real = checked(real, "real features", least=k + 1)
    fake = checked(fake, "generated features", least=k + 1)
    alike(real, fake)
    x, y = centered(real, fake)
    real_radii, fake_radii = squared_radii(x, k, block), squared_radii(y, k, block)
    inside = 0  # pairs of a fake and a real ball that holds it
    precise = 0
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for start, count, rows in blocks(y, block):
        radii = fake_radii[start : start + count]
        balls, in_real, in_fake = _memberships(rows[:count], x, radii, real_radii)
        balls = np.asarray(balls)
        inside += int(balls.sum(dtype=np.int64))
        precise += int((balls > 0).sum())
        covered |= np.asarray(in_real)
        recalled |= np.asarray(in_fake)
    return Prdc(
        precision=precise / len(fake),
        recall=float(recalled.mean()),
        density=inside / (k * len(fake)),
        coverage=float(covered.mean()),
    )


@jax.jit
def _memberships(fakes, reals, fake_radii, real_radii):
    """Real balls that hold each fake; whether each real's ball holds one, or is held by one."""
    distances = squared(fakes, reals)
    in_real = distances < real_radii[None]
    in_fake = distances < fake_radii[:, None]
    return jnp.sum(in_real, axis=1), jnp.any(in_real, axis=0), jnp.any(in_fake, axis=0)


def _compute(comparison: Comparison) -> Found:
    real, generated = comparison.real.features, comparison.generated.features
    near = prdc(real, generated, k=PRECISION_K)
    far = prdc(real, generated, k=DENSITY_K)
    return {
        "precision": near.precision,
        "recall": near.recall,
        "density": far.density,
        "coverage": far.coverage,
    }, {}


METRIC = Metric(
    name="prdc",
    about=f"precision and recall (k = {PRECISION_K}), density and coverage (k = {DENSITY_K})",
    compute=_compute,
    values=dict.fromkeys(("precision", "recall", "density", "coverage"), "higher"),
    title=lambda distance: f"PRDC-{distance.removeprefix('FD-')}",
    parameters=lambda comparison: {"k_precision": PRECISION_K, "k_density": DENSITY_K},
    precision="float32 distances (HIGHEST)",
    least=DENSITY_K + 1,
)
