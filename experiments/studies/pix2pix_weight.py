"""Why is FD better without the L1 loss? The weight of pix2pix's L1 loss.

Paper: Isola et al. 2017, section 4.2, finds both losses together best, by FCN-8s scores of
Cityscapes and at a weight of 100. The study pix2pix_glyphs.py finds FD best without the L1 loss,
and longer trainings keep that order. Perhaps the weight of 100 blurs characters of 32 pixels: here
are smaller ones.

Run:  jaxgan data prepare glyphs/32
      jaxgan sweep experiments/studies/pix2pix_weight.py --workdir runs/pix2pix_weight
      jaxgan report runs/pix2pix_weight
"""

import jaxgan as jg


def pix2pix(**flags) -> jg.Variant:
    """pix2pix at a quarter of its width, 32 pixels."""
    return jg.Variant("../pix2pix.py", "glyphs_small", flags)


STUDY = jg.Study(
    variants={
        "100 L1 + cGAN": pix2pix(),
        "10 L1 + cGAN": pix2pix(l1=10.0),
        "1 L1 + cGAN": pix2pix(l1=1.0),
        "cGAN": pix2pix(l1=0.0),
    },
    seeds=range(3),
    flags={
        "steps": 3000,
        "evaluate_every": 3000,
        "evaluate_num": 1835,
        "evaluate_metrics": "l1,fd,fd_joint",
        "sample_every": 3000,
        "devices": 1,
    },
    scored="fd/distance",
    baseline="100 L1 + cGAN",
)
