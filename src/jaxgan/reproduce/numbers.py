"""The numbers that tables of papers print, as our metrics call them, and how they are taken."""

from collections.abc import Mapping
from typing import Any

from jaxgan.experiment import Number, Reproduction

MIXTURE = (
    Number("modes/captured"),
    Number("modes/high_quality", digits=1, factor=100.0),
    Number("modes/reverse_kl", digits=3),
)
"""Modes, high-quality samples in percent, and reverse KL: of mixtures in the plane."""

MODES = "modes; high quality, %; reverse KL (2500 samples, within 3 deviations)"
"""Their name and protocol in tables (Lin et al. 2018, section 4.1)."""


def mixture(
    data: str, methods: Mapping[str, Mapping[str, Any]], seeds: int, **flags: Any
) -> tuple[Reproduction, ...]:
    """The rows of a table of mixtures in the plane.

    Args:
      data: ``ring`` or ``grid``.
      methods: the flags of ``jaxgan train`` of each method, by its name in the table.
      seeds: how many runs of each.
      flags: of all methods, e.g. ``steps``.
    """
    return tuple(
        Reproduction(f"{data}, {method}: {MODES}", MIXTURE, flags={**flags, **own}, seeds=seeds)
        for method, own in methods.items()
    )


STACKED = (Number("modes/captured", digits=1), Number("modes/reverse_kl"))
"""Modes of 1000 and reverse KL: of stacked MNIST."""

PARZEN = (Number("parzen/mean", digits=1, spread="parzen/standard_error"),)
"""Parzen-window log-likelihood; with one seed its standard error over test images."""

FRECHET = (Number("fd/distance"),)
"""The Fréchet distance, which is FID with the extractor ``inception``."""

INCEPTION_SCORE = (Number("is/mean", spread="is/deviation"),)
"""The Inception score; with one seed its deviation over splits."""

INCEPTION_50K = {"extractor": "inception", "num": 50_000}
"""Flags of ``jaxgan evaluate``: 50 000 samples and as many training images, as most tables have."""

INCEPTION_10K_TEST = {"extractor": "inception", "num": 10_000, "split": "test"}
"""10 000 samples and the 10 000 test images, as Lucic et al. and Kurach et al. have."""

INCEPTION_5K_TEST = {"extractor": "inception", "num": 5000, "num_real": 10_000, "split": "test"}
"""5000 samples and the 10 000 test images, as Miyato et al. have."""

BEST_INCEPTION_50K = {"step": "best", **INCEPTION_50K}
"""The same of the best checkpoint, for tables that report it."""

KEEP_BEST = {
    "best": "fd",
    "evaluate_every": 5000,
    "evaluate_metrics": "fd",
    "evaluate_extractor": "inception",
    "evaluate_num": 10_000,
}
"""Flags of ``jaxgan train`` that keep it: the checkpoint with the least FID."""
