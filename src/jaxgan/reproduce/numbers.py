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
