"""Samples are drawn at the precision of the run, whatever JAX's default is."""

import dataclasses
import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxgan
from jaxgan.data.datasets import DataSpec
from jaxgan.experiment import Task, initial_state
from jaxgan.nets import bigan, dcgan
from jaxgan.sampling import sampler as drawing
from jaxgan.sampling.activations import with_activations
from jaxgan.sampling.sampler import Arithmetic, Static, sampler_of
from support import tiny
from support.tiny_runs import rewrite

pytest_plugins = ["support.run_fixtures"]

TASK = Task.of(DataSpec("ring", (6, 6, 1), 3))


@pytest.fixture(scope="module")
def game():
    gan = tiny.build(tiny.Config(), TASK)
    return gan, jax.jit(lambda: initial_state(gan, jax.random.key(0), TASK))()


def precisions(text):
    """The precisions of all matrix products in a lowered program."""
    found = re.findall(r"dot_general.*?precision = \[(\w+), (\w+)\]", text)
    assert len(found) == text.count("stablehlo.dot_general")
    return {each for pair in found for each in pair}


@pytest.mark.parametrize("precision, written", [("float32", "HIGHEST"), ("tensorfloat32", "HIGH")])
@pytest.mark.parametrize("ambient", ["bfloat16", "float32"])
def test_products_have_the_precision_of_the_run(precision, written, ambient, game):
    sampler = sampler_of(*game, TASK, precision=precision)
    variables = sampler.params, sampler.stats
    latents = np.zeros((64, 3), np.float32)
    with jax.default_matmul_precision(ambient):
        lowered = drawing.generate.lower(
            Static(sampler.gan), sampler.arithmetic, *variables, latents, {}
        )
    assert precisions(lowered.as_text()) == {written}


def test_a_loaded_run_has_the_precision_that_it_recorded(copy):
    assert jaxgan.load(copy).precision == "float32"
    rewrite(copy, lambda described: described["training"].update(matmul_precision="tensorfloat32"))
    assert jaxgan.load(copy).precision == "tensorfloat32"


def test_activations_are_changed_in_every_part_and_parameters_in_none():
    half = dcgan.Generator(16, 1, 2, 3, dtype="bfloat16")
    whole = dcgan.Generator(16, 1, 2, 3)
    latents = jax.random.normal(jax.random.key(1), (4, 5))
    variables = whole.init(jax.random.key(0), latents, train=False)
    changed = with_activations(half, "float32")
    assert (half.dtype, changed.dtype) == ("bfloat16", "float32")
    expected = whole.apply(variables, latents, train=False)
    np.testing.assert_array_equal(changed.apply(variables, latents, train=False), expected)
    assert not np.array_equal(half.apply(variables, latents, train=False), expected)
    again = with_activations(whole, "bfloat16").apply(variables, latents, train=False)
    np.testing.assert_array_equal(again, half.apply(variables, latents, train=False))


class Pair(nn.Module):
    """A module whose parts are other modules."""

    first: nn.Module
    others: tuple[nn.Module, ...]

    def __call__(self, x, *, train):
        return self.first(x, train=train)


def test_parts_of_a_pair_of_networks_are_reached():
    one = bigan.DenseGenerator((4,), dtype=jnp.bfloat16)
    pair = Pair(one, (nn.Dense(2, dtype=jnp.bfloat16), nn.Dense(2)))
    changed = with_activations(pair, "float32")
    assert [part.dtype for part in (changed.first, *changed.others)] == ["float32"] * 3
    before = [jnp.bfloat16, jnp.bfloat16, None]
    assert [part.dtype for part in (pair.first, *pair.others)] == before
    assert changed.others[1].features == 2


def test_the_activations_are_those_of_the_run_that_it_recorded(copy):
    assert jaxgan.load(copy).activations == "float32"
    rewrite(copy, lambda described: described["training"].update(dtype="bfloat16"))
    assert jaxgan.load(copy).activations == "bfloat16"
    assert jaxgan.load(copy).in_float32().activations == "float32"


def test_a_generator_in_half_precision_can_be_drawn_in_float32(game):
    gan, state = game
    task = dataclasses.replace(TASK, dtype="bfloat16")
    half = sampler_of(gan, state, task, precision="bfloat16")
    assert half.activations == "bfloat16"
    sampler = half.in_float32()
    assert sampler.arithmetic == Arithmetic("float32", "float32")
    assert sampler.activations == "float32"
