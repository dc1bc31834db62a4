"""WaveGAN: sounds as waves, sample by sample.

Paper: Donahue, McAuley & Puckette, "Adversarial Audio Synthesis", ICLR 2019, arXiv:1802.04208.
Code of the authors: github.com/chrisdonahue/wavegan (TensorFlow 1).

Run:  python experiments/wavegan.py sc09
      python experiments/wavegan.py syllables
      python experiments/wavegan.py syllables_small
Cost: sc09 has the paper's networks (19,065,345 and 17,427,969 parameters) and its length
      of 16,384 samples, about a second, and is for a GPU, as syllables is; not measured for the
      default 200 000 steps (of 5 critic updates). syllables_small is for a CPU: a step takes
      0.35 s of the processor, of both cores of an AMD EPYC together.

Differs from the paper:
- Its SC09 are the digits of the first version of Speech Commands, ours of the second. Its other
  data (drums, birds, piano, TIMIT) are not here; syllables are ours.
- The authors' script trains until it is stopped; 200 000 steps are ours.
- Real, generated and interpolated sounds of one update are moved by the same phase shuffles, as one
  critic; the authors draw shifts anew for each of the three. The losses have the same expectation.
- The authors cut a random window out of longer recordings, or take the first; ours are as long as
  the network's.
- Their optional filter after the generator (512 samples, learned) and batch normalization are off
  by default and not here; of their four losses only WGAN-GP is.
- Their code has 16,384, 32,768 and 65,536 samples. For 8,192 the generator's first map has 8
  samples instead of 16, and no layer is left out.
- syllables_small has an eighth of the width and a quarter of the batch.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import wavegan


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
    """Feature maps beside the sound, in both networks; the paper's d."""
    kernel: int = 25
    """Samples of every kernel."""
    shuffle: int | None = 2
    """Radius of the phase shuffle, in samples of a map; 0 for none. The paper's n."""
    shift_per: Literal["layer", "sample"] = "layer"
    """Whether all sounds of a batch are moved alike in a layer, or each by a shift of its own."""
    learning_rate: jg.NonNegative = 1e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.9
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """DCGAN of one dimension, with phase shuffle, under WGAN-GP."""
    samples, shuffle = wavegan.length(task.shape), cfg.shuffle or 0
    wavegan.check_shuffle(shuffle, samples)
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    penalty = jg.scale(cfg.penalty, jg.penalties.gradient_penalty)
    return jg.Gan(
        generator=wavegan.Generator(samples, cfg.width, cfg.kernel, task.dtype),
        discriminator=wavegan.Discriminator(
            cfg.width, cfg.kernel, shuffle, cfg.shift_per, task.dtype
        ),
        forward=jg.forward.unconditional(jg.uniform(cfg.latent)),
        terms=jg.losses.wasserstein.terms(discriminator={"penalty": penalty}),
        optimizers={"g": adam, "d": adam},
        updates=(jg.D,) * cfg.critic_steps + (jg.G,),
        threshold=None,
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=200_000,
    batch_size=64,
    scoring=jg.Scoring(metrics=("fd_log_mel", "is", "nearest_log_mel"), num=2000),
    smoke=dict(width=1, latent=4, critic_steps=2),
    ablations={
        "no phase shuffle": dict(shuffle=0),
        "kernel 5": dict(kernel=5),
        "a shift a sample": dict(shift_per="sample"),
    },
    presets={
        "sc09": dict(data=jg.datasets.SC09),
        "syllables": dict(data=jg.datasets.syllables()),
        "syllables_small": dict(data=jg.datasets.syllables(), width=8, steps=4000, batch_size=16),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
