"""Trains the losses that Lucic et al. compare on Fashion-MNIST, and makes the table.

``python scripts/benchmarks/fashion.py --critic-steps 1000`` trains one run after another under
``runs/fashion`` and writes fashion.md and fashion.json in ``results``. It may be stopped at any
time: the same command resumes it. A subset (``--methods``, ``--seeds``) makes a table of its own:
give it another ``--name``.
"""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import comparison
import tyro
from comparison import RESULTS, Method, Table

from jaxgan.cli.exit import exit_code_of
from jaxgan.errors import UserError

DATA = "fashion_mnist"
PUBLISHED = 15_625
"""Updates of the discriminator in the paper: 20 epochs of 50 000 images in batches of 64."""

NARROW = {"learning_rate": 1e-4, "beta1": 0.5, "batch_norm": False}
"""A setting of the paper's narrow search. With the defaults of its code (Adam at 5e-5 without
momentum, a discriminator with batch normalization) both games drew plain gray after 1500 updates,
in runs that were not kept."""


def lucic(
    name: str,
    preset: str,
    published: str,
    changes: Mapping[str, Any] | None = None,
    critic_steps: int = 1,
) -> Method:
    """One of the six losses that share their networks."""
    return Method(
        name,
        "lucic",
        preset,
        changes or {},
        critic_steps=critic_steps,
        published={"": (published,)},
    )


METHODS = (
    lucic("MM GAN", "minimax", "29.6 ± 1.6", NARROW),
    lucic("NS GAN", "nonsaturating", "26.5 ± 1.6", NARROW),
    lucic("LSGAN", "lsgan", "30.7 ± 2.2"),
    lucic("WGAN", "wgan", "21.5 ± 1.6", critic_steps=5),
    lucic("WGAN-GP", "wgan_gp", "24.5 ± 2.1", critic_steps=5),
    lucic("DRAGAN", "dragan", "27.7 ± 1.2"),
    Method("BEGAN", "began_fashion_mnist", published={"": ("22.9 ± 0.9",)}),
)

METRICS = ("fd", "prdc", "is", "modes")

STANDING = 16
"""Batches of standing statistics. The generator's running moments (0.999 of the old ones in every
update) are still near their initial values after a thousand updates."""

VALUES = {
    "fd/distance": (1.0, 1),
    "prdc/precision": (1.0, 3),
    "prdc/recall": (1.0, 3),
    "prdc/coverage": (1.0, 3),
    "is/mean": (1.0, 2),
    "modes/captured": (1.0, 1),
    "modes/reverse_kl": (1.0, 3),
}
HEAD = (
    *("method", "runs", "FD", "precision", "recall", "coverage", "score of classes", "classes"),
    *("reverse KL", "steps/s", "FID, Lucic et al."),
)


@dataclasses.dataclass(frozen=True)
class Fashion:
    """Train every method with every seed, and make the table."""

    critic_steps: int
    """Updates of the discriminator in each run."""
    seeds: int = 1
    """Runs of each method: seeds 0 and up."""
    methods: tuple[str, ...] = ()
    """Rows of the table, by name; all if not given."""
    samples: int = 5000
    """Samples per score."""
    devices: int | None = 1
    """Devices that each run uses."""
    name: str = "fashion"
    """What the page and the file of its runs are called."""
    folder: Path = Path("runs/fashion")
    """Where the run folders are."""
    out: Path = RESULTS
    """Where the page and the file are written."""


def flags(fashion: Fashion, method: Method) -> Mapping[str, Any]:
    """How a method is trained and scored.

    Raises:
      UserError: the updates of the discriminator are not a number of whole steps.
    """
    steps, rest = divmod(fashion.critic_steps, method.critic_steps)
    if rest or not steps:
        raise UserError(
            f"--critic-steps {fashion.critic_steps}: {method.name} takes {method.critic_steps} in "
            "a step; give a multiple of that."
        )
    return {
        "steps": steps,
        "devices": fashion.devices,
        "evaluate_num": fashion.samples,
        "evaluate_metrics": ",".join(METRICS),
        "evaluate_extractor": "classifier",
        "standing_batches": STANDING,
    }


def text(fashion: Fashion, methods: Sequence[Method], table: Table) -> tuple[str, str]:
    """The page, and the line on what it ran on."""
    around = comparison.circumstances({DATA: table})
    samples = comparison.samples({DATA: table}, "modes")
    judge = ""
    if modes := comparison.protocol(table, "modes"):
        judge = f" ({100 * modes['classifier_accuracy']:.2f} % on the test split)"
    share = comparison.budget(fashion.critic_steps, PUBLISHED)
    spread = "mean ± standard deviation over runs [95 % t interval of the mean]"
    if fashion.seeds == 1:
        spread = "no spread is known"
    page = f"""\
# Losses on Fashion-MNIST

Written by `fashion.py` (how to run it: its first lines); every run, with the protocol of each of
its scores, is in `{fashion.name}.json`.

- Command: `{command(fashion)}`.
- Budget: **{fashion.critic_steps} updates of the discriminator** in batches of 64; the paper has
  {PUBLISHED:,}, {share}, and reports the best of a search over settings, by FID through
  Inception. So its column is no target for ours: neither the budget nor the features are the same.
- Networks and settings: Lucic et al. 2018's, as each file of `experiments/` says; MM GAN and NS GAN
  with Adam at {NARROW["learning_rate"]} and {NARROW["beta1"]} and no batch normalization in the
  discriminator, of the paper's narrow search.
- Runs: {fashion.seeds} of each method, seeds from 0; {spread}; a run that diverged is counted
  under `runs`, and is in no mean.
- Scores: {samples}, drawn with batch statistics taken anew from {STANDING} batches
  (the running ones lag behind), against as many training images, through the features of the
  small classifier trained on the training split{judge}. FD:
  Fréchet distance, of these features and not to be compared with FIDs. Score of classes: the
  Inception score's formula with that classifier. Classes: how many of ten; reverse KL: nats, of the
  classes of the samples from equal shares. Real images: as many of the training split that are not
  in the reference; the classifier was trained on them.
- Published: best FID of Lucic et al. 2018, as quoted by Dai & Wipf 2019 (second hand).
- Machine: {around}

"""
    reals = [run.real_score for found in table.values() for run in found if run.real_score]
    lines = [
        ["real images", "-", *(f"{real[name]:.{n}f}" for name, (_, n) in VALUES.items()), "-", "-"]
        for real in reals[:1]  # all runs have the same
    ]
    for method in methods:
        ours = comparison.cells(table[method.name], VALUES)
        lines.append([method.name, *ours, *method.published[""]])
    return page + comparison.rows(HEAD, lines), around


def command(fashion: Fashion) -> str:
    """The command of this table, without the places of files."""
    return comparison.command("fashion.py", fashion, Fashion(critic_steps=0), ("folder", "out"))


def main(fashion: Fashion) -> int:
    """Trains the runs that are not finished, and writes the table.

    Raises:
      UserError: a flag, a name or a folder is at fault, or a run was interrupted.
    """
    comparison.at_least(1, critic_steps=fashion.critic_steps, seeds=fashion.seeds)
    comparison.at_least(2, samples=fashion.samples)
    methods = comparison.chosen(fashion.methods, METHODS)
    comparison.check_name(fashion.out, fashion.name, command(fashion))
    table = comparison.compare(
        comparison.jobs(
            methods, fashion.seeds, fashion.folder, lambda method: flags(fashion, method)
        )
    )
    page, around = text(fashion, methods, table)
    comparison.write(fashion.out, fashion.name, page, command(fashion), around, {DATA: table})
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(tyro.cli(Fashion))))
