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
- Their gradient penalty adds 1e-4 under its root, here 1e-12.
- The singular vectors move once per update, and real and fake images see the same weights.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import sndcgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    spectral_norm: bool = True
    """Spectral normalization of the discriminator."""
    gradient_penalty: bool = False
    """WGAN-GP's gradient penalty beside the logistic loss."""
    penalty: jg.NonNegative = 10.0
    """Weight of the gradient penalty."""
    discriminator_steps: int = 1
    """Discriminator updates per generator update."""
    latent: int = 128
    """Latent size, standard normal."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.999
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The networks of Miyato et al.'s table 3 under the non-saturating loss."""
    resolution, _, channels = task.shape
    penalty = {"penalty": jg.scale(cfg.penalty, jg.penalties.gradient_penalty)}
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    # Their generator is in training mode there too, and its running moments move.
    critic = jg.Phase("d", moves_stats=("d", "g"))
    return jg.Gan(
        generator=sndcgan.Generator(resolution, channels, cfg.width, dtype=task.dtype),
        discriminator=sndcgan.Discriminator(cfg.width, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=jg.losses.nonsaturating.terms(
            discriminator=penalty if cfg.gradient_penalty else None
        ),
        optimizers={"g": adam, "d": adam},
        updates=(critic,) * cfg.discriminator_steps + (jg.G,),
        reparametrize={"d": jg.spectral_norm()} if cfg.spectral_norm else {},
    )


def setting(rate: float, beta1: float, beta2: float, updates: int) -> dict[str, float]:
    """A row of Miyato et al.'s table 1."""
    return dict(learning_rate=rate, beta1=beta1, beta2=beta2, discriminator_steps=updates)


PROTOCOL = "Inception, 10 000 samples and 10 000 images; 200 000 discriminator updates"
TABLE = "Kurach et al., table 5, as their code repeats it (generate_tasks_lib.py)"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=200_000,
    batch_size=64,
    smoke=dict(width=4, latent=8),
    ablations={
        "no normalization": dict(spectral_norm=False),
        "no normalization, half the rate": dict(spectral_norm=False, learning_rate=1e-4),
        "half the rate": dict(learning_rate=1e-4),
        "gradient penalty": dict(gradient_penalty=True),
        "setting A": setting(1e-4, 0.5, 0.9, 5),
        "setting B": setting(1e-4, 0.5, 0.999, 1),
        "setting D": setting(1e-3, 0.5, 0.9, 5),
        "setting E": setting(1e-3, 0.5, 0.999, 5),
        "setting F": setting(1e-3, 0.9, 0.999, 5),
    },
    published=(
        jg.Published(f"FID ({PROTOCOL})", "25.27", TABLE),
        jg.Published(f"FID, half the rate ({PROTOCOL})", "26.16", TABLE),
        jg.Published(f"FID, gradient penalty ({PROTOCOL})", "26.00", TABLE),
        jg.Published(f"FID, no normalization ({PROTOCOL})", "33.23", TABLE),
        jg.Published(f"FID, no normalization, half the rate ({PROTOCOL})", "28.66", TABLE),
        jg.Published(
            "FID, Miyato et al. (Inception, 5000 samples and 10 000 images; best of settings A "
            "to F)",
            "29.3",
            "Miyato et al., table 2",
        ),
        jg.Published(
            "Inception score, Miyato et al. (10 times 5000 samples; best of settings A to F)",
            "7.42 ± 0.08",
            "Miyato et al., table 2",
        ),
    ),
    reproductions=(
        jg.Reproduction(
            f"FID ({PROTOCOL})", jg.numbers.FRECHET, evaluate=jg.numbers.INCEPTION_10K_TEST
        ),
        jg.Reproduction(
            f"FID, half the rate ({PROTOCOL})",
            jg.numbers.FRECHET,
            flags=dict(learning_rate=1e-4),
            evaluate=jg.numbers.INCEPTION_10K_TEST,
        ),
        jg.Reproduction(
            f"FID, gradient penalty ({PROTOCOL})",
            jg.numbers.FRECHET,
            flags=dict(gradient_penalty=True),
            evaluate=jg.numbers.INCEPTION_10K_TEST,
        ),
        jg.Reproduction(
            f"FID, no normalization ({PROTOCOL})",
            jg.numbers.FRECHET,
            flags=dict(spectral_norm=False),
            evaluate=jg.numbers.INCEPTION_10K_TEST,
        ),
        jg.Reproduction(
            f"FID, no normalization, half the rate ({PROTOCOL})",
            jg.numbers.FRECHET,
            flags=dict(spectral_norm=False, learning_rate=1e-4),
            evaluate=jg.numbers.INCEPTION_10K_TEST,
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
