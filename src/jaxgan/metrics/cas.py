"""The classification accuracy score: how well a classifier trained on fakes sorts real images.

Ravuri and Vinyals 2019, "Classification accuracy score for conditional generative models", train a
ResNet-50 on ImageNet-sized fakes. Which classifier, and its accuracy when trained on as many real
images, belong beside the number.
"""

from collections.abc import Callable

import numpy as np


def classification_accuracy_score(
    train: Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]],
    fakes: np.ndarray,
    fake_labels: np.ndarray,
    reals: np.ndarray,
    real_labels: np.ndarray,
) -> float:
    """Trains on generated images, and returns the top-1 accuracy on real ones.

    Args:
      train: (images, labels) -> the trained classifier, (images) -> integer labels ``[n]``.
      fakes: uint8 ``[n, h, w, c]``.
      fake_labels: integers ``[n]``: what the generator was asked for.
      reals: uint8 ``[m, h, w, c]``, held out of the generator's training.
      real_labels: integers ``[m]``.
    """
    classify = train(fakes, fake_labels)
    return float(np.mean(classify(reals) == np.asarray(real_labels)))
