"""BiGAN on MNIST: a generator that learns its inverse.

Paper: Donahue, Krähenbühl & Darrell, "Adversarial Feature Learning", ICLR 2017,
arXiv:1605.09782.
Code of the authors: github.com/jeffdonahue/bigan (train_mnist.sh, train_gan.py, gan.py, net.py,
dist.py).

Run:  python experiments/bigan_mnist.py
Cost: not measured on an idle machine; the default 156 000 steps (400 epochs) need hours.

Differs from the paper:
- The authors' Adam is that of the DCGAN code, which lets the first decay fade (to 0.998 of
  itself over the whole training); ours does not.
- Their learning rate falls once per epoch, ours in every step; their epoch is 391 batches, ours
  390; they train on 50 000 images chosen at random, we on the first 50 000.
- Samples come from running moments; the authors take the moments of the batches anew before
  they score ("deploy").
- The paper scores nearest neighbors in feature space, which this code does not measure. The
  authors' features are the encoder's logits, before 2 sigmoid(.) - 1.
"""

import dataclasses
from functools import partial

import optax

import jaxgan as jg
from jaxgan.nets import bigan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 50
    """Latent size, uniform in [-1, 1]."""
    width: int = 1024
    """Units of every hidden layer."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate in the first half of training, both players."""
    final_share: jg.NonNegative = 0.01
    """What is left of it at the end, after an exponential decay in the second half."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    weight_decay: jg.NonNegative = 2.5e-5
    """Multiple of the weights that is added to their gradients before Adam."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The perceptrons of the authors' script; both players move at once."""
    half = max(task.steps // 2, 1)

    def rate(step):
        done = optax.linear_schedule(0.0, 1.0, half, transition_begin=half)(step)
        return cfg.learning_rate * cfg.final_share**done

    optimizer = optax.chain(
        optax.add_decayed_weights(cfg.weight_decay),
        optax.adam(rate, b1=cfg.beta1, b2=0.999, eps=1e-8),
    )
    return jg.Gan(
        generator=bigan.Bidirectional(
            bigan.DenseGenerator(task.shape, cfg.width, task.dtype),
            bigan.DenseEncoder(cfg.latent, cfg.width, task.dtype),
        ),
        discriminator=bigan.DenseDiscriminator(cfg.width, task.dtype),
        forward=jg.forward.bidirectional(jg.uniform(cfg.latent)),
        # Half of each loss, as in the authors' gan.py. Adam alone would not notice, but its
        # gradient is the loss's plus the weight decay.
        terms=jg.losses.bidirectional.map(partial(jg.scale, 0.5)).terms(),
        optimizers={"g": optimizer, "d": optimizer},
        updates=jg.SIMULTANEOUS,
        range=(0.0, 1.0),
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.MNIST,
    split="train[:50000]",
    steps=156_000,
    fixed_budget=True,
    batch_size=128,
    smoke=dict(width=16, latent=4),
    ablations={"no weight decay": dict(weight_decay=0.0)},
    published=(
        jg.Published(
            "accuracy of the nearest neighbor among codes, % (MNIST test, features of the encoder, "
            "one nearest neighbor; jaxgan does not measure it)",
            "97.39",
            "Table 1",
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
