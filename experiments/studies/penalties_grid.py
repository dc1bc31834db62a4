"""Which penalties does which loss need? R1, R2 and lazy ones on a grid of 25 Gaussians.

Paper: Huang, Gokaslan, Kuleshov & Tompkin 2024 (R3GAN), section 2 and table 1: on StackedMNIST only
the relativistic loss with R1 and R2 finds all modes, R1 alone diverges with either loss; and their
toys of lines, circles and 25 Gaussians, where penalties in every eighth step fail. Here: small
rectifier perceptrons, 10,000 steps, and one weight for both penalties.

Run:  jaxgan sweep experiments/studies/penalties_grid.py --workdir runs/penalties-grid
      jaxgan report runs/penalties-grid
"""

import jaxgan as jg


def toy(loss: str, r1: float, r2: float, lazy: int = 1) -> jg.Variant:
    """The toy with one of its losses and penalties, on the grid."""
    flags = {"loss": loss, "r1": r1, "r2": r2, "lazy": lazy}
    return jg.Variant("../gan_ring.py", flags=flags | {"data": "grid", "hidden": (64, 64)})


STUDY = jg.Study(
    variants={
        "RpGAN, R1, R2": toy("relativistic", 1.0, 1.0),
        "RpGAN, R1": toy("relativistic", 1.0, 0.0),
        "RpGAN, R1, R2, lazy": toy("relativistic", 1.0, 1.0, 8),
        "GAN, R1, R2": toy("nonsaturating", 1.0, 1.0),
        "GAN, R1": toy("nonsaturating", 1.0, 0.0),
        "GAN, R1, R2, lazy": toy("nonsaturating", 1.0, 1.0, 8),
    },
    seeds=range(5),
    flags={"steps": 10_000, "batch_size": 128, "evaluate_every": 10_000, "sample_every": 10_000},
    scored="modes/captured",
    baseline="RpGAN, R1, R2",
)
