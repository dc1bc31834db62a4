"""The conditional GAN on MNIST: both players see the digit.

Paper: Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784.

Run:  python experiments/cgan_mnist.py
Cost: about 0.1 s a step on two busy CPU cores, so 45 minutes for the default 25 000 steps.

Differs from the paper:
- The generator has no dropout; the paper drops half of the hidden units of both players
  (--generator-dropout). With it the masks, not the latents, make the samples differ, and masks
  are off when samples are drawn: every class became one image. With LeCun's weights and latents
  in [0, 1], after 1000 steps (seed 0), the standard deviation of a digit's samples was 0.03 of the
  real images' over latents, 0.42 over masks and latents, and 0.42 over masks with one latent.
- Latents are uniform with unit variance, as in the code of the first GAN; the paper's are uniform
  in the unit hypercube, where they share a mean that is larger than their spread.
- It gives no initialization and no code. Both players start as in the code of the first GAN, which
  theirs extends: small weights, and an output bias that draws the mean image. As there, the
  discriminator does not see a fifth of the pixels, its loss is halved, and both players move at
  once. With LeCun's weights the generator draws one image for all latents even without dropout.
- Momentum grows to its final value by step 125 000, as in the code of the first GAN; the paper
  gives its two ends only. No stopping rule but early stopping on the validation set's
  likelihood is published; the default of 50 epochs is ours.
- The labels of samples in training are those of the real batch.
"""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np

import jaxgan as jg
from jaxgan.nets import cgan, mlp


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 100
    """Latent size, uniform with unit variance."""
    latent_units: int = 200
    """Rectifiers of the generator that see the latent."""
    label_units: int = 1000
    """Rectifiers of the generator that see the label."""
    joint_units: int = 1200
    """Rectifiers of the generator that see both."""
    discriminator_units: int = 240
    """Maxout units of the discriminator that see the image, and that see image and label."""
    dropout: jg.Fraction = 0.5
    """Share of hidden units that is dropped."""
    input_dropout: jg.Fraction = 0.2
    """Share of the pixels that the discriminator does not see."""
    generator_dropout: bool = False
    """Drop hidden units of the generator too, as the paper does, not only the discriminator's."""
    learning_rate: jg.NonNegative = 0.1
    """Initial learning rate, both players."""
    learning_rate_decay: jg.NonNegative = 4e-5
    """The learning rate is divided by one plus this after each step, down to 1e-6."""
    momentum: jg.Fraction = 0.5
    """Initial momentum."""
    final_momentum: jg.Fraction = 0.7
    """Momentum from step 125 000 on; it grows linearly."""


def marginal_bias(task: jg.Task):
    """Initial output bias: the logit of every pixel's mean over the training set."""

    def init(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
        mean = np.clip(task.mean_sample().reshape(shape), 1e-7, 1.0 - 1e-7)
        return jnp.asarray(np.log(mean) - np.log1p(-mean), dtype)

    return init


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The perceptrons and the gradient descent of the paper's section 4.1."""
    classes = task.classes or 1
    loss = jg.losses.nonsaturating
    halved = jg.scale(0.5, loss.discriminator)
    rates = cfg.learning_rate, cfg.learning_rate_decay, cfg.momentum, cfg.final_momentum
    sgd = jg.optim.momentum_sgd(*rates, 0, 125_000)
    return jg.Gan(
        generator=cgan.Generator(
            task.shape,
            classes,
            cfg.latent_units,
            cfg.label_units,
            cfg.joint_units,
            dropout=cfg.dropout if cfg.generator_dropout else 0.0,
            kernel_init=mlp.symmetric_uniform(0.05),
            bias_init=marginal_bias(task),
            dtype=task.dtype,
        ),
        discriminator=cgan.Discriminator(
            classes,
            sample_units=cfg.discriminator_units,
            joint_units=cfg.discriminator_units,
            dropout=cfg.dropout,
            input_dropout=cfg.input_dropout,
            kernel_init=mlp.symmetric_uniform(0.005),
            dtype=task.dtype,
        ),
        forward=jg.forward.conditional(jg.uniform(cfg.latent, bound=math.sqrt(3.0))),
        terms={"g": {"adversarial": loss.generator}, "d": {"adversarial": halved}},
        optimizers={"g": sgd, "d": sgd},
        updates=jg.SIMULTANEOUS,
        range=(0.0, 1.0),
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.MNIST,
    split="train[:50000]",
    steps=25_000,
    batch_size=100,
    smoke=dict(latent=4, latent_units=8, label_units=8, joint_units=16, discriminator_units=8),
    ablations={
        "dropout in the generator": dict(generator_dropout=True),
        "no dropout": dict(dropout=0.0, input_dropout=0.0),
    },
    published=(
        jg.Published(
            "Parzen-window log-likelihood, nats (as Goodfellow et al. 2014: 1000 samples of each "
            "class, MNIST test)",
            "132 ± 1.8",
            "Table 1",
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
