"""Do methods against mode collapse reach all thousand modes of stacked MNIST?

Papers: PacGAN (Lin et al. 2018), WGAN-GP (Gulrajani et al. 2017), RpGAN (Huang et al. 2024).

Run:  jaxgan sweep experiments/studies/stacked_mnist.py --workdir runs/stacked
      jaxgan report runs/stacked
Cost: needs a GPU; not run yet.

Differs from the papers:
- WGAN-GP has five updates of the critic and one of the generator in a step, the packed games one
  and two, RpGAN one and one: all have PacGAN's number of steps, 50 epochs of 128 000 packs.
"""

import jaxgan as jg

PACKS = 64
"""Packs of each step, as in PacGAN; of one sample each but for PacDCGAN."""


def packed(packing: int) -> jg.Variant:
    """DCGAN, or PacDCGAN."""
    flags = {"packing": packing, "batch_size": PACKS * packing}
    return jg.Variant("../pacgan_stacked_mnist.py", flags=flags)


STUDY = jg.Study(
    variants={
        "DCGAN": packed(1),
        "PacDCGAN2": packed(2),
        "PacDCGAN3": packed(3),
        "PacDCGAN4": packed(4),
        "WGAN-GP": jg.Variant("../wgan_gp_stacked_mnist.py", flags={"batch_size": PACKS}),
        "RpGAN + R1 + R2": jg.Variant("../rpgan_stacked_mnist.py", flags={"batch_size": PACKS}),
    },
    seeds=range(10),
    flags={
        "steps": 100_000,
        "evaluate_every": 100_000,
        "evaluate_metrics": "modes",
        "evaluate_num": 26_000,
        "sample_every": 100_000,
    },
    scored="modes/captured",
    baseline="DCGAN",
)
