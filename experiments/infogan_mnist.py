"""InfoGAN on MNIST: codes that can be read back from the images.

Paper: Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing
Generative Adversarial Nets", NIPS 2016, arXiv:1606.03657.
Code of the authors: github.com/openai/InfoGAN (launchers/run_mnist_exp.py).

Run:  python experiments/infogan_mnist.py
Cost: not measured on an idle machine; hours on two CPU cores for the default 5000 steps.

Differs from the paper:
- Real and fake images pass Q's layers one after the other; the authors' code computes Q of
  real images too but uses it nowhere, so only running moments can differ.
- Samples are drawn with random codes; the authors' pictures vary one code at a time.
- Gains of normalization start at 1; the authors' with a deviation of 0.02 around it.
- The paper's evidence is pictures; it has no table for MNIST.
"""

import dataclasses
from functools import partial

import flax.linen as nn
import optax

import jaxgan as jg
from jaxgan.nets import infogan
from jaxgan.nn.heads import Codes


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    noise: int = 62
    """Size of the latent's part that is noise, uniform in [-1, 1]."""
    digits: int = 10
    """Values of the categorical code."""
    styles: int = 2
    """Continuous codes, uniform in [-1, 1]."""
    digit_weight: jg.NonNegative = 1.0
    """Weight of the information about the categorical code; the paper's lambda."""
    style_weight: jg.NonNegative = 1.0
    """Weight of the information about the continuous codes."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    slope: jg.NonNegative = 0.1
    """Leak of the discriminator's and Q's rectifiers: the paper's; the authors' code has 0.01."""
    generator_rate: jg.NonNegative = 1e-3
    """Adam's learning rate of the generator."""
    discriminator_rate: jg.NonNegative = 2e-4
    """Adam's learning rate of the discriminator and Q."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The networks of the paper's appendix C.1; both players maximize the information."""
    resolution, _, channels = task.shape
    noise = jg.uniform(cfg.noise)
    codes = {"digit": jg.forward.categorical(cfg.digits), "style": jg.uniform(cfg.styles)}
    q = dict(categorical={"digit": cfg.digits}, continuous={"style": cfg.styles})
    shared = dict(momentum=0.9, epsilon=1e-5, dtype=task.dtype)
    information = {
        "digit": jg.scale(cfg.digit_weight, jg.losses.categorical_information("digit")),
        "style": jg.scale(cfg.style_weight, jg.losses.gaussian_information("style")),
    }
    rates = {"g": cfg.generator_rate, "d": cfg.discriminator_rate}
    return jg.Gan(
        generator=infogan.Generator(resolution, channels, cfg.width, nn.relu, **shared),
        discriminator=infogan.Discriminator(
            cfg.width,
            batch_norm=True,
            slope=cfg.slope,
            head=partial(Codes, slope=cfg.slope, **q),
            **shared,
        ),
        forward=jg.forward.latent_codes(noise, codes),
        terms=jg.losses.nonsaturating.terms(generator=information, discriminator=information),
        optimizers={who: optax.adam(rate, b1=cfg.beta1) for who, rate in rates.items()},
        range=(0.0, 1.0),
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.MNIST,
    steps=5000,
    batch_size=128,
    smoke=dict(width=4, noise=4),
    ablations={
        "no information": dict(digit_weight=0.0, style_weight=0.0),
        "weak styles": dict(style_weight=0.1),
        "the code's leak": dict(slope=0.01),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
