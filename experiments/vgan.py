"""VGAN: videos of a foreground that moves before a background that does not.

Paper: Vondrick, Pirsiavash & Torralba, "Generating Videos with Scene Dynamics", NIPS 2016,
arXiv:1609.02612.
Code of the authors: github.com/cvondrick/videogan (Lua).

Run:  python experiments/vgan.py videos --data clips:32:DIR
      python experiments/vgan.py shape_motion
      python experiments/vgan.py shape_motion_small
      python experiments/vgan.py moving_mnist_small
Cost: videos and shape_motion have the paper's networks (16,245,383 and 11,057,858 parameters for 32
      frames of 64 pixels), whose default 100 000 steps are for a GPU; not measured. The small
      presets are for a CPU.

Differs from the paper:
- Its data, videos of Flickr by scene, are not here; shape_motion and moving_mnist are ours to
  compare it with MoCoGAN, whose authors did so on shapes.
- The discriminator's two numbers under a softmax are one logit, their difference, in the loss.
- The authors' code takes the generator's gradient through the discriminator's activations of before
  its update; here it is taken at the moved discriminator, on the same latents.
- Their code subtracts the mean pixel of the data, here pixels are in [-1, 1].
- The small presets have frames of 32 pixels, 16 of them, a narrower width and one doubling less.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import vgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 100
    """Size of the latent."""
    mask: jg.NonNegative = 0.1
    """Weight of the mask's size; the paper's lambda."""
    generator_width: int = 64
    """Feature maps of the generator's last layer but one."""
    discriminator_width: int = 64
    """Feature maps of the discriminator's first layer."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """Two streams against a discriminator of clips."""
    frames, resolution, channels = jg.forward.clip_shape(task.shape)
    vgan.first_frames(frames, resolution)
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1)
    return jg.Gan(
        generator=vgan.Generator(frames, resolution, channels, cfg.generator_width, task.dtype),
        discriminator=vgan.Discriminator(cfg.discriminator_width, task.dtype),
        forward=jg.forward.foreground_and_background(jg.normal(cfg.latent)),
        terms=jg.losses.nonsaturating.terms(
            generator={"mask": jg.scale(cfg.mask, jg.losses.mask_size)}
        ),
        optimizers={"g": adam, "d": adam},
        updates=(jg.D, jg.Phase("g", real="same", latents="same")),
    )


SMALL = dict(generator_width=32, discriminator_width=8, resolution=32, steps=6000, batch_size=16)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=100_000,
    batch_size=64,
    scoring=jg.Scoring(metrics=("acd", "fd_frames", "fd_clips"), num=2000),
    smoke=dict(generator_width=2, discriminator_width=2, latent=4),
    ablations={"no mask term": dict(mask=0.0)},
    presets={
        "videos": dict(data=jg.datasets.CLIPS),
        "shape_motion": dict(data=jg.datasets.shape_motion(16)),
        "shape_motion_small": dict(data=jg.datasets.shape_motion(16, 32), **SMALL),
        "moving_mnist_small": dict(data=jg.datasets.moving_mnist(16, 32), **SMALL),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
