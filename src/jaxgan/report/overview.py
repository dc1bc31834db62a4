"""What the run is, and its curves."""

import jax

from jaxgan.game.gan import fresh_batches, moves
from jaxgan.report.context import LeftOutError, ReportedRun
from jaxgan.report.document import (
    Block,
    Code,
    Details,
    Heading,
    Picture,
    Table,
)
from jaxgan.sampling.load import latest_environment
from jaxgan.sampling.sampler import Sampler
from jaxgan.viz import pictures


def the_run(subject: ReportedRun) -> list[Block]:
    """What identifies the run, where and how long it was trained."""
    description, updates = subject.description, subject.gan.updates
    training, data = description["training"], description["data"]
    environment = latest_environment(dict(description))
    packages = environment.get("packages", {})
    outcome, reached = subject.status.get("outcome", "unknown"), subject.status.get("step", 0)
    step = subject.sampler.step if subject.sampler is not None else int(reached)
    images = step * fresh_batches(updates) * training["batch_size"]
    points = "a point in the plane" if len(data["shape"]) == 1 else ""
    sizes = points or " x ".join(map(str, data["shape"]))
    classes = f", {data['classes']} classes" if data["classes"] else ""
    chosen_by = {None: "the newest", "best": "the best"}.get(subject.asked.step, "chosen")
    steps = f"{moves(updates, 'd', step):,} D steps, {moves(updates, 'g', step):,} G steps, "
    epochs = f"{images:,} real images ({images / data['size']:.4g} epochs)"
    facts = [
        ("run folder", subject.folder.path.resolve().name),
        ("outcome", f"{outcome} at step {subject.status.get('step', '?')}"),
        *_shown(subject.sampler, chosen_by),
        ("trained until there", steps + epochs),
        ("data", f"{data['name']}, split {training['split']}: {data['size']:,} samples{classes}"),
        ("shape of a sample", sizes),
        ("sha256 of the data", data["fingerprint"]),
        ("trained on", f"{environment.get('devices')} x {environment.get('device_kind')}"),
        ("launches", f"{len(description['launches'])}"),
        ("versions", ", ".join(f"{n} {packages[n]}" for n in ("jaxgan", "jax") if n in packages)),
        ("commit", str(environment.get("git_commit"))),
    ]
    settings = description["config"] | training
    flat = {**environment, **packages}
    del flat["packages"]
    return [
        Table(facts),
        Heading("Settings"),
        Table([(name, str(value)) for name, value in settings.items()]),
        Details("The experiment file's text", [Code(subject.experiment.doc)]),
        Details("Environment", [Table([(name, str(value)) for name, value in flat.items()])]),
    ]


def _shown(sampler: Sampler | None, chosen_by: str) -> list[tuple[str, str]]:
    if sampler is None:
        return []
    parameters = sum(leaf.size for leaf in jax.tree.leaves(sampler.params))
    return [
        (
            "shown here",
            f"checkpoint of step {sampler.step} ({chosen_by}), {sampler.weights} weights",
        ),
        ("generator", f"{parameters:,} parameters"),
    ]


def curves(subject: ReportedRun) -> list[Block]:
    """Losses and what goes with them."""
    if not subject.rows:
        raise LeftOutError("metrics.jsonl has no rows. --log-every N of the training sets them.")
    image = pictures.curves(subject.rows)
    last = subject.rows[-1]["step"]
    return [
        Picture("curves", image, f"From metrics.jsonl, {len(subject.rows)} rows to step {last}.")
    ]
