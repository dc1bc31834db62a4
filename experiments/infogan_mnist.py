"""InfoGAN on MNIST: codes that the images tell.

Paper: Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing
Generative Adversarial Nets", NIPS 2016, arXiv:1606.03657.
Code of the authors: github.com/openai/InfoGAN (launchers/run_mnist_exp.py).

Run:  python experiments/infogan_mnist.py
Cost: not measured on an idle machine; hours on two CPU cores for the default 5000 steps.

Differs from the paper:
- Real and fake images pass Q's layers one after the other; the authors' code computes Q of
  real images too but uses it nowhere, so only running moments can differ.
- Samples are drawn with random codes; the authors' pictures vary one code at a time.
- Gains of normalisation start at 1; the authors' with a deviation of 0.02 around it.
- The paper's evidence is pictures; it has no table for MNIST.
"""

import dataclasses
from functools import partial

import flax.linen as nn
import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Task
from jaxgan.game.gan import Gan
from jaxgan.game.terms import scale
from jaxgan.nets import infogan
from jaxgan.nn.heads import Codes
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    noise: int = 62
    """Size of the latent's part that is noise, uniform in [-1, 1]."""
    digits: int = 10
    """Values of the categorical code."""
    styles: int = 2
    """Continuous codes, uniform in [-1, 1]."""
    digit_weight: float = 1.0
    """Weight of the information about the categorical code; the paper's lambda."""
    style_weight: float = 1.0
    """Weight of the information about the continuous codes."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    slope: float = 0.1
    """Leak of the discriminator's and Q's rectifiers: the paper's; the authors' code has 0.01."""
    generator_rate: float = 1e-3
    """Adam's learning rate of the generator."""
    discriminator_rate: float = 2e-4
    """Adam's learning rate of the discriminator and Q."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """The networks of the paper's appendix C.1; both players maximise the information."""
    resolution, _, channels = data.shape
    noise = forward.uniform(cfg.noise)
    codes = {"digit": forward.categorical(cfg.digits), "style": forward.uniform(cfg.styles)}
    head = partial(
        Codes,
        categorical={"digit": cfg.digits},
        continuous={"style": cfg.styles},
        slope=cfg.slope,
    )
    information = {
        "digit": scale(cfg.digit_weight, losses.categorical_information("digit")),
        "style": scale(cfg.style_weight, losses.gaussian_information("style")),
    }
    rates = {"g": cfg.generator_rate, "d": cfg.discriminator_rate}
    return Gan(
        networks={
            "g": infogan.Generator(
                resolution,
                channels,
                cfg.width,
                nn.relu,
                momentum=0.9,
                epsilon=1e-5,
                dtype=cfg.dtype,
            ),
            "d": infogan.Discriminator(
                cfg.width,
                True,
                slope=cfg.slope,
                head=head,
                momentum=0.9,
                epsilon=1e-5,
                dtype=cfg.dtype,
            ),
        },
        play=forward.latent_codes(noise, codes),
        prior=forward.concatenated(noise, codes),
        terms={
            "g": {"adversarial": losses.nonsaturating.generator, **information},
            "d": {"adversarial": losses.nonsaturating.discriminator, **information},
        },
        optimizers={who: optax.adam(rate, b1=cfg.beta1) for who, rate in rates.items()},
        ema=ema.constant(cfg.ema_decay),
        range=(0.0, 1.0),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="mnist",
    shape=(28, 28, 1),
    classes=10,
    steps=5000,
    batch_size=128,
    smoke={"width": 4, "noise": 4},
    ablations={
        "no information": {"digit_weight": 0.0, "style_weight": 0.0},
        "weak styles": {"style_weight": 0.1},
        "the code's leak": {"slope": 0.01},
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
