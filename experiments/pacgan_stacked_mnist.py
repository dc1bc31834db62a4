"""PacGAN on stacked MNIST, VEEGAN's protocol: a thousand modes.

Paper: Lin, Khetan, Fanti & Oh, "PacGAN: The power of two samples in generative adversarial
networks", NeurIPS 2018, arXiv:1712.04086, section 4.2.
Code of the authors: github.com/fjxmlzn/PacGAN, stacked_MNIST_experiments/VEEGAN_experiment.

Run:  python experiments/pacgan_stacked_mnist.py
Score:  jaxgan evaluate runs/pacgan_stacked_mnist --metrics modes --num 26000
Cost: not measured on a GPU, which the default 100 000 steps need.
For PacDCGAN m, 64 packs a step as in the paper: --packing m --batch-size 64m.

Differs from the paper:
- The authors draw 128 000 packs once, with replacement, from 128 000 fixed triples; here those
  triples are shuffled into new packs in every epoch. 100 000 steps are their 50 epochs of packs.
- Training on images in [0, 1] with a generator in [-1, 1] is the authors', and kept.
- Their score reads the generator's values as they are; here images below 0 are black.
- A pack's images are normalised together in the generator; the authors take the batch moments
  of each place in the pack by itself.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, Gan, Phase
from jaxgan.nets import pacgan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    packing: int = 2
    """Images that the discriminator judges as one; 1 for DCGAN."""
    latent: int = 100
    """Size of the latent, uniform in [-1, 1]."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """One discriminator and two generator updates, all on the same latents."""
    resolution, _, channels = data.shape
    prior = forward.uniform(cfg.latent)
    widths = [cfg.width * multiple for multiple in (1, 2, 4, 8)]
    again = Phase("g", real="same", latents="same")
    return Gan(
        networks={
            "g": pacgan.Generator(resolution, channels, widths[3], widths[2::-1], dtype=cfg.dtype),
            "d": pacgan.Discriminator(widths, dtype=cfg.dtype),
        },
        play=forward.packed(cfg.packing, forward.unconditional(prior)),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating_generator},
            "d": {"adversarial": losses.nonsaturating_discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=(D, again, again),
        ema=ema.constant(cfg.ema_decay),
        range=(0.0, 1.0),
    )


PUBLISHED = {
    "DCGAN": "78.9 ± 6.46; 4.50 ± 0.127",
    "PacDCGAN2": "1000.0 ± 0.00; 0.06 ± 0.003",
    "PacDCGAN3": "1000.0 ± 0.00; 0.06 ± 0.003",
    "PacDCGAN4": "1000.0 ± 0.00; 0.07 ± 0.005",
    "DCGAN as VEEGAN reports it": "99.0; 3.40",
    "ALI as VEEGAN reports it": "16.0; 5.40",
    "Unrolled GAN as VEEGAN reports it": "48.7; 4.32",
    "VEEGAN as VEEGAN reports it": "150.0; 2.95",
}

EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="stacked_mnist:128000",
    shape=(28, 28, 3),
    classes=1000,
    steps=100_000,
    batch_size=128,
    evaluate_metrics="modes",
    evaluate_num=26_000,
    smoke={"width": 4, "latent": 8},
    ablations={
        f"packing {count}": {"packing": count, "batch_size": 64 * count} for count in (1, 3, 4)
    },
    published=tuple(
        Published(
            f"{method}: modes of 1000; KL (26 000 samples, classified digit by digit; ± standard "
            "error of 10 trials)",
            value,
            "table 2",
        )
        for method, value in PUBLISHED.items()
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
