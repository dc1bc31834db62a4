"""WGAN-GP on stacked MNIST: the gradient penalty on PacGAN's networks.

Paper: Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved training of Wasserstein GANs",
NIPS 2017, arXiv:1704.00028, algorithm 1.
Networks and data: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.2.

Run:  python experiments/wgan_gp_stacked_mnist.py
Score:  jaxgan evaluate runs/wgan_gp_stacked_mnist --metrics modes --num 26000
Cost: not measured on a GPU, which the default 20 000 steps of 5 critic updates need.

Differs from the paper:
- It has no stacked MNIST. Networks, data, batch and number of critic updates are those of
  pacgan_stacked_mnist.py --packing 1. Other than there, beside the objective: the critic is not
  normalised; one generator update follows five of the critic; Adam is WGAN-GP's; images lie in
  [-1, 1], as the generator's do, instead of [0, 1]; samples come from averaged weights.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses, penalties
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import pacgan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    penalty: float = 10.0
    """Weight of the gradient penalty."""
    critic_steps: int = 5
    """Critic updates before each of the generator."""
    latent: int = 100
    """Size of the latent, uniform in [-1, 1]."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: float = 1e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.0
    """Adam's first decay, of both players."""
    beta2: float = 0.9
    """Adam's second decay, of both players."""
    ema_decay: float = 0.999
    """Decay per step of the averaged generator."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """Algorithm 1: five updates of an unnormalised critic, then one of the generator."""
    resolution, _, channels = data.shape
    prior = forward.uniform(cfg.latent)
    widths = [cfg.width * multiple for multiple in (1, 2, 4, 8)]
    return Gan(
        networks={
            "g": pacgan.Generator(resolution, channels, widths[3], widths[2::-1], dtype=cfg.dtype),
            "d": pacgan.Discriminator(widths, norm=False, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.wasserstein_generator},
            "d": {
                "adversarial": losses.wasserstein_discriminator,
                "penalty": scale(cfg.penalty, penalties.gradient_penalty),
            },
        },
        optimizers={
            who: optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2) for who in ("g", "d")
        },
        updates=(D,) * cfg.critic_steps + (G,),
        ema=ema.constant(cfg.ema_decay),
        threshold=None,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="stacked_mnist:128000",
    shape=(28, 28, 3),
    classes=1000,
    steps=20_000,
    batch_size=64,
    evaluate_metrics="modes",
    evaluate_num=26_000,
    smoke={"width": 4, "latent": 8, "critic_steps": 2},
    ablations={"one critic update": {"critic_steps": 1}},
    published=(
        Published(
            "modes of 1000; KL (classified digit by digit; other networks)",
            "959; 0.73",
            "Huang et al. 2024 (R3GAN), table 3",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
