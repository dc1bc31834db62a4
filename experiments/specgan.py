"""SpecGAN: sounds as images of their spectrograms.

Paper: Donahue, McAuley & Puckette, "Adversarial Audio Synthesis", ICLR 2019, arXiv:1802.04208.
Code of the authors: github.com/chrisdonahue/wavegan (TensorFlow 1).

Run:  python experiments/specgan.py sc09
      python experiments/specgan.py syllables
      python experiments/specgan.py syllables_small
Cost: sc09 has the paper's networks (19,065,345 and 17,427,969 parameters) and its length
      of 16,384 samples, about a second, and is for a GPU, as syllables is; not measured for the
      default 200 000 steps (of 5 critic updates). syllables_small is for a CPU: a step takes
      0.66 s of the processor, of both cores of an AMD EPYC together.

Differs from the paper:
- Its SC09 are the digits of the first version of Speech Commands, ours of the second.
- The authors' script trains until it is stopped; 200 000 steps are ours.
- The mean and the deviation of each frequency are taken from the data set beforehand there. Here
  they are those of all real sounds that the critic has seen so far, of its own batch too, and a
  part of the generator's state: after the first pass over the data they are the data set's.
- Samples are of the averaged generator, if there is one, and of moments that are averaged alike.
- The authors' transform sees the sound with 128 zeros at its end; here it sees its reflection, 64
  samples at either end. Both have 128 frames.
- Their inverse transform multiplies by the window again and divides by nothing; here it is Griffin
  and Lim's least squares. Both have 16 iterations from a phase of 0.
- The authors cut a random window out of longer recordings, or take the first; ours are as long as
  the network's.
- Their batch normalization is off by default and not here; of their four losses only WGAN-GP is.
- Their code has 128 frames only; for the 64 frames of 8,192 samples the generator's first map has 2
  x 4 pixels instead of 4 x 4.
- syllables_small has an eighth of the width and a quarter of the batch.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import specgan, wavegan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    penalty: jg.NonNegative = 10.0
    """Weight of the gradient penalty."""
    critic_steps: int = 5
    """Critic updates per generator update."""
    latent: int = 100
    """Size of the latent, uniform in [-1, 1)."""
    width: int = 64
    """Feature maps beside the spectrogram, in both networks; the paper's d."""
    kernel: int = 5
    """Side of every kernel."""
    iterations: int = 16
    """Iterations of Griffin and Lim's algorithm, for samples."""
    learning_rate: jg.NonNegative = 1e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.9
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """DCGAN on normalized spectrograms, under WGAN-GP."""
    samples = wavegan.length(task.shape)
    specgan.first_frames(samples)
    generator = specgan.Generator(samples, cfg.width, cfg.kernel, task.dtype)
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    penalty = jg.scale(cfg.penalty, jg.penalties.gradient_penalty)
    # The moments of real spectrograms are the generator's; its own update sees no new ones.
    d = jg.Phase("d", moves_stats=("d", "g"))
    g = jg.Phase("g", real="same", moves_stats=())
    return jg.Gan(
        generator=specgan.WithMoments(generator),
        discriminator=specgan.Discriminator(cfg.width, cfg.kernel, task.dtype),
        forward=jg.forward.spectrograms(jg.uniform(cfg.latent), cfg.iterations),
        terms=jg.losses.wasserstein.terms(discriminator={"penalty": penalty}),
        optimizers={"g": adam, "d": adam},
        updates=(d,) * cfg.critic_steps + (g,),
        threshold=None,
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=200_000,
    batch_size=64,
    scoring=jg.Scoring(metrics=("fd_log_mel", "is", "nearest_log_mel"), num=2000),
    smoke=dict(width=1, latent=4, critic_steps=2),
    presets={
        "sc09": dict(data=jg.datasets.SC09),
        "syllables": dict(data=jg.datasets.syllables()),
        "syllables_small": dict(data=jg.datasets.syllables(), width=8, steps=3000, batch_size=16),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
