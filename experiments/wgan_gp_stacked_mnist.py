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
  normalized; one generator update follows five of the critic; Adam is WGAN-GP's; images lie in
  [-1, 1], as the generator's do, instead of [0, 1]; samples come from averaged weights.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import pacgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    penalty: jg.NonNegative = 10.0
    """Weight of the gradient penalty."""
    critic_steps: int = 5
    """Critic updates before each of the generator."""
    latent: int = 100
    """Latent size, uniform in [-1, 1]."""
    width: int = 64
    """Feature maps of the critic's first layer and of the generator's last but one."""
    learning_rate: jg.NonNegative = 1e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.0
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.9
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """Algorithm 1: five updates of an unnormalized critic, then one of the generator."""
    resolution, _, channels = task.shape
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    penalty = jg.scale(cfg.penalty, jg.penalties.gradient_penalty)
    return jg.Gan(
        generator=pacgan.dcgan_generator(resolution, channels, cfg.width, task.dtype),
        discriminator=pacgan.dcgan_discriminator(cfg.width, norm=False, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.uniform(cfg.latent)),
        terms=jg.losses.wasserstein.terms(discriminator={"penalty": penalty}),
        optimizers={"g": adam, "d": adam},
        updates=(jg.D,) * cfg.critic_steps + (jg.G,),
        threshold=None,
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.stacked_mnist(128_000),
    steps=20_000,
    batch_size=64,
    ema=0.999,
    scoring=jg.Scoring(metrics=("modes",), num=26_000),
    smoke=dict(width=4, latent=8, critic_steps=2),
    ablations={"one critic update": dict(critic_steps=1)},
    published=(
        jg.Published(
            "modes of 1000; KL (classified digit by digit; other networks)",
            "959; 0.73",
            "Huang et al. 2024 (R3GAN), table 3",
        ),
    ),
    reproductions=(
        jg.Reproduction(
            "modes of 1000; KL (classified digit by digit; other networks)",
            jg.numbers.STACKED,
            protocol="PacGAN's networks, 26 000 samples",
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
