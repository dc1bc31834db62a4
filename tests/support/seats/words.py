"""A modality that jaxgan does not have: sequences of tokens, int32 ``[t]``.

Networks see one-hot vectors; the generator answers with a softmax over the vocabulary.
"""

import dataclasses

import flax.linen as nn
import jax
import numpy as np
import optax

import jaxgan as jg
from jaxgan.data.datasets import DataSpec
from jaxgan.data.modality import Modality
from jaxgan.data.source import RowSpec, from_arrays
from jaxgan.forward import Forward
from jaxgan.metrics.metric import Metric

LENGTH, VOCABULARY = 5, 7


def preview(tokens, real, columns):
    """A row of gray squares for each sequence."""
    squares = (tokens * (255 // VOCABULARY)).astype(np.uint8)
    return squares.repeat(8, 0).repeat(8, 1)[..., None]


def write(path, tokens):
    """The numbers of the tokens, as text."""
    path.write_text(" ".join(map(str, tokens)) + "\n")


TOKENS = Modality(
    name="tokens",
    prepare=lambda batch, rng, range, flip: {"tokens": jax.nn.one_hot(batch["tokens"], VOCABULARY)},
    quantize=lambda samples, range: np.asarray(samples).argmax(-1).astype(np.int32),
    preview=preview,
    dtype=np.int32,
    write=write,
    suffix=".txt",
    key="tokens",
    preview_size=8,
    measured=16,
)


def open_words(split):
    """64 sequences whose tokens fall or rise by one."""
    random = np.random.default_rng(["train", "test"].index(split))
    starts, ways = random.integers(0, VOCABULARY, 64), random.choice([-1, 1], 64)
    tokens = (starts[:, None] + ways[:, None] * np.arange(LENGTH)) % VOCABULARY
    rows = {"tokens": tokens.astype(np.int32)}
    return from_arrays("words", split, rows, modality=TOKENS)


WORDS = DataSpec(
    "words",
    (LENGTH,),
    modality=TOKENS,
    rows={"tokens": RowSpec((LENGTH,), np.int32)},
    open=open_words,
)


def neighbors(comparison):
    """The share of neighboring tokens that differ by one."""
    steps = np.abs(np.diff(comparison.generated.array(), axis=1))
    return {"share": float(np.isin(steps, (1, VOCABULARY - 1)).mean())}, {}


NEIGHBORS = Metric(
    name="steps",
    about="share of neighboring tokens that differ by one",
    compute=neighbors,
    values={"share": "higher"},
    title=lambda distance: "steps of one",
    network="",
    modalities=frozenset({"tokens"}),
    keeps="samples",
    quantized=False,
)


def sequences(prior):
    """Both are judged as vectors of probabilities over the vocabulary."""

    def run(generator, discriminator, batch, rng, adaptive):
        fake, g_stats = generator(prior(rng.named("latent")))
        real_logits, d_stats = discriminator(batch["tokens"])
        fake_logits, d_stats = discriminator.after(d_stats)(fake)
        return jg.Outputs(
            real=batch["tokens"],
            fake=fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            critic=lambda samples: discriminator(samples)[0],
            stats={"g": g_stats, "d": d_stats},
            adaptive=adaptive,
        )

    return Forward(prior, run)


class Generator(nn.Module):
    @nn.compact
    def __call__(self, latents, *, train):
        logits = nn.Dense(LENGTH * VOCABULARY)(nn.relu(nn.Dense(8)(latents)))
        return nn.softmax(logits.reshape(-1, LENGTH, VOCABULARY))


class Discriminator(nn.Module):
    @nn.compact
    def __call__(self, tokens, *, train):
        return nn.Dense(1)(nn.tanh(nn.Dense(8)(tokens.reshape(len(tokens), -1))))[:, 0]


@dataclasses.dataclass(frozen=True)
class Config:
    learning_rate: jg.NonNegative = 1e-2
    """Adam's learning rate."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    return jg.Gan(
        generator=Generator(),
        discriminator=Discriminator(),
        forward=sequences(jg.normal(3)),
        terms=jg.losses.nonsaturating.terms(discriminator={"r1": jg.penalties.r1}),
        optimizers={who: optax.adam(cfg.learning_rate) for who in ("g", "d")},
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=WORDS,
    steps=3,
    batch_size=8,
    ema=0.9,
    scoring=jg.Scoring(metrics=(NEIGHBORS,), num=16),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
