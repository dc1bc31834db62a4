"""The queue of ``scripts/baselines``: what is trained here, in order of priority.

A study is trained and its report kept. A look trains an experiment for some minutes, to see what it
draws. A measurement puts a number of ours beside a published one. CIFAR-10 is taken from a folder
of its images as JPEG files, ``data/cifar10_jpeg/train/CLASS/*.jpg``: lossy, so that scores on it
are not scores on CIFAR-10.
"""

import dataclasses
import signal
import sys
import threading
from pathlib import Path
from typing import Literal

import tyro

from jaxgan.cli.exit import exit_code_of
from jaxgan.errors import UserError, one_of
from jaxgan.reproduce.entries import Comparison, Look, Measurement, as_typed
from jaxgan.reproduce.queue import Entry, Queue
from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_FAILED
from jaxgan.runs.folder import RunFolder, locked

ROOT = Path(__file__).parent.parent

JPEG = {"data": "folder:data/cifar10_jpeg"}
"""CIFAR-10 as JPEG files."""


def look(name: str, preset: str = "", **flags) -> Look:
    """A look at ``experiments/NAME.py``."""
    return Look(ROOT / "experiments" / f"{name}.py", preset, flags)


def cifar10(name: str, preset: str = "", **flags) -> Look:
    """A look at an experiment on CIFAR-10, at a quarter of its width."""
    return look(name, preset, **JPEG, **flags)


def measure(name: str, preset: str, only: str, hours: float, **more) -> Measurement:
    """A number of a paper's table."""
    file = ROOT / "experiments" / f"{name}.py"
    return Measurement(file, preset, (only,), hours=hours, **more)


def study(name: str, hours: float, **flags) -> Comparison:
    """A study of ``experiments/studies``."""
    return Comparison(ROOT / "experiments" / "studies" / f"{name}.py", flags, hours)


RESNET = {"generator_width": 64, "discriminator_width": 32}
"""A quarter of SNGAN's and SAGAN's widths."""

QUEUE: tuple[Entry, ...] = (
    study("losses_grid", 0.8, population="auto"),
    study("normalization_fashion_mnist", 1.0),
    study("pix2pix_glyphs", 1.5),
    study("pix2pix_weight", 1.2),
    study("cyclegan_glyphs", 0.7),
    study("context_encoder", 0.7, data="folder:data/cifar10_jpeg"),
    study("mocogan_clips", 1.5),
    study("wavegan_syllables", 1.5),
    study("few_garments", 1.5),
    study("penalties_grid", 0.3, population="auto"),
    study("r3gan_roadmap", 1.5),
    look("ebgan_mnist"),
    look("dcgan", "fashion_mnist"),
    look("gan", "mnist"),
    look("pix2pix", "glyphs_small"),
    look("cyclegan", "glyphs_small"),
    cifar10("context_encoder", "cifar10_small"),
    look("mocogan", "shape_motion_small"),
    look("vgan", "shape_motion_small"),
    look("wavegan", "syllables_small"),
    look("specgan", "syllables_small"),
    look("hifigan", "prompts_small"),
    look("seqgan", "oracle_mle"),
    look("relgan", "oracle_small_mle"),
    look("infogan_mnist"),
    look("bigan_mnist"),
    look("fgan_mnist"),
    look("pacgan_stacked_mnist"),
    cifar10("sndcgan_cifar10", width=16),
    look("lucic", "wgan_gp"),
    look("cgan_mnist"),
    cifar10("sngan_cifar10", **RESNET),
    look("began_fashion_mnist"),
    look("lucic", "nonsaturating"),
    look("gan", "fashion_mnist"),
    cifar10("biggan_cifar10", generator_width=24, discriminator_width=12),
    cifar10("dcgan", "cifar10", width=32),
    cifar10("ragan_cifar10", width=16),
    cifar10("acgan_cifar10", **RESNET),
    cifar10("sagan_cifar10", **RESNET),
    cifar10("wgan_gp_cifar10", width=32),
    cifar10("sngan_projection_cifar10", **RESNET),
    look("veegan_mixture", "ring"),
    look("rpgan_mixture", "grid"),
    look("pacgan_mixture", "grid"),
    look("gan_ring"),
    look("dcgan_ring"),
    look("ali_mixture", "ring"),
    look("unrolled_mixture", "grid"),
    look("lucic", "lsgan"),
    look("lucic", "wgan"),
    look("lucic", "minimax"),
    look("lucic", "dragan"),
    look("rpgan_stacked_mnist"),
    look("r3gan", "stacked_mnist_small"),
    look("r3gan_roadmap", "fashion_mnist_small"),
    look("projected_gan", "fashion_mnist_small"),
    look("stylegan2_ada", "fashion_mnist_small"),
    look("stylegan3", "fashion_mnist_small"),
    look("wgan_gp_stacked_mnist"),
    look("unrolled_stacked_mnist"),
    *(
        measure("veegan_mixture", data, f"{data}, {game}", hours, seeds=(seed,))
        for seed in range(5)
        for data in ("grid", "ring")
        for game, hours in (("VEEGAN", 0.6), ("GAN of VEEGAN", 0.4))
    ),
    measure("cgan_mnist", "", "Parzen", 0.8),
    *(
        measure("pacgan_mixture", "grid", f"grid, {game}:", hours, budget=0.25, seeds=(seed,))
        for seed in range(3)
        for game, hours in (("GAN", 0.8), ("PacGAN2", 1.2))
    ),
    # A run of 400 epochs does not fit into 90 minutes: it goes on from its own folder.
    *(measure("gan", "mnist", "Parzen", 3.0, seeds=(seed,)) for seed in range(2)),
    *(
        measure(name, "", only, 0.15, seeds=(0,), device="gpu")
        for name, only in (
            ("pacgan_stacked_mnist", "DCGAN"),
            ("pacgan_stacked_mnist", "PacDCGAN2"),
            ("rpgan_stacked_mnist", "RpGAN"),
            ("rpgan_stacked_mnist", "GAN"),
            ("wgan_gp_stacked_mnist", "modes"),
            ("unrolled_stacked_mnist", "5 steps, D = 1/4"),
        )
    ),
    *(
        measure(
            "pacgan_mixture", data, f"{data}, {game}:", 0.15, device="gpu", flags={"population": 10}
        )
        for data in ("ring", "grid")
        for game in ("GAN", "PacGAN2", "PacGAN3", "PacGAN4")
    ),
    *(
        dataclasses.replace(look(name, **JPEG), minutes=9.0, device="gpu", variant="full width")
        for name in ("sngan_cifar10", "biggan_cifar10")
    ),
)


@dataclasses.dataclass(frozen=True)
class Baselines:
    """Train what the table of experiments has no number or picture of yet.

    Run it in the background; the same command goes on where it was stopped.
    """

    status: bool = False
    """Say in one line how the queue stands, and train nothing."""
    list: bool = False
    """Show every entry with its command and its hours, and train nothing."""
    jobs: int = 1
    """Entries to train at once, each on its share of the processor's cores."""
    only: tuple[str, ...] = ()
    """Names of entries to train; all if not given."""
    device: Literal["cpu", "gpu"] = "cpu"
    """The entries for this machine, or those that wait for a GPU."""
    workdir: Path = ROOT / "runs" / "baselines"
    """Folder of the runs."""


def baselines() -> int:
    """Trains the queue; returns the exit code.

    Raises:
      UserError: there is no such entry, or another process trains the queue.
    """
    asked = tyro.cli(Baselines, prog="scripts/baselines", config=(tyro.conf.FlagCreatePairsOff,))
    if asked.jobs < 1:
        raise UserError(f"--jobs {asked.jobs}: must be at least 1.")
    entries = [entry for entry in QUEUE if entry.device == asked.device]
    names = [entry.name for entry in entries]
    for name in asked.only:
        one_of(name, names, "entry", "--list shows all.")
    wanted = [entry for entry in entries if not asked.only or entry.name in asked.only]
    queue = Queue(wanted, asked.workdir, asked.jobs, lambda line: print(line, flush=True))
    if asked.list:
        for entry in queue.entries:
            told = "done" if entry.is_done else f"{entry.hours:.2g} h"
            print(f"{told:>7}  {entry.name}: {as_typed(entry.command)}")
    print(queue.state(), flush=True)
    if asked.status or asked.list:
        return 0
    asked.workdir.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with locked(RunFolder(asked.workdir)):
        failed = queue.train(stop)
    if stop.is_set():
        return EXIT_AGAIN
    return EXIT_FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(exit_code_of(baselines))
