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
- BigGAN-PyTorch's script has 500 epochs besides: --steps 125000 --no-flip. Its tables of norms
  start with a deviation of 0.02, and it samples with running moments: --standing-batches 0.
- StudioGAN trains in mixed precision; here --dtype bfloat16 does, and is not the default.
- Both codes move the singular vectors in every pass; here once per update, and real and fake
  images see the same weights.
"""

import dataclasses
from functools import partial
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
import optax

from jaxgan import forward, losses
from jaxgan.cli.experiment import main
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.network import Reparametrization
from jaxgan.nets import biggan
from jaxgan.nn import spectral
from jaxgan.types import Dtype

INITIALISERS = {
    "orthogonal": nn.initializers.orthogonal(),
    "normal": nn.initializers.normal(0.02),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    generator_width: int = 96
    """The generator's channel multiplier; every layer has four times as many maps."""
    discriminator_width: int = 48
    """The discriminator's channel multiplier; every layer has four times as many maps."""
    latent: int = 80
    """Size of the latent, standard normal."""
    shared: int | None = 128
    """Size of the class embedding that all layers share; 0 gives every layer its own table."""
    hierarchical: bool = True
    """Every block sees its own chunk of the latent."""
    attention: int | None = 16
    """Side of the feature maps that self-attention follows; 0 for none."""
    init: Literal["orthogonal", "normal"] = "orthogonal"
    """How kernels start."""
    discriminator_steps: int = 5
    """Updates of the discriminator for each of the generator."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    beta2: float = 0.999
    """Adam's second decay, of both players."""
    epsilon: float = 1e-6
    """Adam's epsilon, of both players."""
    ema_decay: float = 0.9999
    """Decay per step of the averaged generator, from ``ema_start`` on."""
    ema_start: int = 1000
    """Step before which the average is the generator itself."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


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
        raise UserError(f"--attention {side}: the sides of both players' maps are {shown}; or 0.")
    return side or 0


def build(cfg: Config, data: Task) -> Gan:
    """BigGAN's networks, both spectrally normalised."""
    resolution, _, channels = data.shape
    classes = data.classes or 1
    attention = attended(cfg.attention, resolution)
    prior = forward.normal(cfg.latent)
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2, eps=cfg.epsilon)
    weights = Reparametrization(
        partial(spectral.vectors, where=biggan.spectral), spectral.normalise, spectral.COLLECTION
    )
    return Gan(
        networks={
            "g": biggan.Generator(
                resolution,
                channels,
                cfg.generator_width,
                classes,
                cfg.shared or 0,
                cfg.hierarchical,
                attention,
                kernel_init=INITIALISERS[cfg.init],
                dtype=cfg.dtype,
            ),
            "d": biggan.discriminator(
                resolution,
                cfg.discriminator_width,
                classes,
                attention,
                kernel_init=INITIALISERS[cfg.init],
                dtype=cfg.dtype,
            ),
        },
        play=forward.conditional(prior, forward.uniform_labels(classes)),
        prior=prior,
        terms={
            "g": {"adversarial": losses.hinge_generator},
            "d": {"adversarial": losses.hinge_discriminator},
        },
        optimizers={"g": adam, "d": adam},
        updates=(D,) * cfg.discriminator_steps + (G,),
        weights={"g": weights, "d": weights},
        ema=lambda step, images: jnp.where(step < cfg.ema_start, 0.0, cfg.ema_decay),
        sample=forward.generate_labelled,
        conditional=True,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="cifar10",
    shape=(32, 32, 3),
    classes=10,
    steps=100_000,
    batch_size=64,
    flip=True,
    standing_batches=16,
    smoke={
        "generator_width": 4,
        "discriminator_width": 4,
        "latent": 8,
        "shared": 8,
        "discriminator_steps": 2,
    },
    ablations={
        "BigGAN-PyTorch": {
            "generator_width": 64,
            "discriminator_width": 64,
            "latent": 128,
            "shared": 0,
            "hierarchical": False,
            "attention": 0,
            "init": "normal",
            "discriminator_steps": 4,
            "beta1": 0.0,
            "epsilon": 1e-8,
            "batch_size": 50,
        },
        "no attention": {"attention": 0},
    },
    published=(
        Published(
            "FID, StudioGAN's settings (Inception, 50 000 samples and 50 000 training "
            "images; best checkpoint)",
            "4.16",
            "StudioGAN, CIFAR-10 table; the paper's own is below",
        ),
        Published(
            "FID, the paper's (Inception)",
            "14.73",
            "as quoted by StudioGAN and by Ho et al. 2020, table 1 (second hand)",
        ),
        Published(
            "Inception score, the paper's (Inception)",
            "9.22",
            "as quoted by StudioGAN (second hand)",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
