"""The first GAN, on MNIST and Fashion-MNIST.

Paper: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, arXiv:1406.2661.
Code of the authors: github.com/goodfeli/adversarial (mnist.yaml, __init__.py).

Run:  python experiments/gan.py mnist
      python experiments/gan.py fashion_mnist
Cost: for the default 25 000 steps (50 epochs) 20 to 40 minutes on one CPU core (1050 to 2050
      images/s) on MNIST, about 20 minutes on two cores on Fashion-MNIST.
Table 1:  jaxgan evaluate runs/gan-mnist --metrics parzen --split 'train[50000:51000]'
          --held-out test --num-real 1000 --num 10000
      or, at 400 epochs, jaxgan reproduce experiments/gan.py mnist

Differs from the paper:
- Data: the paper has no Fashion-MNIST; everything else of that preset is the paper's MNIST
  experiment.
- Algorithm 1 alternates discriminator and generator updates; the authors' code, which
  this file follows, moves both at once on the same samples.
- The discriminator's dropout masks are drawn once per update and row, for the real and
  the fake sample of that row alike; the authors draw them apart.
- No stopping rule is published; the default of 50 epochs is ours, and short: the authors'
  momentum grows until epoch 250. Learning rate and momentum follow their schedules by the step.
  On MNIST the score still grew after 200 epochs (scripts/benchmarks/results/parzen.md), so the
  short budget explains a part of the gap to the paper's number.
- Samples come from an average of the generator's weights (evaluate --weights raw, or training with
  --ema 0: the last ones).
"""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np

import jaxgan as jg
from jaxgan.nets import mlp

EPOCH = 500
"""Steps per epoch: 50 000 training images in batches of 100."""


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 100
    """Latent size, uniform with unit variance."""
    generator_units: int = 1200
    """Rectifiers in each of the generator's two hidden layers."""
    discriminator_units: int = 240
    """Maxout units in each of the discriminator's two hidden layers."""
    pieces: int = 5
    """Affine maps per maxout unit."""
    input_dropout: jg.Fraction = 0.2
    """Share of the discriminator's inputs that is dropped."""
    hidden_dropout: jg.Fraction = 0.5
    """Share of its hidden units that is dropped."""
    saturating: bool = False
    """Minimax loss for the generator (equation 1) instead of the non-saturating one."""
    alternating: bool = False
    """Algorithm 1's alternating updates instead of simultaneous ones."""
    learning_rate: jg.NonNegative = 0.1
    """Initial learning rate, both players."""
    learning_rate_decay: jg.NonNegative = 4e-6
    """The learning rate is divided by one plus this after each step."""
    momentum: jg.Fraction = 0.5
    """Initial momentum."""
    final_momentum: jg.Fraction = 0.7
    """Momentum from step 125 000 (epoch 250 at the default batch) on; it grows linearly."""


def marginal_bias(task: jg.Task):
    """Initial output bias: the logit of every pixel's mean over the training set."""

    def init(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
        mean = np.clip(task.mean_sample().reshape(shape), 1e-7, 1.0 - 1e-7)
        return jnp.asarray(np.log(mean) - np.log1p(-mean), dtype)

    return init


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The networks, the game and the gradient descent of the authors' mnist.yaml."""
    loss = jg.losses.minimax if cfg.saturating else jg.losses.nonsaturating
    halved = jg.scale(0.5, loss.discriminator)
    rates = cfg.learning_rate, cfg.learning_rate_decay, cfg.momentum, cfg.final_momentum
    sgd = jg.optim.momentum_sgd(*rates, EPOCH, 250 * EPOCH)
    return jg.Gan(
        generator=mlp.Generator(
            task.shape,
            hidden=(cfg.generator_units,) * 2,
            kernel_init=mlp.symmetric_uniform(0.05),
            bias_init=marginal_bias(task),
            dtype=task.dtype,
        ),
        discriminator=mlp.MaxoutDiscriminator(
            hidden=(cfg.discriminator_units,) * 2,
            pieces=cfg.pieces,
            input_dropout=cfg.input_dropout,
            hidden_dropout=cfg.hidden_dropout,
            kernel_init=mlp.symmetric_uniform(0.005),
            dtype=task.dtype,
        ),
        forward=jg.forward.unconditional(jg.uniform(cfg.latent, bound=math.sqrt(3.0))),
        terms={"g": {"adversarial": loss.generator}, "d": {"adversarial": halved}},
        optimizers={"g": sgd, "d": sgd},
        updates=jg.ALTERNATING if cfg.alternating else jg.SIMULTANEOUS,
        range=(0.0, 1.0),
    )


LIKELIHOOD = (
    "Parzen-window log-likelihood, nats (10 000 samples, sigma chosen on 1 000 validation images, "
    "MNIST test; ± is the standard error over test images)"
)
PARZEN = dict(split="train[50000:51000]", held_out="test", num_real=1000, num=10_000)
"""What that protocol is for ``jaxgan evaluate``."""
REPRODUCTIONS = (
    jg.Reproduction(
        LIKELIHOOD,
        jg.numbers.PARZEN,
        flags=dict(steps=400 * EPOCH),
        evaluate=PARZEN,
        seeds=2,
        protocol="averaged weights; no stopping rule is published, 400 epochs are ours",
    ),
    jg.Reproduction(
        f"{LIKELIHOOD}, last weights",
        jg.numbers.PARZEN,
        flags=dict(steps=400 * EPOCH),
        evaluate=dict(weights="raw", **PARZEN),
        seeds=2,
        protocol="no stopping rule is published, 400 epochs are ours",
    ),
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    split="train[:50000]",
    steps=50 * EPOCH,
    batch_size=100,
    ema=0.999,
    smoke=dict(generator_units=16, discriminator_units=8, latent=4),
    ablations={
        "minimax": dict(saturating=True),
        "alternating": dict(alternating=True),
        "no dropout": dict(input_dropout=0.0, hidden_dropout=0.0),
    },
    presets={
        "mnist": dict(
            data=jg.datasets.MNIST,
            published=(jg.Published(LIKELIHOOD, "225 ± 2", "Table 1"),),
            reproductions=REPRODUCTIONS,
        ),
        "fashion_mnist": dict(data=jg.datasets.FASHION_MNIST),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
