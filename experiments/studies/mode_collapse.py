"""Do methods against mode collapse reach more modes of a ring and of a grid of Gaussians?

Papers: PacGAN (Lin et al. 2018), ALI (Dumoulin et al. 2017), Unrolled GAN (Metz et al. 2017),
VEEGAN (Srivastava et al. 2017), R1 (Mescheder et al. 2018), RpGAN (Huang et al. 2024).

Run:  jaxgan sweep experiments/studies/mode_collapse.py ring --workdir runs/collapse-ring
      jaxgan sweep experiments/studies/mode_collapse.py grid --workdir runs/collapse-grid
      jaxgan report runs/collapse-ring

Differs from the papers:
- Networks are narrow and budgets a twentieth of PacGAN's, so that rows compare with each other and
  not with the papers; jaxgan reproduce measures those numbers.
- GAN, PacGAN, ALI, R1 and RpGAN share their networks, whose width, initialization and learning rate
  were tuned for them, and so were the weights of R1 and R2; Unrolled GAN and VEEGAN have those of
  their files.
- Samples come from averaged weights: after a short run the last ones depend more on the last steps
  than on the method.
"""

import jaxgan as jg

SMALL = {
    "hidden": (128, 128),
    "maxout": 32,
    "discriminator_init": 0.1,
    "learning_rate": 2e-3,
}
"""PacGAN's networks as wide as those of Unrolled GAN and VEEGAN. Initial weights with a deviation
of 0.02 are too small for so narrow a discriminator: it does not start to learn."""

PENALTY = {"ring": 0.001, "grid": 0.01}
"""Weights of R1 and R2; the search was not recorded."""

PACKS = 100
"""Packs of each step; of one sample each but for PacGAN."""


def study(data: str) -> jg.Study:
    """All methods on the ring or on the grid."""

    def variant(name: str, **flags) -> jg.Variant:
        return jg.Variant(f"../{name}_mixture.py", data, {"batch_size": PACKS, **flags})

    def packed(packing: int) -> jg.Variant:
        return variant("pacgan", packing=packing, batch_size=PACKS * packing, **SMALL)

    penalties = {"r1": PENALTY[data], "r2": PENALTY[data], **SMALL}
    return jg.Study(
        variants={
            "GAN": packed(1),
            "PacGAN2": packed(2),
            "PacGAN3": packed(3),
            "PacGAN4": packed(4),
            "ALI": variant("ali", encoder_hidden=(128, 128), **SMALL),
            "Unrolled 5": variant("unrolled"),
            "Unrolled 0": variant("unrolled", unroll=0),
            "VEEGAN": variant("veegan"),
            "GAN of VEEGAN": variant("veegan", game="gan"),
            "GAN + R1": variant("rpgan", **penalties | {"relativistic": False, "r2": 0.0}),
            "RpGAN + R1 + R2": variant("rpgan", **penalties),
        },
        seeds=range(5),
        flags={
            "steps": 20_000,
            "ema": 0.999,
            "evaluate_every": 10_000,
            "evaluate_metrics": "modes",
            "evaluate_num": 2500,
            "sample_every": 20_000,
        },
        scored="modes/captured",
        baseline="GAN",
    )


STUDIES = {data: study(data) for data in PENALTY}
