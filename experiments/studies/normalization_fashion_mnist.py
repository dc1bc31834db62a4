"""What steadies DCGAN's discriminator: batch normalization, spectral normalization or R1?

Papers: Radford et al. 2016 (batch normalization), Miyato et al. 2018 (spectral normalization),
Mescheder et al. 2018 (R1, without a normalization).

Run:  jaxgan sweep experiments/studies/normalization_fashion_mnist.py --workdir runs/normalization
      jaxgan report runs/normalization
"""

import jaxgan as jg


def dcgan(**flags) -> jg.Variant:
    """DCGAN on Fashion-MNIST, at a quarter of its width."""
    return jg.Variant("../dcgan.py", "fashion_mnist", {"width": 16, **flags})


STUDY = jg.Study(
    variants={
        "batch norm": dcgan(),
        "spectral norm": dcgan(normalization="spectral"),
        "R1": dcgan(normalization="none", gradient_penalty=True),
        "none": dcgan(normalization="none"),
    },
    seeds=range(5),
    flags={
        "steps": 2000,
        "evaluate_every": 1000,
        "evaluate_metrics": "fd,prdc,modes,pairwise",
        "evaluate_extractor": "classifier",
        "sample_every": 2000,
    },
    scored="fd/distance",
    baseline="batch norm",
)
