"""A tiny game of image pairs: the target is the negative of its source, 8 x 8 gray pixels."""

import dataclasses

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import optax

import jaxgan as jg
from jaxgan.data.modality import PAIRS
from jaxgan.data.source import RowSpec, from_arrays
from jaxgan.forward.base import Forward
from jaxgan.types import Outputs


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters."""

    learning_rate: jg.NonNegative = 3e-2
    """Learning rate of both players."""


class Pixels(nn.Module):
    """Every pixel by itself, ``[b, h, w, 1] -> [b, h, w, 1]``."""

    @nn.compact
    def __call__(self, source, *, train):
        return nn.tanh(nn.Dense(1, kernel_init=nn.initializers.constant(1.0))(source))


class Critic(nn.Module):
    @nn.compact
    def __call__(self, image, *, train):
        return nn.Dense(1)(image.reshape(len(image), -1))[:, 0]


def translated(generator, latents, condition):
    del latents
    return generator(condition["source"])[0]


def run(generator, discriminator, batch, rng, adaptive):
    fake, g_stats = generator(batch["source"])
    real_logits, d_stats = discriminator(batch["image"])
    fake_logits, d_stats = discriminator.after(d_stats)(fake)
    return Outputs(
        real=batch["image"],
        fake=fake,
        real_logits=real_logits,
        fake_logits=fake_logits,
        critic=lambda image: discriminator(image)[0],
        stats={"g": g_stats, "d": d_stats},
        adaptive=adaptive,
    )


def difference(outputs):
    return jnp.mean(jnp.abs(outputs.fake - outputs.real))


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    return jg.Gan(
        generator=Pixels(),
        discriminator=Critic(),
        forward=Forward(
            jg.normal(2),
            run,
            translated,
            condition=("source",),
            origin=lambda latents, condition: condition["source"],
        ),
        terms=jg.losses.nonsaturating.terms(generator={"difference": jg.scale(100.0, difference)}),
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
    )


def opened(split):
    """64 pairs of the split ``train``, 20 others of ``test``."""
    seed, count = {"train": (0, 64), "test": (1, 20)}[split]
    levels = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1))
    source = levels.astype(np.uint8)
    rows = {"source": source, "target": 255 - source}
    return from_arrays("negatives", split, rows, modality=PAIRS)


SHAPE = RowSpec((8, 8, 1), np.uint8)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.DataSpec(
        "negatives",
        (8, 8, 1),
        None,
        PAIRS,
        {"source": SHAPE, "target": SHAPE},
        opened,
    ),
    steps=60,
    batch_size=16,
    scoring=jg.Scoring(metrics=("l1", "psnr", "ssim"), num=500),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
