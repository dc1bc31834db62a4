"""Games of clips: content and motion (MoCoGAN), and a foreground before a background (VGAN)."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.forward.base import Condition, Forward, Prior, judged
from jaxgan.forward.priors import categorical, concatenated, draw_codes, normal
from jaxgan.rng import Rng
from jaxgan.types import Batch, Image, Latent, Outputs

CATEGORY = "category"
"""The code of the kind of motion, as terms name it."""


def content_and_motion(frames: int, content: int, categories: int, motion: int) -> Forward:
    """MoCoGAN: frames and clips are judged (Tulyakov et al. 2018, sections 3 and 4).

    The generator is called with latents, and with ``frame=`` for one frame of each clip; the
    discriminator with frames and clips, and its output is ``logits, (logits, category logits)``. So
    ``real``, ``fake`` and their logits are pairs: first of frames, then of clips. The critic takes
    such a pair. A real frame is any frame of a real clip of the batch; generated frames are of
    clips that are not drawn otherwise.

    Extras: ``codes`` and ``fake_codes``, with the entry ``category``, as InfoGAN's terms ask for;
    and ``real_classes`` with ``real_labels``, if the data have labels.

    Args:
      frames: of a clip.
      content: size of the latent that a clip keeps.
      categories: kinds of motion.
      motion: size of the latent that moves.
    """
    codes: dict[str, Prior] = {
        CATEGORY: categorical(categories),
        "first state": normal(motion),
        "motion": normal(frames * motion),
    }
    prior = concatenated(normal(content), codes)

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        clips, source = batch["image"], rng.named("latent")
        real = (frames_at(clips, random_frames(rng.named("real frame"), frames)), clips)
        chosen = random_frames(rng.named("fake frame"), frames)
        frame, g_stats = generator(prior(rng.named("frame latent")), frame=chosen)
        clip, g_stats = generator.after(g_stats)(prior(source))
        (real_frame, (real_clip, real_category)), d_stats = discriminator(*real)
        (fake_frame, (fake_clip, category)), d_stats = discriminator.after(d_stats)(frame, clip)
        extras: dict[str, Any] = {"codes": draw_codes(source, {CATEGORY: codes[CATEGORY]})}
        extras["fake_codes"] = {CATEGORY: category}
        if "label" in batch:
            extras |= {"real_classes": real_category, "real_labels": batch["label"]}

        def critic(pair):
            (of_frame, (of_clip, _)), _ = discriminator(*pair)
            return of_frame, of_clip

        return Outputs(
            real=real,
            fake=(frame, clip),
            real_logits=(real_frame, real_clip),
            fake_logits=(fake_frame, fake_clip),
            critic=critic,
            stats={"g": g_stats, "d": d_stats},
            adaptive=adaptive,
            extras=extras,
        )

    return Forward(prior, run, codes={CATEGORY: (content, content + categories)})


def foreground_and_background(prior: Prior) -> Forward:
    """VGAN: the generator's output is ``(clips, masks)`` (Vondrick et al. 2016, section 3.2).

    Extras: ``mask``, the foreground's share of each pixel.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        (fake, mask), g_stats = generator(prior(rng.named("latent")))
        return judged(discriminator, batch["image"], fake, g_stats, adaptive, {"mask": mask})

    def sample(generator, latents: Latent, condition: Condition) -> Any:
        del condition
        return generator(latents)[0][0]

    return Forward(prior, run, sample)


def clip_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Frames, resolution and channels of clips ``(frames, height, width, channels)``.

    Raises:
      UserError: these are no clips, or their frames are no squares.
    """
    if len(shape) != 4:
        raise UserError(
            "These data are no clips; give --data shape_motion, moving_mnist or clips:DIR."
        )
    frames, height, width, channels = shape
    if height != width:
        raise UserError(f"Frames of {height} x {width} are no squares; give a --resolution.")
    return frames, height, channels


def random_frames(rng: Rng, frames: int) -> jax.Array:
    """One of ``frames`` places for each row, int32 ``[batch]``."""
    return jax.vmap(lambda key: jax.random.randint(key, (), 0, frames))(rng.keys())


def frames_at(clips: Image, places: jax.Array) -> Image:
    """A frame of each clip, ``[b, t, h, w, c], [b] -> [b, h, w, c]``."""
    return jnp.take_along_axis(clips, places[:, None, None, None, None], axis=1)[:, 0]
