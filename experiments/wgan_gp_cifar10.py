"""WGAN-GP on CIFAR-10, 32 x 32, with ResNets.

Paper: Gulrajani et al., "Improved Training of Wasserstein GANs", NIPS 2017, arXiv:1704.00028.
Code of the authors: github.com/igul222/improved_wgan_training (gan_cifar_resnet.py, with
CONDITIONAL and ACGAN off).

Run:  python experiments/wgan_gp_cifar10.py
Cost: not measured on a GPU, which the default 100 000 steps (of 5 critic updates) need.

Differs from the paper:
- The authors' generator moves on 128 samples, twice the critic's batch; here on 64.
- They scale real images to x/128 - 1 and add uniform noise from 0 to 1/128 (dequantization); here
  they are x/127.5 - 1, without noise.
- Their batch normalization sees one half of a batch at a time, also on a single GPU: 32 of the
  fakes that the critic learns from, 64 of the generator's own. Here it sees all 64 of either.
- They sample with batch moments in the generator's normalizations, here with running ones.
- They score the inception score only; FIDs beside ours are other people's reproductions, which
  differ from 16.95 to 53.98, mostly by Adam's decays, budget and score.
- Their script trains the conditional model by default (AC-GAN's losses, 8.42 ± 0.10), which is not
  here.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import resnet


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    penalty: jg.NonNegative = 10.0
    """Weight of the gradient penalty."""
    one_sided: bool = False
    """Gradients shorter than 1 cost nothing (WGAN-LP)."""
    critic_steps: int = 5
    """Critic updates per generator update."""
    latent: int = 128
    """Latent size, standard normal."""
    width: int | None = None
    """Feature maps; None for the paper's 128 at 32 x 32, or 64 (and up to 512) at 64 x 64."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players; falls linearly to 0."""
    beta1: jg.Fraction = 0.0
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.9
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The ResNets of the paper's appendix F."""
    resolution, _, channels = task.shape
    width = cfg.width or None
    penalty = jg.penalties.lipschitz_penalty if cfg.one_sided else jg.penalties.gradient_penalty

    def adam(updates: int) -> optax.GradientTransformation:
        rate = optax.linear_schedule(cfg.learning_rate, 0.0, task.steps * updates)
        return optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2)

    return jg.Gan(
        generator=resnet.wgan_gp_generator(width, resolution, channels=channels, dtype=task.dtype),
        discriminator=resnet.wgan_gp_critic(width, resolution, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=jg.losses.wasserstein.terms(
            discriminator={"penalty": jg.scale(cfg.penalty, penalty)}
        ),
        optimizers={"g": adam(1), "d": adam(cfg.critic_steps)},
        updates=(jg.D,) * cfg.critic_steps + (jg.G,),
        threshold=None,
    )


FID = "FID (Inception, 50 000 samples and 50 000 training images); the paper has no FID"

SCORE = "Inception score (10 times 5000 samples)"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=100_000,
    fixed_budget=True,
    batch_size=64,
    smoke=dict(width=4, latent=8, critic_steps=2),
    ablations={
        "one-sided": dict(one_sided=True),
        "StudioGAN's Adam": dict(beta1=0.5, beta2=0.999),
    },
    published=(
        jg.Published(SCORE, "7.86 ± 0.07", "Table 3, unsupervised"),
        jg.Published(FID, "22.29 ± 0.06", "mimicry, README: last checkpoint"),
        jg.Published(
            FID,
            "53.98",
            "StudioGAN, CIFAR-10 table: best checkpoint; Adam's decays 0.5 and 0.999",
        ),
        jg.Published(FID, "16.95", "pytorch-gan-collections, README"),
    ),
    reproductions=(
        jg.Reproduction(SCORE, jg.numbers.INCEPTION_SCORE, evaluate=jg.numbers.INCEPTION_50K),
        jg.Reproduction(FID, jg.numbers.FRECHET, evaluate=jg.numbers.INCEPTION_50K),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
