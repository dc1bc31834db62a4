"""The first GAN on a ring of eight Gaussians, where mode collapse can be seen.

Paper: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, arXiv:1406.2661.
Data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1
(eight modes on the unit circle, standard deviation 0.01, 100 000 points).

Run:  python experiments/gan_ring.py
Cost: about a minute on two CPU cores for the default 20 000 steps.

Differs from the paper:
- Data: the paper has no toy mixture. Networks are small rectifier perceptrons, the
  optimizer is Adam, and there is no dropout.
- Algorithm 1 as printed: alternating updates, one of each; non-saturating loss.
- Samples come from an average of the generator's weights (--ema-decay 0 for the last ones).
"""

import dataclasses

import flax.linen as nn
import optax

from jaxgan import ema, forward, losses, penalties
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Scoring, Task
from jaxgan.game.gan import ALTERNATING, SIMULTANEOUS, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import mlp
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The knobs of the toy."""

    latent: int = 2
    """Size of the latent, standard normal."""
    hidden: tuple[int, ...] = (128, 128)
    """Rectifiers in each hidden layer, of both networks."""
    learning_rate: float = 1e-3
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    r1: float = 0.0
    """Weight of the R1 gradient penalty (Mescheder et al. 2018); 0 is the plain GAN, at the
    cost of one with R1: a weight is a runtime argument."""
    simultaneous: bool = False
    """Simultaneous instead of alternating updates."""
    ema_decay: float = 0.999
    """Decay per step of the averaged generator."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """Perceptrons that play the non-saturating game in the plane."""
    prior = forward.normal(cfg.latent)
    return Gan(
        networks={
            "g": mlp.Generator(data.shape, cfg.hidden, output=lambda x: x, dtype=cfg.dtype),
            "d": mlp.Discriminator(cfg.hidden, nn.relu, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating.generator},
            "d": {
                "adversarial": losses.nonsaturating.discriminator,
                "r1": scale(cfg.r1, penalties.r1),
            },
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=SIMULTANEOUS if cfg.simultaneous else ALTERNATING,
        ema=ema.constant(cfg.ema_decay),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="ring",
    shape=(2,),
    classes=8,
    steps=20_000,
    batch_size=256,
    scoring=Scoring(every=5000, num=2500),
    smoke={"hidden": (8,)},
    ablations={"R1": {"r1": 0.1}, "simultaneous": {"simultaneous": True}},
)

if __name__ == "__main__":
    main(EXPERIMENT)
