"""What the players minimize: functions of a forward pass's ``Outputs``, one module for each idea.

A loss is a pair: ``losses.hinge.generator`` and ``losses.hinge.discriminator`` are terms, and
``losses.hinge.terms()`` is what ``Gan`` takes. A function that takes numbers
(``losses.least_squares(c=1.0)``) returns a pair; whatever is not a pair is a term to add, but for
``each_domain`` and ``of_own_logits``, which turn a term into another.
"""

from jaxgan.losses.adversarial import (
    hinge,
    least_squares,
    minimax,
    nonsaturating,
    smoothed,
    top_k_generator,
    top_k_schedule,
    wasserstein,
)
from jaxgan.losses.auxiliary import (
    auxiliary_classifier,
    categorical_information,
    classification,
    gaussian_information,
)
from jaxgan.losses.completion import weighted_squared_error
from jaxgan.losses.energy import began, began_balance, began_convergence, ebgan, pull_away
from jaxgan.losses.f_divergences import (
    FDivergence,
    f_divergence,
    gan_divergence,
    jensen_shannon,
    kullback_leibler,
    pearson,
    reverse_kullback_leibler,
    squared_hellinger,
)
from jaxgan.losses.image_to_image import (
    cycle_consistency,
    each_domain,
    identity_mapping,
    l1,
    of_own_logits,
)
from jaxgan.losses.joint import bidirectional, latent_reconstruction, veegan
from jaxgan.losses.language import negative_log_likelihood, policy_gradient
from jaxgan.losses.loss import Loss
from jaxgan.losses.relativistic import (
    average_hinge,
    average_least_squares,
    average_relativistic,
    relativistic,
)
from jaxgan.losses.sound import feature_matching, log_mel_distance
from jaxgan.losses.video import mask_size

__all__ = [
    "FDivergence",
    "Loss",
    "auxiliary_classifier",
    "average_hinge",
    "average_least_squares",
    "average_relativistic",
    "began",
    "began_balance",
    "began_convergence",
    "bidirectional",
    "categorical_information",
    "classification",
    "cycle_consistency",
    "each_domain",
    "ebgan",
    "f_divergence",
    "feature_matching",
    "gan_divergence",
    "gaussian_information",
    "hinge",
    "identity_mapping",
    "jensen_shannon",
    "kullback_leibler",
    "l1",
    "latent_reconstruction",
    "least_squares",
    "log_mel_distance",
    "mask_size",
    "minimax",
    "negative_log_likelihood",
    "nonsaturating",
    "of_own_logits",
    "pearson",
    "policy_gradient",
    "pull_away",
    "relativistic",
    "reverse_kullback_leibler",
    "smoothed",
    "squared_hellinger",
    "top_k_generator",
    "top_k_schedule",
    "veegan",
    "wasserstein",
    "weighted_squared_error",
]
