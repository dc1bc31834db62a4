"""Times how fast streamed images are read: JPEG files against their decoder alone, and prepared.

``python scripts/benchmarks/images.py`` writes images.md and images.json in ``results``. The decoder
alone reads the same files with as many threads as there are cores, and does nothing else; the feed
is that of a run, in batches of 64, with threads or with processes; prepared data are what ``jaxgan
data prepare folder:DIR`` makes of the files. All take turns. Files are in the system's cache, so
that no disk is measured.
"""

import concurrent.futures
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pages import RESULTS, load, rows
from PIL import Image
from rich.console import Console

from jaxgan.data.feed import Feed, make_feed
from jaxgan.data.open import open_source
from jaxgan.data.prepare.folders import prepare_folder
from jaxgan.data.sources import image_files
from jaxgan.data.sources.decode import decode
from jaxgan.files import write_json
from jaxgan.runs.environment import processor

SIDE, BATCH, FILES, TURNS, SECONDS = 64, 64, 2048, 7, 1.0


def jpegs(folder: Path) -> list[Path]:
    """Smooth random pictures, of the size of photographs of this side."""
    random = np.random.default_rng(0)
    files = [folder / f"{number:05}.jpg" for number in range(FILES)]
    for file in files:
        coarse = Image.fromarray(random.integers(0, 256, (12, 12, 3), np.uint8))
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(file, quality=90)
    return files


def images_per_second(read: Callable[[], int]) -> float:
    """How many ``read`` gives in a second; it says how many each call gave."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        count += read()
    return count / (time.perf_counter() - began)


def of_feed(feed: Feed) -> Callable[[], int]:
    """The next chunk of ten batches, at each call."""
    first = 0

    def read() -> int:
        nonlocal first
        feed.chunk(first, 10)
        first += 10
        return 10 * BATCH

    return read


def main() -> None:
    """Measures all ways and writes both files."""
    cores, before = os.cpu_count() or 1, load()
    with (
        tempfile.TemporaryDirectory() as scratch,
        concurrent.futures.ThreadPoolExecutor(cores) as pool,
    ):
        os.environ |= {"TFDS_DATA_DIR": f"{scratch}/data", "JAXGAN_CACHE_DIR": f"{scratch}/cache"}
        folder = Path(scratch, "pictures")
        folder.mkdir()
        files = jpegs(folder)
        name, _ = prepare_folder(folder, SIDE, console=Console(quiet=True))
        image_files.CACHE_BYTES = 0  # as if they were too many to be kept
        source = open_source(f"folder:{folder}", resolution=SIDE)

        def decoded() -> int:
            return len(list(pool.map(lambda file: decode(file, 3, SIDE), files[: 10 * BATCH])))

        usual = {"seed": 0, "batch_size": BATCH, "mode": "streamed", "batches_per_dispatch": 10}
        feeds = {
            "feed, threads": make_feed(source, **usual),
            "feed, 1 process of 1 thread": make_feed(source, **usual, threads=1, workers=1),
            "feed, 2 processes of 1 thread": make_feed(source, **usual, threads=1, workers=2),
            "feed, prepared data": make_feed(open_source(name), **usual),
        }
        ways = {"decoder alone": decoded} | {one: of_feed(feed) for one, feed in feeds.items()}
        found: dict[str, list[float]] = {one: [] for one in ways}
        for read in ways.values():
            read()
        for _ in range(TURNS):
            for one, read in ways.items():
                read()  # what was read ahead while others were measured
                found[one].append(images_per_second(read))
        for feed in feeds.values():
            feed.close()
    machine = f"{processor()}, {cores} cores, jax {version('jax')}, grain {version('grain')}"
    alone = found["decoder alone"]
    lines = []
    for one, speeds in found.items():
        ratios = [speed / other for speed, other in zip(speeds, alone, strict=True)]
        spread = f"{min(speeds):,.0f} to {max(speeds):,.0f}"
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append([one, f"{statistics.median(speeds):,.0f}", spread, ratio])
    text = (
        f"# How fast images are read\n\nImages per second, {SIDE} x {SIDE}, median of {TURNS} "
        f"turns of {SECONDS:g} s. `decoder alone` decodes the same JPEG files with {cores} threads "
        "and does nothing else. A feed begins a turn with what it read ahead, up to "
        f"{20 * BATCH} images. Made by `scripts/benchmarks/images.py` on {machine}, with a load of "
        f"{before[0]} processes before and {load()[0]} after; every number is in `images.json`.\n\n"
    )
    head = ("", "images/s", "least to most", "to the decoder alone")
    (RESULTS / "images.md").write_text(text + rows(head, lines))
    write_json(RESULTS / "images.json", {"machine": machine, "images_per_second": found})
    print(text + rows(head, lines))


if __name__ == "__main__":
    main()
