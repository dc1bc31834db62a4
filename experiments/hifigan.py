"""HiFi-GAN: speech made from its spectrogram, judged at several periods and scales.

Paper: Kong, Kim & Bae, "HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity
Speech Synthesis", NeurIPS 2020, arXiv:2010.05646.
Code of the authors: github.com/jik876/hifi-gan.

Run:  python experiments/hifigan.py ljspeech_v1
      python experiments/hifigan.py ljspeech_v3 --data sounds:8192@22050:DIR
      python experiments/hifigan.py prompts
      python experiments/hifigan.py prompts_small
      Recordings of your own: --data sounds:8192@22050:DIR, cut into 8192 samples at 22.05 kHz.
      The paper's ablations: --scales 0, --mel 0, --periods 2 4 8 16 32.
Cost: ljspeech_v1, _v2 and _v3 are the paper's runs, of the default 2 500 000 steps: generators of
      13,926,017, 925,985 and 1,462,273 parameters without the gains of weight normalization,
      discriminators of 70,724,591 with them. They and prompts, with the default 100 000 steps, need
      a GPU; none of them was measured. prompts_small is for a CPU: 0.55 s of processor time a step
      and 70 s to compile it, about half an hour of it for the default 3000 steps, which two cores
      share.

prompts is V3 at 8 kHz, on one voice that a telephone exchange speaks with: frames of 256 samples,
one every 64, 40 bands up to 4 kHz, and so three upsamplings by 4 (1,062,913 parameters).
prompts_small has an eighth of the generator's channels (24,673 parameters) and a 32nd of the
discriminators' (73,190 with gains).

Differs from the paper:
- Its evidence is the opinion of listeners. Here the distance of log-mel spectrograms is measured,
  beside that of Griffin and Lim's algorithm, which needs no network.
- prompts and prompts_small are ours. The authors' recordings are to be given as a folder.
- The authors draw 8192 samples anew from each recording in every epoch, and scale each recording to
  a peak of 0.95. Here recordings are cut once, one part after another, and are as loud as they are.
- An epoch, after which the rate falls, is a number of steps (--epoch), by default the authors' for
  LJSpeech. For prompts and prompts_small it is that of their own data.
- The authors' code sets kernels to normal numbers of deviation 0.01, but weight normalization
  overwrites them by what it keeps, which is PyTorch's default. That is what kernels begin as here.
- The authors' spectral normalization of the first scale moves its vectors in every forward pass of
  a training step, four times in all; here they move once in each of the two updates.
- What is logged as the adversarial loss is half of the authors', by which they are multiplied again
  before they are minimized.
- prompts_small has batches of 8, and learns five times as fast, for its small budget. Where its
  channels are fewer than the groups of a layer, there are as many groups as divide them.
- Fine-tuning on spectrograms that another network predicts is not here.
"""

import dataclasses
import functools
import math
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import hifigan
from jaxgan.spectrograms import LogMel, log_mel

BLOCKS = {"paired": hifigan.PAIRED, "single": hifigan.SINGLE}


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    width: int = 512
    """Channels of the generator before its first upsampling, each of which halves them."""
    rates: tuple[int, ...] = (8, 8, 2, 2)
    """Of the generator's upsamplings; their product is the hop of the spectrogram."""
    blocks: Literal["paired", "single"] = "paired"
    """The generator's residual blocks: of V1 and V2, or V3's with fewer layers."""
    divisor: int = 1
    """Of the channels of the discriminators."""
    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    """In samples: each has a discriminator that sees one sample of every period."""
    scales: int | None = 3
    """Discriminators of the sound and of its halves; 0 for none."""
    features: jg.Weight = 2.0
    """Weight of the distance between the discriminators' features."""
    mel: jg.Weight = 45.0
    """Weight of the distance between log-mel spectrograms."""
    frame: int = 1024
    """Samples of the spectrogram's frames and of their window."""
    mels: int = 80
    """Bands of the spectrogram."""
    highest: int = 8000
    """Where the bands that the generator sees end, in Hz; those of the loss are of all."""
    learning_rate: jg.NonNegative = 2e-4
    """AdamW's learning rate, both players."""
    decay: jg.NonNegative = 0.999
    """What the rate is multiplied by after each epoch."""
    epoch: int = 809
    """Steps that are taken for an epoch, as many as LJSpeech's 12 950 recordings are batches."""
    beta1: jg.Fraction = 0.8
    """AdamW's first decay, both players."""
    beta2: jg.Fraction = 0.99
    """AdamW's second decay, both players."""
    weight_decay: jg.NonNegative = 0.01
    """AdamW's, which PyTorch has by default; both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """A generator of sound against discriminators of periods and of scales."""
    rate, hop = task.modality.rate, math.prod(cfg.rates)
    if rate is None:
        raise jg.UserError(
            "These data are no sounds; give --data prompts or sounds:8192@22050:DIR."
        )
    if task.shape[0] % hop:
        raise jg.UserError(
            f"--rates: their product {hop} does not divide sounds of {task.shape[0]} samples."
        )
    seen = LogMel(rate, cfg.frame, hop, cfg.frame, cfg.mels, high=cfg.highest)
    compared = dataclasses.replace(seen, high=None)
    adam = optax.adamw(
        jg.optim.falling_by_epoch(cfg.learning_rate, cfg.decay, cfg.epoch),
        b1=cfg.beta1,
        b2=cfg.beta2,
        weight_decay=cfg.weight_decay,
    )
    # The authors' squares are not halved.
    loss = jg.losses.least_squares().map(jg.losses.each_domain)
    loss = loss.map(functools.partial(jg.scale, 2.0))
    return jg.Gan(
        generator=hifigan.Generator(cfg.width, cfg.rates, dtype=task.dtype, **BLOCKS[cfg.blocks]),
        discriminator=hifigan.Discriminators(cfg.periods, cfg.scales or 0, cfg.divisor, task.dtype),
        forward=jg.forward.vocoder(functools.partial(log_mel, settings=seen)),
        terms=loss.terms(
            generator={
                "features": jg.scale(cfg.features, jg.losses.feature_matching),
                "mel": jg.scale(cfg.mel, jg.losses.log_mel_distance(compared)),
            }
        ),
        optimizers={"g": adam, "d": adam},
        updates=(jg.D, jg.Phase("g", real="same", latents="same")),
        reparametrize={"d": jg.spectral_norm(hifigan.first_scale)} if cfg.scales else {},
        threshold=0.5,
    )


LJSPEECH = dict(data=jg.datasets.sounds_folder(8192, 22_050, "LJSpeech-1.1/wavs"), steps=2_500_000)
V3 = dict(width=256, blocks="single")

PARTS = 1179
"""Rows of prompts that are trained on."""

PROMPTS = dict(V3, data=jg.datasets.PROMPTS, rates=(4, 4, 4), frame=256, mels=40, highest=4000)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    batch_size=16,
    scoring=jg.Scoring(metrics=("log_mel_l1",), num=130),
    smoke=dict(width=16, blocks="single", divisor=64, periods=(2,), scales=1),
    ablations={
        "no scales": dict(scales=0),
        "no features": dict(features=0.0),
        "no spectrograms": dict(mel=0.0),
        "periods of powers of two": dict(periods=(2, 4, 8, 16, 32)),
    },
    presets={
        "ljspeech_v1": LJSPEECH,
        "ljspeech_v2": dict(LJSPEECH, width=128),
        "ljspeech_v3": dict(LJSPEECH, **V3, rates=(8, 8, 4)),
        "prompts": dict(PROMPTS, epoch=PARTS // 16, steps=100_000),
        "prompts_small": dict(
            PROMPTS,
            width=32,
            divisor=32,
            epoch=PARTS // 8,
            batch_size=8,
            learning_rate=1e-3,
            steps=3000,
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
