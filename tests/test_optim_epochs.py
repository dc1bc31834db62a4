"""The rate that falls after every epoch."""

import jax
import numpy as np

from jaxgan.optim import falling_by_epoch


def test_it_falls_after_every_epoch_and_not_within():
    rate = jax.jit(lambda step, decay: falling_by_epoch(0.5, decay, 3)(step))
    found = [rate(step, 0.9) for step in (0, 2, 3, 5, 6, 30)]
    wanted = [0.5, 0.5, 0.45, 0.45, 0.405, 0.5 * 0.9**10]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
