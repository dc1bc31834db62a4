"""VEEGAN on mixtures in the plane: a network reads the latents back from the samples.

Paper: Srivastava, Valkov, Russell, Gutmann & Sutton, "VEEGAN: Reducing mode collapse in GANs
using implicit variational learning", NIPS 2017, arXiv:1705.07761, section 5.1.
Code: github.com/akashgit/VEEGAN, VEEGAN_2D_RING.ipynb as of commit 97f07b7 (a pull request that
brings it to TensorFlow 1.12; the authors' own version was not at hand). It is made for the grid.

Run:  python experiments/veegan_mixture.py
      The grid of 25: python experiments/veegan_mixture.py grid
      The GAN that it is compared with, on its networks: --game gan
Cost: about six minutes on two CPU cores (57 steps/s) for the default 20 000 steps;
      --steps 100000 is the notebook's budget.

Differs from the paper:
- Batch, networks, optimizer, weights and simultaneous updates are the notebook's; the paper gives
  none.
- Data: the notebook draws new points in each step; here are 100 000.
- The notebook's generator sees one more normal number, which is not reconstructed.
- The paper has a GAN in its table 1 without saying its networks or loss; --game gan has those of
  the notebook and the non-saturating loss. PacGAN's GAN is another: pacgan_mixture.py.
- As in algorithm 1 and in the notebook, the generator minimizes -E l(G(z), z) and the
  reconstruction, and the reconstructor the reconstruction alone, which algorithm 1 weighs by 1
  (--reconstruction).
  --reconstructor-plays adds E l(x, F(x)), the whole log-ratio, which trains the reconstructor
  against the discriminator too and is not algorithm 1.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import mixture, mlp, veegan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    game: Literal["veegan", "gan"] = "veegan"
    """VEEGAN, or the GAN that it is compared with."""
    latent: int = 254
    """Latent size, standard normal."""
    hidden: int = 128
    """Rectifiers in each hidden layer, of all three networks."""
    reconstruction: jg.NonNegative = 0.5
    """Weight of |z - F(G(z))|^2; 0.5 is the log-likelihood of a Gaussian with unit deviation."""
    reconstructor_plays: bool = False
    """Whether the reconstructor, too, minimizes the log-ratio of its pairs."""
    learning_rate: jg.NonNegative = 1e-3
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def plain(cfg: Config, task: jg.Task) -> dict:
    """The non-saturating game of VEEGAN's generator and discriminator, which sees no latents."""
    return dict(
        generator=mixture.veegan_generator(cfg.hidden, task.dtype),
        discriminator=mlp.Discriminator(
            (cfg.hidden,), kernel_init=mixture.GLOROT, dtype=task.dtype
        ),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=jg.losses.nonsaturating.terms(),
    )


def reconstructing(cfg: Config, task: jg.Task) -> dict:
    """The game on pairs, and the reconstruction."""
    # -E l(G(z), z) alone is the Wasserstein generator's term, here with a logistic critic.
    ratio = jg.losses.veegan if cfg.reconstructor_plays else jg.losses.wasserstein
    reconstruction = jg.scale(cfg.reconstruction, jg.losses.latent_reconstruction)
    return dict(
        generator=veegan.Reconstructing(
            mixture.veegan_generator(cfg.hidden, task.dtype),
            mixture.veegan_reconstructor(cfg.latent, cfg.hidden, task.dtype),
        ),
        discriminator=mixture.veegan_discriminator((cfg.hidden,), task.dtype),
        forward=jg.forward.reconstructing(jg.normal(cfg.latent)),
        terms={
            "g": {"ratio": ratio.generator, "reconstruction": reconstruction},
            "d": {"adversarial": jg.losses.minimax.discriminator},
        },
    )


GAMES = {"veegan": reconstructing, "gan": plain}


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The game that was asked for; both players move at once."""
    return jg.Gan(
        **GAMES[cfg.game](cfg, task),
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=jg.SIMULTANEOUS,
    )


PUBLISHED = {
    "ring, VEEGAN": "8; 52.9; -",
    "ring, GAN of VEEGAN": "1; 99.3; -",
    "grid, VEEGAN": "24.6; 40; -",
    "grid, GAN of VEEGAN": "3.3; 0.5; -",
}

METHODS = {"VEEGAN": {}, "GAN of VEEGAN": {"game": "gan"}}

EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=20_000,
    batch_size=500,
    scoring=jg.Scoring(every=5000, num=2500),
    smoke=dict(hidden=8, latent=4),
    ablations={
        "GAN": dict(game="gan"),
        "no reconstruction": dict(reconstruction=0.0),
        "the reconstructor plays": dict(reconstructor_plays=True),
    },
    presets={
        "ring": dict(
            data=jg.datasets.RING,
            reproductions=jg.numbers.mixture("ring", METHODS, seeds=5, steps=100_000),
        ),
        "grid": dict(
            data=jg.datasets.GRID,
            reproductions=jg.numbers.mixture("grid", METHODS, seeds=5, steps=100_000),
        ),
    },
    published=tuple(
        jg.Published(
            f"{method}: {jg.numbers.MODES}", value, "Srivastava et al. 2017, table 1: 5 runs"
        )
        for method, value in PUBLISHED.items()
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
