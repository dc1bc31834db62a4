"""f-GAN: any f-divergence as a game (Nowozin, Cseke & Tomioka 2016).

``D_f(P || Q) = E_Q f(p / q)`` is the largest ``E_P T - E_Q f*(T)`` (equation 4). The critic
is ``T = g_f(l)``, with an output activation ``g_f`` into the domain of the conjugate ``f*``
(section 2), so that ``l`` is an ordinary logit. ``P`` is the data, ``Q`` the generator.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax.nn import softplus

from jaxgan.losses.loss import Loss
from jaxgan.types import Outputs, Scalar

Function: TypeAlias = Callable[[jax.Array], jax.Array]
"""A function of logits, elementwise."""


@dataclass(frozen=True)
class FDivergence:
    """A row of the paper's tables 2 and 6.

    Attributes:
      f: the convex generator, ``f(1) = 0`` (except the original GAN's).
      activation: ``g_f``, from a logit to the domain of the conjugate.
      conjugate: ``f*(t) = sup_u (u t - f(u))``.
      composed: ``f*(g_f(l))`` simplified by hand: the two apart overflow or lose digits.
      threshold: ``f'(1)``, above which the critic ``T`` says real.
      boundary: the logit there, ``g_f(boundary) = threshold``.
    """

    f: Function
    activation: Function
    conjugate: Function
    composed: Function
    threshold: float
    boundary: float = 0.0


kullback_leibler = FDivergence(
    f=lambda u: u * jnp.log(u),
    activation=lambda v: v,
    conjugate=lambda t: jnp.exp(t - 1.0),
    composed=lambda v: jnp.exp(v - 1.0),
    threshold=1.0,
    boundary=1.0,
)
"""``E_P log(p / q)``."""

reverse_kullback_leibler = FDivergence(
    f=lambda u: -jnp.log(u),
    activation=lambda v: -jnp.exp(-v),
    conjugate=lambda t: -1.0 - jnp.log(-t),
    composed=lambda v: v - 1.0,
    threshold=-1.0,
)
"""``E_Q log(q / p)``."""

pearson = FDivergence(
    f=lambda u: jnp.square(u - 1.0),
    activation=lambda v: v,
    conjugate=lambda t: 0.25 * jnp.square(t) + t,
    composed=lambda v: 0.25 * jnp.square(v) + v,
    threshold=0.0,
)
"""Pearson's chi squared as its ``f`` has it, ``sum (p - q)^2 / q`` (table 1 divides by ``p``)."""

squared_hellinger = FDivergence(
    f=lambda u: jnp.square(jnp.sqrt(u) - 1.0),
    activation=lambda v: -jnp.expm1(-v),
    conjugate=lambda t: t / (1.0 - t),
    composed=jnp.expm1,
    threshold=0.0,
)
"""``sum (sqrt p - sqrt q)^2``."""

jensen_shannon = FDivergence(
    f=lambda u: u * jnp.log(u) - (u + 1.0) * jnp.log(0.5 * (u + 1.0)),
    activation=lambda v: math.log(2) - softplus(-v),
    conjugate=lambda t: -jnp.log(2.0 - jnp.exp(t)),
    composed=lambda v: softplus(v) - math.log(2),
    threshold=0.0,
)
"""``KL(P || M) + KL(Q || M)``, ``M`` the mean of both: twice the usual definition, as its ``f``."""

gan_divergence = FDivergence(
    f=lambda u: u * jnp.log(u) - (u + 1.0) * jnp.log(u + 1.0),
    activation=lambda v: -softplus(-v),
    conjugate=lambda t: -jnp.log(-jnp.expm1(t)),
    composed=softplus,
    threshold=-math.log(2),
)
"""The value of Goodfellow et al. 2014: Jensen and Shannon's, less ``log 4``."""


def f_discriminator(divergence: FDivergence) -> Callable[[Outputs], Scalar]:
    """``-E g_f(l(x)) + E f*(g_f(l(G(z))))``: minus the bound (Nowozin et al. 2016, section 2)."""

    def loss(outputs: Outputs) -> Scalar:
        real = jnp.mean(divergence.activation(outputs.real_logits))
        return jnp.mean(divergence.composed(outputs.fake_logits)) - real

    return loss


def f_generator(divergence: FDivergence) -> Callable[[Outputs], Scalar]:
    """``-E f*(g_f(l(G(z))))``: the bound itself, as the paper's theory minimizes it."""

    def loss(outputs: Outputs) -> Scalar:
        return -jnp.mean(divergence.composed(outputs.fake_logits))

    return loss


def f_generator_alternative(divergence: FDivergence) -> Callable[[Outputs], Scalar]:
    """``-E g_f(l(G(z)))``: fakes are to look real (Nowozin et al. 2016, section 3.2).

    For the GAN divergence this is the non-saturating loss.
    """

    def loss(outputs: Outputs) -> Scalar:
        return -jnp.mean(divergence.activation(outputs.fake_logits))

    return loss


def f_divergence(divergence: FDivergence, alternative: bool = True) -> Loss:
    """The game of an f-divergence (Nowozin et al. 2016).

    With ``alternative`` the generator's samples are to look real (section 3.2), as the paper
    trains; otherwise it minimizes the bound itself.
    """
    generator = f_generator_alternative(divergence) if alternative else f_generator(divergence)
    return Loss(generator, f_discriminator(divergence))
