"""Unrolled GAN on mixtures in the plane: the generator looks k discriminator steps ahead.

Paper: Metz, Poole, Pfau & Sohl-Dickstein, "Unrolled generative adversarial networks",
ICLR 2017, arXiv:1611.02163, equations 7 to 10.
Code: github.com/poolio/unrolled_gan, "Unrolled GAN demo.ipynb", which this file follows; it
says that its networks and settings are not those of the paper.
Data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1.

Run:  python experiments/unrolled_mixture.py
      The grid of 25: --data grid --workdir runs/unrolled_grid
      k steps ahead: --unroll k; the plain game: --unroll 0
Cost: about half an hour on two CPU cores (14 steps/s) for the default 25 000 steps, the demo's.

Differs from the paper:
- Networks, prior, batch, learning rates and k = 5 are the demo's; the paper has others.
- Data: the demo draws new points in each step, from a ring whose first and last mode
  coincide, so of seven modes (a linspace with its end). Here are 100 000 points of eight.
- Adam of both players adds 1e-16 beneath its square root, whose derivative at zero is infinite.
- The generator minimises minus the whole loss of the unrolled discriminator, real part too:
  the demo's saddle objective, not the non-saturating loss.
"""

import dataclasses

import jax
import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, Gan, Phase
from jaxgan.nets import mixture
from jaxgan.types import Dtype, Outputs


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    unroll: int | None = 5
    """Discriminator updates that the generator looks ahead; 0 is the plain game."""
    latent: int = 256
    """Size of the latent, standard normal."""
    hidden: int = 128
    """Tanh units in each of the two hidden layers, of both networks."""
    generator_learning_rate: float = 1e-3
    """Adam's learning rate of the generator."""
    discriminator_learning_rate: float = 1e-4
    """Adam's learning rate of the discriminator, in training and in thought."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0 samples with the last weights, as they do."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def saddle(outputs: Outputs) -> jax.Array:
    """``-f(theta_G, theta_D^k(theta_G))``: the real part depends on G through the unrolled D."""
    return -losses.minimax_discriminator(outputs)


def build(cfg: Config, data: Task) -> Gan:
    """The minimax game; both players move at once, on the same samples."""
    prior = forward.normal(cfg.latent)
    generator = Phase("g", real="same", latents="same", unroll=cfg.unroll or 0)

    def adam(rate):
        return optax.adam(rate, b1=cfg.beta1, eps_root=1e-16)

    return Gan(
        networks={
            "g": mixture.unrolled_generator(cfg.hidden, cfg.dtype),
            "d": mixture.unrolled_discriminator(cfg.hidden, cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"saddle": saddle},
            "d": {"adversarial": losses.minimax_discriminator},
        },
        optimizers={
            "g": adam(cfg.generator_learning_rate),
            "d": adam(cfg.discriminator_learning_rate),
        },
        updates=((D, generator),),
        ema=ema.constant(cfg.ema_decay),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="ring",
    shape=(2,),
    classes=8,
    steps=25_000,
    batch_size=512,
    evaluate_every=5000,
    evaluate_num=2500,
    smoke={"hidden": 8, "latent": 4, "unroll": 2},
    ablations={"not unrolled": {"unroll": 0}, "10 steps": {"unroll": 10}},
    published=tuple(
        Published(
            f"{data}, {method}: modes; high quality, %; reverse KL (2500 samples, within 3 "
            "deviations)",
            value,
            "Srivastava et al. 2017 (VEEGAN), table 1: 5 runs of other networks",
        )
        for data, method, value in (
            ("ring", "Unrolled 5", "7.6; 35.6; -"),
            ("grid", "Unrolled 5", "23.6; 16; -"),
        )
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
