"""Trains the presets of failing.py and draws their curves, which the documentation shows.

Run:  .venv/bin/python scripts/docs_site/curves.py [PRESET...]
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.cli.experiment import run
from jaxgan.evaluation.score import read_scores
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.runs.exit_codes import EXIT_DIVERGED
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.viz.pictures import as_image, new_figure, save_image

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIGURES = HERE / "pages" / "curves"

PANELS = (
    ("losses", ("d/adversarial", "g/adversarial")),
    ("logits", ("d/logits_real", "d/logits_fake")),
    ("accuracy of D", ("d/accuracy_real", "d/accuracy_fake")),
)
"""Title and rows of ``metrics.jsonl`` of the first panels; scores and samples follow."""


def trained(experiment: Experiment) -> Path:
    """Trains a preset, unless it has been; its run folder."""
    folder = ROOT / "runs" / "docs" / experiment.preset
    status = folder / "status.json"
    if status.is_file() and json.loads(status.read_text())["outcome"] in ("finished", "diverged"):
        return folder
    every = str(experiment.steps // 60)
    flags = ["--log-every", every, "--sample-every", "0", "--workdir", str(folder)]
    code = run(experiment, flags, "curves.py")
    assert code == (EXIT_DIVERGED if experiment.preset == "not_finite" else 0), code
    return folder


def draw(folder: Path, file: Path) -> None:
    """Draws what a run's folder records."""
    figure, places = new_figure(9.0, 4.6, 2, 3)
    *axes, empty = places.ravel()
    empty.axis("off")
    rows = read_metrics(folder / "metrics.jsonl")
    for axis, (title, names) in zip(axes, PANELS, strict=False):
        for name in names:
            found = [(row["step"], row[name]) for row in rows if row.get(name) is not None]
            axis.plot([x for x, _ in found], [y for _, y in found], label=name)
            if max((abs(y) for _, y in found), default=0) > 1000:
                axis.set_yscale("symlog", linthresh=1.0)
        axis.set_title(title, fontsize=9)
        axis.legend(fontsize=7)
    scores = read_scores(folder / "evaluations.jsonl")
    steps = [score.subject["step"] for score in scores]
    for name, most in (("captured", 8), ("high_quality", 1)):
        axes[-2].plot(steps, [score.values[name] / most for score in scores], ".-", label=name)
    axes[-2].set_title("modes (share of 8), high quality", fontsize=9)
    axes[-2].set_ylim(-0.05, 1.05)
    axes[-2].legend(fontsize=7)
    pictures = sorted((folder / "samples").glob("*.png"))
    axes[-1].set_title("last samples", fontsize=9)
    axes[-1].axis("off")
    if pictures:
        axes[-1].imshow(np.asarray(Image.open(pictures[-1])))
    for axis in axes[:-1]:
        axis.tick_params(labelsize=7)
    figure.tight_layout()
    save_image(file, as_image(figure))


def main(names: list[str]) -> None:
    """Trains and draws the presets of these names, or all."""
    declared = load_experiment(HERE / "failing.py")
    FIGURES.mkdir(exist_ok=True)
    for name in names or list(declared.presets):
        draw(trained(declared.selected(name)), FIGURES / f"{name}.png")
        print(f"{FIGURES / name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
