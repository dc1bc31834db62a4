"""FLOPs of a step against those of its matrix products by hand."""

import dataclasses
import math
import shutil

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from jaxgan.sweep.flops import counted, flops
from jaxgan.sweep.results import read_trial
from support.tiny_runs import rewrite

pytest_plugins = ["support.run_fixtures"]


def test_a_matrix_product_has_two_operations_for_each_of_its_terms():
    a, b = jax.ShapeDtypeStruct((30, 40), jnp.float32), jax.ShapeDtypeStruct((40, 50), jnp.float32)
    assert counted(jnp.dot, a, b) == 2 * 30 * 40 * 50


def test_what_is_done_in_some_steps_counts_as_if_in_each():
    def lazy(step, a):
        return lax.cond(step % 10 == 0, lambda: jnp.dot(a, a), lambda: a)

    step, a = jax.ShapeDtypeStruct((), jnp.int32), jax.ShapeDtypeStruct((30, 30), jnp.float32)
    assert counted(lazy, step, a) == pytest.approx(2 * 30**3, rel=0.01)


def test_the_operations_of_a_run_are_those_of_its_matrix_products(copy):
    """Of a wide ``tiny.py`` on large images, whose products are nearly everything."""
    width, rows, pixels, latent = 400, 256, 60 * 60, 3

    def widened(described):
        described["config"]["width"] = width
        described["training"]["batch_size"] = rows
        described["data"]["spec"]["image"][0] = [60, 60, 1]

    rewrite(copy, widened)
    trial = read_trial(copy, {}, 3)
    assert trial.step == 12
    # Terms of a product with a dense layer's weights, as many for the gradient of the weights and
    # as many for that of what it is given.
    critic, generator = rows * width * (pixels + 1), rows * width * (latent + pixels)
    first_of_critic, first_of_generator = rows * width * pixels, rows * width * latent
    of_critic = generator + 2 * (3 * critic - first_of_critic)  # of real and of generated images
    # Of generated images alone, and no gradient of the critic's weights.
    of_generator = 3 * generator - first_of_generator + 2 * critic
    assert flops(trial) == pytest.approx(12 * 2 * (of_critic + of_generator), rel=0.02)


def test_a_run_that_cannot_be_rebuilt_has_no_number(copy):
    trial = read_trial(copy, {}, 3)
    (copy / "experiment.py").write_text("import nothing_of_this_name\n")
    assert math.isnan(flops(trial))
    (copy / "experiment.py").unlink()
    assert math.isnan(flops(trial))
    assert math.isnan(flops(dataclasses.replace(trial, description={})))
    shutil.rmtree(copy)
