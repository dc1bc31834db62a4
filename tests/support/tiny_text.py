"""A tiny SeqGAN in two stages, on the sentences of an oracle of seven words."""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.data.datasets import DataSpec
from jaxgan.data.source import Source, digest, from_arrays
from jaxgan.data.tokens import tokens
from jaxgan.nets import seqgan
from jaxgan.oracle import Oracle, fresh_weights
from jaxgan.vocabulary import Vocabulary

WORDS = Vocabulary(7, ("", "the", "cat", "dog", "sees", "a", "bird"))
LENGTH = 4


def opened(split: str) -> Source:
    """Sentences of an oracle, 64 for training and 200 for testing."""
    weights = fresh_weights(0, WORDS.size, 3, 4)
    oracle = Oracle(weights, digest(weights))
    count, seed = {"train": (64, 0), "test": (200, 1)}[split]
    rows = {"tokens": oracle.sample(seed, count, LENGTH)}
    source = from_arrays("words", split, rows, modality=tokens(WORDS))
    return dataclasses.replace(source, oracle=oracle)


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters."""

    stage: str = "adversarial"
    """What is trained."""
    learning_rate: jg.NonNegative = 3e-2
    """Learning rate of both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    updates = {
        "mle": (jg.Phase("g", terms=("likelihood",)),),
        "adversarial": (jg.D, jg.Phase("g", terms=("policy",))),
    }
    return jg.Gan(
        generator=seqgan.generator(task.modality.vocabulary.size, LENGTH, 3, 4),
        discriminator=seqgan.Discriminator(WORDS.size, 3, ((2, 3),)),
        forward=jg.forward.policy(rollouts=2),
        terms={
            "g": {
                "likelihood": jg.losses.negative_log_likelihood,
                "policy": jg.losses.policy_gradient,
            },
            "d": {"adversarial": jg.losses.nonsaturating.discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
        updates=updates[cfg.stage],
        adaptive={"policy": jg.forward.generator_of},
        adapt=jg.forward.follow(0.8),
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=DataSpec("words", (LENGTH,), None, tokens(WORDS), open=opened),
    batch_size=16,
    scoring=jg.Scoring(metrics=("nll_oracle", "nll_gen", "bleu", "self_bleu"), num=100),
    presets={
        "words_mle": dict(stage="mle", steps=40),
        "words": dict(stage="adversarial", steps=2),
    },
    chains={"words": ("words_mle", "words")},
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
