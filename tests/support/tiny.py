"""A tiny game that has everything a checkpoint must carry.

Batch normalisation, dropout, two different optimizers, an average of the generator, and
slow state: a scalar that a term reads, and an array.
"""

import dataclasses
import math

import flax.linen as nn
import jax.numpy as jnp
import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Task
from jaxgan.game.gan import Gan
from jaxgan.game.terms import scale
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.norm import BatchNorm


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


def build(cfg: Config, data: Task) -> Gan:
    prior = forward.normal(cfg.latent)

    def adapt(adaptive, logs):
        accuracy = logs["d/accuracy_real"]
        drift = cfg.decay * adaptive["drift"] + (1.0 - cfg.decay) * accuracy.total / accuracy.count
        return {"drift": drift, "past": jnp.roll(adaptive["past"], 1).at[0].set(drift)}

    def drifting(outputs):
        return outputs.adaptive["drift"] * jnp.mean(jnp.square(outputs.fake_logits))

    return Gan(
        generator=Generator(data.shape, cfg.width),
        discriminator=Critic(cfg.width),
        forward=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating.generator, "drift": scale(0.1, drifting)},
            "d": {"adversarial": losses.nonsaturating.discriminator},
        },
        optimizers={
            "g": optax.adam(cfg.learning_rate, b1=0.5),
            "d": optax.sgd(cfg.learning_rate, momentum=0.5),
        },
        ema=ema.constant(cfg.decay),
        adaptive={"drift": 0.0, "past": jnp.zeros(4)},
        adapt=adapt,
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
