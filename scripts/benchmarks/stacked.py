"""Trains the mode-collapse methods on stacked MNIST, several seeds each, and makes the table.

``python scripts/benchmarks/stacked.py --steps 5000`` trains one run after another under
``runs/stacked`` and writes stacked.md and stacked.json in ``results``: a thousand modes, VEEGAN's
protocol. Budgets that are long enough to compare methods need a GPU. It may be stopped at any time:
the same command resumes it. A subset (``--methods``, ``--seeds``) makes a table of its own: give it
another ``--name``.
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

DATA = "stacked_mnist:128000"
PACKS = 64
"""Packs per step, as in PacGAN."""
PUBLISHED = 100_000
"""Steps of PacGAN's table: 50 epochs of 128 000 packs in batches of 64."""


def packed(name: str, packing: int, published: str) -> Method:
    """DCGAN or PacDCGAN, with what stands in PacGAN's table 2."""
    return Method(
        name,
        "pacgan_stacked_mnist",
        changes={"packing": packing},
        training={"batch_size": PACKS * packing},
        published={"": (published,)},
    )


BATCH = {"batch_size": PACKS}

METHODS = (
    packed("DCGAN", 1, "78.9 ± 6.46; 4.50 ± 0.127"),
    packed("PacDCGAN2", 2, "1000.0 ± 0.00; 0.06 ± 0.003"),
    packed("PacDCGAN3", 3, "1000.0 ± 0.00; 0.06 ± 0.003"),
    packed("PacDCGAN4", 4, "1000.0 ± 0.00; 0.07 ± 0.005"),
    Method("WGAN-GP", "wgan_gp_stacked_mnist", training=BATCH, published={"": ("-",)}),
    Method("RpGAN + R1 + R2", "rpgan_stacked_mnist", training=BATCH, published={"": ("-",)}),
)

VALUES = {"modes/captured": (1.0, 1), "modes/reverse_kl": (1.0, 3)}

HEAD = (
    *("method", "samples/step", "runs", "modes", "reverse KL", "steps/s"),
    *("reverse KL less DCGAN's", "PacGAN, table 2"),
)


@dataclasses.dataclass(frozen=True)
class Stacked:
    """Train every method with every seed, and make the table."""

    steps: int
    """Steps of each run."""
    seeds: int = 1
    """Runs of each method: seeds 0 and up."""
    methods: tuple[str, ...] = ()
    """Rows of the table, by name; all if not given."""
    samples: int = 26_000
    """Samples per score."""
    devices: int | None = None
    """Devices that each run uses; all if not given."""
    name: str = "stacked"
    """What the page and the file of its runs are called."""
    folder: Path = Path("runs/stacked")
    """Where the run folders are."""
    out: Path = RESULTS
    """Where the page and the file are written."""


def flags(stacked: Stacked) -> Mapping[str, Any]:
    """How every method is trained and scored."""
    return {
        "steps": stacked.steps,
        "devices": stacked.devices,
        "evaluate_num": stacked.samples,
        "evaluate_metrics": "modes",
    }


def text(stacked: Stacked, methods: Sequence[Method], table: Table) -> tuple[str, str]:
    """The page, and the line on what it ran on."""
    around = comparison.circumstances({DATA: table})
    samples = comparison.samples({DATA: table}, "modes")
    names = ", ".join(comparison.averaged(methods))
    weights = f"the last weights{f' ({names}: of averaged ones)' if names else ''}"
    judge = perfect = ""
    if modes := comparison.protocol(table, "modes"):
        parameters = modes["parameters"]
        judge = f" ({100 * modes['classifier_accuracy']:.2f} % on the test split)"
        perfect = (
            f" A perfect\n  sampler: {parameters['classes']} modes, reverse KL "
            f"{parameters['perfect_kl']:.4f} nats."
        )
    share = comparison.budget(stacked.steps, PUBLISHED)
    page = f"""\
# Mode collapse on stacked MNIST

Written by `stacked.py` (how to run it: its first lines); every run is in `{stacked.name}.json`.

- Command: `{command(stacked)}`.
- Budget: **{stacked.steps} steps** of each run; PacGAN's table has {PUBLISHED:,}, {share}. WGAN-GP
  has five updates of the critic and one of the generator in a step, the packed games have one and
  two, RpGAN one and one.
- Data: {DATA.partition(":")[2]} fixed triples of MNIST's 70 000 digits, 28 x 28, for every
  method; networks and settings as each file of `experiments/` says.
- Runs: {stacked.seeds} of each method, seeds from 0; a run that diverged is counted under `runs`,
  and is in no mean. Ours: mean ± standard deviation over runs [95 % t interval of the mean].
- Scores: {samples} of {weights}, each
  channel by the small classifier of digits trained on MNIST{judge}.{perfect}
- PacGAN, table 2: modes; reverse KL; mean ± standard error of 10 trials.
- Machine: {around}

"""
    lines = [
        [
            method.name,
            str(method.batch_size),
            *comparison.cells(table[method.name], VALUES),
            comparison.against(table, method.name, "DCGAN", "modes/reverse_kl", 3),
            *method.published[""],
        ]
        for method in methods
    ]
    return page + comparison.rows(HEAD, lines), around


def command(stacked: Stacked) -> str:
    """The command of this table, without the places of files."""
    return comparison.command("stacked.py", stacked, Stacked(steps=0), ("folder", "out"))


def main(stacked: Stacked) -> int:
    """Trains the runs that are not finished, and writes the table.

    Raises:
      UserError: a flag, a name or a folder is at fault, or a run was interrupted.
    """
    comparison.at_least(1, steps=stacked.steps, seeds=stacked.seeds)
    comparison.at_least(2, samples=stacked.samples)
    methods = comparison.chosen(stacked.methods, METHODS)
    comparison.check_name(stacked.out, stacked.name, command(stacked))
    table = comparison.compare(
        comparison.jobs(methods, stacked.seeds, stacked.folder, lambda _: flags(stacked))
    )
    page, around = text(stacked, methods, table)
    comparison.write(stacked.out, stacked.name, page, command(stacked), around, {DATA: table})
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(tyro.cli(Stacked))))
