"""A modality that jaxgan does not have: a source and its negative.

The target is the source's negative. What a sample depends on is a row of the data, not a label.
"""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxgan as jg
from jaxgan.data.datasets import DataSpec
from jaxgan.data.modality import Modality, random_flip, to_float, to_uint8, write_image
from jaxgan.data.source import RowSpec, from_arrays
from jaxgan.forward import Forward
from jaxgan.metrics.metric import Metric
from jaxgan.viz.pictures import grid

SHAPE = (6, 6, 1)


def prepare(batch, rng, range, flip):
    """Both images as floats; one coin flips both of a pair."""

    def one(images):
        images = to_float(images, *range)
        return random_flip(rng, images) if flip and rng is not None else images

    return {key: one(images) for key, images in batch.items()}


def preview(samples, real, columns):
    """Generated images; where there are rows of data, each between its source and its target."""
    if real is not None:
        count = min(len(samples), len(real["source"]))
        triples = (real["source"][:count], samples[:count], real["target"][:count])
        return grid(np.stack(triples, axis=1).reshape(-1, *samples.shape[1:]), 3)
    return grid(samples, columns)


PAIRS = Modality(
    name="opposites",
    prepare=prepare,
    quantize=lambda samples, range: to_uint8(np.asarray(samples), *range),
    preview=preview,
    dtype=np.uint8,
    write=write_image,
    suffix=".png",
    key="target",
    preview_size=8,
    measured=16,
    flips=True,
)


def open_negatives(split):
    """64 pairs of noise and its negative; another 64 for the test."""
    source = np.random.default_rng(["train", "test"].index(split)).integers(
        0, 256, (64, *SHAPE), np.uint8
    )
    rows = {"source": source, "target": 255 - source}
    return from_arrays("negatives", split, rows, modality=PAIRS)


NEGATIVES = DataSpec(
    "negatives",
    SHAPE,
    modality=PAIRS,
    rows={key: RowSpec(SHAPE, np.uint8) for key in ("source", "target")},
    open=open_negatives,
)


def error(comparison):
    """How far the mean generated image is from the mean target."""
    means = [side.array().mean(0) for side in (comparison.generated, comparison.real)]
    return {"mean": float(np.abs(means[0] - means[1]).mean())}, {}


ERROR = Metric(
    name="error",
    about="distance of the mean images",
    compute=error,
    values={"mean": "lower"},
    title=lambda distance: "error of the mean",
    network="",
    modalities=frozenset({"opposites"}),
    keeps="samples",
)


def translating(prior):
    """The generator sees latents and a source; the discriminator, an image and its source."""

    def run(generator, discriminator, batch, rng, adaptive):
        latents = prior(rng.named("latent"))
        fake, g_stats = generator(latents, batch["source"])
        real_logits, d_stats = discriminator(batch["target"], batch["source"])
        fake_logits, d_stats = discriminator.after(d_stats)(fake, batch["source"])
        return jg.Outputs(
            real=batch["target"],
            fake=fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            critic=lambda images: discriminator(images, batch["source"])[0],
            stats={"g": g_stats, "d": d_stats},
            adaptive=adaptive,
        )

    def sample(generator, latents, condition):
        return generator(latents, condition["source"])[0]

    return Forward(prior, run, sample, condition=("source",))


class Generator(nn.Module):
    @nn.compact
    def __call__(self, latents, source, *, train):
        x = jnp.concatenate([latents, source.reshape(len(source), -1)], axis=-1)
        return nn.tanh(nn.Dense(source[0].size)(nn.Dense(8)(x))).reshape(source.shape)


class Discriminator(nn.Module):
    @nn.compact
    def __call__(self, image, source, *, train):
        x = jnp.concatenate([image, source], axis=-1).reshape(len(image), -1)
        return nn.Dense(1)(nn.tanh(nn.Dense(8)(x)))[:, 0]


@dataclasses.dataclass(frozen=True)
class Config:
    learning_rate: jg.NonNegative = 1e-2
    """Adam's learning rate."""


def near_the_target(outputs) -> jax.Array:
    """pix2pix's L1."""
    return jnp.mean(jnp.abs(outputs.fake - outputs.real))


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    return jg.Gan(
        generator=Generator(),
        discriminator=Discriminator(),
        forward=translating(jg.normal(2)),
        terms=jg.losses.hinge.terms(generator={"l1": jg.scale(10.0, near_the_target)}),
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=NEGATIVES,
    steps=3,
    batch_size=8,
    ema=0.9,
    flip=True,
    scoring=jg.Scoring(metrics=(ERROR,), num=16),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
