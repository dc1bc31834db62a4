"""The numbers that tables of papers print, as our metrics call them."""

from jaxgan.experiment import Number

MIXTURE = (
    Number("modes/captured"),
    Number("modes/high_quality", digits=1, factor=100.0),
    Number("modes/reverse_kl", digits=3),
)
"""Modes, high-quality samples in percent, and reverse KL: of mixtures in the plane."""

STACKED = (Number("modes/captured", digits=1), Number("modes/reverse_kl"))
"""Modes of 1000 and reverse KL: of stacked MNIST."""

PARZEN = (Number("parzen/mean", digits=1, spread="parzen/standard_error"),)
"""Parzen-window log-likelihood; with one seed its standard error over test images."""

FRECHET = (Number("fd/distance"),)
"""The Fréchet distance, which is FID with the extractor ``inception``."""

INCEPTION_SCORE = (Number("is/mean", spread="is/deviation"),)
"""The Inception score; with one seed its deviation over splits."""

FID_50K = {"extractor": "inception", "num": 50_000}
"""Flags of ``jaxgan evaluate``: 50 000 samples and as many training images, as most tables have."""

FID_10K_TEST = {"extractor": "inception", "num": 10_000, "split": "test"}
"""10 000 samples and the 10 000 test images, as Lucic et al. and Kurach et al. have."""

FID_5K = {"extractor": "inception", "num": 5000, "num_real": 10_000, "split": "test"}
"""5000 samples and the 10 000 test images, as Miyato et al. have."""

IS_50K = {"extractor": "inception", "num": 50_000}
"""Ten times 5000 samples."""

BEST = {
    "best": "fd",
    "evaluate_every": 5000,
    "evaluate_metrics": "fd",
    "evaluate_extractor": "inception",
    "evaluate_num": 10_000,
}
"""Flags of ``jaxgan train`` that keep the checkpoint with the best FID, for tables that report it;
``step="best"`` then evaluates it."""
