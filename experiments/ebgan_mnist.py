"""EBGAN and EBGAN-PT on MNIST: the discriminator is an autoencoder.

Paper: Zhao, Mathieu & LeCun, "Energy-based Generative Adversarial Networks", ICLR 2017,
arXiv:1609.03126.

Run:  python experiments/ebgan_mnist.py
Cost: not measured.

Differs from the paper:
- Of its grid search this is the setting that figure 9 varies the margin of: four hidden layers of
  1600 in the generator, one of 1024 in the autoencoder. Latent, batch and number of steps
  are ours; the paper does not give them, and published no code.
- Figure 9 is of plain EBGAN (--pull-away 0); 0.1 is the weight that section 2.4 gives.
- Which weights start at a deviation of 0.002 and where the generator is batch-normalised
  (here every hidden layer) is from memory of the paper's appendix.
- The paper pads the digits to 32 pixels (--resolution resizes, which is not the same).
- The energy is the square of the error's norm. The paper's section 2.3 has the norm (--no-squared),
  its text speaks of a squared error; the mean over pixels could never reach its margins of 1 to 32.
"""

import dataclasses
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Task
from jaxgan.game.gan import Gan
from jaxgan.game.terms import of_logits, scale
from jaxgan.nets import autoencoder, mlp
from jaxgan.types import Dtype

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


def build(cfg: Config, data: Task) -> Gan:
    """Perceptrons in both players."""
    prior = forward.uniform(cfg.latent)
    discriminator = losses.ebgan(cfg.margin).discriminator
    values = math.prod(data.shape)

    def norm(energies: jax.Array) -> jax.Array:
        """(Squared) norms of the errors, of their mean squares."""
        squares = values * energies
        return squares if cfg.squared else jnp.sqrt(squares + 1e-12)

    inner = autoencoder.DenseAutoencoder((cfg.code,), kernel_init=INIT, dtype=cfg.dtype)
    return Gan(
        networks={
            "g": mlp.Generator(
                data.shape,
                hidden=(cfg.generator_units,) * cfg.generator_layers,
                batch_norm=True,
                kernel_init=INIT,
                dtype=cfg.dtype,
            ),
            "d": autoencoder.Energy(inner),
        },
        play=forward.autoencoder(prior),
        prior=prior,
        terms={
            "g": {
                "adversarial": of_logits(norm, losses.ebgan(1.0).generator),
                "pull_away": scale(cfg.pull_away, losses.pull_away),
            },
            "d": {"adversarial": of_logits(norm, discriminator)},
        },
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
        ema=ema.constant(cfg.ema_decay),
        threshold=None,
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
