"""DCGAN's recipe on a ring of eight Gaussians.

Paper: Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", ICLR 2016, arXiv:1511.06434.
Data: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1.

Run:  python experiments/dcgan_ring.py
Cost: about a minute on two CPU cores for the default 20 000 steps.

Differs from the paper:
- Points have no neighbours to convolve over: every convolution is a dense layer. What
  stays is the recipe: batch normalisation in both networks (not at the generator's output
  nor at the discriminator's input), rectifiers in the generator and leaky ones in the
  discriminator, N(0, 0.02) initialisation, biases only in the outer layers,
  uniform latents, Adam(2e-4, 0.5). The generator's output is linear instead of tanh.
- The authors' batch normalization adds 1e-8 to the variance, ours 1e-5; they sample with the
  moments of the batch, we with running ones.
- Samples come from an average of the generator's weights (--ema-decay 0 for the last ones).
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Scoring, Task
from jaxgan.game.gan import Gan
from jaxgan.nets import dcgan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    latent: int = 100
    """Size of the latent, uniform in [-1, 1]."""
    hidden: tuple[int, ...] = (128, 128)
    """Units in each hidden layer, of both networks."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    ema_decay: float = 0.999
    """Decay per step of the averaged generator."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """DCGAN's game with dense layers."""
    prior = forward.uniform(cfg.latent)
    return Gan(
        networks={
            "g": dcgan.DenseGenerator(data.shape, cfg.hidden, cfg.dtype),
            "d": dcgan.DenseDiscriminator(cfg.hidden, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating.generator},
            "d": {"adversarial": losses.nonsaturating.discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        ema=ema.constant(cfg.ema_decay),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="ring",
    shape=(2,),
    classes=8,
    steps=20_000,
    batch_size=128,
    scoring=Scoring(every=5000, num=2500),
    smoke={"hidden": (8,), "latent": 4},
)

if __name__ == "__main__":
    main(EXPERIMENT)
