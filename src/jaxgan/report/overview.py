"""Sections on what the run is, and its curves."""

import jax

from jaxgan.game.gan import fresh_batches, moves
from jaxgan.report.context import LeftOutError, ReportedRun
from jaxgan.report.document import Block, Code, Details, Heading, Picture, Table
from jaxgan.sampling.load import latest_environment
from jaxgan.viz import pictures


def the_run(run: ReportedRun) -> list[Block]:
    """What identifies the run, and where, how long and with which settings it was trained."""
    environment = latest_environment(run.description)
    flat = {**environment, **environment.get("packages", {})}
    flat.pop("packages", None)
    settings = run.description["config"] | run.description["training"]
    return [
        Table([*_outcome(run), *_checkpoint(run), *_data(run), *_environment(run)]),
        Heading("Settings"),
        Table([(name, str(value)) for name, value in settings.items()]),
        Details("The experiment file's text", [Code(run.trained.experiment.doc)]),
        Details("Environment", [Table([(name, str(value)) for name, value in flat.items()])]),
    ]


Facts = list[tuple[str, str]]


def _outcome(run: ReportedRun) -> Facts:
    outcome, step = run.status.get("outcome", "unknown"), run.status.get("step", "?")
    return [
        ("run folder", run.folder.path.resolve().name),
        ("outcome", f"{outcome} at step {step}"),
    ]


def _checkpoint(run: ReportedRun) -> Facts:
    """The checkpoint that is shown, and the training until there."""
    updates, sampler = run.trained.gan.updates, run.sampler
    facts: Facts = []
    step = sampler.step if sampler is not None else int(run.status.get("step", 0))
    if sampler is not None:
        parameters = sum(leaf.size for leaf in jax.tree.leaves(sampler.params))
        rule = {None: "the newest", "best": "the best"}.get(run.asked.step, "chosen")
        shown = f"checkpoint of step {step} ({rule}), {sampler.weights} weights"
        facts = [("shown here", shown), ("generator", f"{parameters:,} parameters")]
    samples = step * fresh_batches(updates) * run.description["training"]["batch_size"]
    steps = f"{moves(updates, 'd', step):,} D steps, {moves(updates, 'g', step):,} G steps"
    epochs = samples / run.description["data"]["size"]
    told = f"{steps}, {samples:,} real samples ({epochs:.4g} epochs)"
    return [*facts, ("trained until there", told)]


def _data(run: ReportedRun) -> Facts:
    data, split = run.description["data"], run.description["training"]["split"]
    classes = f", {data['classes']} classes" if data["classes"] else ""
    return [
        ("data", f"{data['name']}, split {split}: {data['size']:,} samples{classes}"),
        ("shape of a sample", " x ".join(map(str, data["shape"]))),
        ("sha256 of the data", data["fingerprint"]),
    ]


def _environment(run: ReportedRun) -> Facts:
    environment = latest_environment(run.description)
    packages = environment.get("packages", {})
    versions = [f"{name} {packages[name]}" for name in ("jaxgan", "jax") if name in packages]
    return [
        ("trained on", f"{environment.get('devices')} x {environment.get('device_kind')}"),
        ("launches", f"{len(run.description['launches'])}"),
        ("versions", ", ".join(versions)),
        ("commit", str(environment.get("git_commit"))),
    ]


def curves(run: ReportedRun) -> list[Block]:
    """Losses and what was logged with them."""
    if not run.rows:
        raise LeftOutError("metrics.jsonl has no rows. --log-every N of the training sets them.")
    caption = f"From metrics.jsonl, {len(run.rows)} rows to step {run.rows[-1]['step']}."
    return [Picture("curves", pictures.curves(run.rows), caption)]
