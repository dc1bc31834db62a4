"""Games whose discriminator judges samples.

All pass real and generated samples through the discriminator one after the other, so that a
batch-normalized one takes its moments of each alone (as the DCGAN authors' code does).
"""

from collections.abc import Mapping
from typing import Any

from jaxgan.forward.base import Forward, Labels, Prior, judged, sample_with_labels
from jaxgan.forward.critic import Critic, judge
from jaxgan.forward.priors import batch_labels, concatenated, draw_codes
from jaxgan.rng import Rng
from jaxgan.types import Batch, Image, Label, Latent, Outputs


def unconditional(prior: Prior) -> Forward:
    """The game of Goodfellow et al. 2014: the generator turns latents into samples."""

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        real, latents = batch["image"], prior(rng.named("latent"))
        fake, g_stats = generator(latents)
        return judged(discriminator, real, fake, g_stats, adaptive, _generated(generator, latents))

    return Forward(prior, run)


def _generated(generator, latents: Latent, *labels: Label) -> dict[str, Any]:
    """What every forward pass says of the origin of its generated samples."""
    return {"latents": latents, "generator": lambda latents: generator(latents, *labels)[0]}


def conditional(prior: Prior, labels: Labels = batch_labels) -> Forward:
    """The conditional game: both players see a label (Mirza & Osindero 2014).

    The generator is called with latents and labels, the discriminator with samples and labels.
    Terms find ``real_labels`` and ``fake_labels`` in the extras.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        real, real_labels = batch["image"], batch["label"]
        latents, fake_labels = prior(rng.named("latent")), labels(rng.named("label"), batch)
        fake, g_stats = generator(latents, fake_labels)
        real_logits, d_stats, of_real = judge(discriminator, real, real_labels)
        fake_logits, d_stats, of_fake = judge(discriminator.after(d_stats), fake, fake_labels)
        return Outputs(
            real=real,
            fake=fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            critic=Critic(lambda samples: discriminator(samples, real_labels)[0], of_real),
            fake_critic=Critic(lambda samples: discriminator(samples, fake_labels)[0], of_fake),
            stats={"g": g_stats, "d": d_stats},
            adaptive=adaptive,
            extras={
                "real_labels": real_labels,
                "fake_labels": fake_labels,
                **_generated(generator, latents, fake_labels),
            },
        )

    return Forward(prior, run, sample_with_labels, condition=("label",))


def auxiliary_classifier(prior: Prior, labels: Labels = batch_labels) -> Forward:
    """AC-GAN: the discriminator sees no label but names one (Odena et al. 2017).

    The generator is called with latents and labels; the discriminator's output is ``(logits,
    class logits)``. Extras: ``real_classes``, ``fake_classes`` (class logits), ``real_labels``
    and ``fake_labels``.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        latents, fake_labels = prior(rng.named("latent")), labels(rng.named("label"), batch)
        fake, g_stats = generator(latents, fake_labels)
        return _with_second_output(
            discriminator,
            batch["image"],
            fake,
            "classes",
            g_stats,
            adaptive,
            real_labels=batch["label"],
            fake_labels=fake_labels,
            **_generated(generator, latents, fake_labels),
        )

    return Forward(prior, run, sample_with_labels, condition=("label",))


def autoencoder(prior: Prior) -> Forward:
    """EBGAN: the discriminator's output is ``(energies, codes)`` (Zhao et al. 2017).

    Energies take the place of logits. Extras: ``real_codes`` and ``fake_codes``. A discriminator
    of energies alone (BEGAN's) is trained by ``unconditional``.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        latents = prior(rng.named("latent"))
        fake, g_stats = generator(latents)
        generated = _generated(generator, latents)
        return _with_second_output(
            discriminator, batch["image"], fake, "codes", g_stats, adaptive, **generated
        )

    return Forward(prior, run)


def latent_codes(noise: Prior, codes: Mapping[str, Prior]) -> Forward:
    """InfoGAN: the latents carry codes, which the discriminator guesses (Chen et al. 2016).

    The generator is called with ``[noise, codes]``, as ``concatenated(noise, codes)`` draws them;
    the discriminator's output is ``(logits, {code: parameters of Q})``. Extras: ``codes``,
    ``real_codes`` and ``fake_codes``.
    """
    prior = concatenated(noise, codes)

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        source = rng.named("latent")
        drawn, latents = draw_codes(source, codes), prior(source)
        fake, g_stats = generator(latents)
        return _with_second_output(
            discriminator,
            batch["image"],
            fake,
            "codes",
            g_stats,
            adaptive,
            codes=drawn,
            **_generated(generator, latents),
        )

    return Forward(prior, run)


def _with_second_output(
    discriminator,
    real: Image,
    fake: Image,
    name: str,
    g_stats: Any,
    adaptive: Mapping[str, Any],
    **extras: Any,
) -> Outputs:
    """The outputs of a discriminator that answers with logits and something else, ``name``."""
    (real_logits, real_more), d_stats, of_real = judge(discriminator, real)
    (fake_logits, fake_more), d_stats, of_fake = judge(discriminator.after(d_stats), fake)
    return Outputs(
        real=real,
        fake=fake,
        real_logits=real_logits,
        fake_logits=fake_logits,
        critic=Critic(lambda samples: discriminator(samples)[0][0], of_real + of_fake),
        stats={"g": g_stats, "d": d_stats},
        adaptive=adaptive,
        extras={f"real_{name}": real_more, f"fake_{name}": fake_more, **extras},
    )
