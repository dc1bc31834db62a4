"""Forward passes: how a batch and random numbers become real, fake and their logits."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.randomness import Draw
from jaxgan.types import Batch, Latent, Round


def normal(size: int):
    """A prior of standard normal latents, float32 ``[batch, size]``.

    A truncation ``t`` draws from the normal distribution cut off at ``|z| = t``
    (Brock et al. 2019, BigGAN, section 3.1).
    """

    def prior(draw: Draw, truncation: float | None = None) -> Latent:
        if truncation is None:
            return draw.normal((size,))
        tail = jax.scipy.special.ndtr(-jnp.asarray(truncation, jnp.float32))
        # The inverse of the cumulative distribution, kept off its infinite ends.
        quantile = draw.uniform((size,), tail, 1.0 - tail)
        latents = jax.scipy.special.ndtri(jnp.clip(quantile, 1e-7, 1 - 1e-7))
        return jnp.clip(latents, -truncation, truncation)

    return prior


def uniform(size: int, bound: float = 1.0):
    """A prior of latents uniform in ``[-bound, bound)``, float32 ``[batch, size]``.

    A truncation ``t`` shrinks the cube by the factor ``t``.
    """

    def prior(draw: Draw, truncation: float | None = None) -> Latent:
        reach = bound if truncation is None else bound * truncation
        return draw.uniform((size,), -reach, reach)

    return prior


def noise(prior):
    """The game of Goodfellow et al. 2014: the generator turns latents into samples.

    Real and fake pass through the discriminator one after the other, so that a
    batch-normalised one takes its moments of each alone (as the DCGAN authors' code does).
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        real = batch["image"]
        fake, g_stats = generator(prior(draw.named("latent")))
        real_logits, d_stats = discriminator(real)
        fake_logits, d_stats = discriminator.after(d_stats)(fake)
        return Round(
            real=real,
            fake=fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            critic=lambda samples: discriminator(samples)[0],
            stats={"g": g_stats, "d": d_stats},
            slow=slow,
        )

    return play
