"""A tiny game that has everything a checkpoint must carry.

Batch normalisation, dropout, two different optimizers, an average of the generator, and
slow state: a scalar that a term reads, and an array.
"""

import dataclasses
import math

import flax.linen as nn
import jax.numpy as jnp
import optax

from jaxgan import averaging, losses, plays
from jaxgan.experiment import Data, Experiment
from jaxgan.game import Gan
from jaxgan.launch import main
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.norm import BatchNorm
from jaxgan.terms import scale


@dataclasses.dataclass(frozen=True)
class Config:
    """The knobs."""

    latent: int = 3
    """Size of the latent."""
    width: int = 8
    """Width of the networks."""
    learning_rate: float = 1e-2
    """Learning rate of both players."""
    decay: float = 0.9
    """Decay of the averages."""


class Critic(nn.Module):
    width: int

    @nn.compact
    def __call__(self, image, *, train):
        x = nn.Dense(self.width)(image.reshape(len(image), -1))
        x = BatchNorm(use_running_average=not train, momentum=0.9)(x)
        return nn.Dense(1)(Dropout(0.2)(nn.leaky_relu(x), train=train))[:, 0]


class Generator(nn.Module):
    shape: tuple[int, ...]
    width: int

    @nn.compact
    def __call__(self, latent, *, train):
        x = nn.Dense(self.width)(latent)
        x = BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.Dense(math.prod(self.shape))(nn.relu(x))
        return nn.tanh(x).reshape(-1, *self.shape)


def build(cfg: Config, data: Data) -> Gan:
    prior = plays.normal(cfg.latent)

    def tune(slow, logs):
        accuracy = logs["d/accuracy_real"]
        drift = cfg.decay * slow["drift"] + (1.0 - cfg.decay) * accuracy.total / accuracy.count
        return {"drift": drift, "past": jnp.roll(slow["past"], 1).at[0].set(drift)}

    def drifting(round):
        return round.slow["drift"] * jnp.mean(jnp.square(round.fake_logits))

    return Gan(
        networks={"g": Generator(data.shape, cfg.width), "d": Critic(cfg.width)},
        play=plays.noise(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating_generator, "drift": scale(0.1, drifting)},
            "d": {"adversarial": losses.nonsaturating_discriminator},
        },
        optimizers={
            "g": optax.adam(cfg.learning_rate, b1=0.5),
            "d": optax.sgd(cfg.learning_rate, momentum=0.5),
        },
        ema=averaging.constant(cfg.decay),
        slow={"drift": 0.0, "past": jnp.zeros(4)},
        tune=tune,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="ring",
    shape=(6, 6, 1),
    classes=3,
    steps=12,
    batch_size=8,
    smoke={"width": 4},
)

if __name__ == "__main__":
    main(EXPERIMENT)
