"""EBGAN and EBGAN-PT on MNIST: the discriminator is an autoencoder.

Paper: Zhao, Mathieu & LeCun, "Energy-based Generative Adversarial Networks", ICLR 2017,
arXiv:1609.03126.

Run:  python experiments/ebgan_mnist.py
Cost: not measured.

Differs from the paper:
- Of its grid search this is the setting that figure 9 varies the margin of: four hidden layers of
  1600 in the generator, one of 1024 in the autoencoder. Latent, batch and number of steps
  are ours; the paper does not give them, and published no code.
- Which weights start at a deviation of 0.002 and where the generator is batch-normalised
  (here every hidden layer) is from memory of the paper's appendix.
- The paper pads the digits to 32 pixels (--resolution resizes, which is not the same).
- The energy is the square of the error's norm. The paper's section 2.3 has the norm (--no-squared),
  its text speaks of a squared error; the mean over pixels could never reach its margins of 1 to 32.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import optax

from jaxgan import averaging, losses, plays
from jaxgan.experiment import Data, Experiment
from jaxgan.game import Gan
from jaxgan.launch import main
from jaxgan.nets import autoencoder
from jaxgan.nn.norm import BatchNorm
from jaxgan.terms import Term, scale
from jaxgan.types import Dtype, Image, Latent, Round

INIT = nn.initializers.normal(0.002)


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    margin: float = 10.0
    """The energy below which samples are pushed up."""
    pull_away: float = 0.1
    """Weight of the pull-away term; 0 for plain EBGAN."""
    squared: bool = True
    """Energies are squared norms of the error instead of norms."""
    latent: int = 100
    """Size of the latent, uniform in [-1, 1]."""
    generator_units: int = 1600
    """Units of each of the generator's hidden layers."""
    generator_layers: int = 4
    """Hidden layers of the generator."""
    code: int = 1024
    """Units of the autoencoder's only hidden layer."""
    learning_rate: float = 1e-3
    """Adam's learning rate, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


class Generator(nn.Module):
    """Layers of batch-normalised rectifiers and a sigmoid."""

    shape: Sequence[int]
    hidden: Sequence[int]
    dtype: Any

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each latent."""
        x = latent
        for width in self.hidden:
            x = nn.Dense(width, kernel_init=INIT, dtype=self.dtype)(x)
            norm = BatchNorm(use_running_average=not train, momentum=0.9, dtype=x.dtype)
            x = nn.relu(norm(x))
        x = nn.Dense(math.prod(self.shape), kernel_init=INIT)(x.astype(jnp.float32))
        return nn.sigmoid(x).reshape(-1, *self.shape)


def of_norms(term: Term, values: int, squared: bool) -> Term:
    """The term with (squared) norms of ``values`` errors in the place of their mean squares."""

    def norm(energies):
        return values * energies if squared else jnp.sqrt(values * energies + 1e-12)

    def normed(round: Round):
        real, fake = norm(round.real_logits), norm(round.fake_logits)
        return term(dataclasses.replace(round, real_logits=real, fake_logits=fake))

    return normed


def build(cfg: Config, data: Data) -> Gan:
    """Perceptrons in both players."""
    prior = plays.uniform(cfg.latent)
    discriminator = losses.ebgan_discriminator(cfg.margin)
    values = math.prod(data.shape)
    inner = autoencoder.DenseAutoencoder((cfg.code,), kernel_init=INIT, dtype=cfg.dtype)
    return Gan(
        networks={
            "g": Generator(data.shape, (cfg.generator_units,) * cfg.generator_layers, cfg.dtype),
            "d": autoencoder.Energy(inner),
        },
        play=plays.autoencoding(prior),
        prior=prior,
        terms={
            "g": {
                "adversarial": of_norms(losses.ebgan_generator, values, cfg.squared),
                "pull_away": scale(cfg.pull_away, losses.pull_away),
            },
            "d": {"adversarial": of_norms(discriminator, values, cfg.squared)},
        },
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
        ema=averaging.constant(cfg.ema_decay),
        range=(0.0, 1.0),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="mnist",
    shape=(28, 28, 1),
    classes=10,
    steps=46_900,
    batch_size=128,
    smoke={"generator_units": 16, "code": 8, "latent": 4},
    ablations={
        "norm": {"squared": False},
        "no pull-away": {"pull_away": 0.0},
        **{f"margin {margin}": {"margin": float(margin)} for margin in (1, 2, 4, 6, 8, 12, 16, 32)},
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
