"""SeqGAN: text by policy gradient, with the discriminator as the reward.

Paper: Yu, Zhang, Wang & Yu, "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient",
AAAI 2017, arXiv:1609.05473.
Code of the authors: github.com/LantaoYu/SeqGAN (TensorFlow 1).

Run:  python experiments/seqgan.py oracle_mle
      All stages one after another: jaxgan chain experiments/seqgan.py oracle --workdir runs/seqgan
      Others: oracle_small, poems_small and sentences_small in the place of oracle.
      The authors' oracle: --data oracle:FILE.npz; another one: --data oracle:SEED.
Cost: a chain has three stages: maximum likelihood (oracle_mle, the paper's 120 epochs), then the
      discriminator alone, then both. A step of the first takes 0.1 s of a CPU core, so half an hour
      for its default 18 720 steps; the other stages at full size are for a GPU, not measured. In
      oracle_small they take 0.03 and 1.3 s a step.

Scores: nll_oracle and nll_gen, in nats a token, beside the oracle's own. Published values are those
of the authors' oracle; values of two oracles cannot be compared.

Differs from the paper:
- For each generator update the authors train the discriminator on five new sets of 10,000 sequences
  for three epochs each, some 4,700 batches; here it has --discriminator-steps, 15 by default. They
  train it alone for 150 epochs, some 47,000 batches; here for a tenth of that.
- A discriminator's batch has 64 real and 64 generated sequences; the authors mix 20,000 and take 64
  of them.
- Rollouts are finished by a copy of the generator that lags behind (--lag), as the paper and the
  code's words have it. In the code the copy refers to the generator's variables themselves, and so
  is the generator at any time.
- The generator's loss is the mean over the batch of sums over time, where the authors sum over the
  batch, too. With Adam this matters where gradients are clipped.
- In a step the discriminator moves first.
- The oracle draws new sequences from a seed, of which the authors' experiment has its own.
- Each stage begins with a new optimizer; the authors keep the discriminator's.
- small presets have rollouts and filters of a quarter and fewer steps. Poems and sentences are
  other texts than the paper's, and their vocabularies are the 5000 most frequent tokens.
"""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp
import optax

import jaxgan as jg
from jaxgan.nets import seqgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    stage: Literal["mle", "discriminator", "adversarial"] = "adversarial"
    """What is trained: the generator by maximum likelihood, the discriminator alone, or both."""
    embedding: int = 32
    """Numbers that stand for a token in the generator."""
    hidden: int = 32
    """Units of the generator's LSTM."""
    divisor: int = 1
    """Of the numbers of the discriminator's filters."""
    rollouts: int = 16
    """How often a sequence is finished from each of its tokens on."""
    lag: jg.Fraction = 0.8
    """How much of the policy of rollouts stays in every step."""
    discriminator_steps: int = 15
    """Discriminator updates per generator update."""
    learning_rate: jg.NonNegative = 1e-2
    """Adam's learning rate, generator."""
    discriminator_rate: jg.NonNegative = 1e-4
    """Adam's learning rate, discriminator."""
    clip: jg.NonNegative = 5.0
    """Largest norm of the generator's gradient."""
    l2: jg.Weight = 0.2
    """Weight of half the squares of the discriminator's last layer."""


def last_layer(outputs: jg.Outputs) -> jax.Array:
    """Half the squares of the discriminator's last layer, bias included."""
    leaves = jax.tree.leaves(outputs.params["d"]["scores"])
    return sum((jnp.sum(jnp.square(leaf)) for leaf in leaves), jnp.zeros(())) / 2.0


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """An LSTM that writes, against a convolutional classifier."""
    (length,), vocabulary = task.shape, task.modality.vocabulary
    if vocabulary is None:
        raise jg.UserError("These data are no text; give --data oracle, poems or text:FILE.")
    filters = tuple((width, -(-count // cfg.divisor)) for width, count in seqgan.FILTERS)
    updates = {
        "mle": (jg.Phase("g", terms=("likelihood",)),),
        "discriminator": (jg.D,),
        "adversarial": (jg.D,) * cfg.discriminator_steps + (jg.Phase("g", terms=("policy",)),),
    }
    return jg.Gan(
        generator=seqgan.generator(vocabulary.size, length, cfg.embedding, cfg.hidden),
        discriminator=seqgan.Discriminator(vocabulary.size, filters=filters),
        forward=jg.forward.policy(cfg.rollouts),
        terms={
            "g": {
                "likelihood": jg.losses.negative_log_likelihood,
                "policy": jg.losses.policy_gradient,
            },
            "d": {
                # The mean over real and generated sequences together.
                "adversarial": jg.scale(0.5, jg.losses.nonsaturating.discriminator),
                "l2": jg.scale(cfg.l2, last_layer),
            },
        },
        optimizers={
            "g": optax.chain(optax.clip_by_global_norm(cfg.clip), optax.adam(cfg.learning_rate)),
            "d": optax.adam(cfg.discriminator_rate),
        },
        updates=updates[cfg.stage],
        adaptive={"policy": jg.forward.generator_of} if cfg.stage == "adversarial" else {},
        adapt=jg.forward.follow(cfg.lag)
        if cfg.stage == "adversarial"
        else lambda adaptive, seen: adaptive,
    )


NLL = "NLL-oracle, length 20, of the authors' oracle"


def measured(value: str) -> dict:
    """A published likelihood, and how it is measured again: with --data oracle:FILE.npz."""
    return dict(
        published=(jg.Published(NLL, value, "table 1"),),
        reproductions=(
            jg.Reproduction(
                NLL,
                (jg.Number("nll_oracle/nll", digits=3),),
                evaluate=dict(num=10_000),
                seeds=3,
                protocol="give the authors' oracle: --data oracle:FILE.npz",
            ),
        ),
    )


def stages(name: str, data: jg.datasets.DataSpec, steps: tuple[int, int, int], **more) -> dict:
    """The presets of a chain: maximum likelihood, the discriminator, both."""
    parts = ("mle", "discriminator", "adversarial")
    names = (f"{name}_mle", f"{name}_discriminator", name)
    return {
        preset: dict(data=data, stage=stage, steps=count, **more)
        for preset, stage, count in zip(names, parts, steps, strict=True)
    }


SMALL = dict(divisor=4, rollouts=4, discriminator_steps=5)

TEXT = dict(SMALL, scoring=jg.Scoring(metrics=("nll_gen", "bleu", "self_bleu"), num=1000))

POEMS = jg.datasets.sentences("poems", between="")

PRESETS = {
    **stages("oracle", jg.datasets.oracle(), (120 * 156, 4700, 200)),
    **stages("oracle_small", jg.datasets.oracle(), (120 * 156, 1000, 200), **SMALL),
    **stages("poems_small", POEMS, (5000, 1000, 200), **TEXT),
    **stages("sentences_small", jg.datasets.sentences("sentences"), (5000, 1000, 200), **TEXT),
}

EXPERIMENT = jg.Experiment(
    Config,
    build,
    batch_size=64,
    ema=0.0,
    scoring=jg.Scoring(metrics=("nll_oracle", "nll_gen"), num=10_000),
    smoke=dict(embedding=4, hidden=4, divisor=50, rollouts=1, discriminator_steps=1),
    presets=PRESETS | {"oracle_mle": PRESETS["oracle_mle"] | measured("9.038")},
    chains={
        name: (f"{name}_mle", f"{name}_discriminator", name)
        for name in ("oracle", "oracle_small", "poems_small", "sentences_small")
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
