"""Unrolled GAN on mixtures in the plane: the generator looks k discriminator steps ahead.

Paper: Metz, Poole, Pfau & Sohl-Dickstein, "Unrolled generative adversarial networks",
ICLR 2017, arXiv:1611.02163, equations 7 to 10.
Code: github.com/poolio/unrolled_gan, "Unrolled GAN demo.ipynb", which this file follows; it
says that its networks and settings are not those of the paper.
Data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1.

Run:  python experiments/unrolled_mixture.py
      The grid of 25: python experiments/unrolled_mixture.py grid
      k steps ahead: --unroll k; the plain game: --unroll 0
Cost: about half an hour on two CPU cores (14 steps/s) for the default 25 000 steps, the demo's.

Differs from the paper:
- Networks, prior, batch, learning rates and k = 5 are the demo's; the paper has others.
- Data: the demo draws new points in each step, from a ring of seven modes: it asks for eight,
  but the first and the last coincide. Here are 100 000 points of eight.
- Adam of both players adds 1e-16 under its square root, whose derivative at zero is infinite.
- The generator minimizes minus the whole loss of the unrolled discriminator, real part too:
  the demo's saddle objective, not the non-saturating loss.
"""

import dataclasses

import jax
import optax

import jaxgan as jg
from jaxgan.nets import mixture


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    unroll: int | None = 5
    """Discriminator updates that the generator looks ahead; 0 is the plain game."""
    latent: int = 256
    """Latent size, standard normal."""
    hidden: int = 128
    """Tanh units in each of the two hidden layers, of both networks."""
    generator_learning_rate: jg.NonNegative = 1e-3
    """Adam's learning rate of the generator."""
    discriminator_learning_rate: jg.NonNegative = 1e-4
    """Adam's learning rate of the discriminator, in training and in the unrolled updates."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def saddle(outputs: jg.Outputs) -> jax.Array:
    """``-f(theta_G, theta_D^k(theta_G))``: the real part depends on G through the unrolled D."""
    return -jg.losses.minimax.discriminator(outputs)


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The minimax game; both players move at once, on the same samples."""
    generator = jg.Phase("g", real="same", latents="same", unroll=cfg.unroll or 0)

    def adam(rate):
        return optax.adam(rate, b1=cfg.beta1, eps_root=1e-16)

    return jg.Gan(
        generator=mixture.unrolled_generator(cfg.hidden, task.dtype),
        discriminator=mixture.unrolled_discriminator(cfg.hidden, task.dtype),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms={
            "g": {"saddle": saddle},
            "d": {"adversarial": jg.losses.minimax.discriminator},
        },
        optimizers={
            "g": adam(cfg.generator_learning_rate),
            "d": adam(cfg.discriminator_learning_rate),
        },
        updates=((jg.D, generator),),
    )


VEEGAN = "Srivastava et al. 2017 (VEEGAN), table 1: 5 runs of other networks"

METHODS = {"Unrolled 5": {}, "Unrolled 0": {"unroll": 0}}

EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=25_000,
    batch_size=512,
    scoring=jg.Scoring(every=5000, num=2500),
    smoke=dict(hidden=8, latent=4, unroll=2),
    ablations={"not unrolled": dict(unroll=0), "10 steps": dict(unroll=10)},
    presets={
        "ring": dict(
            data=jg.datasets.RING, reproductions=jg.numbers.mixture("ring", METHODS, seeds=5)
        ),
        "grid": dict(
            data=jg.datasets.GRID, reproductions=jg.numbers.mixture("grid", METHODS, seeds=5)
        ),
    },
    published=(
        jg.Published(f"ring, Unrolled 5: {jg.numbers.MODES}", "7.6; 35.6; -", VEEGAN),
        jg.Published(f"grid, Unrolled 5: {jg.numbers.MODES}", "23.6; 16; -", VEEGAN),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
