"""WGAN-GP on CIFAR-10, 32 x 32, with ResNets.

Paper: Gulrajani et al., "Improved Training of Wasserstein GANs", NIPS 2017, arXiv:1704.00028.
Code of the authors: github.com/igul222/improved_wgan_training (gan_cifar_resnet.py, with
CONDITIONAL and ACGAN off).

Run:  python experiments/wgan_gp_cifar10.py
Cost: not measured on a GPU, which the default 100 000 steps (of 5 critic updates) need.

Differs from the paper:
- The authors' generator moves on 128 samples, twice the critic's batch; here on 64.
- They add uniform noise of one 128th to real images (dequantisation); here there is none.
- They sample with batch moments in the generator's normalisations, here with running ones.
- They score the inception score only; FIDs beside ours are other people's reproductions, which
  differ from 16.95 to 53.98, mostly by Adam's decays, budget and score.
- Their script trains the conditional model by default (AC-GAN's losses, 8.42 ± 0.10), which is not
  here.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses, penalties
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import resnet
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    penalty: float = 10.0
    """Weight of the gradient penalty."""
    one_sided: bool = False
    """Slopes below 1 cost nothing (WGAN-LP)."""
    critic_steps: int = 5
    """Updates of the critic for each of the generator."""
    latent: int = 128
    """Size of the latent, standard normal."""
    width: int | None = None
    """Feature maps; None for the paper's 128 at 32 x 32, or 64 (and up to 512) at 64 x 64."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players; it falls linearly to 0."""
    beta1: float = 0.0
    """Adam's first decay, of both players."""
    beta2: float = 0.9
    """Adam's second decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task, steps: int) -> Gan:
    """The ResNets of the paper's appendix F."""
    resolution, _, channels = data.shape
    prior = forward.normal(cfg.latent)
    penalty = penalties.lipschitz_penalty if cfg.one_sided else penalties.gradient_penalty

    def adam(updates: int) -> optax.GradientTransformation:
        rate = optax.linear_schedule(cfg.learning_rate, 0.0, steps * updates)
        return optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2)

    return Gan(
        networks={
            "g": resnet.wgan_gp_generator(
                cfg.width or None, resolution, channels=channels, dtype=cfg.dtype
            ),
            "d": resnet.wgan_gp_critic(cfg.width or None, resolution, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.wasserstein_generator},
            "d": {
                "adversarial": losses.wasserstein_discriminator,
                "penalty": scale(cfg.penalty, penalty),
            },
        },
        optimizers={"g": adam(1), "d": adam(cfg.critic_steps)},
        updates=(D,) * cfg.critic_steps + (G,),
        ema=ema.constant(cfg.ema_decay),
        threshold=None,
    )


FULL = "FID (Inception, 50 000 samples and 50 000 training images)"

EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="cifar10",
    shape=(32, 32, 3),
    classes=10,
    steps=100_000,
    batch_size=64,
    smoke={"width": 4, "latent": 8, "critic_steps": 2},
    ablations={
        "one-sided": {"one_sided": True},
        "StudioGAN's Adam": {"beta1": 0.5, "beta2": 0.999},
    },
    published=(
        Published(
            "Inception score (Inception, 10 times 5000 samples)",
            "7.86 ± 0.07",
            "table 3, unsupervised",
        ),
        Published(FULL, "22.29 ± 0.06", "mimicry, README: last checkpoint; the paper has no FID"),
        Published(
            FULL,
            "53.98",
            "StudioGAN, CIFAR-10 table: best checkpoint; Adam's decays 0.5 and 0.999",
        ),
        Published(FULL, "16.95", "pytorch-gan-collections, README"),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
