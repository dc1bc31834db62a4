"""RelGAN: text by Gumbel-softmax, with a relational memory and many embeddings.

Paper: Nie, Narodytska & Patel, "RelGAN: Relational Generative Adversarial Networks for Text
Generation", ICLR 2019, openreview.net/forum?id=rJedV3R5tm.
Code of the authors: github.com/weilinie/RelGAN (TensorFlow 1).

Run:  python experiments/relgan.py oracle_mle
      Both stages one after another: jaxgan chain experiments/relgan.py oracle --workdir runs/relgan
      Others: oracle_small and sentences_small in the place of oracle.
      The paper's ablations: --cell lstm, --embeddings 1; more variety: --inverse-temperature 2.
Cost: a chain has two stages: maximum likelihood (oracle_mle, the paper's 150 epochs), then both
      players, for the default 3000 steps. At full size they are for a GPU, not measured. In
      oracle_small a step takes 0.15 s of a CPU core in the first stage, 1.8 s in the second.

Scores: as of SeqGAN. The paper's NLL-oracle, 6.680 ± 0.343 at length 20, is of another oracle than
SeqGAN's, whose weights were not published, so that it cannot be measured again; its NLL-gen is of
the training sequences, here it is of held-out ones.

Differs from the paper:
- In a step the discriminator's five updates come first, the generator's last.
- The generator is compared with the real sequences that the discriminator saw last; the authors
  draw others.
- The inverse temperature reaches its value at the last step, as the paper has it; in the code the
  exponent counts 5000 steps, and so it ends at 15.8 instead of 100 after 3000.
- Real sequences are drawn without replacement, epoch by epoch; the authors draw batches at random.
- The paper averages the logits of all embeddings (equation 7); as in the code, here each of them
  is compared with that of its real sequence, and the losses are averaged.
- small presets have a memory of 2 heads of 32 instead of 256, 16 embeddings and 75 filters of each
  width, and fewer steps. Sentences are other texts than the paper's.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import relgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    stage: Literal["mle", "adversarial"] = "adversarial"
    """What is trained: the generator by maximum likelihood, or both players."""
    cell: Literal["memory", "lstm"] = "memory"
    """Of the generator: a relational memory, or an LSTM."""
    embedding: int = 32
    """Numbers that stand for a token in the generator; and units of the LSTM."""
    slots: int = 1
    """Rows of the memory."""
    heads: int = 2
    """Of the memory's attention."""
    head_size: int = 256
    """Features of a head."""
    embeddings: int = 64
    """Of the discriminator; each has a number for every token, and a logit."""
    filters: int = 300
    """Of the discriminator, of each of four widths."""
    inverse_temperature: jg.NonNegative = 100.0
    """Of Gumbel-softmax at the last step, from 1 on and growing by a factor; the larger, the better
    and the more alike are samples."""
    discriminator_steps: int = 5
    """Discriminator updates per generator update."""
    mle_rate: jg.NonNegative = 1e-2
    """Adam's learning rate of maximum likelihood."""
    learning_rate: jg.NonNegative = 1e-4
    """Adam's learning rate of both players after it."""
    clip: jg.NonNegative = 5.0
    """Largest norm of a gradient."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """A relational memory that writes, against a discriminator of relaxed sequences."""
    (length,), vocabulary = task.shape, task.modality.vocabulary
    if vocabulary is None:
        raise jg.UserError("These data are no text; give --data oracle, sentences or text:FILE.")
    size, steps = vocabulary.size, task.steps or 1
    rate = cfg.mle_rate if cfg.stage == "mle" else cfg.learning_rate
    adam = optax.chain(optax.clip_by_global_norm(cfg.clip), optax.adam(rate))
    generators = {
        "memory": relgan.generator(
            size, length, cfg.embedding, cfg.slots, cfg.heads, cfg.head_size
        ),
        "lstm": relgan.lstm_generator(size, length, cfg.embedding, cfg.embedding),
    }
    updates = {
        "mle": (jg.Phase("g", terms=("likelihood",)),),
        "adversarial": (jg.D,) * cfg.discriminator_steps
        + (jg.Phase("g", real="same", terms=("adversarial",)),),
    }
    return jg.Gan(
        generator=generators[cfg.cell],
        discriminator=relgan.Discriminator(cfg.embeddings, filters=cfg.filters),
        forward=jg.forward.relaxed(lambda step: cfg.inverse_temperature ** (step / steps)),
        terms=jg.losses.relativistic.terms(
            generator={"likelihood": jg.losses.negative_log_likelihood}
        ),
        optimizers={"g": adam, "d": adam},
        updates=updates[cfg.stage],
        adaptive={"step": 0},
        adapt=jg.forward.count_steps,
        threshold=None,
    )


def stages(name: str, data: jg.datasets.DataSpec, steps: tuple[int, int], **more) -> dict:
    """The presets of a chain: maximum likelihood, both players."""
    mle, both = steps
    return {
        f"{name}_mle": dict(data=data, stage="mle", steps=mle, **more),
        name: dict(data=data, stage="adversarial", steps=both, **more),
    }


SMALL = dict(head_size=32, embeddings=16, filters=75)

TEXT = dict(SMALL, scoring=jg.Scoring(metrics=("nll_gen", "bleu", "self_bleu"), num=1000))

EXPERIMENT = jg.Experiment(
    Config,
    build,
    batch_size=64,
    ema=0.0,
    fixed_budget=True,
    scoring=jg.Scoring(metrics=("nll_oracle", "nll_gen"), num=10_000),
    smoke=dict(embedding=4, head_size=2, embeddings=2, filters=2, discriminator_steps=1),
    ablations={"LSTM": dict(cell="lstm"), "one embedding": dict(embeddings=1)},
    presets={
        **stages("oracle", jg.datasets.oracle(), (150 * 156, 3000)),
        **stages("oracle_small", jg.datasets.oracle(), (5000, 1000), **SMALL),
        **stages("sentences_small", jg.datasets.sentences("sentences"), (3000, 1000), **TEXT),
    },
    chains={name: (f"{name}_mle", name) for name in ("oracle", "oracle_small", "sentences_small")},
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
