"""Which loss, and which patches? The ablations of pix2pix, on characters of two typefaces.

Paper: Isola et al. 2017, sections 4.2 (losses) and 4.4 (patches), which find by FCN-8s scores of
Cityscapes that the L1 loss alone blurs, that both losses together are best, and that a
discriminator of single pixels is worst. Here: the distance to the true target, which the L1 loss
minimizes, and FD, which sees blur.

Run:  jaxgan data prepare glyphs/32
      jaxgan sweep experiments/studies/pix2pix_glyphs.py --workdir runs/pix2pix_glyphs
      jaxgan report runs/pix2pix_glyphs
"""

import jaxgan as jg


def pix2pix(**flags) -> jg.Variant:
    """pix2pix at a quarter of its width, 32 pixels."""
    return jg.Variant("../pix2pix.py", "glyphs_small", flags)


STUDY = jg.Study(
    variants={
        "L1 + cGAN": pix2pix(),
        "L1": pix2pix(adversarial=0.0),
        "cGAN": pix2pix(l1=0.0),
        "GAN": pix2pix(l1=0.0, conditional=False),
        "L1 + cGAN, patches of 1": pix2pix(patch=1),
        "L1 + cGAN, patches of 34": pix2pix(patch=34),
    },
    seeds=range(3),
    flags={
        "steps": 3000,
        "evaluate_every": 3000,
        "evaluate_num": 1835,
        "sample_every": 3000,
        "devices": 1,
    },
    scored="fd/distance",
    baseline="L1 + cGAN",
)
