"""Trains the mode-collapse methods on ring and grid, several seeds each, and makes the table.

``python scripts/benchmarks/toys.py --steps 20000 --networks small`` trains one run after another
under ``runs/toys`` and writes toys.md and toys.json in ``results``. It may be stopped at any time:
the same command skips what is finished and resumes the rest. A subset (``--methods``, ``--data``,
``--seeds``) makes a table of its own: give it another ``--name``.
"""

import dataclasses
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import comparison
import tyro
from comparison import RESULTS, Method, Run, Table

from jaxgan.cli.exit import exit_code_of
from jaxgan.metrics.modes import kl_floor

SAMPLES = 2500
"""Samples per score, as in both papers."""


def method(
    name: str,
    file: str,
    changes: Mapping[str, Any],
    batch_size: int,
    ring: Sequence[str] = ("-", "-"),
    grid: Sequence[str] = ("-", "-"),
    plain: str | None = "GAN",
) -> Method:
    """A row of both tables. Published are table 1 of PacGAN and table 1 of VEEGAN."""
    return Method(
        name,
        f"{file}_mixture",
        changes=changes,
        training={"batch_size": batch_size},
        published={"ring": ring, "grid": grid},
        plain=plain,
    )


METHODS = (
    method(
        "GAN",
        "pacgan",
        {"packing": 1},
        100,
        ("6.3 ± 0.5; 98.2 ± 0.2; 0.45 ± 0.09", "-"),
        ("17.3 ± 0.8; 94.8 ± 0.7; 0.70 ± 0.07", "-"),
        plain=None,
    ),
    method(
        "PacGAN2",
        "pacgan",
        {"packing": 2},
        200,
        ("7.9 ± 0.1; 95.6 ± 2.0; 0.07 ± 0.03", "-"),
        ("23.8 ± 0.7; 91.3 ± 0.8; 0.13 ± 0.04", "-"),
    ),
    method(
        "PacGAN3",
        "pacgan",
        {"packing": 3},
        300,
        ("7.8 ± 0.1; 97.7 ± 0.3; 0.10 ± 0.02", "-"),
        ("24.6 ± 0.4; 94.2 ± 0.7; 0.06 ± 0.02", "-"),
    ),
    method(
        "PacGAN4",
        "pacgan",
        {"packing": 4},
        400,
        ("7.8 ± 0.1; 95.9 ± 1.4; 0.07 ± 0.02", "-"),
        ("24.8 ± 0.2; 93.6 ± 0.6; 0.04 ± 0.01", "-"),
    ),
    method(
        "ALI",
        "ali",
        {},
        100,
        ("6.6 ± 0.3; 97.6 ± 0.4; 0.36 ± 0.04", "2.8; 0.13"),
        ("24.1 ± 0.4; 95.7 ± 0.6; 0.14 ± 0.03", "15.8; 1.6"),
    ),
    method(
        "Unrolled 5",
        "unrolled",
        {},
        512,
        ("-", "7.6; 35.6"),
        ("-", "23.6; 16"),
        plain="Unrolled 0",
    ),
    method("Unrolled 0", "unrolled", {"unroll": 0}, 512, plain=None),
    method(
        "VEEGAN",
        "veegan",
        {},
        500,
        ("-", "8; 52.9"),
        ("-", "24.6; 40"),
        plain="GAN of VEEGAN",
    ),
    method(
        "GAN of VEEGAN",
        "veegan",
        {"game": "gan"},
        500,
        ("-", "1; 99.3"),
        ("-", "3.3; 0.5"),
        plain=None,
    ),
    method("GAN + R1", "rpgan", {"relativistic": False, "r2": 0.0}, 100),
    method("RpGAN + R1 + R2", "rpgan", {}, 100),
)

EMA = 0.999
"""Decay of the small games' averaged generators. After a short run the last weights depend more on
the last steps than on the method."""

SMALL = {
    "hidden": (128, 128),
    "maxout": 32,
    "discriminator_init": 0.1,
    "learning_rate": 2e-3,
}
"""PacGAN's networks as wide as those of Unrolled GAN and VEEGAN; they learn the grid in 20 000
steps. Initial weights with a deviation of 0.02 are too small for so narrow a discriminator: it does
not start to learn."""

SMALL_CHANGES: Mapping[str, Mapping[str, Any]] = {
    "pacgan_mixture": SMALL,
    "rpgan_mixture": SMALL,
    "ali_mixture": SMALL | {"encoder_hidden": (128, 128)},
    "unrolled_mixture": {},
    "veegan_mixture": {},
}

SMALL_PENALTY = {"ring": 0.001, "grid": 0.01}
"""Weights of R1 and R2 in the small games, tuned for them; the search was not recorded."""

SMALL_BATCH = 100
"""Packs per step of the small games; with packs of m samples, 100 m samples."""

VALUES = {
    "modes/captured": (1.0, 2),
    "modes/high_quality": (100.0, 1),
    "modes/reverse_kl": (1.0, 3),
}

HEAD = (
    *("method", "samples/step", "runs", "modes", "high quality, %", "reverse KL", "steps/s"),
    *("reverse KL of perfect samples", "reverse KL less the plain game's"),
    *("PacGAN, table 1", "VEEGAN, table 1"),
)


@dataclasses.dataclass(frozen=True)
class Toys:
    """Train every method on every toy with every seed, and make the table."""

    steps: int
    """Steps of each run."""
    networks: Literal["paper", "small"] = "paper"
    """The networks, batches and learning rates of each paper, or two layers of 128 for all."""
    seeds: int = 5
    """Runs of each method: seeds 0 and up."""
    data: tuple[Literal["ring", "grid"], ...] = ("ring", "grid")
    """Data sets."""
    methods: tuple[str, ...] = ()
    """Rows of the table, by name; all if not given."""
    devices: int | None = 1
    """Devices that each run uses."""
    name: str = "toys"
    """What the page and the file of its runs are called."""
    folder: Path = Path("runs/toys")
    """Where the run folders are."""
    out: Path = RESULTS
    """Where the page and the file are written."""


def small(method: Method, data: str) -> Method:
    """The method with two hidden layers of 128, batches of 100 packs and averaged weights."""
    packing = method.changes.get("packing", 1)
    changes = {**method.changes, **SMALL_CHANGES[method.file]}
    if method.file == "rpgan_mixture":
        changes = {"r1": SMALL_PENALTY[data], "r2": SMALL_PENALTY[data], **changes}
    training = {"batch_size": SMALL_BATCH * packing, "ema": EMA}
    return dataclasses.replace(method, changes=changes, training=training)


def fitted(toys: Toys, methods: Sequence[Method], data: str) -> Sequence[Method]:
    """The methods on these data, with the networks that were asked for."""
    chosen = [small(method, data) for method in methods] if toys.networks == "small" else methods
    return [dataclasses.replace(method, preset=data) for method in chosen]


def text(toys: Toys, methods: Sequence[Method], tables: Mapping[str, Table]) -> tuple[str, str]:
    """The page, and the line on what it ran on."""
    share = comparison.budget(toys.steps, 400_000)
    around = comparison.circumstances(tables)
    samples = comparison.samples(tables, "modes")
    networks = {
        "paper": "each paper's, or its code's; batches and learning rates too",
        "small": f"""**not the papers'**: PacGAN's with {SMALL["hidden"]} rectifiers in the
  generator and {SMALL["maxout"]} maxout units a layer in the discriminator (instead of four layers
  of 400, and 200), whose weights begin with a deviation of {SMALL["discriminator_init"]} (instead
  of 0.02), and Adam at {SMALL["learning_rate"]} (instead of 1e-4); Unrolled and VEEGAN as in their
  files. Batches of {SMALL_BATCH} packs for all. R1 and R2 weigh {SMALL_PENALTY["ring"]} on the ring
  and {SMALL_PENALTY["grid"]} on the grid, tuned for these networks (of the search there is no
  record); no other method had a search""",
    }[toys.networks]
    weights = "the last weights, as in the papers"
    if toys.networks == "small":
        weights = f"weights averaged by {EMA} a step (the papers: the last ones)"
    page = f"""\
# Mode collapse on ring and grid

Written by `toys.py` (how to run it: its first lines); every run is in `{toys.name}.json`.

- Command: `{command(toys)}`.
- Budget: **{toys.steps} steps** of each run. PacGAN's table has 400 000 steps, {share};
  VEEGAN's steps are not known here. So the columns on the right are no target for those on
  the left{"; only rows on the left compare with each other" if toys.steps != 400_000 else ""}.
- Networks: {networks}.
- Runs: {toys.seeds} of each method, seeds from 0; a run that diverged is counted under `runs`, and
  is in no mean. Ours: mean ± standard deviation over runs [95 % t interval of the mean].
- Each score: {samples} of {weights}.
  High quality: within 3 standard deviations of the nearest mode. Reverse KL: nats, of the
  high-quality samples' modes from equal shares; it is infinite where there is no such sample.
  Of few samples even perfect ones have a high one: the column after steps/s says which, for as
  many as were of high quality. The plain game is GAN, for Unrolled 5 it is Unrolled 0, for VEEGAN
  the GAN of VEEGAN; the interval is of Welch's t test (95 %).
- Read modes and reverse KL together with high quality: where that is a few per cent, the samples
  are a cloud over modes that are not learned yet, and it covers them.
- PacGAN, table 1: modes; high quality, %; reverse KL; mean ± standard error of 10 trials. Its
  released code logs a Jensen-Shannon divergence instead. VEEGAN, table 1: modes; high quality, %;
  mean of 5 runs, other networks.
- What each method does differently from its paper stands at the beginning of its file in
  `experiments/`.
- Machine: {around}
"""
    for data, table in tables.items():
        page += f"\n## {data.capitalize()}\n\n"
        if protocol := comparison.protocol(table, "modes"):
            perfect = protocol["parameters"]
            page += (
                f"A perfect sampler: {perfect['modes']} modes, "
                f"{100 * perfect['perfect_high_quality']:.2f} % of high quality, reverse KL "
                f"{perfect['perfect_kl']:.4f}.\n\n"
            )
        lines = [
            [
                method.name,
                str(method.batch_size),
                *comparison.cells(table[method.name], VALUES),
                perfect_kl(table[method.name]),
                comparison.against(table, method.name, method.plain, "modes/reverse_kl", 3),
                *method.published[data],
            ]
            for method in fitted(toys, methods, data)
        ]
        page += comparison.rows(HEAD, lines)
    return page, around


def perfect_kl(found: Sequence[Run]) -> str:
    """The mean reverse KL of perfect samples, as many as each run has samples of high quality."""
    perfect = []
    for run in found:
        protocol = run.protocol.get("modes", {"n_fake": 0})
        good = round(protocol["n_fake"] * run.values.get("modes/high_quality", 0.0))
        if good:
            perfect.append(kl_floor(good, protocol["parameters"]["modes"])[0])
    return f"{statistics.fmean(perfect):.3f}" if perfect else "-"


def command(toys: Toys) -> str:
    """The command of this table, without the places of files."""
    return comparison.command("toys.py", toys, Toys(steps=0), ("folder", "out"))


def main(toys: Toys) -> int:
    """Trains the runs that are not finished, and writes the table.

    Raises:
      UserError: a flag, a name or a folder is at fault, or a run was interrupted.
    """
    comparison.at_least(1, steps=toys.steps, seeds=toys.seeds)
    methods = comparison.chosen(toys.methods, METHODS)
    comparison.check_name(toys.out, toys.name, command(toys))
    flags = {
        "steps": toys.steps,
        "devices": toys.devices,
        "evaluate_num": SAMPLES,
        "evaluate_metrics": "modes",
    }
    folder = toys.folder / toys.networks
    jobs = {
        data: comparison.jobs(fitted(toys, methods, data), toys.seeds, folder, lambda _: flags)
        for data in toys.data
    }
    tables = {data: comparison.compare(of_data) for data, of_data in jobs.items()}
    page, around = text(toys, methods, tables)
    comparison.write(toys.out, toys.name, page, command(toys), around, tables)
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(tyro.cli(Toys))))
