"""Energy-based games: the discriminator's output is an energy, low for real samples.

The energy of an auto-encoding discriminator is its reconstruction error: the squared error
in EBGAN, the mean absolute (or squared) one in BEGAN.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.losses.loss import Loss
from jaxgan.types import AXIS, Mean, Outputs, Scalar, ScalarLike, Seen


def ebgan_discriminator(margin: ScalarLike) -> Callable[[Outputs], Scalar]:
    """``E e(x) + E max(0, m - e(G(z)))`` (Zhao, Mathieu & LeCun 2017, equation 1)."""

    def loss(outputs: Outputs) -> Scalar:
        fake = jnp.mean(jax.nn.relu(margin - outputs.fake_logits))
        return jnp.mean(outputs.real_logits) + fake

    return loss


def ebgan_generator(outputs: Outputs) -> Scalar:
    """``E e(G(z))`` (Zhao, Mathieu & LeCun 2017, equation 2)."""
    return jnp.mean(outputs.fake_logits)


def pull_away(outputs: Outputs) -> Scalar:
    """``sum_(i != j) cos(s_i, s_j)^2 / (N (N - 1))`` over the fakes' codes ``s``.

    Zhao, Mathieu & LeCun 2017, section 2.4: EBGAN-PT's repelling term, of weight 0.1. ``N``
    is the global batch. The codes are ``outputs.extras["fake_codes"]``.
    """
    codes = outputs.extras["fake_codes"]
    codes = codes.reshape(len(codes), -1).astype(jnp.float32)
    units = codes * lax.rsqrt(jnp.sum(jnp.square(codes), axis=1, keepdims=True) + 1e-12)
    everyone = lax.all_gather(units, AXIS, tiled=True)
    squares = jnp.sum(jnp.square(units @ everyone.T))
    oneself = jnp.sum(jnp.square(jnp.sum(jnp.square(units), axis=1)))
    # This device's rows against all: the mean of the devices' shares is the whole.
    return (squares - oneself) / (len(units) * max(len(everyone) - 1, 1))


def began_discriminator(outputs: Outputs) -> Scalar:
    """``E e(x) - k E e(G(z))`` with ``k = adaptive["k"]`` (Berthelot et al. 2017, BEGAN)."""
    return jnp.mean(outputs.real_logits) - outputs.adaptive["k"] * jnp.mean(outputs.fake_logits)


def began_balance(
    diversity: ScalarLike,
    rate: ScalarLike = 1e-3,
    real: str = "d/logits_real",
    fake: str = "g/adversarial",
) -> Callable[[dict[str, Any], Seen], dict[str, Any]]:
    """``k <- clip(k + rate (diversity E e(x) - E e(G(z))), 0, 1)`` (BEGAN, section 3.4).

    An ``adapt`` for adaptive state ``{"k": 0.0}``; ``diversity`` is the paper's gamma. ``real`` and
    ``fake`` name the logs that hold the energies; the fake one is the generator's, of the
    latents it was trained on.
    """

    def adapt(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
        logs = seen.logs
        balance = diversity * _mean(logs[real]) - _mean(logs[fake])
        # A phase that did not happen in this step measured nothing: k stays.
        known = (logs[real].count > 0) & (logs[fake].count > 0)
        k = jnp.clip(adaptive["k"] + rate * balance, 0.0, 1.0)
        return {**adaptive, "k": jnp.where(known, k, adaptive["k"])}

    return adapt


def began_convergence(diversity: ScalarLike) -> Callable[[Outputs], Scalar]:
    """``E e(x) + |diversity E e(x) - E e(G(z))|`` (BEGAN, section 3.4.1): lower is better.

    A measure, not a loss: log it by ``measured(began_convergence(gamma))``.
    """

    def measure(outputs: Outputs) -> Scalar:
        real = lax.pmean(jnp.mean(outputs.real_logits), AXIS)
        fake = lax.pmean(jnp.mean(outputs.fake_logits), AXIS)
        return real + jnp.abs(diversity * real - fake)

    return measure


def _mean(logged: Mean) -> Scalar:
    return logged.total / jnp.maximum(logged.count, 1.0)


def ebgan(margin: ScalarLike) -> Loss:
    """Energies: low for real samples, up to ``margin`` for generated ones (Zhao et al. 2017)."""
    return Loss(ebgan_generator, ebgan_discriminator(margin))


began = Loss(ebgan_generator, began_discriminator)
"""Energies at equilibrium; ``began_balance`` moves ``adaptive["k"]`` (Berthelot et al. 2017)."""
