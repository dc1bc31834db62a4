"""A tiny game of clips: four frames of 16 pixels, drawn by one dense layer."""

import dataclasses

import flax.linen as nn
import optax

import jaxgan as jg

SHAPE = (4, 16, 16, 3)


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters."""

    learning_rate: jg.NonNegative = 1e-3
    """Learning rate of both players."""


class Clips(nn.Module):
    @nn.compact
    def __call__(self, latent, *, train):
        return nn.tanh(nn.Dense(4 * 16 * 16 * 3)(latent).reshape(-1, *SHAPE))


class Critic(nn.Module):
    @nn.compact
    def __call__(self, clip, *, train):
        return nn.Dense(1)(clip.reshape(len(clip), -1))[:, 0]


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    assert jg.forward.clip_shape(task.shape) == (4, 16, 3)
    return jg.Gan(
        generator=Clips(),
        discriminator=Critic(),
        forward=dataclasses.replace(
            jg.forward.unconditional(jg.normal(3)), codes={"category": (0, 3)}
        ),
        terms=jg.losses.nonsaturating.terms(),
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.shape_motion(4, 16),
    resolution=16,
    steps=4,
    batch_size=16,
    scoring=jg.Scoring(metrics=("acd", "category"), num=64),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
