"""PacGAN on stacked MNIST, VEEGAN's protocol: a thousand modes.

Paper: Lin, Khetan, Fanti & Oh, "PacGAN: The power of two samples in generative adversarial
networks", NeurIPS 2018, arXiv:1712.04086, section 4.2.
Code of the authors: github.com/fjxmlzn/PacGAN, stacked_MNIST_experiments/VEEGAN_experiment.

Run:  python experiments/pacgan_stacked_mnist.py
Cost: not measured on a GPU, which the default 100 000 steps need.
For PacDCGAN m, 64 packs a step and 50 epochs of the paper's data:
      --packing m --batch-size 64m --data stacked_mnist:COUNT, COUNT being 128 000 m.

Differs from the paper:
- The authors fix which m triples make a pack; here the triples are fixed and shuffled into new
  packs in every epoch.
- Training on images in [0, 1] with a generator in [-1, 1] is the authors', and kept.
- Their score reads the generator's values as they are; here images below 0 are black.
- Batch normalisation runs with this code's epsilon.
"""

import dataclasses

import optax

from jaxgan import averaging, losses, plays
from jaxgan.experiment import Data, Experiment, Result
from jaxgan.game import D, Gan, Phase
from jaxgan.launch import main
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


def build(cfg: Config, data: Data) -> Gan:
    """One discriminator and two generator updates, all on the same latents."""
    resolution, _, channels = data.shape
    prior = plays.uniform(cfg.latent)
    widths = [cfg.width * multiple for multiple in (1, 2, 4, 8)]
    again = Phase("g", real="same", latents="same")
    return Gan(
        networks={
            "g": pacgan.Generator(resolution, channels, widths[3], widths[2::-1], dtype=cfg.dtype),
            "d": pacgan.Discriminator(widths, dtype=cfg.dtype),
        },
        play=plays.packed(cfg.packing, plays.noise(prior)),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating_generator},
            "d": {"adversarial": losses.nonsaturating_discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=(D, again, again),
        ema=averaging.constant(cfg.ema_decay),
        range=(0.0, 1.0),
    )


PUBLISHED = {
    "DCGAN": ("78.9 ± 6.46", "4.50 ± 0.127"),
    "PacDCGAN2": ("1000.0 ± 0.00", "0.06 ± 0.003"),
    "PacDCGAN3": ("1000.0 ± 0.00", "0.06 ± 0.003"),
    "PacDCGAN4": ("1000.0 ± 0.00", "0.07 ± 0.005"),
}

EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="stacked_mnist:256000",
    shape=(28, 28, 3),
    classes=1000,
    steps=100_000,
    batch_size=128,
    smoke={"width": 4, "latent": 8},
    ablations={
        f"packing {count}": {"packing": count, "batch_size": 64 * count} for count in (1, 3, 4)
    },
    results=tuple(
        Result(
            metric=f"{metric}, {method}",
            protocol="26 000 samples, classified digit by digit; 10 trials, ± standard error",
            paper=value,
            source="Table 2",
        )
        for method, values in PUBLISHED.items()
        for metric, value in zip(("modes of 1000", "KL"), values, strict=True)
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
