"""DCGAN's recipe on a ring of eight Gaussians.

Paper: Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", ICLR 2016, arXiv:1511.06434.
Data: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1.

Run:  python experiments/dcgan_ring.py
Cost: about a minute on two CPU cores for the default 20 000 steps.

Differs from the paper:
- Points have no neighbors to convolve over: every convolution is a dense layer. What
  stays is the recipe: batch normalization in both networks (not at the generator's output
  nor at the discriminator's input), rectifiers in the generator and leaky ones in the
  discriminator, N(0, 0.02) initialization, biases only in the outer layers,
  uniform latents, Adam(2e-4, 0.5). The generator's output is linear instead of tanh.
- The authors' batch normalization adds 1e-8 to the variance, ours 1e-5; they sample with the
  moments of the batch, we with running ones.
- Samples come from an average of the generator's weights (--ema 0 for the last ones).
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import dcgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 100
    """Latent size, uniform in [-1, 1]."""
    hidden: tuple[int, ...] = (128, 128)
    """Units in each hidden layer, both networks."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """DCGAN's game with dense layers."""
    return jg.Gan(
        generator=dcgan.DenseGenerator(task.shape, cfg.hidden, task.dtype),
        discriminator=dcgan.DenseDiscriminator(cfg.hidden, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.uniform(cfg.latent)),
        terms=jg.losses.nonsaturating.terms(),
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.RING,
    steps=20_000,
    batch_size=128,
    ema=0.999,
    scoring=jg.Scoring(every=5000, num=2500),
    smoke=dict(hidden=(8,), latent=4),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
