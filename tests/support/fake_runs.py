"""Run folders and sweeps with made-up scores: ``python -m support.fake_runs DIR`` writes one.

They hold what a report reads (settings, status, metrics, scores, a picture), and no checkpoint.
"""

import json
import sys
from pathlib import Path

import numpy as np

from jaxgan.evaluation.score import Score, append
from jaxgan.files import write_json
from jaxgan.runs.folder import FORMAT, RunFolder
from jaxgan.sweep.manifest import FILE
from jaxgan.viz.pictures import save_image

STEPS = 1000
MODES = 8
CODE = '"""A made-up experiment."""\nEXPERIMENT = None\n'


def run(
    path,
    *,
    seed=0,
    score=6.0,
    outcome="finished",
    note="",
    step=STEPS,
    code=CODE,
    experiment="fake",
    data="ring",
    protocol=None,
    speed=100.0,
    rule="during training",
    **config,
):
    """A run folder, scored at half of its steps and at the end; ``score`` None for no score."""
    folder = RunFolder(Path(path))
    folder.path.mkdir(parents=True)
    environment = {"devices": 1, "code": "c" * 64, "packages": {}, "git_commit": "abc"}
    environment |= {"device_kind": "cpu", "cores": 2, "processor": "made up"}
    runtime = {"steps": STEPS, "checkpointing": {"best": None}}
    write_json(
        folder.config,
        {
            "format": FORMAT,
            "experiment": experiment,
            "config": config,
            "training": {"data": data, "split": "train", "seed": seed, "batch_size": 64},
            "data": {"name": data, "size": 1000, "fingerprint": "f" * 64},
            "environment": environment,
            "launches": [{"runtime": runtime, "environment": environment}],
        },
    )
    folder.experiment.write_text(code)
    write_json(folder.status, {"outcome": outcome, "step": step, "note": note})
    with folder.metrics.open("w") as file:
        for at in range(100, step + 1, 100):
            row = {"step": at, "d_steps": at, "g_steps": at, "images": 64 * at}
            row |= {"averaged_steps": 100, "d/loss": 1.4 - at / 4000 + seed / 50, "g/loss": 0.7}
            file.write(json.dumps(row | ({"steps_per_second": speed} if at > 100 else {})) + "\n")
    if score is not None:
        for at in (STEPS // 2, STEPS):
            if at <= step:
                append(folder.evaluations, [modes(score * (0.5 + at / STEPS / 2), at, protocol)])
                append(folder.evaluations, [distance(100 - 10 * score + seed, at, rule)])
    picture = np.random.default_rng(seed).integers(0, 256, (60, 60, 1), np.uint8)
    save_image(folder.samples / f"{step:07d}.png", picture)
    return folder.path


def modes(captured, step, protocol=None):
    """A score of the modes of a ring: ``captured`` of eight, rounded down."""
    values = {"captured": float(int(captured)), "high_quality": captured / 10}
    about = {"metric": "modes", "n_fake": 2500, **(protocol or {})}
    subject = {"step": step, "rule": "during training", "weights": "ema", "seed": 0}
    counts = [10 if mode < captured else 0 for mode in range(MODES)]
    details = {"counts": counts}
    return Score("modes", "modes", "higher", values, {}, about, subject, details=details)


def distance(value, step, rule="during training"):
    """A made-up Fréchet distance."""
    about = {"metric": "fd", "n_fake": 1000}
    subject = {"step": step, "rule": rule, "weights": "ema", "seed": 0}
    real = {"distance": 3.0}
    return Score("fd", "FD-fake", "lower", {"distance": value}, real, about, subject)


def sweep(path, trials, **manifest):
    """A sweep of these trials: ``(levels, seed, how)``, ``how`` as ``run`` takes it.

    ``how`` None makes a trial that is pending; with ``state`` or ``role``, that is what the
    manifest says.
    """
    path, rows = Path(path), []
    for levels, seed, how in trials:
        name = ",".join(f"{factor}={level}" for factor, level in levels.items()) or "all"
        folder = f"trials/{name.replace('/', '-')}/seed-{seed}"
        given = dict(how or {})
        usual = "pending" if how is None else given.get("outcome", "finished")
        state, steps = given.pop("state", usual), given.pop("steps", STEPS)
        role = given.pop("role", "both")
        if how is not None:
            run(path / folder, seed=seed, **{**levels, **given})
        row = {"name": name, "seed": seed, "levels": levels, "folder": folder, "steps": steps}
        rows.append(row | {"state": state, "note": given.get("note", ""), "role": role})
    path.mkdir(parents=True, exist_ok=True)
    found = {
        "format": 1,
        "command": "jaxgan sweep experiments/fake.py",
        "experiments": ["fake"],
        "factors": {},
        "baseline": None,
        "scored": None,
        "trials": rows,
    }
    write_json(path / FILE, found | manifest)
    return path


def grid(path, seeds=5):
    """A grid of two factors with everything that can happen to a trial."""
    trials = []
    for rate in (0.0001, 0.0002, 0.001):
        for r1 in (0, 1, 10):
            for seed in range(seeds):
                noise = np.random.default_rng([seed, r1, int(1e5 * rate)]).normal()
                score = 4.0 + 1.2 * (r1 > 0) + 3e3 * min(rate, 0.0005) - 0.2 * (r1 > 1) + noise / 2
                how = {"score": float(np.clip(score, 1.0, MODES)), "speed": 100.0 - 20 * (r1 > 0)}
                if rate == 0.001 and r1 == 0:
                    how["score"] = 2.5 + noise / 5
                    if seed % 2:
                        how = {"outcome": "diverged", "step": 600, "note": "not finite: d/loss"}
                trials.append(({"learning_rate": rate, "r1": r1}, seed, how))
    trials[-1] = (*trials[-1][:2], None)
    baseline = {"learning_rate": 0.0001, "r1": 0}
    return sweep(path, trials, baseline=baseline, scored="modes/high_quality")


if __name__ == "__main__":
    grid(sys.argv[1])
