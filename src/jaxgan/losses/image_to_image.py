"""Losses of translations: distances to a target, and adversarial losses of two domains.

Images are compared in the range that networks see, by means over all of their values: a distance
that the authors print as a norm is one for each value.
"""

import dataclasses

import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.losses.loss import Term
from jaxgan.types import Outputs, Scalar


def _distance(images: jax.Array, others: jax.Array) -> Scalar:
    """The mean absolute difference, float32."""
    return jnp.mean(jnp.abs(images.astype(jnp.float32) - others.astype(jnp.float32)))


def l1(outputs: Outputs) -> Scalar:
    """``E |y - G(x)|`` for targets ``y`` of sources ``x`` (Isola et al. 2017, equation 3)."""
    return _distance(outputs.fake, outputs.real)


def cycle_consistency(outputs: Outputs) -> Scalar:
    """``E |F(G(x)) - x| + E |G(F(y)) - y|`` (Zhu et al. 2017, CycleGAN, equation 2)."""
    pairs = zip(outputs.extras["cycled"], outputs.real, strict=True)
    return sum((_distance(*pair) for pair in pairs), jnp.zeros(()))


def identity_mapping(outputs: Outputs) -> Scalar:
    """``E |G(y) - y| + E |F(x) - x|`` (Zhu et al. 2017, CycleGAN, section 5.2).

    Raises:
      UserError: the forward pass has no such images.
    """
    if "identity" not in outputs.extras:
        raise UserError("identity_mapping needs what cycle(identity=True) makes; leave one out.")
    pairs = zip(outputs.extras["identity"], outputs.real, strict=True)
    return sum((_distance(*pair) for pair in pairs), jnp.zeros(()))


def each_domain(term: Term) -> Term:
    """The sum of a term of logits over the domains of a game whose logits are tuples."""

    def summed(outputs: Outputs) -> Scalar:
        domains = zip(outputs.real_logits, outputs.fake_logits, strict=True)
        terms = (
            term(dataclasses.replace(outputs, real_logits=real, fake_logits=fake))
            for real, fake in domains
        )
        return sum(terms, jnp.zeros(()))

    return summed


def of_own_logits(term: Term) -> Term:
    """The term with ``extras["own_logits"]``, of the generator's fakes, as its ``fake_logits``.

    What a generator minimizes where the discriminator is shown images of a pool.
    """

    def owned(outputs: Outputs) -> Scalar:
        own = outputs.extras["own_logits"]
        return term(dataclasses.replace(outputs, fake_logits=own))

    return owned
