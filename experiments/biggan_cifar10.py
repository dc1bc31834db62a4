"""BigGAN on CIFAR-10, 32 x 32.

Paper: Brock, Donahue & Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", ICLR 2019, arXiv:1809.11096.
Code with the default settings: github.com/POSTECH-CVLab/PyTorch-StudioGAN
(configs/CIFAR10/BigGAN.yaml); the ablation "BigGAN-PyTorch" has those of
github.com/ajbrock/BigGAN-PyTorch (scripts/launch_cifar_ema.sh).

Run:  python experiments/biggan_cifar10.py
Cost: not measured on a GPU, which the default 100 000 steps (of 5 discriminator updates) need.

Differs from the paper:
- Its CIFAR-10 numbers (appendix) come without settings; these are other people's.
- BigGAN-PyTorch's script also has 500 epochs and no flips: --steps 125000 --no-flip. The tables of
  its conditional normalizations start with a deviation of 0.02, and it samples with running
  moments: --standing-batches 0.
- StudioGAN trains in mixed precision; here --dtype bfloat16 does, and is not the default.
- Both codes move the singular vectors in every pass; here once per update of their player (with
  "BigGAN-PyTorch" the generator's in the discriminator's updates too), and real and fake images
  see the same weights.
"""

import dataclasses
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
import optax

import jaxgan as jg
from jaxgan.nets import biggan

INITIALIZERS = {
    "orthogonal": nn.initializers.orthogonal(),
    "normal": nn.initializers.normal(0.02),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    generator_width: int = 96
    """The generator's channel multiplier; every layer has four times as many maps."""
    discriminator_width: int = 48
    """The discriminator's channel multiplier; every layer has four times as many maps."""
    latent: int = 80
    """Latent size, standard normal."""
    shared: int | None = 128
    """Size of the class embedding that all layers share; 0 gives every layer its own table."""
    hierarchical: bool = True
    """Every block sees its own chunk of the latent."""
    attention: int | None = 16
    """Side of the feature maps that self-attention follows; 0 for none."""
    init: Literal["orthogonal", "normal"] = "orthogonal"
    """How kernels start."""
    discriminator_steps: int = 5
    """Discriminator updates per generator update."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.999
    """Adam's second decay, both players."""
    epsilon: jg.NonNegative = 1e-6
    """Adam's epsilon, both players."""
    norm_epsilon: jg.NonNegative = 1e-4
    """Added to the variance in the generator's batch normalizations."""
    stats_in_every_update: bool = False
    """The discriminator's updates move the generator's running moments and singular vectors too."""
    ema_start: int = 1000
    """Step before which the averaged generator is the generator itself."""


def attended(side: int | None, resolution: int) -> int:
    """The side of the maps that self-attention follows, 0 for none.

    Raises:
      UserError: not both players have maps of this side. The generator's grow from 8 to
        ``resolution``, the discriminator's begin with half of it.
    """
    sides = [common for common in (8, 16, 32, 64) if common < resolution]
    known = resolution in biggan.HALVINGS  # the networks themselves refuse others
    if side and known and side not in sides:
        shown = ", ".join(map(str, sides))
        raise jg.UserError(
            f"--attention {side}: the sides of both players' maps are {shown}; or 0."
        )
    return side or 0


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """BigGAN's networks, both spectrally normalized."""
    resolution, _, channels = task.shape
    classes, attention = task.classes or 1, attended(cfg.attention, resolution)
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2, eps=cfg.epsilon)
    options = dict(kernel_init=INITIALIZERS[cfg.init], dtype=task.dtype)
    critic = jg.Phase("d", moves_stats=("d", "g") if cfg.stats_in_every_update else None)
    return jg.Gan(
        generator=biggan.Generator(
            resolution,
            channels,
            cfg.generator_width,
            classes,
            cfg.shared or 0,
            cfg.hierarchical,
            attention,
            epsilon=cfg.norm_epsilon,
            **options,
        ),
        discriminator=biggan.discriminator(
            resolution, cfg.discriminator_width, classes, attention, **options
        ),
        forward=jg.forward.conditional(jg.normal(cfg.latent), jg.forward.uniform_labels(classes)),
        terms=jg.losses.hinge.terms(),
        optimizers={"g": adam, "d": adam},
        updates=(critic,) * cfg.discriminator_steps + (jg.G,),
        reparametrize=dict.fromkeys(("g", "d"), jg.spectral_norm(where=biggan.spectral)),
        ema=lambda step, images: jnp.where(step < cfg.ema_start, 0.0, task.ema),
    )


FID = (
    "FID, StudioGAN's settings (Inception, 50 000 samples and 50 000 training images; best "
    "checkpoint)"
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=100_000,
    batch_size=64,
    flip=True,
    ema=0.9999,
    scoring=jg.Scoring(standing_batches=16),
    smoke=dict(generator_width=4, discriminator_width=4, latent=8, shared=8, discriminator_steps=2),
    ablations={
        "BigGAN-PyTorch": dict(
            generator_width=64,
            discriminator_width=64,
            latent=128,
            shared=0,
            hierarchical=False,
            attention=0,
            init="normal",
            discriminator_steps=4,
            beta1=0.0,
            epsilon=1e-8,
            norm_epsilon=1e-5,
            stats_in_every_update=True,
            batch_size=50,
        ),
        "no attention": dict(attention=0),
    },
    published=(
        jg.Published(
            FID,
            "4.16",
            "StudioGAN, CIFAR-10 table",
        ),
        jg.Published(
            "FID, the paper's (Inception)",
            "14.73",
            "as quoted by StudioGAN and by Ho et al. 2020, table 1 (second hand)",
        ),
        jg.Published(
            "Inception score, the paper's", "9.22", "as quoted by StudioGAN (second hand)"
        ),
    ),
    reproductions=(
        jg.Reproduction(
            FID,
            jg.numbers.FRECHET,
            flags=jg.numbers.KEEP_BEST,
            evaluate=jg.numbers.BEST_INCEPTION_50K,
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
