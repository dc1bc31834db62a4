"""Training steps of the image experiments, compiled for a TPU that is not there.

``python scripts/benchmarks/compile_tpu.py`` writes compile_tpu.md and compile_tpu.json in
``results``; it needs the TPU compiler (``scripts/install tpu``), no TPU and no data. One experiment
after another is compiled in a process of its own, which takes one to ten minutes on two cores; the
same command goes on where it was stopped. ``--only NAME`` compiles some, ``--anew`` again what is
there.
"""

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import tyro
from pages import RESULTS, rows

from jaxgan.aot.chips import chip_of
from jaxgan.aot.collectives import Collective
from jaxgan.aot.scaling import weak_scaling
from jaxgan.files import replacing, write_json
from jaxgan.runs.environment import git_commit, processor

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

TOPOLOGY = "v5e:2x4"
LARGE = {"biggan_cifar10": "v5e:4x4"}
"""The grid of most experiments, and of those that need more chips."""

CASES = {
    "dcgan cifar10": (),
    "dcgan fashion_mnist": (),
    "sngan_cifar10": (),
    "gan mnist": ("--batch-size", "104"),
    "wgan_gp_cifar10": (),
    "pix2pix glyphs": (),
    "sagan_cifar10": (),
    "cgan_mnist": ("--batch-size", "104"),
    "infogan_mnist": (),
    "bigan_mnist": (),
    "ebgan_mnist": (),
    "fgan_mnist": (),
    "began_fashion_mnist": (),
    "lucic nonsaturating": (),
    "lucic wgan_gp": (),
    "context_encoder cifar10": (),
    "dcgan folder": (),
    "sndcgan_cifar10": (),
    "sngan_projection_cifar10": (),
    "acgan_cifar10": (),
    "ragan_cifar10": (),
    "biggan_cifar10": (),
    "pacgan_stacked_mnist": (),
    "rpgan_stacked_mnist": (),
    "unrolled_stacked_mnist": (),
    "wgan_gp_stacked_mnist": (),
    "cyclegan glyphs_small": (),
    "pix2pix facades": ("--batch-size", "8"),
    "cyclegan horse2zebra": ("--batch-size", "8"),
}
"""Experiments on images, file and preset, in the order in which they are compiled; and flags, where
their batches cannot be divided over the devices."""

PRECISIONS = ("bfloat16, float32", "bfloat16, bfloat16", "float32, float32")
"""Products and activations: the chip's default, bfloat16 throughout, and the default of a run, of
which the compiler takes several times as long."""


@dataclasses.dataclass(frozen=True)
class Flags:
    """Compile training steps for a TPU."""

    only: tuple[str, ...] = ()
    """Experiments to compile, e.g. "dcgan cifar10"; all if not given."""
    precisions: tuple[str, ...] = PRECISIONS
    """Of products and of activations, one after another for all experiments."""
    anew: bool = False
    """Compile also what the JSON file has already."""
    out: Path = RESULTS
    """Where the page is written."""


def compiled(case: str, precision: str) -> dict[str, Any]:
    """What ``jaxgan compile`` says of one experiment."""
    file, *preset = case.split()
    products, activations = precision.split(", ")
    command = [sys.executable, "-m", "jaxgan.cli.main", "compile", f"{EXPERIMENTS / file}.py"]
    command += [*preset, "--topology", LARGE.get(file, TOPOLOGY), "--json", "--own-precision"]
    command += ["--matmul-precision", products, "--dtype", activations, *CASES[case]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    made = {"commit": git_commit(), "date": time.strftime("%Y-%m-%d", time.gmtime())}
    try:
        return json.loads(done.stdout) | made
    except ValueError:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return {"fault": said}


def joined(before: dict[str, Any] | None, result: dict[str, Any]) -> dict[str, Any]:
    """The result of one precision, with those of others."""
    if before is None or "fault" in before or "fault" in result:
        return result
    return {**result, "figures": before["figures"] | result["figures"]}


HEAD = (
    *("experiment", "grid", "batch", "products, activations", "memory, MiB"),
    *("GFLOP", "passes", "padded tiles", "GB moved", "least ms", "bound by"),
    *("collectives", "MB", "copies, MB", "s"),
)


def lines(name: str, result: dict[str, Any]) -> list[list[str]]:
    """The lines of one experiment, one for each precision."""
    if "fault" in result:
        return [[name, result["fault"], *[""] * (len(HEAD) - 2)]]
    found = []
    for precision in sorted(result["figures"], key=PRECISIONS.index):
        one = result["figures"][precision]
        counts = sum(kind["count"] for kind in one["collectives"].values())
        megabytes = sum(kind["bytes"] for kind in one["collectives"].values()) / 1e6
        copied = sum(copy["bytes"] for copy in one["copies"]) / 1e6
        seconds = one["seconds_of_step"]
        found.append(
            [
                *(name, result["topology"], f"{result['batch_size']}", precision),
                f"{one['needed'] / 2**20:,.0f}" + ("" if one["fits"] else ", does not fit"),
                *(f"{one['flops'] / 1e9:.4g}", f"{one['passes']:.3g}"),
                f"{one['padding_of_products']:.0%}",
                f"{one['moved'] / 1e9:.3g}" if one["moved"] else "",
                *(f"{1e3 * seconds:.3g}" if seconds else "", one["bound"] or ""),
                *(f"{counts}", f"{megabytes:.3g}"),
                *(f"{len(one['copies'])}, {copied:.3g}", f"{one['seconds']:.0f}"),
            ]
        )
    return found


SCALING_HEAD = (
    *("experiment", "batch of a chip", "products, activations", "MB exchanged", "least ms"),
    *("exchange on 8 chips, ms", "on 256", "efficiency on 8", "on 64", "on 256"),
)


def scaling_lines(name: str, result: dict[str, Any]) -> list[list[str]]:
    """The lines of one experiment in the model of weak scaling, one for each precision."""
    found = []
    for precision in sorted(result.get("figures", {}), key=PRECISIONS.index):
        one = result["figures"][precision]
        if not one["seconds_of_step"]:
            continue
        exchanged = {kind: Collective(**two) for kind, two in one["collectives"].items()}
        eight, many, pod = weak_scaling(
            *(chip_of(result["topology"]), one["seconds_of_step"], exchanged),
            *(result["devices"], (8, 64, 256)),
        )
        found.append(
            [
                *(name, f"{result['batch_size'] // result['devices']}", precision),
                f"{sum(kind.bytes for kind in exchanged.values()) / 1e6:.3g}",
                *(f"{1e3 * seconds:.3g}" for seconds in (eight.compute, eight.exchange)),
                f"{1e3 * pod.exchange:.3g}",
                *(" to ".join(f"{s:.0%}" for s in step.efficiency) for step in (eight, many, pod)),
            ]
        )
    return found


def without(results: dict[str, Any], precision: str) -> list[str]:
    """The experiments that were not compiled at a precision."""
    return [name for name in CASES if precision not in results.get(name, {}).get("figures", {})]


def page(told: dict[str, Any]) -> str:
    """The table."""
    results = {name: told["results"][name] for name in CASES if name in told["results"]}
    table = [line for name, result in results.items() for line in lines(name, result)]
    missing = [
        f"- {precision}: {', '.join(names) if len(names) < len(CASES) else 'all'}\n"
        for precision in PRECISIONS
        if (names := without(results, precision))
    ]
    model = [line for name, result in results.items() for line in scaling_lines(name, result)]
    some = next((one for one in results.values() if "versions" in one), None)
    versions = some["versions"] if some else {}
    chip = some["chip"] if some else {}
    return f"""# Training steps compiled for TPU v5e

Written by `compile_tpu.py` (how to run it: its first lines); every number is in
`compile_tpu.json`. Nothing was run on a TPU: the figures are what the compiler says of one step on
one device, with the experiments' own batch sizes, or the next that eight divide.

- Compiled on: {told["processor"]}; {", ".join(f"{name} {one}" for name, one in versions.items())}.
- A chip: {chip.get("flops", 0) / 1e12:.0f} TFLOP/s of bfloat16 products,
  {chip.get("bandwidth", 0) / 1e9:.0f} GB/s, {chip.get("memory", 0) / 1e9:.0f} GB
  ({chip.get("source", "")}).
- `memory`: arguments (state, data of 50,000 samples), temporaries and program.
- `GFLOP`: of matrix products and convolutions, on average over steps. `passes`: products of
  bfloat16 that are made of one; six where a run has `--matmul-precision float32`, its default.
- `padded tiles`: the least share of the work that is padding, as sides are padded to 128.
- `GB moved`: between the chip and its memory in a call with one step. Training calls up to 50 steps
  at once, and fetches data that fit the chip (less than 100 MB) once for all of them.
- `least ms`: the larger of the times of products and memory at the chip's ceilings.
- `collectives`, `MB`: how many there are in a step, and what a device gives to them.
- `copies, MB`: arrays of 64 KiB or more that are copied into another layout.
- `s`: the compiler's time, beside other work.

{rows(HEAD, table)}
## More chips: a model

With the rows of a chip as they are above, on more chips. Nothing of it is measured: the time of a
step is `least ms`, and what the compiled program exchanges (`MB` above) as rings send it, at the
published rate of a v5e chip's links, {chip_of(TOPOLOGY).links / 1e9:.0f} GB/s in one direction over
all of them. An all-reduce of N chips sends 2 (N - 1) / N of its bytes. `efficiency` is the share of
N times the samples of one chip that N chips take a second, where nothing else happens while they
exchange, and where everything else does. Left out: latency, of which many small collectives have
much; slices that are no torus, which have fewer links; hosts that read the data.

{rows(SCALING_HEAD, model)}
{"Not compiled yet:" if missing else "Every experiment is compiled."}

{"".join(missing)}"""


def main(flags: Flags) -> None:
    """Compiles what is missing, and writes both files after each experiment."""
    file = flags.out / "compile_tpu.json"
    told = json.loads(file.read_text()) if file.exists() else {"results": {}}

    def write() -> None:
        write_json(file, told)
        with replacing(flags.out / "compile_tpu.md") as part:
            part.write_text(page(told))

    for precision in flags.precisions:
        for name in flags.only or CASES:
            before = told["results"].get(name)
            if before and precision in before.get("figures", {}) and not flags.anew:
                continue
            told["processor"] = processor()
            result = compiled(name, precision)
            told["results"][name] = joined(before, result)
            write()
            print(name, precision, result.get("fault", "is compiled"), flush=True)
    write()


if __name__ == "__main__":
    main(tyro.cli(Flags, description=__doc__))
