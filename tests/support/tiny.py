"""A tiny game that has everything a checkpoint must carry.

Batch normalization, dropout, two different optimizers, an average of the generator, and
adaptive state: a scalar that a term reads, and an array.
"""

import dataclasses
import math

import flax.linen as nn
import jax.numpy as jnp
import optax

import jaxgan as jg
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.norm import BatchNorm


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters."""

    latent: int = 3
    """Size of the latent."""
    width: int = 8
    """Width of the networks."""
    learning_rate: jg.NonNegative = 1e-2
    """Learning rate of both players."""
    decay: jg.Fraction = 0.9
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


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    def adapt(adaptive, seen):
        accuracy = seen.logs["d/accuracy_real"]
        drift = cfg.decay * adaptive["drift"] + (1.0 - cfg.decay) * accuracy.total / accuracy.count
        return {"drift": drift, "past": jnp.roll(adaptive["past"], 1).at[0].set(drift)}

    def drifting(outputs):
        return outputs.adaptive["drift"] * jnp.mean(jnp.square(outputs.fake_logits))

    return jg.Gan(
        generator=Generator(task.shape, cfg.width),
        discriminator=Critic(cfg.width),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=jg.losses.nonsaturating.terms(generator={"drift": jg.scale(0.1, drifting)}),
        optimizers={
            "g": optax.adam(cfg.learning_rate, b1=0.5),
            "d": optax.sgd(cfg.learning_rate, momentum=0.5),
        },
        ema=jg.ema.constant(cfg.decay),
        adaptive={"drift": 0.0, "past": jnp.zeros(4)},
        adapt=adapt,
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.DataSpec("ring", (6, 6, 1), 3),
    steps=12,
    batch_size=8,
    smoke=dict(width=4),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
