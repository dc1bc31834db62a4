"""VEEGAN on mixtures in the plane: a network reads the latents back from the samples.

Paper: Srivastava, Valkov, Russell, Gutmann & Sutton, "VEEGAN: Reducing mode collapse in GANs
using implicit variational learning", NIPS 2017, arXiv:1705.07761, section 5.1.
Code: github.com/akashgit/VEEGAN; its VEEGAN_2D_RING.ipynb was not at hand, settings are those
of a public copy of it, Stephen Sinclair's in Keras, made for the grid (second hand).

Run:  python experiments/veegan_mixture.py
      The grid of 25: --data grid --workdir runs/veegan_grid
Cost: about six minutes on two CPU cores (57 steps/s) for the default 20 000 steps;
      --steps 100000 is the copy's budget.

Differs from the paper:
- Budget, batch, networks, optimizer and weights: the copy's; the paper's own were not at hand.
- Data: the copy draws new points in each step; here are 100 000.
- In the copy the discriminator moves first and the others see new noise; here both move at once.
- The copy's generator sees one more normal number, which is not read back.
- As in algorithm 1 and in the copy, the generator minimises -E l(G(z), z) and the reconstruction
  and the reconstructor the reconstruction alone, which algorithm 1 weighs by 1 (--reconstruction).
  --reconstructor-plays adds E l(x, F(x)), the whole log-ratio, which trains the reconstructor
  against the discriminator too and is not algorithm 1.
"""

import dataclasses

import optax

from jaxgan import averaging, losses, plays
from jaxgan.experiment import Data, Experiment, Result
from jaxgan.game import SIMULTANEOUS, Gan
from jaxgan.launch import main
from jaxgan.nets import toy, veegan
from jaxgan.terms import scale
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

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


def build(cfg: Config, data: Data) -> Gan:
    """The game on pairs, and the reconstruction; both players move at once."""
    prior = plays.normal(cfg.latent)
    # -E l(G(z), z) alone is the Wasserstein generator's term, here with a logistic critic.
    ratio = losses.veegan_generator if cfg.reconstructor_plays else losses.wasserstein_generator
    return Gan(
        networks={
            "g": veegan.Reconstructing(
                toy.veegan_generator(cfg.hidden, cfg.dtype),
                toy.veegan_reconstructor(cfg.latent, cfg.hidden, cfg.dtype),
            ),
            "d": toy.veegan_discriminator((cfg.hidden,), cfg.dtype),
        },
        play=plays.reconstructing(prior),
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
        ema=averaging.constant(cfg.ema_decay),
        sample=plays.generate_jointly,
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
        "no reconstruction": {"reconstruction": 0.0},
        "the reconstructor plays": {"reconstructor_plays": True},
    },
    results=tuple(
        Result(
            metric=f"{data}, {method}: modes; high quality, %; reverse KL",
            protocol="2500 samples, within 3 deviations",
            paper=paper,
            source="Srivastava et al. 2017, table 1: 5 runs",
            ours=f"{ours} (20 000 steps, batches of 100, averaged weights)",
            seeds=5,
            command="python scripts/benchmarks/toys.py --steps 20000 --networks small",
            hardware="two cores of an AMD EPYC",
        )
        for data, method, paper, ours in (
            ("ring", "VEEGAN", "8; 52.9; -", "7.00 ± 1.00; 1.0 ± 0.3; 0.338 ± 0.164"),
            ("grid", "VEEGAN", "24.6; 40; -", "19.20 ± 2.39; 2.4 ± 0.8; 0.812 ± 0.541"),
        )
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
