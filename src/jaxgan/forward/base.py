"""What a forward pass is: one value that says how samples are judged and how they are drawn."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from jaxgan.forward.critic import Critic, judge
from jaxgan.rng import Rng
from jaxgan.types import Array, Batch, Image, Label, Latent, Outputs, Samples

Run: TypeAlias = Callable[[Any, Any, Batch, Rng, Mapping[str, Any]], Outputs]
"""``(generator, discriminator, batch, rng, adaptive) -> outputs``."""

Prior: TypeAlias = Callable[..., Latent]
"""``(rng, truncation=None) -> latents``."""

Condition: TypeAlias = Mapping[str, Array]
"""Rows of the batch that samples depend on, by key: ``label``, or the source of a translation."""

Sample: TypeAlias = Callable[[Any, Latent, Condition], Any]
"""``(generator, latents, condition) -> samples``."""

Origin: TypeAlias = Callable[[Latent, Condition], Image]
"""``(latents, condition) -> images`` that samples were made from."""

Hidden: TypeAlias = Callable[[Latent, Condition], Array]
"""``(latents, condition) -> masks``, bool ``[b, h, w, 1]``: true where pixels are hidden."""

Labels: TypeAlias = Callable[[Rng, Batch], Label]
"""How the labels of generated samples are chosen: ``(rng, batch) -> labels``."""


def judged(
    discriminator: Any,
    real: Samples,
    fake: Samples,
    g_stats: Any,
    adaptive: Mapping[str, Any],
    extras: Mapping[str, Any],
) -> Outputs:
    """The outputs of a discriminator that judges real, then generated samples, ``[b, ...]``."""
    real_logits, d_stats, of_real = judge(discriminator, real)
    fake_logits, d_stats, of_fake = judge(discriminator.after(d_stats), fake)
    return Outputs(
        real=real,
        fake=fake,
        real_logits=real_logits,
        fake_logits=fake_logits,
        critic=Critic(lambda samples: discriminator(samples)[0], of_real + of_fake),
        stats={"g": g_stats, "d": d_stats},
        adaptive=adaptive,
        extras=extras,
    )


def sample_unconditionally(generator: Any, latents: Latent, condition: Condition) -> Any:
    """Samples of a generator that is called with latents alone."""
    del condition
    return generator(latents)[0]


def sample_with_labels(generator: Any, latents: Latent, condition: Condition) -> Any:
    """Samples of a generator that is called with latents and labels."""
    return generator(latents, condition["label"])[0]


@dataclasses.dataclass(frozen=True)
class Forward:
    """A forward pass of the game.

    Attributes:
      prior: draws latents.
      run: what happens in a training step: a batch and random numbers become real samples,
        generated samples and their logits.
      sample: how samples are drawn from latents once the generator is trained.
      condition: keys of the batch that samples depend on, e.g. ``("label",)``.
      pack: samples that the discriminator judges as one.
      optional: further keys of a condition that ``sample`` uses where a person gives them, e.g. the
        ``mask`` of what is to be completed; otherwise it draws them from the latents.
      origin: ``(latents, condition) -> images``: what each sample was made from, as a person sees
        it beside the sample; None for samples that are made of latents.
      aligned: whether source and image of a row must show the same; unpaired data are refused.
      hidden: what of the images is hidden from the generator and completed in its samples; None
        where nothing is.
      reverse: ``sample`` from targets to sources, for a game that learns both ways.
      log_probabilities: ``(generator, tokens) -> [b, length]``, of sequences of tokens that the
        generator might have written; None for other samples.
      keys: whether latents are keys of random numbers, between which nothing lies.
      codes: where the latents hold one-hot codes, ``name -> (first, after the last)``.
    """

    prior: Prior
    run: Run
    sample: Sample = sample_unconditionally
    condition: tuple[str, ...] = ()
    pack: int = 1
    optional: tuple[str, ...] = ()
    origin: Origin | None = None
    aligned: bool = False
    hidden: Hidden | None = None
    reverse: Sample | None = None
    log_probabilities: Callable[[Any, Array], Array] | None = None
    keys: bool = False
    codes: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)

    @property
    def row_keys(self) -> tuple[str, ...]:
        """The keys of a condition that only data have: all but the label."""
        return tuple(key for key in self.condition if key != "label")
