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
- The paper scores nearest neighbours in feature space, which this code does not measure. The
  authors' features are the encoder's logits, before 2 sigmoid(.) - 1.
"""

import dataclasses

import optax
from jaxgan.terms import scale

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import SIMULTANEOUS, Gan
from jaxgan.nets import bigan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    latent: int = 50
    """Size of the latent, uniform in [-1, 1]."""
    width: int = 1024
    """Units of every hidden layer."""
    learning_rate: float = 2e-4
    """Adam's learning rate in the first half of training, of both players."""
    final_share: float = 0.01
    """What is left of it at the end, after an exponential decay in the second half."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    weight_decay: float = 2.5e-5
    """Multiple of the weights that is added to their gradients before Adam."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task, steps: int) -> Gan:
    """The perceptrons of the authors' script; both players move at once."""
    half = max(steps // 2, 1)

    def rate(step):
        done = optax.linear_schedule(0.0, 1.0, half, transition_begin=half)(step)
        return cfg.learning_rate * cfg.final_share**done

    prior = forward.uniform(cfg.latent)
    optimizer = optax.chain(
        optax.add_decayed_weights(cfg.weight_decay),
        optax.adam(rate, b1=cfg.beta1, b2=0.999, eps=1e-8),
    )
    return Gan(
        networks={
            "g": bigan.Bidirectional(
                bigan.DenseGenerator(data.shape, cfg.width, cfg.dtype),
                bigan.DenseEncoder(cfg.latent, cfg.width, cfg.dtype),
            ),
            "d": bigan.DenseDiscriminator(cfg.width, cfg.dtype),
        },
        play=forward.bidirectional(prior),
        prior=prior,
        # Half of each loss, as in gan.py. Adam alone would not notice, but its gradient is the
        # loss's plus the weight decay.
        terms={
            "g": {"adversarial": scale(0.5, losses.bidirectional.generator)},
            "d": {"adversarial": scale(0.5, losses.nonsaturating.discriminator)},
        },
        optimizers={"g": optimizer, "d": optimizer},
        updates=SIMULTANEOUS,
        ema=ema.constant(cfg.ema_decay),
        sample=forward.generate_jointly,
        range=(0.0, 1.0),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="mnist",
    split="train[:50000]",
    shape=(28, 28, 1),
    classes=10,
    steps=156_000,
    batch_size=128,
    smoke={"width": 16, "latent": 4},
    ablations={"no weight decay": {"weight_decay": 0.0}},
    published=(
        Published(
            "accuracy of the nearest neighbour among codes, % (MNIST test, features of the "
            "encoder, one nearest neighbour; jaxgan does not measure it)",
            "97.39",
            "table 1",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
