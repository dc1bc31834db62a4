"""Losses of translations, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses
from jaxgan.errors import UserError
from jaxgan.types import Outputs
from support.outputs import array


def outputs(**values):
    empty = dict(real=(), fake=(), real_logits=(), fake_logits=(), critic=lambda x: x, stats={})
    return Outputs(**empty | values)


def image(*values):
    return array(values).reshape(len(values), 1, 1, 1)


def test_l1_is_the_mean_distance_to_the_target():
    assert losses.l1(outputs(real=image(1, 2), fake=image(4, 0))) == pytest.approx(2.5)


def test_cycle_and_identity_are_summed_over_the_domains():
    """Domains of different sizes: the sum of two means, not the mean of all values."""
    real = (image(1, 2, 3, 4), image(0, 10))
    changed = (image(2, 2, 3, 7), image(1, 5))
    wrong = (image(9, 9, 9, 9), image(9, 9))
    found = outputs(real=real, extras={"cycled": changed, "identity": wrong})
    assert losses.cycle_consistency(found) == pytest.approx(1.0 + 3.0)
    found = outputs(real=real, extras={"cycled": wrong, "identity": changed})
    assert losses.identity_mapping(found) == pytest.approx(1.0 + 3.0)
    with pytest.raises(UserError, match=r"needs what cycle\(identity=True\) makes"):
        losses.identity_mapping(outputs(real=real, extras={"cycled": changed}))


REAL, FAKE, OWN = (
    (image(1.0, 3.0), image(0.0)),
    (image(0.5, 0.5), image(2.0)),
    (image(0.0, 2.0), image(-1.0)),
)


def test_both_discriminators_add_up():
    squares = losses.least_squares().map(losses.each_domain)
    found = outputs(real_logits=REAL, fake_logits=FAKE, extras={"own_logits": OWN})
    # E (l(x) - 1)^2 / 2 + E l(G)^2 / 2 of each domain.
    assert squares.discriminator(found) == pytest.approx((2.0 + 0.25) / 2 + (1.0 + 4.0) / 2)
    assert squares.generator(found) == pytest.approx(0.25 / 2 + 1.0 / 2)


def test_the_generator_s_own_logits_take_the_place_of_the_pool_s():
    found = outputs(real_logits=REAL, fake_logits=FAKE, extras={"own_logits": OWN})
    term = losses.of_own_logits(losses.each_domain(losses.least_squares().generator))
    assert term(found) == pytest.approx((1.0 + 1.0) / 2 / 2 + 4.0 / 2)

    def of_own(own):
        return term(outputs(real_logits=REAL, fake_logits=FAKE, extras={"own_logits": own}))

    slopes = jax.grad(of_own)(OWN)
    np.testing.assert_allclose(slopes[1], jnp.asarray(OWN[1]) - 1.0)
