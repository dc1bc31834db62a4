"""Times the feature extractors against PyTorch's, and compares their results.

Both sides run in turn: a batch of ours, the same batch of theirs, and so on. Weights are random
(the same on both sides) except EfficientNet-Lite0's, which are in a package. The page compares
speed, as a ratio, the features, and the scores that each tool computes from its own features.

The reference needs a Python of its own, whose path this takes:

  python3 -m venv reference
  reference/bin/pip install torch==2.13.0 transformers==4.57.1 efficientnet-lite-pytorch==0.1.0 \
    "scipy<1.18" scikit-learn pillow tqdm requests
  reference/bin/pip install --no-deps torchvision==0.28.0 torch-fidelity==0.4.0 prdc==0.2

Then ``python scripts/benchmarks/extractors.py --reference-python reference/bin/python`` writes
extractors.md and extractors.json in ``results``; with ``--only inception``,
extractors-inception.md and extractors-inception.json.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro
from pages import HERE, RESULTS, at_least, load, rows

from jaxgan.cli.exit import exit_code_of
from jaxgan.errors import UserError, one_of
from jaxgan.files import replacing_folder
from jaxgan.metrics.extractors import dino_vit, inception
from jaxgan.metrics.extractors.dinov2 import PATCH, SIZE, VITL14, VITS14, Model, dinov2_extractor
from jaxgan.metrics.extractors.efficientnet_lite0 import efficientnet_lite0, packaged
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.extractors.fid_inception import inception_extractor
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.kernel import kernel_distance
from jaxgan.metrics.prdc import prdc
from jaxgan.runs.environment import processor

K = 3
"""Neighbors of precision, recall, density and coverage."""

RANDOM = "0" * 64
"""Placeholder for the sha256 of random weights."""


@dataclasses.dataclass(frozen=True)
class Extractors:
    """Time the feature extractors against their references, and compare their results."""

    reference_python: Path
    """The Python that has the references."""
    rounds: int = 5
    """Timed rounds."""
    only: tuple[str, ...] = ()
    """Extractors, by name; all if not given. The page of these only has their names in its own."""
    cores: int | None = None
    """How many cores to use; all if not given."""
    out: Path = RESULTS
    """Folder where the page and the file of its numbers are written."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One extractor against its reference.

    Attributes:
      name: in the tables.
      reference: which package, in words.
      kind: the reference's builder in ``extractors_reference.py``.
      batch: images of a timed batch.
      images: of each of the two sets that are scored.
      build: folder -> our extractor, and the file of weights for the reference.
    """

    name: str
    reference: str
    kind: str
    batch: int
    images: int
    build: Callable[[Path], tuple[Extractor, Path]]


def build_inception(folder: Path) -> tuple[Extractor, Path]:
    """Inception with random weights, scaled so that features neither vanish nor explode."""
    rng = np.random.RandomState(0)
    tensors = {}
    for name, shape in inception.state_dict_shapes().items():
        if name.endswith("conv.weight"):
            value = rng.randn(*shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith(("bn.weight", "running_var")):
            value = rng.uniform(0.8, 1.2, shape)
        elif name.endswith("bn.bias"):
            value = rng.uniform(-0.1, 0.1, shape)
        elif name.endswith("running_mean"):
            value = rng.uniform(-0.05, 0.05, shape)
        else:
            value = rng.randn(*shape) * {"fc.weight": 0.02, "fc.bias": 0.1}[name]
        tensors[name] = value.astype(np.float32)
    path = save(folder / "inception.npz", tensors)
    return inception_extractor(inception.variables_of(tensors), RANDOM, "tf1-legacy"), path


def build_dinov2(folder: Path, model: Model) -> tuple[Extractor, Path]:
    """DINOv2 with random weights of the scale of trained ones."""
    rng = np.random.default_rng(0)
    tensors = {}
    for name, shape in dino_vit.state_dict_shapes(model.architecture).items():
        value = rng.standard_normal(shape, np.float32)
        if name.endswith(("gamma", "norm.weight", "norm1.weight", "norm2.weight")):
            value = 1 + 0.1 * value
        elif name.endswith(".weight"):
            value /= np.sqrt(np.prod(shape[1:]), dtype=np.float32)
        elif name.endswith(".bias"):
            value *= 0.1
        tensors[name] = value.astype(np.float32)
    path = save(folder / f"{model.name}.npz", tensors)
    variables = dino_vit.variables_of(tensors, SIZE // PATCH)
    return dinov2_extractor(variables, RANDOM, model), path


def save(path: Path, tensors: Mapping[str, np.ndarray]) -> Path:
    """Writes an .npz file and gives its path."""
    np.savez(path, **tensors)  # type: ignore[arg-type]
    return path


CASES = (
    Case("inception", "torch-fidelity", "inception", 8, 64, build_inception),
    Case(
        "efficientnet-lite0-64",
        "efficientnet-lite-pytorch",
        "efficientnet",
        64,
        256,
        lambda folder: (efficientnet_lite0(64), packaged()),
    ),
    Case(
        "dinov2-vits14",
        "transformers",
        "dinov2",
        8,
        64,
        lambda folder: build_dinov2(folder, VITS14),
    ),
    Case(
        "dinov2-vitl14",
        "transformers",
        "dinov2",
        2,
        8,
        lambda folder: build_dinov2(folder, VITL14),
    ),
)


@contextlib.contextmanager
def reference(python: Path) -> Iterator[Callable[..., Any]]:
    """Starts the reference's process; yields a function from a request to its answer.

    Raises:
      UserError: there is no such Python, or it ended.
    """
    if shutil.which(str(python)) is None:
        raise UserError(
            f"--reference-python {python} is not a program; the first lines of extractors.py say "
            "how to make one."
        )
    process = subprocess.Popen(
        [str(python), str(HERE / "extractors_reference.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    requests, answers = process.stdin, process.stdout
    assert requests is not None
    assert answers is not None

    def ask(do: str, **request: Any) -> Any:
        print(json.dumps({"do": do, **request}), file=requests, flush=True)
        answer = answers.readline()
        if not answer:
            raise UserError(f"{python} ended at the request {do}; see its message above.")
        return json.loads(answer)

    try:
        yield ask
    finally:
        requests.close()
        process.wait()


def sets(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of blocky random pictures, uint8 ``[n, 32, 32, 3]``, the second with noise.

    The noise differs from picture to picture, so that some fakes are near the real ones.
    """
    rng = np.random.RandomState(0)
    coarse = rng.uniform(0, 256, (2, count, 8, 8, 3))
    pictures = coarse.repeat(4, axis=2).repeat(4, axis=3)
    pictures[1] += rng.standard_normal(pictures[1].shape) * rng.uniform(0, 12, (count, 1, 1, 1))
    real, fake = np.clip(np.round(pictures), 0, 255).astype(np.uint8)
    return real, fake


def our_features(extractor: Extractor, images: np.ndarray, batch: int) -> tuple[np.ndarray, float]:
    """Features, and the seconds that it took to compute them."""
    started = time.perf_counter()
    parts = [
        np.asarray(extractor.features(images[first : first + batch]))
        for first in range(0, len(images), batch)
    ]
    return np.concatenate(parts), time.perf_counter() - started


def our_scores(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """The scores of our features."""
    return {
        "FD": frechet_distance_of_features(real, fake),
        "KID": kernel_distance(real, fake),
        **dataclasses.asdict(prdc(real, fake, k=K)),
    }


def measure(case: Case, ask: Callable[..., Any], folder: Path, rounds: int) -> dict[str, Any]:
    """Speed and agreement of one case."""
    extractor, weights = case.build(folder)
    ask("load", name=case.name, kind=case.kind, weights=str(weights), scratch=str(folder))
    real, fake = sets(case.images)
    paths = {name: folder / f"{name}.npy" for name in ("batch", "real", "fake", "a", "b")}
    np.save(paths["batch"], real[: case.batch])
    np.save(paths["real"], real)
    np.save(paths["fake"], fake)

    def theirs(images: str, out: str) -> float:
        answer = ask(
            "features",
            name=case.name,
            images=str(paths[images]),
            out=str(paths[out]),
            batch=case.batch,
        )
        return answer["seconds"]

    ours, others = [], []
    for number in range(rounds + 1):
        seconds = our_features(extractor, real[: case.batch], case.batch)[1], theirs("batch", "a")
        if number:  # the first compiles
            ours.append(case.batch / seconds[0])
            others.append(case.batch / seconds[1])

    features = [our_features(extractor, images, case.batch)[0] for images in (real, fake)]
    theirs("real", "a")
    theirs("fake", "b")
    reference_features = [np.load(paths["a"]), np.load(paths["b"])]
    difference = max(
        float(np.abs(x - y).max()) for x, y in zip(features, reference_features, strict=True)
    )
    return {
        "reference": case.reference,
        "batch": case.batch,
        "rounds": rounds,
        "images_per_set": case.images,
        "ours": ours,
        "theirs": others,
        "ratio_of_medians": statistics.median(ours) / statistics.median(others),
        "ratios": [x / y for x, y in zip(ours, others, strict=True)],
        "largest_feature": float(np.abs(reference_features[0]).max()),
        "largest_difference": difference,
        "our_scores": our_scores(*features),
        "their_scores": ask("scores", real=str(paths["a"]), fake=str(paths["b"]), k=K),
    }


def name_of(cases: Collection[str]) -> str:
    """What the files with these extractors are called; that of all has no other name in it."""
    chosen = [case.name for case in CASES if case.name in cases]
    return "extractors" if len(chosen) == len(CASES) else "-".join(["extractors", *chosen])


def page(result: Mapping[str, Any]) -> str:
    """The tables."""
    name = name_of(result["cases"])
    speed, agreement, scores = [], [], []
    for case, found in result["cases"].items():
        ours, theirs, ratios = found["ours"], found["theirs"], found["ratios"]

        def spread(values: list[float]) -> str:
            return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"

        speed.append([
            case,
            found["reference"],
            str(found["batch"]),
            spread(ours),
            spread(theirs),
            f"{found['ratio_of_medians']:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        ])  # fmt: skip
        agreement.append([
            case,
            f"{found['largest_difference']:.1e}",
            f"{found['largest_feature']:.3g}",
        ])  # fmt: skip
        for metric, ours in found["our_scores"].items():
            theirs = found["their_scores"][metric]
            count = str(found["images_per_set"])
            scores.append([case, count, metric, f"{ours:.7g}", f"{theirs:.7g}"])
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    return f"""# Feature extractors against PyTorch

Written by `extractors.py` (how to run it: its first lines); every number is in `{name}.json`.

- Machine: {result["processor"]}, {result["used_cores"]} of {result["cores"]} cores; ours on
  {result["device"]}, the reference on {result["reference_device"]} (torch's threads:
  {result["reference_threads"]}).
- Load (processes that wanted to run, over 1, 5, 15 minutes): {result["load_before"]} before and
  {result["load_after"]} after. The run itself is part of it. Where it is above the number of cores,
  other work shared them: only the ratios mean something then, and on several cores not even
  those, for OpenMP's threads, which wait for one another, lose more by it than XLA's.
- {versions}.

## Speed

Images of 32x32 per second from bytes to features, resize and transfer included: the median of
{result["rounds"]} rounds (least to most). Ours and theirs take turns, batch by batch; a first
round, which compiles, does not count. Ratio: of the medians, ours to theirs, and the range over
the rounds; above 1 ours is faster.

{rows(["extractor", "reference", "batch", "ours", "theirs", "ratio"], speed)}
## Agreement

Largest difference of any feature of any image in the two sets below, and the largest feature.

{rows(["extractor", "largest difference", "largest feature"], agreement)}
Scores, each tool from its own features: Fréchet distance (FD), kernel distance (KID) over one
subset that is all images, precision and recall by torch-fidelity, density and coverage by prdc,
at k = {K}. The images are random pictures and the weights random (EfficientNet-Lite0's are real),
so that the values say nothing but whether both tools compute the same.

{rows(["extractor", "images a set", "score", "ours", "theirs"], scores)}"""


def main(asked: Extractors) -> int:
    """Measures, and writes both files.

    Raises:
      UserError: a flag is at fault, or the reference ended.
    """
    at_least(1, rounds=asked.rounds)
    for name in asked.only:
        one_of(name, [case.name for case in CASES], "extractor")
    if asked.cores is not None:  # Linux; both sides count the cores that they may use
        at_least(1, cores=asked.cores)
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked.cores])
    before = load()
    with tempfile.TemporaryDirectory() as folder, reference(asked.reference_python) as ask:
        theirs = ask("about")
        cases = {}
        for case in CASES:
            if case.name in asked.only or not asked.only:
                print(case.name, flush=True)
                cases[case.name] = measure(case, ask, Path(folder), asked.rounds)
    ours = ("jax", "jaxlib", "numpy")
    result = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "used_cores": asked.cores or os.cpu_count(),
        "device": jax.devices()[0].device_kind,
        "reference_device": theirs["device"],
        "reference_threads": theirs["threads"],
        "versions": {name: version(name) for name in ours} | theirs["versions"],
        "rounds": asked.rounds,
        "load_before": before,
        "load_after": load(),
        "cases": cases,
    }
    with replacing_folder(asked.out) as part:
        name = name_of(cases)
        (part / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
        (part / f"{name}.md").write_text(page(result))
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(tyro.cli(Extractors))))
