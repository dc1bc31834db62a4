"""Forward passes made of others."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.augment import Augment
from jaxgan.errors import UserError
from jaxgan.forward.base import Condition, Forward
from jaxgan.forward.packing import pack as join
from jaxgan.forward.packing import unpack
from jaxgan.nn.channelwise import channelwise
from jaxgan.rng import Rng, key_of_bits, mapped
from jaxgan.types import AXIS, Image, Latent, Outputs, ScalarLike, Seen


@dataclasses.dataclass(frozen=True)
class Through:
    """A network whose arguments and whose output pass through functions."""

    network: Any
    arguments: Callable[[tuple], tuple] = lambda arguments: arguments
    output: Callable[[Any], Any] = lambda output: output

    def __call__(self, *args, **kwargs) -> tuple[Any, Any]:
        """The changed output for the changed arguments, and the statistics."""
        output, stats = self.network(*self.arguments(args), **kwargs)
        return self.output(output), stats

    @property
    def slopes(self) -> bool:
        """Whether it keeps the slopes of its logits; see ``critic.judge``."""
        return getattr(self.network, "slopes", False)

    def after(self, stats: Any) -> "Through":
        """The same network with other statistics."""
        return dataclasses.replace(self, network=self.network.after(stats))


def packed(count: int, forward: Forward) -> Forward:
    """PacGAN: the discriminator judges ``count`` samples as one (Lin et al. 2018, section 2).

    Consecutive rows are joined along the channels: ``B`` samples make ``B / count`` rows of
    ``outputs.real``, ``outputs.fake`` and the logits, and the critic takes such rows, so a penalty
    sees the slope with respect to the whole pack. Each device packs its own rows; they are
    consecutive rows of the global batch, so packs do not depend on the number of devices as
    long as ``count`` divides every device's rows. The extras keep a row for each sample.
    """
    if count < 1:
        raise UserError(f"packed({count}, ...): must be at least 1.")

    def pack(tree):
        return jax.tree.map(lambda leaf: join(count, leaf), tree)

    def judge(critic):
        # The wrapped critic packs what it is given: packing undoes unpacking.
        def packs(tree):
            return critic(jax.tree.map(lambda leaf: unpack(count, leaf), tree))

        return None if critic is None else packs

    def run(generator, discriminator, batch, rng: Rng, adaptive: Mapping[str, Any]) -> Outputs:
        rows = len(batch["image"])
        # The few rows that a game is initialized with, outside the axis, need not fill a pack.
        if rows % count and (rows > count or mapped()):
            raise UserError(
                f"packs of {count} do not fill a batch of {rows} rows on a device; give a "
                f"--batch-size that is a multiple of {count} on each."
            )
        judged = Through(discriminator, arguments=pack)
        outputs = forward.run(generator, judged, batch, rng, adaptive)
        return dataclasses.replace(
            outputs,
            real=pack(outputs.real),
            fake=pack(outputs.fake),
            critic=judge(outputs.critic),
            fake_critic=judge(outputs.fake_critic),
        )

    return dataclasses.replace(forward, run=run, pack=count * forward.pack)


def _seen(view: Callable[[Image, Rng, Mapping[str, Any]], Image], forward: Forward) -> Forward:
    """``forward`` with all images, real and fake, seen through ``view``.

    The view belongs to the data and to the generator, not to the discriminator: so
    ``outputs.real`` and ``outputs.fake`` are images as the discriminator saw them, and the critic
    is the plain discriminator at such images.
    """

    def run(generator, discriminator, batch, rng: Rng, adaptive: Mapping[str, Any]) -> Outputs:
        def shown(output):
            # A composite's samples come first.
            if isinstance(output, tuple):
                return view(output[0], rng.named("seen fake"), adaptive), *output[1:]
            return view(output, rng.named("seen fake"), adaptive)

        batch = {**batch, "image": view(batch["image"], rng.named("seen real"), adaptive)}
        seen = Through(generator, output=shown)
        return forward.run(seen, discriminator, batch, rng, adaptive)

    return dataclasses.replace(forward, run=run)


def augmented(augment: Augment, forward: Forward) -> Forward:
    """DiffAugment: the discriminator sees augmented images only (Zhao et al. 2020).

    Real and fake images are augmented in both players' phases, each row by a draw of its own,
    and the generator's gradient passes through. Penalties see augmented images and differentiate
    with respect to them, as the authors' CIFAR-10 code has R1 (``ns_r1_DiffAugment``);
    StyleGAN2-ADA differentiates with respect to the images before.
    """

    def view(images: Image, rng: Rng, adaptive: Mapping[str, Any]) -> Image:
        del adaptive
        return augment(images, rng)

    return _seen(view, forward)


def augmented_within(
    augment: Callable[[Image, Rng, ScalarLike], Image],
    strength: Callable[[Mapping[str, Any]], ScalarLike],
    forward: Forward,
) -> Forward:
    """The discriminator's own first layer augments what it is given (StyleGAN2-ADA, R3GAN).

    Unlike ``augmented``'s, penalties differentiate with respect to the images before, and
    ``outputs.real`` and ``outputs.fake`` are those. Every call of the discriminator draws anew. The
    signs of the real logits are remembered, as ``jaxgan.augment.ada.controlled`` needs them.

    Args:
      augment: ``(images, rng, strength) -> images``, e.g. ``jaxgan.augment.ada.augment``.
      strength: gives the strength, from the adaptive state.
      forward: whose discriminator sees augmented images.
    """

    def run(generator, discriminator, batch, rng: Rng, adaptive: Mapping[str, Any]) -> Outputs:
        calls = itertools.count()

        def seen(arguments: tuple) -> tuple:
            images, *more = arguments
            if isinstance(images, tuple):
                raise UserError("This discriminator judges more than images; augment none.")
            own = rng.named(f"augmentation {next(calls)}")
            return augment(images, own, strength(adaptive)), *more

        outputs = forward.run(generator, Through(discriminator, seen), batch, rng, adaptive)
        return _with_signs(outputs)

    return dataclasses.replace(forward, run=run)


def _with_signs(outputs: Outputs) -> Outputs:
    """The outputs, with the mean sign of each row's real logits remembered."""
    signs = jnp.sign(jax.lax.stop_gradient(outputs.real_logits))
    signs = jnp.mean(signs, axis=tuple(range(1, signs.ndim)))
    return dataclasses.replace(outputs, remember={**outputs.remember, "signs": signs})


def deceived(probability: Callable[[Mapping[str, Any]], ScalarLike], forward: Forward) -> Forward:
    """Generated images take the place of some real ones (APA, Jiang et al. 2021, section 3.2).

    They are drawn for this anew and carry no gradient; penalties see them as real. The authors'
    code takes those of the generator's update before. What is real then keeps its label. The signs
    of the real logits are remembered, as ``jaxgan.augment.ada.controlled`` needs them.

    Args:
      probability: that a real image is replaced, from the adaptive state.
      forward: a forward pass of single images.
    """

    def run(generator, discriminator, batch, rng: Rng, adaptive: Mapping[str, Any]) -> Outputs:
        # What the discriminator says of these is not used, and so not computed.
        made = forward.run(generator, discriminator, batch, rng.named("pseudo"), adaptive).fake
        if isinstance(made, tuple):
            raise UserError("apa: this generator makes more than images; use diffaugment.")
        taken = rng.named("deceived").bernoulli(probability(adaptive), (1, 1, 1))
        made = jax.lax.stop_gradient(made).astype(batch["image"].dtype)
        batch = {**batch, "image": jnp.where(taken, made, batch["image"])}
        return _with_signs(forward.run(generator, discriminator, batch, rng, adaptive))

    return dataclasses.replace(forward, run=run)


def instance_noise(deviation: Callable[[jax.Array], ScalarLike], forward: Forward) -> Forward:
    """Instance noise: ``x + s n`` and ``G(z) + s n'`` with normal ``n`` (Sønderby et al. 2017).

    ``deviation`` gives ``s`` at a step, which is read from the adaptive state ``step``;
    ``count_steps`` keeps it there. Penalties see the noisy samples.
    """

    def view(images: Image, rng: Rng, adaptive: Mapping[str, Any]) -> Image:
        spread = jnp.asarray(deviation(adaptive["step"]), jnp.float32)
        return images + (spread * rng.normal(images.shape[1:])).astype(images.dtype)

    return _seen(view, forward)


def blurred(deviation: Callable[[jax.Array], ScalarLike], most: float, forward: Forward) -> Forward:
    """The discriminator's own first layer blurs what it is given (Karras et al. 2021, StyleGAN3-R).

    The filter is ``2 ** -(t / s) ** 2`` up to ``3 s`` pixels, of sum 1, as in the authors' code;
    around an image are zeros. Penalties differentiate with respect to the images before, and
    ``outputs.real`` and ``outputs.fake`` are those.

    Args:
      deviation: gives ``s`` in pixels at a step, which is read from the adaptive state ``step``;
        ``count_steps`` keeps it there. At 0 nothing is blurred, and nothing computed.
      most: the largest ``s``.
      forward: a forward pass of images.
    """
    reach = math.floor(3 * most)

    def run(generator, discriminator, batch, rng: Rng, adaptive: Mapping[str, Any]) -> Outputs:
        spread = jnp.asarray(deviation(adaptive["step"]), jnp.float32)
        places = jnp.arange(-reach, reach + 1)
        taps = jnp.exp2(-jnp.square(places / jnp.maximum(spread, 1e-3)))
        taps = jnp.where(jnp.abs(places) <= jnp.floor(3 * spread), taps, 0.0)
        taps = taps / jnp.maximum(taps.sum(), 1e-6)

        def seen(arguments: tuple) -> tuple:
            images, *more = arguments
            smooth = partial(_smoothed, taps=taps.astype(images.dtype))
            return jax.lax.cond(3 * spread >= 1, smooth, lambda x: x, images), *more

        return forward.run(generator, Through(discriminator, seen), batch, rng, adaptive)

    return dataclasses.replace(forward, run=run)


def _smoothed(images: Image, taps: jax.Array) -> Image:
    """Images filtered along both axes."""
    return channelwise(channelwise(images, taps[:, None], 1, "SAME"), taps[None], 1, "SAME")


def sampled_with_dropout(forward: Forward) -> Forward:
    """Samples with the generator's dropout on, where dropout is its source of noise.

    Isola et al. 2017 (pix2pix, sections 3.1 and 3.3) sample so: the generator runs as in training.
    The bits of a sample's latent are the key of its masks, so that latent and condition still
    determine the sample. Each sample is a batch of one, and so batch normalization takes its
    moments of that sample alone, as the authors test.
    """

    def sample(generator, latents: Latent, condition: Condition) -> Any:
        def one(latent, condition):
            rngs = {"dropout": key_of_bits(latent)}
            in_training = dataclasses.replace(generator, train=True, rngs=rngs)
            # Masks belong to rows of the global batch: each sample is a batch of one.
            alone = jax.tree.map(lambda leaf: leaf[None], condition)
            return jax.vmap(
                lambda latent: forward.sample(in_training, latent[None], alone)[0],
                axis_name=AXIS,
            )(latent[None])[0]

        return jax.vmap(one)(latents, condition)

    return dataclasses.replace(forward, sample=sample)


def count_steps(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """An ``adapt`` for adaptive state ``{"step": 0}``: the number of finished steps."""
    del seen
    return {**adaptive, "step": adaptive["step"] + 1}
