"""What is added to a player's loss: slopes, consistency, anchors and weights; one module each."""

from jaxgan.penalties.consistency import (
    balanced_consistency,
    consistency,
    latent_consistency,
    latent_diversity,
    latent_step,
)
from jaxgan.penalties.gradient import (
    dragan,
    gaussian_cloud,
    gradient_penalty,
    interpolated,
    lipschitz_penalty,
    r1,
    r2,
    squared_slopes,
    uniform_cloud,
    zero_centered,
)
from jaxgan.penalties.lecam import lecam, lecam_averages, lecam_clipped, lecam_start
from jaxgan.penalties.orthogonal import orthogonal, orthogonal_off_diagonal
from jaxgan.penalties.path_length import path_length, path_length_average, path_length_start

__all__ = [
    "balanced_consistency",
    "consistency",
    "dragan",
    "gaussian_cloud",
    "gradient_penalty",
    "interpolated",
    "latent_consistency",
    "latent_diversity",
    "latent_step",
    "lecam",
    "lecam_averages",
    "lecam_clipped",
    "lecam_start",
    "lipschitz_penalty",
    "orthogonal",
    "orthogonal_off_diagonal",
    "path_length",
    "path_length_average",
    "path_length_start",
    "r1",
    "r2",
    "squared_slopes",
    "uniform_cloud",
    "zero_centered",
]
