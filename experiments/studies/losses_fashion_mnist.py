"""The losses that Lucic et al. compare on Fashion-MNIST, with equal updates of the discriminator.

Paper: Lucic et al., "Are GANs created equal? A large-scale study", NeurIPS 2018, arXiv:1711.10337.

Run:  jaxgan sweep experiments/studies/losses_fashion_mnist.py --workdir runs/losses

Differs from the paper:
- Its budget is 20 epochs, 15 625 updates of the discriminator; here are a tenth of them, with one
  setting of the hyperparameters for each loss and without a search.
- Scores are distances of a classifier's features, not of Inception's.
"""

import jaxgan as jg

NARROW = {"learning_rate": 1e-4, "beta1": 0.5, "batch_norm": False}
"""A setting of the paper's narrow search."""


def lucic(preset: str, **flags) -> jg.Variant:
    """One of the losses that share their networks."""
    return jg.Variant("../lucic.py", preset, flags)


STUDY = jg.Study(
    variants={
        "MM GAN": lucic("minimax", **NARROW),
        "NS GAN": lucic("nonsaturating", **NARROW),
        "LSGAN": lucic("lsgan"),
        "WGAN": lucic("wgan"),
        "WGAN-GP": lucic("wgan_gp"),
        "DRAGAN": lucic("dragan"),
        "BEGAN": jg.Variant("../began_fashion_mnist.py", flags={"standing_batches": 0}),
    },
    seeds=range(3),
    d_steps=1560,
    flags={
        "evaluate_every": 10_000,  # only the last step
        "evaluate_metrics": "fd,prdc,is,modes",
        "evaluate_extractor": "classifier",
        "standing_batches": 16,
        "sample_every": 0,
    },
    scored="fd/distance",
    baseline="NS GAN",
)
