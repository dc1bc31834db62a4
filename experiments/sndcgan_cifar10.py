"""SNGAN with a plain convolutional network (SNDCGAN) on CIFAR-10, 32 x 32.

Paper: Miyato, Kataoka, Koyama & Yoshida, "Spectral Normalization for Generative Adversarial
Networks", ICLR 2018, arXiv:1802.05957; settings and layers are those of Kurach, Lucic, Zhai,
Michalski & Gelly, "A Large-Scale Study on Regularization and Normalization in GANs" (The GAN
Landscape), ICML 2019, arXiv:1807.04720.
Code: github.com/google/compare_gan, branch v2 (generate_tasks_lib.py, dcgan_architecture.py).

Run:  python experiments/sndcgan_cifar10.py
Cost: not measured on a GPU, which the default 200 000 steps need.

Differs from the paper:
- Miyato et al. compare Adam's settings A to F over 100 000 generator updates; they are
  ablations here, named as in their table 1. C is the default; their table 2 has the best of six.
- Kernels of the strided layers follow the code of Kurach et al.
- Latents are standard normal and the generator moves on fresh ones.
- Their gradient penalty adds 1e-4 beneath its root, here 1e-12.
- The singular vectors move once per update, and real and fake images see the same weights.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses, penalties
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.network import Reparametrization
from jaxgan.game.terms import scale
from jaxgan.nets import sndcgan
from jaxgan.nn import spectral
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    normalised: bool = True
    """Spectral normalisation of the discriminator."""
    penalised: bool = False
    """WGAN-GP's gradient penalty beside the logistic loss."""
    penalty: float = 10.0
    """Weight of the gradient penalty."""
    discriminator_steps: int = 1
    """Updates of the discriminator for each of the generator."""
    latent: int = 128
    """Size of the latent, standard normal."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    beta2: float = 0.999
    """Adam's second decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """The networks of Miyato et al.'s table 3 under the non-saturating loss."""
    resolution, _, channels = data.shape
    prior = forward.normal(cfg.latent)
    weights = Reparametrization(spectral.vectors, spectral.normalise, spectral.COLLECTION)
    slope = {"penalty": scale(cfg.penalty, penalties.gradient_penalty)}
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    return Gan(
        networks={
            "g": sndcgan.Generator(resolution, channels, cfg.width, dtype=cfg.dtype),
            "d": sndcgan.Discriminator(cfg.width, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating_generator},
            "d": {"adversarial": losses.nonsaturating_discriminator}
            | (slope if cfg.penalised else {}),
        },
        optimizers={"g": adam, "d": adam},
        updates=(D,) * cfg.discriminator_steps + (G,),
        weights={"d": weights} if cfg.normalised else {},
        ema=ema.constant(cfg.ema_decay),
    )


def _adam(rate: float, beta1: float, beta2: float, updates: int) -> dict[str, float]:
    names = ("learning_rate", "beta1", "beta2", "discriminator_steps")
    return dict(zip(names, (rate, beta1, beta2, updates), strict=True))


PROTOCOL = "(Inception, 10 000 samples and 10 000 images; 200 000 discriminator updates)"
TABLE = "Kurach et al., table 5, as their code repeats it (generate_tasks_lib.py)"

EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="cifar10",
    shape=(32, 32, 3),
    classes=10,
    steps=200_000,
    batch_size=64,
    smoke={"width": 4, "latent": 8},
    ablations={
        "no normalisation": {"normalised": False},
        "no normalisation, half the rate": {"normalised": False, "learning_rate": 1e-4},
        "half the rate": {"learning_rate": 1e-4},
        "gradient penalty": {"penalised": True},
        "setting A": _adam(1e-4, 0.5, 0.9, 5),
        "setting B": _adam(1e-4, 0.5, 0.999, 1),
        "setting D": _adam(1e-3, 0.5, 0.9, 5),
        "setting E": _adam(1e-3, 0.5, 0.999, 5),
        "setting F": _adam(1e-3, 0.9, 0.999, 5),
    },
    published=(
        Published(f"FID {PROTOCOL}", "25.27", TABLE),
        Published(f"FID, half the rate {PROTOCOL}", "26.16", TABLE),
        Published(f"FID, gradient penalty {PROTOCOL}", "26.00", TABLE),
        Published(f"FID, no normalisation {PROTOCOL}", "33.23", TABLE),
        Published(f"FID, no normalisation, half the rate {PROTOCOL}", "28.66", TABLE),
        Published(
            "FID, Miyato et al. (Inception, 5000 samples and 10 000 images; best of settings A to "
            "F)",
            "29.3",
            "Miyato et al., table 2",
        ),
        Published(
            "Inception score, Miyato et al. (Inception, 10 times 5000 samples; best of settings A "
            "to F)",
            "7.42 ± 0.08",
            "Miyato et al., table 2",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
