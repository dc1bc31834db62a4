"""Unrolled GAN on stacked MNIST, with networks too small for it.

Paper: Metz, Poole, Pfau & Sohl-Dickstein, "Unrolled Generative Adversarial Networks", ICLR 2017,
arXiv:1611.02163, section 3.3.1; settings and the packed rows are those of Lin et al. 2018
(PacGAN, section 4.3, table 3).
Code: github.com/fjxmlzn/PacGAN, stacked_MNIST_experiments/unrolled_GAN_experiment.

Run:  python experiments/unrolled_stacked_mnist.py
Score:  jaxgan evaluate runs/unrolled_stacked_mnist --metrics modes --num 25600
Cost: not measured on a GPU, which the default 500 000 steps need.
For packs of m images: --unroll 0 --packing m --batch-size 128m.

Differs from the paper:
- Batches come from 4 million fixed triples, 16 passes over them in the default budget; Lin et al.
  put new triples together at random all the time. The digits are all 70 000 of MNIST; Lin et al.
  take the 60 000 of the training split in this experiment.
- The generator moves on fresh latents, as Metz et al. describe it; the code of Lin et al. takes
  the discriminator's.
- The unrolled updates use the discriminator's Adam with its moments so far.
- Adam of both players adds 1e-16 under its square root, whose derivative at zero is infinite.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import pacgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    unroll: int | None = 5
    """Discriminator updates that the generator looks ahead; 0 for a plain GAN."""
    packing: int = 1
    """Images that the discriminator judges as one (PacGAN)."""
    divisor: Literal[2, 4] = 4
    """The discriminator's widths are the generator's divided by this."""
    latent: int = 256
    """Latent size, standard normal."""
    generator_rate: jg.NonNegative = 1e-4
    """Adam's learning rate of the generator."""
    discriminator_rate: jg.NonNegative = 2e-4
    """Adam's learning rate of the discriminator."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.99
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The small networks of Metz et al., who also give the two sizes of the discriminator."""
    resolution, _, channels = task.shape
    rates = {"g": cfg.generator_rate, "d": cfg.discriminator_rate}
    return jg.Gan(
        generator=pacgan.unrolled_generator(resolution, channels, task.dtype),
        discriminator=pacgan.unrolled_discriminator(1 / cfg.divisor, task.dtype),
        forward=jg.forward.packed(cfg.packing, jg.forward.unconditional(jg.normal(cfg.latent))),
        terms=jg.losses.nonsaturating.terms(),
        optimizers={
            # Differentiated through where a gradient is zero: the root needs a finite slope.
            who: optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2, eps_root=1e-16)
            for who, rate in rates.items()
        },
        updates=(jg.D, jg.Phase("g", real="same", unroll=cfg.unroll or 0)),
    )


PUBLISHED = {
    "GAN": ("30.6 ± 20.73; 5.99", "628.0 ± 140.9; 2.58"),
    "1 step": ("65.4 ± 34.75; 5.91", "523.6; 2.44"),
    "5 steps": ("236.4 ± 63.30; 4.67", "732.0; 1.66"),
    "10 steps": ("327.2 ± 74.67; 4.66", "817.4; 1.43"),
    "GAN of Lin et al.": ("78.5 ± 17.56; 5.21", "487.7; 2.24"),
    "PacGAN2": ("484.5 ± 32.99; 2.61", "840.7; 1.00"),
    "PacGAN3": ("601.3 ± 32.18; 2.00", "866.6; 0.90"),
    "PacGAN4": ("667.4 ± 29.00; 1.81", "820.2; 1.15"),
}
"""Method -> modes and KL with a discriminator of a quarter, and of half, the generator's size."""
METHODS = {
    "GAN": dict(unroll=0),
    "1 step": dict(unroll=1),
    "5 steps": dict(unroll=5),
    "10 steps": dict(unroll=10),
    **{
        f"PacGAN{count}": dict(unroll=0, packing=count, batch_size=128 * count)
        for count in (2, 3, 4)
    },
}
"""The flags of each method that can be run here."""
PROTOCOL = "25 600 samples, classified digit by digit; ± standard error"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.stacked_mnist(4_000_000),
    steps=500_000,
    batch_size=128,
    scoring=jg.Scoring(metrics=("modes",), num=25_600),
    smoke=dict(unroll=1, latent=8),
    ablations={
        **{f"{count} steps": dict(unroll=count) for count in (0, 1, 10)},
        "half-size discriminator": dict(divisor=2),
        **{
            f"PacGAN{count}": dict(unroll=0, packing=count, batch_size=128 * count)
            for count in (2, 3, 4)
        },
    },
    published=tuple(
        jg.Published(
            f"{method}, D = {size} G: modes of 1000; KL ({PROTOCOL})",
            values[place],
            "Lin et al. 2018, table 3",
        )
        for place, size in enumerate(("1/4", "1/2"))
        for method, values in PUBLISHED.items()
    ),
    reproductions=tuple(
        jg.Reproduction(
            f"{method}, D = 1/{divisor} G: modes of 1000; KL ({PROTOCOL})",
            jg.numbers.STACKED,
            flags=dict(divisor=divisor, **flags),
            seeds=5,
        )
        for divisor in (4, 2)
        for method, flags in METHODS.items()
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
