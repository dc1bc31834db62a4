"""ALI on mixtures in the plane: the discriminator judges pairs of a sample and a latent.

Paper: Dumoulin et al., "Adversarially learned inference", ICLR 2017, arXiv:1606.00704.
Code: github.com/IshmaelBelghazi/ALI, experiments/ali_mixture.py; with the settings of
github.com/fjxmlzn/PacGAN, synthetic_data_experiments/2DRing_ALI.
Data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1.

Run:  python experiments/ali_mixture.py
      The grid of 25: --data grid --workdir runs/ali_grid
Cost: about eight minutes on two CPU cores (20 steps/s) for the default 10 000 steps;
      --steps 400000 is PacGAN's budget.

Differs from the paper:
- Budget: PacGAN trains ALI for 400 epochs, which are 400 000 steps.
- Networks and settings are those that PacGAN's table 1 was made with; ALI's own mixture
  is a grid, without a table.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import SIMULTANEOUS, Gan
from jaxgan.nets import bigan, mixture
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    latent: int = 2
    """Size of the latent, standard normal."""
    hidden: tuple[int, ...] = (400, 400, 400, 400)
    """Normalised rectifiers in each hidden layer of the generator."""
    encoder_hidden: tuple[int, ...] = (400, 400)
    """Normalised rectifiers in each hidden layer of the encoder."""
    maxout: int = 200
    """Maxout units, of five pieces, in each of the discriminator's three hidden layers."""
    discriminator_init: float = 0.02
    """Deviation of the discriminator's initial weights; narrow layers need more."""
    learning_rate: float = 1e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.8
    """Adam's first decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0 samples with the last weights, as they do."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """The non-saturating game on pairs; both players move at once, on the same pairs."""
    prior = forward.normal(cfg.latent)
    return Gan(
        networks={
            "g": bigan.Bidirectional(
                mixture.PacganGenerator(data.shape[0], cfg.hidden, cfg.dtype),
                mixture.AliEncoder(cfg.latent, cfg.encoder_hidden, cfg.dtype),
            ),
            "d": mixture.ali_discriminator(cfg.maxout, cfg.dtype, cfg.discriminator_init),
        },
        play=forward.bidirectional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.joint_generator},
            "d": {"adversarial": losses.nonsaturating_discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=SIMULTANEOUS,
        ema=ema.constant(cfg.ema_decay),
        sample=forward.generate_jointly,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="ring",
    shape=(2,),
    classes=8,
    steps=10_000,
    batch_size=100,
    evaluate_every=2000,
    evaluate_num=2500,
    smoke={"hidden": (8,), "encoder_hidden": (8,), "maxout": 4},
    published=tuple(
        Published(
            f"{data}, {method}: modes; high quality, %; reverse KL (2500 samples, within 3 "
            "deviations)",
            value,
            "Lin et al. 2018 (PacGAN), table 1: 400 000 steps; 10 trials, standard error; "
            "then Srivastava et al. 2017 (VEEGAN), table 1: 5 runs",
        )
        for data, method, value in (
            ("ring", "ALI", "6.6 ± 0.3; 97.6 ± 0.4; 0.36 ± 0.04, then 2.8; 0.13; -"),
            ("grid", "ALI", "24.1 ± 0.4; 95.7 ± 0.6; 0.14 ± 0.03, then 15.8; 1.6; -"),
        )
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
