"""Generative adversarial networks in JAX: small pure functions, exact runs.

What an experiment file needs is here: ``import jaxgan as jg``. Everything is imported when it is
first used, so that the command line starts without waiting for JAX's heavier parts.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxgan import augment, ema, forward, limited_data, losses, optim, penalties
    from jaxgan.cli.experiment import main
    from jaxgan.data import datasets
    from jaxgan.errors import UserError
    from jaxgan.experiment import (
        Experiment,
        Number,
        Published,
        Reproduction,
        Scoring,
        Task,
    )
    from jaxgan.forward.priors import normal, uniform
    from jaxgan.game.gan import ALTERNATING, SIMULTANEOUS, D, G, Gan, Phase
    from jaxgan.game.terms import every, left_out, measured, of_logits, scale
    from jaxgan.hyperparameters import Fraction, NonNegative, Weight
    from jaxgan.nn.spectral import spectral_norm
    from jaxgan.reproduce import numbers
    from jaxgan.sampling.load import load
    from jaxgan.sampling.sampler import Sampler
    from jaxgan.sweep.study import Study, Variant
    from jaxgan.types import Outputs

_MODULES = {
    **{name: f"jaxgan.{name}" for name in ("augment", "ema", "forward", "losses", "optim")},
    "limited_data": "jaxgan.limited_data",
    "penalties": "jaxgan.penalties",
    "datasets": "jaxgan.data.datasets",
    "numbers": "jaxgan.reproduce.numbers",
}
_NAMES = {
    "main": "jaxgan.cli.experiment",
    "UserError": "jaxgan.errors",
    **dict.fromkeys(
        ("Experiment", "Number", "Published", "Reproduction", "Scoring", "Task"),
        "jaxgan.experiment",
    ),
    **dict.fromkeys(("normal", "uniform"), "jaxgan.forward.priors"),
    **dict.fromkeys(("ALTERNATING", "SIMULTANEOUS", "D", "G", "Gan", "Phase"), "jaxgan.game.gan"),
    **dict.fromkeys(("every", "left_out", "measured", "of_logits", "scale"), "jaxgan.game.terms"),
    **dict.fromkeys(("Fraction", "NonNegative", "Weight"), "jaxgan.hyperparameters"),
    "spectral_norm": "jaxgan.nn.spectral",
    "load": "jaxgan.sampling.load",
    "Sampler": "jaxgan.sampling.sampler",
    "Outputs": "jaxgan.types",
    **dict.fromkeys(("Study", "Variant"), "jaxgan.sweep.study"),
}

__all__ = [
    "ALTERNATING",
    "SIMULTANEOUS",
    "D",
    "Experiment",
    "Fraction",
    "G",
    "Gan",
    "NonNegative",
    "Number",
    "Outputs",
    "Phase",
    "Published",
    "Reproduction",
    "Sampler",
    "Scoring",
    "Study",
    "Task",
    "UserError",
    "Variant",
    "Weight",
    "augment",
    "datasets",
    "ema",
    "every",
    "forward",
    "left_out",
    "limited_data",
    "load",
    "losses",
    "main",
    "measured",
    "normal",
    "numbers",
    "of_logits",
    "optim",
    "penalties",
    "scale",
    "spectral_norm",
    "uniform",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'jaxgan' has no attribute {name!r}")
