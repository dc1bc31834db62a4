"""Games that translate images: of aligned pairs (pix2pix), and of two domains (CycleGAN).

A batch has ``source``, what is translated, and ``image``, the target; ``target`` holds it too. The
latents of these games are the dropout masks of their samples, and nothing where there is no
dropout.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.errors import UserError
from jaxgan.forward.base import Condition, Forward, judged
from jaxgan.forward.pool import arrivals, drawn
from jaxgan.forward.priors import normal
from jaxgan.forward.wrappers import Through, sampled_with_dropout
from jaxgan.rng import Rng
from jaxgan.types import Batch, Image, Latent, Outputs

MASKS = normal(2)
"""Latents whose bits are the key of a sample's dropout masks."""


def source_of(latents: Latent, condition: Condition) -> Image:
    """What is translated: the ``origin`` of a translation."""
    del latents
    return condition["source"]


def translation(conditional: bool = True) -> Forward:
    """pix2pix: the generator turns a source into its target (Isola et al. 2017, section 3.1).

    The generator is called with sources. The discriminator judges a source and an image, side by
    side in the channels, or the image alone. The critic takes images and knows their sources.
    Samples are drawn with dropout, each as a batch of its own. Extras: ``source``.

    Args:
      conditional: whether the discriminator sees the source, the paper's cGAN; else its GAN.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        del rng  # the noise is the generator's dropout
        source, real = batch["source"], batch["image"]

        def seen(image: Image) -> Image:
            return jnp.concatenate([source, image], axis=-1) if conditional else image

        fake, g_stats = generator(source)
        judge = Through(discriminator, arguments=lambda images: (*map(seen, images),))
        return judged(judge, real, fake, g_stats, adaptive, {"source": source})

    def sample(generator, latents: Latent, condition: Condition) -> Any:
        del latents
        return generator(condition["source"])[0]

    return sampled_with_dropout(
        Forward(MASKS, run, sample, condition=("source",), origin=source_of, aligned=True)
    )


def cycle(pooled: bool = True, identity: bool = True) -> Forward:
    """CycleGAN: two domains, translated there and back (Zhu et al. 2017, section 3).

    The generator's player is a composite, ``source, target -> G(source), F(target)``, with
    methods ``translate`` and ``translate_back`` for either alone; the discriminator's is
    ``target, source -> logits, logits``. So ``real``, ``fake`` and their logits are pairs: first of
    targets, then of sources. The critic takes such a pair.

    Extras, pairs in the same order: ``cycled``, ``G(F(target))`` and ``F(G(source))``, and
    ``identity``, ``G(target)`` and ``F(source)``, both to be compared with ``real``; and
    ``own_logits``, the discriminator's answer to ``fake``. What no term reads is not computed.

    Samples are ``G(source)``, with ``reverse`` ``F(target)``: the condition has ``target`` then.

    Args:
      pooled: whether ``fake_logits`` are of images out of a pool of past fakes, the adaptive state
        ``pools`` of ``empty_pools``, which the rule ``move_pools`` moves. No gradient passes
        through them: what the generator minimizes reads ``own_logits``, which without a pool are
        the same.
      identity: whether there is that extra; not where the domains differ in channels.

    Raises:
      UserError: when it is run, if it is pooled and there are no pools.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        if pooled and "pools" not in adaptive:
            raise UserError(
                "cycle() shows past images, which nothing keeps here; give Gan adaptive=empty_pools"
                "(...) and adapt=move_pools, as cyclegan.py does, or use cycle(pooled=False)."
            )
        target, source = batch["image"], batch["source"]
        fake, g_stats = generator(source, target)
        cycled, g_stats = generator.after(g_stats)(fake[1], fake[0])
        extras = {"cycled": cycled}
        if identity:
            extras["identity"], g_stats = generator.after(g_stats)(target, source)
        new = arrivals(adaptive["pools"], fake, rng) if pooled else ()
        judged = drawn(adaptive["pools"], new, rng.rows) if pooled else fake
        real_logits, d_stats = discriminator(target, source)
        fake_logits, d_stats = discriminator.after(d_stats)(*judged)
        own_logits, _ = discriminator.after(d_stats)(*fake) if pooled else (fake_logits, None)
        return Outputs(
            real=(target, source),
            fake=fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            critic=lambda pair: discriminator(*pair)[0],
            stats={"g": g_stats, "d": d_stats},
            adaptive=adaptive,
            extras={**extras, "own_logits": own_logits},
            remember={"arrivals": new},
        )

    def sample(generator, latents: Latent, condition: Condition) -> Any:
        del latents
        return generator(condition["source"], method="translate")[0]

    def reverse(generator, latents: Latent, condition: Condition) -> Any:
        del latents
        return generator(condition["target"], method="translate_back")[0]

    return Forward(MASKS, run, sample, condition=("source",), origin=source_of, reverse=reverse)


def jittered(pixels: int, forward: Forward, aligned: bool = True) -> Forward:
    """Random jitter: images are enlarged, and cropped back at a random place, in training.

    Isola et al. 2017, section 6.2: from 256 pixels to 286. Enlarged by bilinear interpolation, as
    in the Lua code; the PyTorch code's is bicubic. The place of a crop belongs to its row.

    Args:
      pixels: by which both sides are enlarged.
      forward: sees the crops.
      aligned: whether source and target, as a pair, are cropped at the same place; images of two
        domains are cropped each at its own.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        place = rng.named("jitter")
        other = place if aligned else place.named("source")
        crops = {
            "source": _cropped(pixels, batch["source"], other),
            "image": _cropped(pixels, batch["image"], place),
        }
        return forward.run(generator, discriminator, {**batch, **crops}, rng, adaptive)

    return dataclasses.replace(forward, run=run)


def _cropped(pixels: int, images: Image, rng: Rng) -> Image:
    """Crops of images enlarged by ``pixels`` on both sides, of the size that they had."""
    count, height, width, channels = images.shape
    large = (count, height + pixels, width + pixels, channels)
    enlarged = jax.image.resize(images, large, "bilinear")

    def crop(key: jax.Array, image: jax.Array) -> jax.Array:
        top, left = jax.random.randint(key, (2,), 0, pixels + 1)
        return lax.dynamic_slice(image, (top, left, 0), (height, width, channels))

    return jax.vmap(crop)(rng.keys(), enlarged)
