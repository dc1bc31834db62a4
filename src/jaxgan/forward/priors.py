"""Distributions of latents and labels."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from jaxgan.forward.base import Labels, Prior
from jaxgan.rng import Rng
from jaxgan.types import Batch, Label, Latent


def normal(size: int) -> Prior:
    """A prior of standard normal latents, float32 ``[batch, size]``.

    A truncation ``t`` draws from the normal distribution cut off at ``|z| = t``
    (Brock et al. 2019, BigGAN, section 3.1).
    """

    def prior(rng: Rng, truncation: float | None = None) -> Latent:
        if truncation is None:
            return rng.normal((size,))
        tail = jax.scipy.special.ndtr(-jnp.asarray(truncation, jnp.float32))
        # The inverse of the cumulative distribution, kept off its infinite ends.
        quantile = rng.uniform((size,), tail, 1.0 - tail)
        latents = jax.scipy.special.ndtri(jnp.clip(quantile, 1e-7, 1 - 1e-7))
        return jnp.clip(latents, -truncation, truncation)

    return prior


def uniform(size: int, bound: float = 1.0) -> Prior:
    """A prior of latents uniform in ``[-bound, bound)``, float32 ``[batch, size]``.

    A truncation ``t`` shrinks the cube by the factor ``t``.
    """

    def prior(rng: Rng, truncation: float | None = None) -> Latent:
        reach = bound if truncation is None else bound * truncation
        return rng.uniform((size,), -reach, reach)

    return prior


def categorical(classes: int) -> Prior:
    """A prior of one-hot codes, every class as likely, float32 ``[batch, classes]``.

    A truncation changes nothing.
    """

    def prior(rng: Rng, truncation: float | None = None) -> Latent:
        del truncation
        return jax.nn.one_hot(random_classes(rng, classes), classes, dtype=jnp.float32)

    return prior


def concatenated(noise: Prior, codes: Mapping[str, Prior]) -> Prior:
    """A prior of noise and codes side by side, in the order of ``codes`` (InfoGAN's latents).

    A truncation is the noise's; codes stay whole.
    """

    def prior(rng: Rng, truncation: float | None = None) -> Latent:
        parts = [noise(rng, truncation), *draw_codes(rng, codes).values()]
        return jnp.concatenate(parts, axis=-1)

    return prior


def draw_codes(rng: Rng, codes: Mapping[str, Prior]) -> dict[str, Latent]:
    """One latent for each code, by its name."""
    return {name: prior(rng.named(f"code {name}")) for name, prior in codes.items()}


def random_classes(rng: Rng, classes: int) -> Label:
    """A class for each row, int32 ``[batch]``."""
    return jax.vmap(lambda key: jax.random.randint(key, (), 0, classes))(rng.keys())


def uniform_labels(classes: int) -> Labels:
    """Labels of the fakes drawn at random, every class as likely."""

    def labels(rng: Rng, batch: Batch) -> Label:
        del batch
        return random_classes(rng, classes)

    return labels


def batch_labels(rng: Rng, batch: Batch) -> Label:
    """The labels of the real batch for the fakes too: class frequencies of the data."""
    del rng
    return batch["label"]
