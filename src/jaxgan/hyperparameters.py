"""Numeric knobs are arguments of the compiled step, everything else is its structure.

The floats of an experiment's config (learning rates, betas, weights, decays) become
traced scalars; integers, strings and booleans stay Python values. Runs that differ in
knobs only share one executable, and a float used as structure fails as a tracer error.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

Config = TypeVar("Config")


def split(config: Any) -> dict[str, jax.Array]:
    """The config's float fields by name, as float32 scalars."""
    names = [field.name for field in dataclasses.fields(config) if field.type in (float, "float")]
    return {name: jnp.float32(getattr(config, name)) for name in names}


def merge(config: Config, hyperparameters: Mapping[str, jax.Array]) -> Config:
    """The config with ``knobs`` (traced, inside a step) in the place of its floats."""
    return dataclasses.replace(config, **hyperparameters)  # type: ignore[type-var]
