"""What keeps a discriminator from learning few images by heart: ADA, DiffAugment, APA.

Papers: Karras et al. 2020 (StyleGAN2-ADA), figures 1 and 7: with few images FID gets worse in the
course of a training, and with ADA it does not. Zhao et al. 2020 (DiffAugment) and Jiang et al. 2021
(APA) say the same of theirs. Here: DCGAN with R1 in the place of batch normalization, at a quarter
of its width, on 500 garments of Fashion-MNIST; FD by our classifier against the garments of `test`.

Run:  jaxgan sweep experiments/studies/few_garments.py --workdir runs/few_garments
      jaxgan report runs/few_garments
"""

import jaxgan as jg


def dcgan(**flags) -> jg.Variant:
    """DCGAN on 500 garments."""
    same = {"width": 16, "normalization": "none", "gradient_penalty": True}
    return jg.Variant("../dcgan.py", "fashion_mnist", same | flags)


STUDY = jg.Study(
    variants={
        "none": dcgan(),
        "DiffAugment": dcgan(augment="diffaugment"),
        "ADA": dcgan(augment="ada", augment_ramp=50_000.0),
        "APA": dcgan(augment="apa", augment_ramp=50_000.0),
    },
    seeds=range(3),
    flags={
        "split": "train[:500]",
        "steps": 2000,
        "evaluate_every": 500,
        "evaluate_metrics": "fd,prdc",
        "evaluate_extractor": "classifier",
        "sample_every": 1000,
        "devices": 1,
    },
    scored="fd/distance",
    baseline="none",
)
