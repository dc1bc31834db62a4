"""The sections of a report: what each shows of a run.

Nothing is shown that was not measured: what cannot be made is left out, with a sentence that says
why and which command makes it.
"""

import contextlib
import dataclasses
import functools
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from PIL import Image

from jaxgan import figures, report, runs
from jaxgan.data.source import Source
from jaxgan.data.toy import MIXTURES
from jaxgan.document import Block, Code, Details, Document, Heading, Picture, Section, Table, Text
from jaxgan.errors import UserError
from jaxgan.evaluation import subjects
from jaxgan.evaluation.evaluate import Watch, cached_extraction, unwatched
from jaxgan.evaluation.extract import extract
from jaxgan.evaluation.images import Images, chosen, of_sampler, of_source, training_source
from jaxgan.evaluation.stamp import Score, columns, differences, read_scores, to_row
from jaxgan.experiment import Experiment
from jaxgan.game import Gan, fresh_batches, moves
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.modes import MixtureCoverage, mixture_coverage, perfect_coverage, perfect_share
from jaxgan.metrics.neighbours import Neighbours, nearest_neighbours
from jaxgan.sampling import Sampler, Step, latest_environment

EXTRACTOR = "efficientnet-lite0"
"""The one that comes as a package."""

DENSITY = 20_000
"""Points that a picture of their density is made of."""

PIXELS = 3 * 2**28
"""Bytes of training images, as float32 pixels, that generated ones are compared with at most."""

AS_GOOD = "as many perfect samples as were good"
OF_GOOD = f"reverse_kl of {AS_GOOD}"
"""The column of a table of scores that says what the KL can be at best."""

CLASSES = 20
"""Classes that are shown at most."""


class LeftOutError(UserError):
    """Why a part of the page is left out, in words that may stand in it."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """What a person may choose; the meaning is that of the command's flags."""

    step: Step = None
    seed: int = 0
    num: int | None = None
    data_dir: str | None = None
    truncations: tuple[float, ...] = (0.3, 0.5, 0.7, 1.0)
    extractor: str = EXTRACTOR
    extractor_weights: Path | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """The run that is reported, and what several sections need of it."""

    folder: runs.RunFolder
    experiment: Experiment
    gan: Gan
    sampler: Sampler | None
    description: Mapping[str, Any]
    asked: Choices = Choices()
    watch: Watch = unwatched

    @property
    def images(self) -> bool:
        """Whether it makes images, not points."""
        return len(self.description["data"]["shape"]) == 3

    @property
    def drawer(self) -> Sampler:
        """The sampler, for sections that are only made where there is one."""
        assert self.sampler is not None
        return self.sampler

    def about(self, fake: Images) -> dict[str, Any]:
        """What a stamp says of samples of this run."""
        rule = subjects.rule_of(self.description, self.asked.step)
        return subjects.about_run(self.folder.path, self.description, self.gan, fake, rule)

    @property
    def count(self) -> int:
        """Samples to measure with."""
        return self.asked.num or (1000 if self.images else 2500)

    @functools.cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``metrics.jsonl``."""
        return report.read_metrics(self.folder.metrics)

    @functools.cached_property
    def scores(self) -> list[Score]:
        """The scores of ``evaluations.jsonl``."""
        return read_scores(self.folder.evaluations)

    @functools.cached_property
    def status(self) -> dict[str, Any]:
        """``status.json``; empty if there is none that can be read."""
        try:
            status = json.loads(self.folder.status.read_text())
        except (OSError, ValueError):
            return {}
        return status if isinstance(status, dict) else {}

    def drawn(self, count: int, truncation: float | None = None) -> Images:
        """Samples of the generator.

        Raises:
          UserError: when read, if they are not finite.
        """
        return of_sampler(self.drawer, count, seed=self.asked.seed, truncation=truncation)

    @functools.cached_property
    def samples(self) -> np.ndarray:
        """The samples that are measured and shown."""
        return self.drawn(max(self.count, 64)).array()

    @functools.cached_property
    def opened(self) -> Callable[[str], Source]:
        """``split -> source`` of the data of the training; each split is opened once."""
        run, data_dir = self.folder.path, self.asked.data_dir
        return functools.cache(lambda split: training_source(run, data_dir, split))

    @functools.cached_property
    def source(self) -> Source:
        """The data of the training.

        Raises:
          LeftOutError: they are not at hand, or changed.
        """
        try:
            return self.opened(self.description["identity"]["split"])
        except UserError as error:
            raise LeftOutError(
                "the data of the training are not at hand, or are no longer the same. With them: "
                "jaxgan report RUN --data-dir DIR"
            ) from error

    @functools.cached_property
    def held_out(self) -> Source | None:
        """Another split of the data, which the training has not seen."""
        for split in ("test", "validation"):
            if split not in self.source.split:
                with contextlib.suppress(UserError):
                    return self.opened(split)
        return None

    @functools.cached_property
    def reference(self) -> subjects.Reference:
        """Real images to score against, as many as are drawn."""
        return subjects.reference_of(self.opened, self.source.split, None, self.count)

    @functools.cached_property
    def extractor(self) -> Extractor:
        """The network whose features are compared.

        Raises:
          UserError: its weights are not installed.
        """
        return subjects.choose_extractor(
            self.asked.extractor,
            self.asked.extractor_weights,
            self.drawer.data.shape,
            lambda: self.reference.classifier(),
        )


def compose(subject: Subject) -> Document:
    """The report of a run."""
    parts: dict[str, Callable[[Subject], list[Block]]]
    parts = {"The run": the_run, "Curves": curves}
    if subject.sampler is None:  # nothing can be drawn
        return _document(subject, parts | {"Scores": scores})
    parts |= {"Samples": samples, "Samples during training": during_training}
    if subject.images:
        if subject.drawer.labelled:
            parts["Samples of each class"] = each_class
        parts["Interpolation"] = interpolation
    else:
        parts["Density"] = density
    parts |= {"Modes": modes, "Scores": scores}
    if subject.images:
        parts |= {"Nearest neighbours": neighbours, "Truncation": truncation}
    if subject.images and subject.drawer.data.classes is None:
        del parts["Modes"]  # there are none to count
    return _document(subject, parts)


def _document(subject: Subject, parts: Mapping[str, Callable[[Subject], list[Block]]]) -> Document:
    sections = []
    for number, (title, build) in enumerate(parts.items(), 1):
        print(f"report {number}/{len(parts)}: {title.lower()}", file=sys.stderr)
        sections.append(Section(title, attempt(build, subject)))
    name = f"{subject.description['experiment']} on {subject.description['data'].get('name')}"
    return Document(name, lead(subject), sections)


def attempt(build: Callable[..., list[Block]], *arguments: Any) -> list[Block]:
    """The blocks; or, if they cannot be made, the sentence that says why."""
    try:
        return build(*arguments)
    except UserError as error:
        print(f"left out: {error.__cause__ or error}", file=sys.stderr)
        return [Text(f"Left out: {error}", "note")]


def lead(subject: Subject) -> list[Block]:
    """How the run ended, if not well, and what it is."""
    status = subject.status
    outcome, reached = str(status.get("outcome")), status.get("step", "?")
    note = status.get("note", "")
    shown = "It has no checkpoint, so nothing can be drawn."
    if subject.sampler is not None:
        shown = f"What follows is of the checkpoint of step {subject.sampler.step}."
    warnings = {
        "diverged": f"This run diverged: {note}. {shown}",
        "interrupted": f"This run was interrupted: {note}. {shown}",
        "failed": f"This run failed at step {reached}: {note}. {shown}",
        "running": "This run had not ended when the report was made: it was training, or was "
        f"killed. {shown}",
    }
    blocks: list[Block] = []
    if outcome in warnings:
        blocks.append(Text(warnings[outcome], "warning"))
    elif outcome != "finished":
        blocks.append(Text(f"How this run ended is not recorded. {shown}", "warning"))
    blocks += [Text(part) for part in subject.experiment.doc.split("\n\n")[:2] if part.strip()]
    return blocks


def the_run(subject: Subject) -> list[Block]:
    """What identifies the run, where and how long it was trained."""
    description, updates = subject.description, subject.gan.updates
    identity, data = description["identity"], description["data"]
    environment = latest_environment(dict(description))
    packages = environment.get("packages", {})
    outcome, reached = subject.status.get("outcome", "unknown"), subject.status.get("step", 0)
    step = subject.sampler.step if subject.sampler is not None else int(reached)
    images = step * fresh_batches(updates) * identity["batch_size"]
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
        ("data", f"{data['name']}, split {identity['split']}: {data['size']:,} samples{classes}"),
        ("shape of a sample", sizes),
        ("sha256 of the data", data["fingerprint"]),
        ("trained on", f"{environment.get('devices')} x {environment.get('device_kind')}"),
        ("launches", f"{len(description['launches'])}"),
        ("versions", ", ".join(f"{n} {packages[n]}" for n in ("jaxgan", "jax") if n in packages)),
        ("commit", str(environment.get("git_commit"))),
    ]
    settings = description["config"] | identity
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


def curves(subject: Subject) -> list[Block]:
    """Losses and what goes with them."""
    if not subject.rows:
        raise LeftOutError("metrics.jsonl has no rows. --log-every N of the training sets them.")
    image = report.curves(subject.rows)
    last = subject.rows[-1]["step"]
    return [
        Picture("curves", image, f"From metrics.jsonl, {len(subject.rows)} rows to step {last}.")
    ]


def samples(subject: Subject) -> list[Block]:
    """Samples as they come."""
    sampler, seed = subject.drawer, subject.asked.seed
    about = f"step {sampler.step}, {sampler.weights} weights, seed {seed}, as they come"
    if not subject.images:
        with contextlib.suppress(LeftOutError):
            real = subject.source.read(np.arange(min(2000, subject.source.size)))["image"]
            image = report.scatter(subject.samples[:2000], real)
            return [
                Picture("samples", image, f"2000 samples over {len(real)} real points; {about}.")
            ]
        image = report.scatter(subject.samples[:2000])
        return [Picture("samples", image, f"2000 samples; {about}.")]
    side = figures.fitting(sampler.data.shape)
    image = figures.sheet(subject.samples[: side * side], side)
    labels = "; each class in turn" if sampler.labelled else ""
    return [Picture("samples", image, f"{side * side} samples: {about}{labels}.")]


def during_training(subject: Subject) -> list[Block]:
    """The first, a middle and the last grid of the fixed latents."""
    saved = [path for path in subject.folder.samples.glob("*.png") if path.stem.isdigit()]
    saved.sort(key=lambda path: int(path.stem))
    if len(saved) < 2:
        raise LeftOutError(
            f"the training saved {len(saved)} grid{'s' * (len(saved) != 1)} of samples. "
            "--sample-every N of the training saves more."
        )
    places = sorted({0, len(saved) // 2, len(saved) - 1})
    shown = [saved[place] for place in places]
    try:
        pictures = [np.asarray(Image.open(path).convert("RGB")) for path in shown]
    except OSError as error:
        raise LeftOutError("a grid in the folder samples is damaged.") from error
    titles = [f"step {int(path.stem):,}" for path in shown]
    caption = "The same latents through the averaged generator, as the training saved them."
    return [Picture("during-training", figures.strip(pictures, titles), caption)]


def class_names(subject: Subject, count: int) -> list[str]:
    """Names of the classes; their numbers where no names are at hand."""
    with contextlib.suppress(LeftOutError):
        if len(subject.source.class_names) == count:
            return list(subject.source.class_names)
    return [str(number) for number in range(count)]


def each_class(subject: Subject) -> list[Block]:
    """A row for each class."""
    sampler = subject.drawer
    classes = sampler.data.classes or 0
    columns, shown = figures.fitting(sampler.data.shape, 10), min(classes, CLASSES)
    drawn = [sampler(columns, subject.asked.seed, label) for label in range(shown)]
    names = class_names(subject, classes)[:shown]
    caption = f"{columns} samples of each class, with the same latents in every row."
    if shown < classes:
        caption += f" The first {shown} of {classes} classes."
    return [Picture("classes", figures.per_class(np.stack(drawn), names), caption)]


def interpolation(subject: Subject) -> list[Block]:
    """Walks between pairs of latents."""
    columns = figures.fitting(subject.drawer.data.shape, 10)
    walks = subject.drawer.interpolate(8, columns, subject.asked.seed)
    caption = "Each row walks in a straight line between two latents."
    return [Picture("interpolation", figures.sheet(walks, columns), caption)]


def density(subject: Subject) -> list[Block]:
    """Where points lie, beside where real ones do."""
    real = subject.source.read(np.arange(min(DENSITY, subject.source.size)))["image"]
    points, mixture = subject.drawn(DENSITY).array(), MIXTURES.get(subject.source.name)
    centres = np.asarray(mixture[0]()) if mixture else None
    caption = f"{len(points):,} generated and {len(real):,} real points on one scale."
    if mixture:
        caption += " Circles mark the modes."
    return [Picture("density", figures.density(points, real, centres), caption)]


def modes(subject: Subject) -> list[Block]:
    """How samples are spread over modes or classes."""
    return _classes_seen(subject) if subject.images else _mixture_modes(subject)


def _mixture_modes(subject: Subject) -> list[Block]:
    name = subject.description["data"]["name"]
    if name not in MIXTURES:
        raise LeftOutError(f"{name} has no modes to count; {' and '.join(MIXTURES)} have.")
    centres, deviation = np.asarray(MIXTURES[name][0]()), MIXTURES[name][1]
    points = subject.samples[: subject.count]
    found = mixture_coverage(points, centres, deviation)
    good = int(found.counts.sum())
    about = (
        f"{len(points):,} samples. One is of high quality if it lies within three standard "
        f"deviations ({3 * deviation:g}) of a mode; {good:,} are, and the modes and divergences "
        "are of these alone. Few samples have large divergences even if they are perfect: the last "
        "column is of as many perfect ones."
    )
    caption = "High-quality samples of each mode, as shares of all of them."
    return [
        Text(about),
        _beside_perfect(found, len(points)),
        Picture("modes", figures.mode_counts(found.counts), caption),
    ]


def _beside_perfect(found: MixtureCoverage, count: int) -> Table:
    """What was found of ``count`` samples, and what perfect ones have."""
    good, classes = int(found.counts.sum()), len(found.counts)
    perfect = perfect_coverage(round(count * perfect_share()), classes)
    sides = (vars(found), perfect, perfect_coverage(good, classes) if good else {})
    names = {
        "captured": "modes captured",
        "reverse_kl": "KL(generated || equal shares), nats",
        "js": "JS divergence from equal shares, nats",
    }
    rows = [
        (title, *(_number(side[name]) if side else "" for side in sides))
        for name, title in names.items()
    ]
    rows.insert(
        1, ("high-quality share", f"{found.high_quality:.2%}", f"{perfect_share():.2%}", "")
    )
    return Table(rows, ("", "generated", "a perfect sampler", AS_GOOD))


def _classes_seen(subject: Subject) -> list[Block]:
    sampler = subject.drawer
    same = {"step": sampler.step, "weights": sampler.weights}
    counted = [
        score
        for score in subject.scores
        if "counts" in score.details and all(score.subject.get(k) == v for k, v in same.items())
    ]
    score = counted[-1] if counted else _count_classes(subject)
    counts = np.asarray(score.details["counts"])
    accuracy = score.protocol.get("classifier_accuracy", math.nan)
    caption = (
        f"{counts.sum():,} samples ({_about(score.subject)}) as the small classifier of the data "
        f"set sees them, which is right about {accuracy:.1%} of held-out real images; the line is "
        "at equal shares."
    )
    names = class_names(subject, len(counts))
    picture = Picture("modes", figures.mode_counts(counts, names), caption)
    return [picture] if counted else [picture, score_table([score]), stamps([score])]


def _count_classes(subject: Subject) -> Score:
    """Sorts the samples by the small classifier, which is trained if the cache has none."""
    _ = subject.source
    reference, fake = subject.reference, subject.drawn(subject.count)
    evaluation = reference.evaluation(["modes"], None, subject.watch)
    return evaluation.score(fake, subject.about(fake), subject.drawer)[0]


def scores(subject: Subject) -> list[Block]:
    """A table for each protocol, and scores over the steps of the training."""
    if not subject.scores:
        raise LeftOutError("nothing has been scored yet. jaxgan evaluate RUN does.")
    found = columns(subject.scores)
    names, blocks = protocol_names(found), []
    courses = [
        course for name, one in zip(names, found, strict=True) if (course := _course(name, one))
    ]
    blocks.append(
        Text(
            "Each table holds scores that were measured in one way; numbers of different tables do "
            "not compare. Held-out real samples show what even a perfect generator gets."
        )
    )
    for number, (name, column) in enumerate(zip(names, found, strict=True)):
        blocks.append(Heading(name))
        before = [other for other in found[:number] if other[0].title == column[0].title]
        if before:
            other = differences(before[0][0], column[0])
            blocks.append(Text(f"Differs from the first protocol in {'; '.join(other)}."))
        blocks += [score_table(column), stamps(column)]
    blocks.append(Heading("Over the training"))
    if courses:
        image = figures.scores_over_steps(courses)
        caption = (
            "One panel for each way of measuring; the dashed line is of held-out real samples."
        )
        return [*blocks, Picture("scores", image, caption)]
    sentence = "Left out: no score has two steps. jaxgan evaluate RUN --step N scores another."
    return [*blocks, Text(sentence, "note")]


def protocol_names(found: Sequence[Sequence[Score]]) -> list[str]:
    """A name for each column, numbered where a title is measured in more than one way."""
    titles = [column[0].title for column in found]
    return [
        f"{title}, protocol {titles[: place + 1].count(title)}"
        if titles.count(title) > 1
        else title
        for place, title in enumerate(titles)
    ]


def score_table(column: Sequence[Score]) -> Table:
    """The scores of one protocol; first rows of held-out samples and of a perfect sampler."""
    names = list(dict.fromkeys(name for score in column for name in score.values))
    shown = [*names, OF_GOOD] if any(OF_GOOD in _with_good(score) for score in column) else names
    held_out = [(_held_out(score), score.floor) for score in column if score.floor]
    perfect = [("a perfect sampler", score.details.get("perfect")) for score in column]
    tops = [(name, _cells(values, shown)) for name, values in held_out + perfect if values]
    rows = [(name, "", "", "", "", *cells) for name, cells in dict.fromkeys(tops)]
    for score in sorted(column, key=lambda score: score.subject.get("step") or 0):
        about = score.subject
        standing = about.get("standing_batches")
        weights = f"{about.get('weights', '')}{f', standing {standing}' if standing else ''}"
        step = f"{about.get('step', '')} ({about['rule']})" if "rule" in about else ""
        cut = about.get("truncation")
        subject = (step, weights, "none" if cut is None else f"{cut:g}", str(about.get("seed", "")))
        rows.append(("generated", *subject, *_cells(_with_good(score), shown)))
    better = {"lower": " (lower is better)", "higher": " (higher is better)"}
    first = names[0] + better.get(column[0].better, "")
    return Table(rows, ("", "step", "weights", "truncation", "seed", first, *shown[1:]))


def _with_good(score: Score) -> dict[str, float]:
    """The values, and the KL of as many perfect samples as were of high quality."""
    good = score.details.get("perfect_of_good", {})
    return {**score.values, **({OF_GOOD: good["reverse_kl"]} if good else {})}


def _held_out(score: Score) -> str:
    """Which real samples gave the floor."""
    split, count = score.floor_of.get("split"), score.floor_of.get("n")
    about = [f"{split}"] if split else []
    about += [f"n = {count}"] if count is not None else []
    return f"held-out real ({', '.join(about)})" if about else "held-out real"


def _cells(values: Mapping[str, float], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(_number(values[name]) if name in values else "" for name in names)


def stamps(column: Sequence[Score]) -> Details:
    """The protocol, and the whole of every score."""
    protocol = column[0].protocol
    table = Table([(name, _words(value)) for name, value in protocol.items()])
    rows = Code("".join(map(to_row, column)).strip())
    return Details("Protocol and complete stamps", [table, rows])


def _course(name: str, column: Sequence[Score]) -> figures.Course | None:
    """The column's first value over the steps; None if it has but one step."""
    seeds = {score.subject.get("seed") for score in column}
    points: dict[str, dict[int, float]] = {}
    for score in column:
        step = score.subject.get("step")
        if type(step) is int and math.isfinite(score.value):
            label = _about({**score.subject, "step": None}, seed=len(seeds) > 1)
            points.setdefault(label, {})[step] = score.value  # of two, the later one
    if len({step for line in points.values() for step in line}) < 2:
        return None
    value, last = next(iter(column[0].values)), column[-1]
    floor = last.floor.get(value)
    lines = {
        label: (sorted(line), [line[step] for step in sorted(line)])
        for label, line in points.items()
    }
    title = f"{name} {value}, n = {last.protocol.get('n_fake', '?')}"
    return figures.Course(title, last.better, lines, floor)


def _about(subject: Mapping[str, Any], seed: bool = True) -> str:
    """What was scored, in words."""
    parts = [f"step {subject['step']}"] if subject.get("step") is not None else []
    parts += [f"{subject['weights']} weights"] if "weights" in subject else []
    if subject.get("standing_batches"):
        parts.append(f"standing {subject['standing_batches']}")
    if subject.get("truncation") is not None:
        parts.append(f"truncation {subject['truncation']:g}")
    if seed and "seed" in subject:
        parts.append(f"seed {subject['seed']}")
    return ", ".join(parts) or "samples"


def neighbours(subject: Subject) -> list[Block]:
    """Generated samples beside the training images that are nearest to them."""
    intro = Text(
        "A generator that has memorised its training set makes samples that are nearer to it than "
        "held-out real ones are."
    )
    _ = subject.source  # one sentence for both, if the data are missing
    return [
        intro,
        Heading("By pixels"),
        *attempt(_by_pixels, subject),
        Heading("By features"),
        *attempt(_by_features, subject),
    ]


def _by_pixels(subject: Subject) -> list[Block]:
    source = subject.source
    most = max(1, PIXELS // (4 * math.prod(source.shape)))
    places = chosen(source.size, most)
    real = source.arrays()["image"] if most >= source.size else of_source(source, places).array()
    training = _pixels(real)
    held = _held_out_images(subject)
    return _compared(
        subject,
        nearest_neighbours(training, _pixels(subject.samples[: subject.count])),
        None if held is None else nearest_neighbours(training, _pixels(held.array())).distances,
        real,
        "pixels",
        "Euclidean distance of pixels, black 0 and white 1",
    )


def _by_features(subject: Subject) -> list[Block]:
    extractor, source, watch = subject.extractor, subject.source, subject.watch
    train = of_source(source, chosen(source.size, 10 * subject.count))
    features = cached_extraction(extractor, train, watch).features
    fake = subject.drawn(subject.count)
    with watch("generated samples", fake.count) as advance:
        ours = extract(extractor, fake, advance).features
    held = _held_out_images(subject)
    theirs = None if held is None else cached_extraction(extractor, held, watch).features
    if features is None or ours is None:
        raise LeftOutError("the features do not fit into memory. A smaller --num makes them.")
    near = nearest_neighbours(features, ours)
    rows, inverse = np.unique(near.rows, return_inverse=True)
    shown = source.read(chosen(source.size, 10 * subject.count)[rows])["image"]
    return _compared(
        subject,
        Neighbours(inverse, near.distances),
        None if theirs is None else nearest_neighbours(features, theirs).distances,
        shown,
        "features",
        f"Euclidean distance of the features of {extractor.name}",
        train.count,
    )


def _held_out_images(subject: Subject) -> Images | None:
    source = subject.held_out
    return None if source is None else of_source(source, chosen(source.size, subject.count))


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / np.float32(255)


def _compared(
    subject: Subject,
    near: Neighbours,
    held_out: np.ndarray | None,
    real: np.ndarray,
    name: str,
    measure: str,
    among: int | None = None,
) -> list[Block]:
    """Distances as a table; the first pairs, and the nearest ones.

    Args:
      subject: the run.
      near: for each sample, the place in ``real`` of its nearest image, and the distance.
      held_out: distances of held-out real images to the training set.
      real: training images.
      name: for the pictures' files.
      measure: the distance in words.
      among: training images that were searched; all of ``real`` if None.
    """
    size, among = subject.source.size, among or len(real)
    part = "all" if among == size else f"{among:,} of the"
    about = f"{measure}, to the nearest of {part} {size:,} training images."
    rows = [_distances("generated", near.distances)]
    if held_out is not None:
        rows.append(_distances(f"held-out real ({subject.held_out.split})", held_out))  # type: ignore[union-attr]
    else:
        about += " The data have no split that could be held out, so there is no floor."
    columns = min(figures.fitting(real.shape[1:], 16), len(near.rows))

    def pairs(order: np.ndarray) -> np.ndarray:
        fakes, reals = subject.samples[order], real[near.rows[order]]
        return figures.neighbours(fakes, reals, near.distances[order], columns)

    first = pairs(np.arange(columns))
    nearest = pairs(np.argsort(near.distances, kind="stable")[:columns])
    above = "above the nearest training image of each, with the distance."
    closest = f"The {columns} of {len(near.rows):,} samples that are nearest to the training set"
    return [
        Text(about),
        Table(rows, ("", "samples", "median distance", "smallest", "copies (distance 0)")),
        Picture(f"neighbours-{name}", first, f"The first samples, {above}"),
        Picture(f"nearest-{name}", nearest, f"{closest}, {above}"),
    ]


def _distances(name: str, found: np.ndarray) -> tuple[str, ...]:
    smallest, copies = _number(found.min()), str(int((found == 0).sum()))
    return (name, f"{len(found):,}", _number(np.median(found)), smallest, copies)


def truncation(subject: Subject) -> list[Block]:
    """The Fréchet distance against precision and recall, for latents nearer to the middle."""
    if not subject.asked.truncations:
        raise LeftOutError("--truncations names none.")
    cuts = [cut for cut in subject.asked.truncations if truncates(subject.drawer, cut)]
    if not cuts:
        raise LeftOutError("none of --truncations changes this run's latents.")
    cuts = [*sorted(cuts), None]
    _ = subject.source
    reference, extractor = subject.reference, subject.extractor
    evaluation = reference.evaluation(["fd", "prdc"], extractor, subject.watch)
    distances, prdcs = [], []
    for cut in cuts:
        fake = subject.drawn(subject.count, cut)
        distance, prdc = evaluation.score(fake, subject.about(fake), subject.drawer)
        distances.append(distance)
        prdcs.append(prdc)
    first, labels = distances[0], ["none" if cut is None else f"{cut:g}" for cut in cuts]
    points = [
        _point(label, distance.values, prdc.values)
        for label, distance, prdc in zip(labels, distances, prdcs, strict=True)
    ]
    rows = [("generated", point.label, *_point_cells(point)) for point in points]
    floor = _point("", first.floor, prdcs[0].floor) if first.floor else None
    if floor is not None:
        rows.insert(0, ("held-out real", "", *_point_cells(floor)))
    counts = f"{first.protocol['n_fake']:,} samples against {first.protocol['n_real']:,} real ones"
    caption = f"{first.title} of {counts}; each point is named by its truncation."
    picture = figures.truncation_sweep(points, first.title, floor)
    return [
        Picture("truncation", picture, caption),
        Table(rows, ("", "truncation", first.title, "precision", "recall")),
        stamps(distances),
        stamps(prdcs),
    ]


def _point(
    label: str, distance: Mapping[str, float], prdc: Mapping[str, float]
) -> figures.TruncationPoint:
    return figures.TruncationPoint(label, distance["distance"], prdc["precision"], prdc["recall"])


def _point_cells(point: figures.TruncationPoint) -> tuple[str, ...]:
    return tuple(_number(value) for value in (point.distance, point.precision, point.recall))


def truncates(sampler: Sampler, truncation: float) -> bool:
    """Whether this truncation changes the prior's latents."""
    return not np.array_equal(sampler.latents(1, truncation=truncation), sampler.latents(1))


def _number(value: float) -> str:
    return f"{float(value):.4g}"


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(part)}" for name, part in value.items())
    return str(value)
