"""CycleGAN's game on noise of 4 x 4 pixels, with a pool that is full after two steps."""

import dataclasses

import flax.linen as nn
import numpy as np
import optax

import jaxgan as jg
from jaxgan.data.datasets import DataSpec
from jaxgan.data.modality import UNPAIRED
from jaxgan.data.source import RowSpec, from_arrays
from jaxgan.nets.cyclegan import Discriminators, Generators

SHAPE = (4, 4, 1)


def open_domains(split):
    """32 images of either domain: bright ones, and dark ones."""
    random = np.random.default_rng(0)
    rows = {
        "source": random.integers(0, 128, (32, *SHAPE), np.uint8),
        "target": random.integers(128, 256, (32, *SHAPE), np.uint8),
    }
    return from_arrays("domains", split, rows, modality=UNPAIRED)


DOMAINS = DataSpec(
    "domains",
    SHAPE,
    modality=UNPAIRED,
    rows={key: RowSpec(SHAPE, np.uint8) for key in ("source", "target")},
    open=open_domains,
)


class Pixels(nn.Module):
    """Every pixel alone, ``[b, h, w, 1] -> [b, h, w, 1]``."""

    @nn.compact
    def __call__(self, image, *, train):
        del train
        return nn.Dense(1)(nn.tanh(nn.Dense(4)(image)))


class Judge(nn.Module):
    """A logit for each pixel."""

    @nn.compact
    def __call__(self, image, *, train):
        return Pixels()(image, train=train)[..., 0]


@dataclasses.dataclass(frozen=True)
class Config:
    learning_rate: jg.NonNegative = 1e-2
    """Adam's learning rate."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    squares = jg.losses.least_squares().map(jg.losses.each_domain)
    return jg.Gan(
        generator=Generators(Pixels(), Pixels()),
        discriminator=Discriminators(Judge(), Judge()),
        forward=jg.forward.cycle(),
        terms={
            "g": {
                "adversarial": jg.losses.of_own_logits(squares.generator),
                "cycle": jg.scale(10.0, jg.losses.cycle_consistency),
            },
            "d": {"adversarial": squares.discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
        updates=jg.SIMULTANEOUS,
        adaptive=jg.forward.empty_pools(6, (SHAPE, SHAPE)),
        adapt=jg.forward.move_pools,
    )


EXPERIMENT = jg.Experiment(
    Config, build, data=DOMAINS, steps=6, batch_size=4, scoring=jg.Scoring(metrics=("fd",))
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
