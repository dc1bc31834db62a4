"""The protocol of a score: all that must agree before two scores may be compared."""

import datetime
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.evaluation.features import kept
from jaxgan.evaluation.reference import Reference
from jaxgan.evaluation.samples import UNSAID, SampleSet
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.metric import Comparison, Metric
from jaxgan.runs.environment import describe_environment

LEAK = "a player of the game learned through this extractor"
"""What a protocol says of such a score (Sauer et al. 2021; Kynkäänniemi et al. 2023)."""


def protocol_of(
    metric: Metric,
    comparison: Comparison,
    reference: Reference,
    generated: SampleSet,
    network: Extractor | None,
    subject: Mapping[str, Any],
) -> dict[str, Any]:
    """How a metric was measured.

    Args:
      metric: the metric.
      comparison: what it looked at, of which its parameters may depend.
      reference: the real samples.
      generated: the samples that were scored.
      network: what it looked through; None for the samples themselves.
      subject: what was scored, of which the rule of the checkpoint and the data of the training
        are part of the protocol.
    """
    real = reference.real
    raw = real.modality.dtype != np.uint8 or not metric.quantized
    resize = network.resize if network else "none"
    known = real.statistics is None
    whole = network is None or kept(max(real.count, generated.count), network)
    protocol: dict[str, Any] = {
        "metric": metric.name,
        "parameters": dict(metric.parameters(comparison)),
        "extractor": network.name if network else "none",
        "weights_sha256": network.weights_sha256 if network else "",
        "resize_fake": f"{_size(generated)}, {resize}",
        "quantization": "none" if raw else "uint8: rounded, clipped",
        "matmul_precision": f"{'float32 (HIGHEST) features, ' if network else ''}"
        f"{metric.precision if whole else 'covariance streamed in float32 (HIGHEST)'}",
        "labels": generated.about.get("labels", "as they came"),
        "n_fake": generated.count,
        **_generator(metric, generated, subject),
    }
    if network and network.weights_sha256 in subject.get("learned_through", ()):
        protocol["leak"] = LEAK
    if "made_from" in generated.about:
        protocol["made_from"] = generated.about["made_from"]
    if not metric.against:
        return protocol | {"data": dict(subject.get("trained_on") or real.about)}
    protocol |= {
        "resize_real": f"{_size(real)}, {resize}" if known else UNSAID,
        "n_real": real.count if known else UNSAID,
        "reference": dict(real.about),
    }
    if metric.against == "held out" and reference.held_out is not None:
        protocol["held_out"] = {**reference.held_out.about, "n": reference.held_out.count}
    return protocol


def _generator(metric: Metric, generated: SampleSet, subject: Mapping[str, Any]) -> dict[str, Any]:
    """How samples were drawn, as far as scores depend on it; empty for files.

    Steps of one run compare with each other: the last one, those that were scored during training
    and one that was chosen by its number. The best by a metric does not: it was selected by
    looking.
    """
    about, rule = generated.about, subject.get("rule", "")
    if "weights" not in about:
        return {}
    return {
        "checkpoint": rule if rule.startswith("best") else "by step",
        "generator_weights": about["weights"],
        "standing_batches": about["standing_batches"],
        "truncation": about["truncation"],
        "generator_precision": "float32" if metric.walks else about["precision"],
        "generator_dtype": "float32" if metric.walks else about["dtype"],
    }


def _size(samples: SampleSet) -> str:
    """Side and channels, and what was done to the samples before."""
    size, preparation = "x".join(map(str, samples.shape)), samples.about.get("preparation", "none")
    return size if preparation == "none" else f"{preparation}: {size}"


def environment() -> dict[str, Any]:
    """What a score was computed with, by which command and when; no part of the protocol."""
    found = describe_environment(jax.local_devices())
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        **{name: found[name] for name in ("python", "packages", "device_kind", "devices")},
        **{name: found[name] for name in ("processes", "xla_flags", "git_commit", "code")},
    }
