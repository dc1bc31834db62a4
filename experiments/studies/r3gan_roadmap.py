"""From StyleGAN2 to R3GAN in small: each step of the roadmap on Fashion-MNIST.

Paper: Huang, Gokaslan, Kuleshov & Tompkin 2024 (R3GAN), table 2: FID 7.5 of StyleGAN2, 12.5 of its
bare layers, 11.7 with the relativistic loss and both penalties, 10.0 with ResNet's bottlenecks, and
7.0 of R3GAN. Here: the same configurations with a sixteenth of the feature maps, at 32 pixels; all
but StyleGAN2 with one rate and one weight of the penalties, tuned for none of them.

Run:  jaxgan sweep experiments/studies/r3gan_roadmap.py --workdir runs/r3gan_roadmap
      jaxgan report runs/r3gan_roadmap
"""

import jaxgan as jg


def step(**flags) -> jg.Variant:
    """A configuration of the roadmap."""
    return jg.Variant("../r3gan_roadmap.py", "fashion_mnist_small", flags)


STUDY = jg.Study(
    variants={
        "A: StyleGAN2": jg.Variant(
            "../stylegan2_ada.py", "fashion_mnist_small", {"augmented": False, "base": 1024}
        ),
        "B: bare layers": step(backbone="stylegan2", relativistic=False, r2=0.0),
        "C: RpGAN, R1, R2": step(backbone="stylegan2"),
        "D: ResNet": step(backbone="resnet"),
        "E: ResNeXt": step(backbone="resnext"),
        "E: inverted, R3GAN": step(),
    },
    seeds=range(3),
    flags={
        "steps": 1500,
        "batch_size": 32,
        "evaluate_every": 1500,
        "evaluate_num": 5000,
        "evaluate_metrics": "fd,prdc",
        "evaluate_extractor": "classifier",
        "sample_every": 1500,
        "devices": 1,
    },
    scored="fd/distance",
    baseline="A: StyleGAN2",
)
