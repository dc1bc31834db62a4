"""The metrics that ``--metrics`` and an experiment's ``Scoring`` can name."""

from collections.abc import Iterable, Mapping, Sequence

from jaxgan.errors import UserError, one_of
from jaxgan.metrics import (
    acd,
    bleu,
    cas,
    category,
    eq_r,
    eq_t,
    fd_clips,
    fd_frames,
    fd_joint,
    fd_log_mel,
    frechet,
    frechet_infinity,
    hole,
    inception_score,
    intra_class,
    kernel,
    l1,
    log_mel_l1,
    modes,
    ms_ssim,
    nearest_log_mel,
    neighbors,
    nll_gen,
    nll_oracle,
    pairwise,
    parzen,
    ppl,
    ppl_w,
    prdc,
    psnr,
    self_bleu,
    ssim,
)
from jaxgan.metrics.metric import Metric

FILES = (frechet, frechet_infinity, intra_class, kernel, prdc, inception_score, modes)
FILES += (cas, ms_ssim, ppl, ppl_w, eq_t, eq_r, parzen, neighbors, pairwise, l1, psnr, ssim, hole)

FILES += (fd_joint, acd, category, fd_frames, fd_clips, fd_log_mel, log_mel_l1, nearest_log_mel)

FILES += (nll_oracle, nll_gen, bleu, self_bleu)

METRICS: Mapping[str, Metric] = {file.METRIC.name: file.METRIC for file in FILES}
"""Every metric by its name."""


def metrics_named(
    words: str | Iterable[str | Metric], own: Sequence[Metric] = ()
) -> tuple[Metric, ...]:
    """The metrics of these names, each once.

    Args:
      words: names with commas between them, or names and metrics.
      own: metrics that an experiment brings itself; they go before those of the same name.

    Raises:
      UserError: a name is unknown, or none is given.
    """
    known = {**METRICS, **{metric.name: metric for metric in own}}
    parts = words.split(",") if isinstance(words, str) else words
    found: dict[str, Metric] = {}
    for part in parts:
        if isinstance(part, Metric):
            found.setdefault(part.name, part)
        elif name := part.strip():
            found.setdefault(name, known[one_of(name, known, "metric")])
    if not found:
        raise UserError(f"No metric is named; use {', '.join(known)}.")
    return tuple(found.values())


def help_text(metrics: Iterable[Metric] = METRICS.values()) -> str:
    """The metrics in a sentence, for ``--help``."""
    return "; ".join(f"{metric.name} ({metric.about})" for metric in metrics)


def markdown_table(metrics: Iterable[Metric] = METRICS.values()) -> str:
    """The metrics as the table of the README: name, description, of what, and what is better."""
    rows = ["| `--metrics` | what | of | values |", "|---|---|---|---|"]
    arrows = {"lower": " ↓", "higher": " ↑", "": ""}
    for metric in metrics:
        kinds = ", ".join(sorted(metric.modalities))
        values = ", ".join(f"{name}{arrows[better]}" for name, better in metric.values.items())
        rows.append(f"| `{metric.name}` | {metric.about} | {kinds} | {values} |")
    return "\n".join(rows) + "\n"
