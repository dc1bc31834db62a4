"""The minimax and the non-saturating GAN on Fashion-MNIST, as Lucic et al. compare them.

Paper: Lucic, Kurach, Michalski, Gelly & Bousquet, "Are GANs Created Equal? A Large-Scale
Study", NeurIPS 2018, arXiv:1711.10337; the losses are those of Goodfellow et al. 2014,
arXiv:1406.2661.
Code of the authors: github.com/google/compare_gan, branch v1 (gans/GAN.py, abstract_gan.py).

Run:  python experiments/gan_lucic_fashion_mnist.py
Cost: 0.6 to 1.0 s a step on two busy CPU cores, so 3 to 5 hours
      for the default 15625 steps.

Differs from the paper:
- The table has the best of 100 settings for each method and data set; which they were is not
  published. These are the defaults in the authors' code (params.py), from which the search
  starts: Adam 5e-5 without momentum, a batch-normalised discriminator.
- Moments of the generator's batch normalisation are updated in its own updates only; the
  authors' code updates them in the discriminator's too.
- Our score is another one: no Inception network is downloaded.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, Gan, Phase
from jaxgan.nets import infogan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    saturating: bool = False
    """Minimax loss for the generator (MM GAN) instead of the non-saturating one (NS GAN)."""
    latent: int = 64
    """Size of the latent, uniform in [-1, 1]."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    batch_norm: bool = True
    """Batch normalisation in the discriminator."""
    learning_rate: float = 5e-5
    """Adam's learning rate, of both players."""
    beta1: float = 0.0
    """Adam's first decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """Lucic et al.'s networks; the generator moves on the discriminator's latents."""
    resolution, _, channels = data.shape
    prior = forward.uniform(cfg.latent)
    adversarial = losses.minimax.generator if cfg.saturating else losses.nonsaturating.generator
    return Gan(
        networks={
            "g": infogan.Generator(resolution, channels, cfg.width, dtype=cfg.dtype),
            "d": infogan.Discriminator(cfg.width, cfg.batch_norm, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": adversarial},
            "d": {"adversarial": losses.minimax.discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=(D, Phase("g", real="same", latents="same")),
        ema=ema.constant(cfg.ema_decay),
        range=(0.0, 1.0),
    )


PROTOCOL = "(Inception, 10 000 samples and 10 000 test images, best of 100 settings)"
TABLE = "table of best FIDs, second hand: quoted alike by Dai & Wipf 2019 and by PA-GAN"

EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="fashion_mnist",
    shape=(28, 28, 1),
    classes=10,
    steps=15_625,
    batch_size=64,
    smoke={"width": 4, "latent": 8},
    ablations={
        "minimax": {"saturating": True},
        "narrow search": {"beta1": 0.5, "learning_rate": 1e-4},
        "no batch normalisation": {"batch_norm": False},
    },
    published=(
        Published(f"FID, minimax {PROTOCOL}", "29.6 ± 1.6", TABLE),
        Published(f"FID, non-saturating {PROTOCOL}", "26.5 ± 1.6", TABLE),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
