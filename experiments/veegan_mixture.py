"""VEEGAN on mixtures in the plane: a network reads the latents back from the samples.

Paper: Srivastava, Valkov, Russell, Gutmann & Sutton, "VEEGAN: Reducing mode collapse in GANs
using implicit variational learning", NIPS 2017, arXiv:1705.07761, section 5.1.
Code: github.com/akashgit/VEEGAN, VEEGAN_2D_RING.ipynb as of commit 97f07b7 (a pull request that
brings it to TensorFlow 1.12; the authors' own version was not at hand). It is made for the grid.

Run:  python experiments/veegan_mixture.py
      The grid of 25: --data grid --workdir runs/veegan_grid
Cost: about six minutes on two CPU cores (57 steps/s) for the default 20 000 steps;
      --steps 100000 is the notebook's budget.
      The GAN that it is compared with, on its networks: --game gan

Differs from the paper:
- Batch, networks, optimizer, weights and moves at once are the notebook's; the paper gives none.
- Data: the notebook draws new points in each step; here are 100 000.
- The notebook's generator sees one more normal number, which is not read back.
- The paper has a GAN in its table 1 without saying its networks or loss; --game gan has those of
  the notebook and the non-saturating loss. PacGAN's GAN is another: pacgan_mixture.py.
- As in algorithm 1 and in the notebook, the generator minimises -E l(G(z), z) and the
  reconstruction, and the reconstructor the reconstruction alone, which algorithm 1 weighs by 1
  (--reconstruction).
  --reconstructor-plays adds E l(x, F(x)), the whole log-ratio, which trains the reconstructor
  against the discriminator too and is not algorithm 1.
"""

import dataclasses
from typing import Literal

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import SIMULTANEOUS, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import mixture, mlp, veegan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    game: Literal["veegan", "gan"] = "veegan"
    """VEEGAN, or the GAN that it is compared with."""
    latent: int = 254
    """Size of the latent, standard normal."""
    hidden: int = 128
    """Rectifiers in each hidden layer, of all three networks."""
    reconstruction: float = 0.5
    """Weight of |z - F(G(z))|^2; 0.5 is the log-likelihood of a Gaussian with unit deviation."""
    reconstructor_plays: bool = False
    """Whether the reconstructor, too, minimises the log-ratio of its pairs."""
    learning_rate: float = 1e-3
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0 samples with the last weights, as they do."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """The game that was asked for; both players move at once."""
    return {"veegan": reconstructing, "gan": plain}[cfg.game](cfg)


def plain(cfg: Config) -> Gan:
    """The non-saturating game of VEEGAN's generator and discriminator, which sees no latents."""
    prior = forward.normal(cfg.latent)
    return Gan(
        networks={
            "g": mixture.veegan_generator(cfg.hidden, cfg.dtype),
            "d": mlp.Discriminator((cfg.hidden,), kernel_init=mixture.GLOROT, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating_generator},
            "d": {"adversarial": losses.nonsaturating_discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=SIMULTANEOUS,
        ema=ema.constant(cfg.ema_decay),
    )


def reconstructing(cfg: Config) -> Gan:
    """The game on pairs, and the reconstruction."""
    prior = forward.normal(cfg.latent)
    # -E l(G(z), z) alone is the Wasserstein generator's term, here with a logistic critic.
    ratio = losses.veegan_generator if cfg.reconstructor_plays else losses.wasserstein_generator
    return Gan(
        networks={
            "g": veegan.Reconstructing(
                mixture.veegan_generator(cfg.hidden, cfg.dtype),
                mixture.veegan_reconstructor(cfg.latent, cfg.hidden, cfg.dtype),
            ),
            "d": mixture.veegan_discriminator((cfg.hidden,), cfg.dtype),
        },
        play=forward.reconstructing(prior),
        prior=prior,
        terms={
            "g": {
                "ratio": ratio,
                "reconstruction": scale(cfg.reconstruction, losses.latent_reconstruction),
            },
            "d": {"adversarial": losses.nonsaturating_discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=SIMULTANEOUS,
        ema=ema.constant(cfg.ema_decay),
        sample=forward.generate_jointly,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="ring",
    shape=(2,),
    classes=8,
    steps=20_000,
    batch_size=500,
    evaluate_every=5000,
    evaluate_num=2500,
    smoke={"hidden": 8, "latent": 4},
    ablations={
        "GAN": {"game": "gan"},
        "no reconstruction": {"reconstruction": 0.0},
        "the reconstructor plays": {"reconstructor_plays": True},
    },
    published=tuple(
        Published(
            f"{data}, {method}: modes; high quality, %; reverse KL (2500 samples, within 3 "
            "deviations)",
            value,
            "Srivastava et al. 2017, table 1: 5 runs",
        )
        for data, method, value in (
            ("ring", "VEEGAN", "8; 52.9; -"),
            ("ring", "GAN of VEEGAN", "1; 99.3; -"),
            ("grid", "VEEGAN", "24.6; 40; -"),
            ("grid", "GAN of VEEGAN", "3.3; 0.5; -"),
        )
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
