"""Games whose discriminator judges pairs of a sample and a latent."""

from collections.abc import Mapping
from typing import Any

from jaxgan.forward.base import Play, Prior
from jaxgan.rng import Rng
from jaxgan.types import Batch, Image, Label, Latent, Outputs


def generate_jointly(generator, latents: Latent, labels: Label | None) -> Image:
    """``Gan.sample`` of a composite generator: its method ``generate`` of latents alone."""
    del labels
    return generator(latents, method="generate")[0]


def bidirectional(prior: Prior) -> Play:
    """BiGAN and ALI: the discriminator judges pairs of a sample and its latent.

    Donahue et al. 2017; Dumoulin et al. 2017. The generator's player is a composite, called
    with latents and images, whose output is ``(G(z), E(x))``; its method ``generate`` makes
    samples of latents alone. The discriminator is called with a sample and a latent. Real
    pairs are ``(x, E(x))``, fake ones ``(G(z), z)``; so ``outputs.real`` and ``outputs.fake`` are
    pairs, and the critic takes one. Extras: ``latents``.
    """

    def play(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        latents = prior(rng.named("latent"))
        (fake, encoded), g_stats = generator(latents, batch["image"])
        pairs = (batch["image"], encoded), (fake, latents)
        return _paired(discriminator, pairs, g_stats, adaptive, latents=latents)

    return play


def reconstructing(prior: Prior) -> Play:
    """VEEGAN: ``joint``, and the latents read back from the fakes (Srivastava et al. 2017).

    The composite's output is ``(G(z), F(x), F(G(z)))``. Extras: ``latents`` and
    ``reconstructed``, the last.
    """

    def play(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        latents = prior(rng.named("latent"))
        (fake, encoded, read), g_stats = generator(latents, batch["image"])
        pairs = (batch["image"], encoded), (fake, latents)
        return _paired(discriminator, pairs, g_stats, adaptive, latents=latents, reconstructed=read)

    return play


def _paired(
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
