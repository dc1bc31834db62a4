"""Games whose discriminator judges pairs of a sample and its latent."""

from collections.abc import Mapping
from typing import Any

from jaxgan.forward.base import Condition, Forward, Prior
from jaxgan.rng import Rng
from jaxgan.types import Batch, Latent, Outputs


def sample_from_composite(generator, latents: Latent, condition: Condition) -> Any:
    """Samples of a composite generator: its method ``generate`` of latents alone."""
    del condition
    return generator(latents, method="generate")[0]


def bidirectional(prior: Prior) -> Forward:
    """BiGAN and ALI: the discriminator judges pairs of a sample and its latent.

    Donahue et al. 2017; Dumoulin et al. 2017. The generator's player is a composite, called
    with latents and images, whose output is ``(G(z), E(x))``; its method ``generate`` makes
    samples of latents alone. The discriminator is called with a sample and a latent. Real
    pairs are ``(x, E(x))``, fake ones ``(G(z), z)``; so ``outputs.real`` and ``outputs.fake`` are
    pairs, and the critic takes one. Extras: ``latents``.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        latents = prior(rng.named("latent"))
        (fake, encoded), g_stats = generator(latents, batch["image"])
        pairs = (batch["image"], encoded), (fake, latents)
        return _of_pairs(discriminator, pairs, g_stats, adaptive, latents=latents)

    return Forward(prior, run, sample_from_composite)


def reconstructing(prior: Prior) -> Forward:
    """VEEGAN: ``bidirectional``, and the latents read back (Srivastava et al. 2017).

    The composite's output is ``(G(z), F(x), F(G(z)))``. Extras: ``latents`` and
    ``reconstructed``, the last.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        latents = prior(rng.named("latent"))
        (fake, encoded, read), g_stats = generator(latents, batch["image"])
        pairs = (batch["image"], encoded), (fake, latents)
        return _of_pairs(
            discriminator, pairs, g_stats, adaptive, latents=latents, reconstructed=read
        )

    return Forward(prior, run, sample_from_composite)


def _of_pairs(
    discriminator, pairs, g_stats: Any, adaptive: Mapping[str, Any], **extras: Any
) -> Outputs:
    real, fake = pairs
    real_logits, d_stats = discriminator(*real)
    fake_logits, d_stats = discriminator.after(d_stats)(*fake)
    return Outputs(
        real=real,
        fake=fake,
        real_logits=real_logits,
        fake_logits=fake_logits,
        critic=lambda pair: discriminator(*pair)[0],
        stats={"g": g_stats, "d": d_stats},
        adaptive=adaptive,
        extras=extras,
    )
