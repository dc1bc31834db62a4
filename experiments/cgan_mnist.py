"""The conditional GAN on MNIST: both players see the digit.

Paper: Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784.

Run:  python experiments/cgan_mnist.py
Cost: about 0.1 s a step on two busy CPU cores, so 45 minutes for the default 25 000 steps.

Differs from the paper:
- It gives no initialization and no code. The discriminator's weights start as in the code of the
  first GAN, which theirs extends, its loss is halved and both players move at once, as there;
  with LeCun's weights and alternating updates it wins within 100 steps. The generator's are
  LeCun's: with those of the first GAN all labels gave one image after 3000 steps.
- Samples are drawn with the generator's dropout on, as it was trained; the paper does not say how
  its samples were drawn, and dropout is usually off then. But here dropout is the noise, and the
  generator ignores its latent: after 1000 steps (seed 0) the standard deviation of a digit's
  samples was 0.42 of the real images' with dropout on, the same with one latent for all of them,
  and 0.03 with dropout off, which gives one image for each digit. Without dropout in training
  the latent did not take over. With LeCun's weights one image was left, of each digit or of all.
  With the first GAN's start of the generator, latents of unit variance and dropout of pixels
  two or three images were left, until the discriminator won (its loss was below 0.001 at step
  2500).
- Momentum grows to its final value by step 125 000, as in the code of the first GAN; the paper
  gives its two ends only. No stopping rule but early stopping on the validation set's
  likelihood is published; the default of 50 epochs is ours.
- The labels of samples in training are those of the real batch.
"""

import dataclasses

import jaxgan as jg
from jaxgan.nets import cgan, mlp


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 100
    """Latent size, uniform in [0, 1]."""
    latent_units: int = 200
    """Rectifiers of the generator that see the latent."""
    label_units: int = 1000
    """Rectifiers of the generator that see the label."""
    joint_units: int = 1200
    """Rectifiers of the generator that see both."""
    discriminator_units: int = 240
    """Maxout units of the discriminator that see the image, and that see image and label."""
    dropout: jg.Fraction = 0.5
    """Share of hidden units that is dropped, in both players."""
    learning_rate: jg.NonNegative = 0.1
    """Initial learning rate, both players."""
    learning_rate_decay: jg.NonNegative = 4e-5
    """The learning rate is divided by one plus this after each step, down to 1e-6."""
    momentum: jg.Fraction = 0.5
    """Initial momentum."""
    final_momentum: jg.Fraction = 0.7
    """Momentum from step 125 000 on; it grows linearly."""


def unit_cube(size: int):
    """A prior of latents uniform in [0, 1]; a truncation shrinks the cube around its middle."""
    centered = jg.uniform(size, bound=0.5)

    def prior(rng, truncation: float | None = None):
        return 0.5 + centered(rng, truncation)

    return prior


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
            dropout=cfg.dropout,
            dtype=task.dtype,
        ),
        discriminator=cgan.Discriminator(
            classes,
            sample_units=cfg.discriminator_units,
            joint_units=cfg.discriminator_units,
            dropout=cfg.dropout,
            kernel_init=mlp.symmetric_uniform(0.005),
            dtype=task.dtype,
        ),
        forward=jg.forward.sampled_with_dropout(jg.forward.conditional(unit_cube(cfg.latent))),
        terms={"g": {"adversarial": loss.generator}, "d": {"adversarial": halved}},
        optimizers={"g": sgd, "d": sgd},
        updates=jg.SIMULTANEOUS,
        range=(0.0, 1.0),
    )


LIKELIHOOD = (
    "Parzen-window log-likelihood, nats (as Goodfellow et al. 2014: 1000 samples of each class, "
    "MNIST test)"
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.MNIST,
    split="train[:50000]",
    steps=25_000,
    batch_size=100,
    smoke=dict(latent=4, latent_units=8, label_units=8, joint_units=16, discriminator_units=8),
    ablations={"no dropout": dict(dropout=0.0)},
    published=(jg.Published(LIKELIHOOD, "132 ± 1.8", "Table 1"),),
    reproductions=(
        jg.Reproduction(
            LIKELIHOOD,
            jg.numbers.PARZEN,
            evaluate=dict(split="train[50000:51000]", held_out="test", num_real=1000, num=10_000),
            protocol="50 epochs, last weights; sigma chosen on 1 000 validation images",
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
