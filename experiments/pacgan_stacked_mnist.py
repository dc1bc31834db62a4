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
- A pack's images are normalized together in the generator; the authors take the batch moments
  of each place in the pack by itself.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import pacgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    packing: int = 2
    """Images that the discriminator judges as one; 1 for DCGAN."""
    latent: int = 100
    """Latent size, uniform in [-1, 1]."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """One discriminator and two generator updates, all on the same latents."""
    resolution, _, channels = task.shape
    again = jg.Phase("g", real="same", latents="same")
    return jg.Gan(
        generator=pacgan.dcgan_generator(resolution, channels, cfg.width, task.dtype),
        discriminator=pacgan.dcgan_discriminator(cfg.width, dtype=task.dtype),
        forward=jg.forward.packed(cfg.packing, jg.forward.unconditional(jg.uniform(cfg.latent))),
        terms=jg.losses.nonsaturating.terms(),
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=(jg.D, again, again),
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
PROTOCOL = "26 000 samples, classified digit by digit; ± standard error of 10 trials"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.stacked_mnist(128_000),
    steps=100_000,
    batch_size=128,
    scoring=jg.Scoring(metrics=("modes",), num=26_000),
    smoke=dict(width=4, latent=8),
    ablations={
        f"packing {count}": dict(packing=count, batch_size=64 * count) for count in (1, 3, 4)
    },
    published=tuple(
        jg.Published(f"{method}: modes of 1000; KL ({PROTOCOL})", value, "Table 2")
        for method, value in PUBLISHED.items()
    ),
    reproductions=tuple(
        jg.Reproduction(
            f"{'PacDCGAN' if count > 1 else 'DCGAN'}{count if count > 1 else ''}: "
            f"modes of 1000; KL ({PROTOCOL})",
            jg.numbers.STACKED,
            flags=dict(packing=count, batch_size=64 * count),
            seeds=10,
        )
        for count in (1, 2, 3, 4)
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
