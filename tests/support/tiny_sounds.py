"""A tiny game of sounds: 512 samples at 8 kHz, made by one dense layer; two tones are real."""

import dataclasses

import flax.linen as nn
import numpy as np
import optax

import jaxgan as jg
from jaxgan.data.datasets import DataSpec
from jaxgan.data.sounds import sounds
from jaxgan.data.source import Source, from_arrays

SAMPLES, RATE = 512, 8000


def tones(split: str) -> Source:
    """Tones of about 500 and 1500 Hz, 64 for training and 32 for testing."""
    count, seed = {"train": (64, 0), "test": (32, 1)}[split]
    label = np.arange(count) % 2
    hertz = np.array([500, 1500])[label] + np.random.default_rng(seed).uniform(-100, 100, count)
    waves = np.sin(2 * np.pi * hertz[:, None] * np.arange(SAMPLES) / RATE)
    rows = {"sound": (16_000 * waves).astype(np.int16), "label": label.astype(np.int32)}
    names = ("low", "high")
    return from_arrays("tones", split, rows, class_names=names, modality=sounds(RATE))


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters."""

    learning_rate: jg.NonNegative = 1e-3
    """Learning rate of both players."""
    echo: bool = False
    """Samples are real sounds at half their height."""


class Waves(nn.Module):
    @nn.compact
    def __call__(self, latent, *, train):
        return nn.tanh(nn.Dense(SAMPLES)(latent))


class Critic(nn.Module):
    @nn.compact
    def __call__(self, sound, *, train):
        return nn.Dense(1)(sound)[:, 0]


def halved(generator, latents, condition):
    return 0.5 * condition["sound"]


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    forward = jg.forward.unconditional(jg.normal(3))
    if cfg.echo:
        forward = dataclasses.replace(forward, condition=("sound",), sample=halved)
    return jg.Gan(
        generator=Waves(),
        discriminator=Critic(),
        forward=forward,
        terms=jg.losses.nonsaturating.terms(),
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=DataSpec("tones", (SAMPLES,), 2, sounds(RATE), open=tones),
    steps=4,
    batch_size=16,
    scoring=jg.Scoring(metrics=("fd_log_mel", "nearest_log_mel"), num=32),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
