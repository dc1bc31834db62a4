"""The conditional GAN on MNIST: both players see the digit.

Paper: Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784.

Run:  python experiments/cgan_mnist.py
Cost: about 0.1 s a step on two busy CPU cores, so 45 minutes for the default 25 000 steps.

Differs from the paper:
- It gives no initialisation and no code. The discriminator's weights start as in the code of the
  first GAN, which theirs extends, its loss is halved and both players move at once, as there;
  with LeCun's weights and moves in turn it wins within 100 steps. The generator's are LeCun's:
  with those of the first GAN all labels gave one image after 3000 steps.
- Momentum grows to its final value by step 125 000, as in the code of the first GAN; the paper
  gives its two ends only. No stopping rule but early stopping on the validation set's
  likelihood is published; the default of 50 epochs is ours.
- The labels of samples in training are those of the real batch.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import SIMULTANEOUS, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import cgan, mlp
from jaxgan.optim import momentum_sgd
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    latent: int = 100
    """Size of the latent, uniform in [0, 1]."""
    latent_units: int = 200
    """Rectifiers of the generator that see the latent."""
    label_units: int = 1000
    """Rectifiers of the generator that see the label."""
    joint_units: int = 1200
    """Rectifiers of the generator that see both."""
    discriminator_units: int = 240
    """Maxout units of the discriminator that see the image, and that see image and label."""
    dropout: float = 0.5
    """Share of hidden units that is dropped, in both players."""
    learning_rate: float = 0.1
    """Initial learning rate of both players."""
    learning_rate_decay: float = 4e-5
    """The learning rate is divided by one plus this after each step, down to 1e-6."""
    momentum: float = 0.5
    """Initial momentum."""
    final_momentum: float = 0.7
    """Momentum from step 125 000 on; it grows linearly."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def unit_cube(size: int):
    """A prior of latents uniform in [0, 1]; a truncation shrinks the cube around its middle."""
    centred = forward.uniform(size, bound=0.5)

    def prior(rng, truncation: float | None = None):
        return 0.5 + centred(rng, truncation)

    return prior


def optimizer(cfg: Config) -> optax.GradientTransformation:
    """Gradient descent with the paper's schedules of learning rate and momentum."""
    rates = cfg.learning_rate, cfg.learning_rate_decay, cfg.momentum, cfg.final_momentum
    return momentum_sgd(*rates, 0, 125_000)


def build(cfg: Config, data: Task) -> Gan:
    """The perceptrons of the paper's section 4.1."""
    prior = unit_cube(cfg.latent)
    classes = data.classes or 1
    return Gan(
        networks={
            "g": cgan.Generator(
                data.shape,
                classes,
                cfg.latent_units,
                cfg.label_units,
                cfg.joint_units,
                dropout=cfg.dropout,
                dtype=cfg.dtype,
            ),
            "d": cgan.Discriminator(
                classes,
                sample_units=cfg.discriminator_units,
                joint_units=cfg.discriminator_units,
                dropout=cfg.dropout,
                kernel_init=mlp.symmetric_uniform(0.005),
                dtype=cfg.dtype,
            ),
        },
        play=forward.conditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating.generator},
            "d": {"adversarial": scale(0.5, losses.nonsaturating.discriminator)},
        },
        optimizers={who: optimizer(cfg) for who in ("g", "d")},
        updates=SIMULTANEOUS,
        ema=ema.constant(cfg.ema_decay),
        sample=forward.generate_labelled,
        conditional=True,
        range=(0.0, 1.0),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="mnist",
    split="train[:50000]",
    shape=(28, 28, 1),
    classes=10,
    steps=25_000,
    batch_size=100,
    smoke={
        "latent": 4,
        "latent_units": 8,
        "label_units": 8,
        "joint_units": 16,
        "discriminator_units": 8,
    },
    ablations={"no dropout": {"dropout": 0.0}},
    published=(
        Published(
            "Parzen-window log-likelihood, nats (as Goodfellow et al. 2014: 1000 samples "
            "of each class, MNIST test)",
            "132 ± 1.8",
            "table 1",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
