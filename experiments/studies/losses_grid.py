"""Does R1 help whatever the loss? Three losses and four weights of R1 on a grid of 25 Gaussians.

Run:  jaxgan sweep experiments/studies/losses_grid.py --workdir runs/losses-grid --population auto
      jaxgan report runs/losses-grid
"""

import jaxgan as jg


def ring(loss: str) -> jg.Variant:
    """The toy with one of its losses, on the grid."""
    return jg.Variant("../gan_ring.py", flags={"loss": loss, "data": "grid", "hidden": (64, 64)})


STUDY = jg.Study(
    variants={
        "NS": ring("nonsaturating"),
        "RpGAN": ring("relativistic"),
        "WGAN-GP": ring("wasserstein"),
    },
    seeds=range(8),
    grid={"r1": (0.0, 0.01, 0.1, 1.0)},
    flags={"steps": 10_000, "batch_size": 128, "evaluate_every": 10_000, "sample_every": 10_000},
    scored="modes/captured",
    baseline="NS,r1=0",
)
