"""Forward passes: how a batch and random numbers become real, fake and their logits.

A play hands its terms what they need in ``extras``: ``latents`` and, but for plays of pairs,
``generator``, the generator of this phase as a function of latents alone, with the labels,
statistics and dropout masks that gave the fakes; the rest is named by each play. ``packed``,
``augmented`` and ``noisy`` turn a play into another, as combinators turn terms.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.errors import UserError
from jaxgan.packing import pack as join
from jaxgan.packing import unpack
from jaxgan.randomness import Draw
from jaxgan.types import AXIS, Batch, Image, Knob, Label, Latent, Round

Play: TypeAlias = Callable[[Any, Any, Batch, Draw, Mapping[str, Any]], Round]
"""``(generator, discriminator, batch, draw, slow) -> round``."""

Prior: TypeAlias = Callable[..., Latent]
"""``(draw, truncation=None) -> latents``."""

Labels: TypeAlias = Callable[[Draw, Batch], Label]
"""How the fakes' labels are chosen."""


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


def categorical(classes: int):
    """A prior of one-hot codes, every class as likely, float32 ``[batch, classes]``.

    A truncation changes nothing.
    """

    def prior(draw: Draw, truncation: float | None = None) -> Latent:
        del truncation
        return jax.nn.one_hot(_classes(draw, classes), classes, dtype=jnp.float32)

    return prior


def joined(noise: Prior, codes: Mapping[str, Prior]):
    """A prior of noise and codes side by side, in the order of ``codes`` (InfoGAN's latents).

    A truncation is the noise's; codes stay whole.
    """

    def prior(draw: Draw, truncation: float | None = None) -> Latent:
        parts = [noise(draw, truncation), *_codes(draw, codes).values()]
        return jnp.concatenate(parts, axis=-1)

    return prior


def _codes(draw: Draw, codes: Mapping[str, Prior]) -> dict[str, Latent]:
    return {name: prior(draw.named(f"code {name}")) for name, prior in codes.items()}


def _classes(draw: Draw, classes: int) -> Label:
    """A class for each row, int32 ``[batch]``."""
    return jax.vmap(lambda key: jax.random.randint(key, (), 0, classes))(draw.keys())


def uniform_labels(classes: int) -> Labels:
    """Labels of the fakes drawn at random, every class as likely."""

    def labels(draw: Draw, batch: Batch) -> Label:
        del batch
        return _classes(draw, classes)

    return labels


def batch_labels(draw: Draw, batch: Batch) -> Label:
    """The labels of the real batch for the fakes too: class frequencies of the data."""
    del draw
    return batch["label"]


def generate_labelled(generator, latents: Latent, labels: Label | None) -> Image:
    """``Gan.sample`` of a generator called with latents and labels."""
    return generator(latents, labels)[0]


def generate_jointly(generator, latents: Latent, labels: Label | None) -> Image:
    """``Gan.sample`` of a composite generator: its method ``generate`` of latents alone."""
    del labels
    return generator(latents, method="generate")[0]


def noise(prior):
    """The game of Goodfellow et al. 2014: the generator turns latents into samples.

    Real and fake pass through the discriminator one after the other, so that a
    batch-normalised one takes its moments of each alone (as the DCGAN authors' code does).
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        real, latents = batch["image"], prior(draw.named("latent"))
        fake, g_stats = generator(latents)
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
            extras=_generated(generator, latents),
        )

    return play


def _generated(generator, latents: Latent, *labels: Label) -> dict[str, Any]:
    """What every play says of the fakes' origin."""
    return {"latents": latents, "generator": lambda latents: generator(latents, *labels)[0]}


def labelled(prior: Prior, labels: Labels = batch_labels) -> Play:
    """The conditional game: both players see a label (Mirza & Osindero 2014).

    The generator is called with latents and labels, the discriminator with samples and labels.
    Terms find ``real_labels`` and ``fake_labels`` in the extras.
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        real, real_labels = batch["image"], batch["label"]
        latents, fake_labels = prior(draw.named("latent")), labels(draw.named("label"), batch)
        fake, g_stats = generator(latents, fake_labels)
        real_logits, d_stats = discriminator(real, real_labels)
        fake_logits, d_stats = discriminator.after(d_stats)(fake, fake_labels)
        return Round(
            real=real,
            fake=fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            critic=lambda samples: discriminator(samples, real_labels)[0],
            fake_critic=lambda samples: discriminator(samples, fake_labels)[0],
            stats={"g": g_stats, "d": d_stats},
            slow=slow,
            extras={
                "real_labels": real_labels,
                "fake_labels": fake_labels,
                **_generated(generator, latents, fake_labels),
            },
        )

    return play


def _described(discriminator, real: Image, fake: Image, name: str) -> dict[str, Any]:
    """Parts of a round whose discriminator answers with logits and something else, ``name``."""
    (real_logits, real_more), d_stats = discriminator(real)
    (fake_logits, fake_more), d_stats = discriminator.after(d_stats)(fake)
    return {
        "real": real,
        "fake": fake,
        "real_logits": real_logits,
        "fake_logits": fake_logits,
        "critic": lambda samples: discriminator(samples)[0][0],
        "stats": {"d": d_stats},
        "extras": {f"real_{name}": real_more, f"fake_{name}": fake_more},
    }


def _round(parts: dict[str, Any], g_stats: Any, slow: Mapping[str, Any], **extras: Any) -> Round:
    stats = {"g": g_stats, **parts["stats"]}
    return Round(**{**parts, "stats": stats, "extras": {**parts["extras"], **extras}, "slow": slow})


def auxiliary(prior: Prior, labels: Labels = batch_labels) -> Play:
    """AC-GAN: the discriminator sees no label but names one (Odena et al. 2017).

    The generator is called with latents and labels; the discriminator's output is ``(logits,
    class logits)``. Extras: ``real_classes``, ``fake_classes`` (class logits), ``real_labels``
    and ``fake_labels``.
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        latents, fake_labels = prior(draw.named("latent")), labels(draw.named("label"), batch)
        fake, g_stats = generator(latents, fake_labels)
        return _round(
            _described(discriminator, batch["image"], fake, "classes"),
            g_stats,
            slow,
            real_labels=batch["label"],
            fake_labels=fake_labels,
            **_generated(generator, latents, fake_labels),
        )

    return play


def autoencoding(prior: Prior) -> Play:
    """EBGAN: the discriminator's output is ``(energies, codes)`` (Zhao et al. 2017).

    Energies take the place of logits. Extras: ``real_codes`` and ``fake_codes``. A
    discriminator of energies alone (BEGAN's) plays ``noise``.
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        latents = prior(draw.named("latent"))
        fake, g_stats = generator(latents)
        parts = _described(discriminator, batch["image"], fake, "codes")
        return _round(parts, g_stats, slow, **_generated(generator, latents))

    return play


def coded(noise: Prior, codes: Mapping[str, Prior]) -> Play:
    """InfoGAN: the latents carry codes, which the discriminator guesses (Chen et al. 2016).

    The generator is called with ``[noise, codes]``, as ``joined(noise, codes)`` draws them for
    ``Gan.prior``; the discriminator's output is ``(logits, {code: parameters of Q})``. Extras:
    ``codes``, ``real_codes`` and ``fake_codes``.
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        source = draw.named("latent")
        drawn, latents = _codes(source, codes), joined(noise, codes)(source)
        fake, g_stats = generator(latents)
        parts = _described(discriminator, batch["image"], fake, "codes")
        return _round(parts, g_stats, slow, codes=drawn, **_generated(generator, latents))

    return play


def joint(prior: Prior) -> Play:
    """BiGAN and ALI: the discriminator judges pairs of a sample and its latent.

    Donahue et al. 2017; Dumoulin et al. 2017. The generator's player is a composite, called
    with latents and images, whose output is ``(G(z), E(x))``; its method ``generate`` makes
    samples of latents alone. The discriminator is called with a sample and a latent. Real
    pairs are ``(x, E(x))``, fake ones ``(G(z), z)``; so ``round.real`` and ``round.fake`` are
    pairs, and the critic takes one. Extras: ``latents``.
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        latents = prior(draw.named("latent"))
        (fake, encoded), g_stats = generator(latents, batch["image"])
        pairs = (batch["image"], encoded), (fake, latents)
        return _paired(discriminator, pairs, g_stats, slow, latents=latents)

    return play


def reconstructing(prior: Prior) -> Play:
    """VEEGAN: ``joint``, and the latents read back from the fakes (Srivastava et al. 2017).

    The composite's output is ``(G(z), F(x), F(G(z)))``. Extras: ``latents`` and
    ``reconstructed``, the last.
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        latents = prior(draw.named("latent"))
        (fake, encoded, read), g_stats = generator(latents, batch["image"])
        pairs = (batch["image"], encoded), (fake, latents)
        return _paired(discriminator, pairs, g_stats, slow, latents=latents, reconstructed=read)

    return play


def _paired(discriminator, pairs, g_stats: Any, slow: Mapping[str, Any], **extras: Any) -> Round:
    real, fake = pairs
    real_logits, d_stats = discriminator(*real)
    fake_logits, d_stats = discriminator.after(d_stats)(*fake)
    return Round(
        real=real,
        fake=fake,
        real_logits=real_logits,
        fake_logits=fake_logits,
        critic=lambda pair: discriminator(*pair)[0],
        stats={"g": g_stats, "d": d_stats},
        slow=slow,
        extras=extras,
    )


def optimised(
    prior: Prior,
    rate: Knob = 0.9,
    damping: Knob = 5.0,
    share: Knob = 1.0,
    bound: Knob = 1.0,
    game: Callable[[Prior], Play] = noise,
) -> Play:
    """LOGAN: a game with latents moved to please the critic (Wu et al. 2019).

    ``game`` makes a play of a prior: ``noise``, ``labelled`` (the paper's) or another.

    ``z' = clip(z + dz, -bound, bound)`` with ``dz = rate g / (damping + |g|^2)`` and ``g`` the
    gradient of ``l(G(z))``: one step of natural gradient ascent, the Fisher matrix being that
    sample's ``g g^T`` plus ``damping``. A ``share`` of each latent's elements, drawn anew for
    every sample, moves (half of them in the paper), by what it would if all did. Both players'
    gradients pass through the step, as in the paper, whose rate and damping for ImageNet are the
    defaults. The prior is ``uniform``. Extras: ``latent_step`` ``[b, size]``, 0 where nothing
    moves, which ``penalties.latent_step`` holds short; ``latents`` are moved.
    """

    def play(generator, discriminator, batch: Batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        def played(latents: Latent) -> Round:
            held = game(lambda draw, truncation=None: latents)
            return held(generator, discriminator, batch, draw, slow)

        def score(latents: Latent) -> jax.Array:
            logits = jax.tree.leaves(played(latents).fake_logits)
            return sum(jnp.sum(leaf.astype(jnp.float32)) for leaf in logits)  # type: ignore

        source = draw.named("latent")
        latents = prior(source)
        slope = jax.grad(score)(latents)
        step = rate * slope / (damping + jnp.sum(jnp.square(slope), axis=-1, keepdims=True))
        moves = draw.named("moved").bernoulli(share, latents.shape[1:])
        step = jnp.where(moves, step, 0.0)
        moved = jnp.clip(latents + step, -bound, bound)
        round = played(moved)
        return dataclasses.replace(round, extras={**round.extras, "latent_step": step})

    return play


@dataclasses.dataclass(frozen=True)
class _Through:
    """A network whose arguments and whose output pass through functions."""

    network: Any
    arguments: Callable[[tuple], tuple] = lambda arguments: arguments
    output: Callable[[Any], Any] = lambda output: output

    def __call__(self, *args, **kwargs) -> tuple[Any, Any]:
        output, stats = self.network(*self.arguments(args), **kwargs)
        return self.output(output), stats

    def after(self, stats: Any) -> "_Through":
        return dataclasses.replace(self, network=self.network.after(stats))


def _mapped() -> bool:
    """Whether this is a training step: inside the mapped axis."""
    try:
        lax.axis_size(AXIS)
    except NameError:
        return False
    return True


def packed(count: int, play: Play) -> Play:
    """PacGAN: the discriminator judges ``count`` samples as one (Lin et al. 2018, section 2).

    Consecutive rows are joined along the channels: ``B`` samples make ``B / count`` rows of
    ``round.real``, ``round.fake`` and the logits, and the critic takes such rows, so a penalty
    sees the slope with respect to the whole pack. Each device packs its own rows; they are
    consecutive rows of the global batch, so packs do not depend on the number of devices as
    long as ``count`` divides every device's rows. The extras keep a row for each sample.
    """
    if count < 1:
        raise UserError(f"packed({count}, ...): must be at least 1.")

    def pack(tree):
        return jax.tree.map(lambda leaf: join(count, leaf), tree)

    def judge(critic):
        # The play's own critic packs what it is given: packing undoes unpacking.
        def packs(tree):
            return critic(jax.tree.map(lambda leaf: unpack(count, leaf), tree))

        return None if critic is None else packs

    def wrapped(generator, discriminator, batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        rows = len(batch["image"])
        # The few rows that a game is initialised with, outside the axis, need not fill a pack.
        if rows % count and (rows > count or _mapped()):
            raise UserError(
                f"packs of {count} do not fill a batch of {rows} rows on a device; give a "
                f"--batch-size that is a multiple of {count} on each."
            )
        round = play(generator, _Through(discriminator, arguments=pack), batch, draw, slow)
        return dataclasses.replace(
            round,
            real=pack(round.real),
            fake=pack(round.fake),
            critic=judge(round.critic),
            fake_critic=judge(round.fake_critic),
        )

    return wrapped


def _seen(view: Callable[[Image, Draw, Mapping[str, Any]], Image], play: Play) -> Play:
    """``play`` with all images, real and fake, seen through ``view``.

    The view belongs to the data and to the generator, not to the discriminator: so
    ``round.real`` and ``round.fake`` are images as the discriminator saw them, and the critic
    is the plain discriminator at such images.
    """

    def wrapped(generator, discriminator, batch, draw: Draw, slow: Mapping[str, Any]) -> Round:
        def shown(output):
            # A composite's samples come first.
            if isinstance(output, tuple):
                return view(output[0], draw.named("seen fake"), slow), *output[1:]
            return view(output, draw.named("seen fake"), slow)

        batch = {**batch, "image": view(batch["image"], draw.named("seen real"), slow)}
        return play(_Through(generator, output=shown), discriminator, batch, draw, slow)

    return wrapped


def augmented(augment: Callable[[Image, Draw], Image], play: Play) -> Play:
    """DiffAugment: the discriminator sees augmented images only (Zhao et al. 2020).

    Real and fake images are augmented in both players' phases, each row by a draw of its own,
    and the generator's gradient passes through. Penalties see augmented images and differentiate
    with respect to them, as the authors' CIFAR-10 code has R1 (``ns_r1_DiffAugment``);
    StyleGAN2-ADA differentiates with respect to the images before.
    """

    def view(images: Image, draw: Draw, slow: Mapping[str, Any]) -> Image:
        del slow
        return augment(images, draw)

    return _seen(view, play)


def noisy(deviation: Callable[[jax.Array], Knob], play: Play) -> Play:
    """Instance noise: ``x + s n`` and ``G(z) + s n'`` with normal ``n`` (Sønderby et al. 2017).

    ``deviation`` gives ``s`` at a step, which is read from the slow state ``step``;
    ``count_steps`` keeps it there. Penalties see the noisy samples.
    """

    def view(images: Image, draw: Draw, slow: Mapping[str, Any]) -> Image:
        spread = jnp.asarray(deviation(slow["step"]), jnp.float32)
        return images + (spread * draw.normal(images.shape[1:])).astype(images.dtype)

    return _seen(view, play)


def count_steps(slow: dict[str, Any], logs: Mapping[str, Any]) -> dict[str, Any]:
    """A ``tune`` for slow state ``{"step": 0}``: the number of finished steps."""
    del logs
    return {**slow, "step": slow["step"] + 1}
