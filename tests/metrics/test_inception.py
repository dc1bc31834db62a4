"""The FID's network against torch-fidelity, at random weights."""

import functools

import flax.linen as nn
import jax
import numpy as np
import pytest

from jaxgan.metrics.extractors import inception
from jaxgan.metrics.extractors.inception import inception_features, state_dict_shapes, variables_of
from jaxgan.metrics.extractors.resize import tf1_bilinear

TOLERANCE = 1e-4
LAYERS = ("64", "192", "768", "2048", "logits_unbiased", "logits")


@pytest.fixture(scope="module")
def variables(inception_tensors):
    return variables_of(inception_tensors)


def errors(variables, golden, resize=tf1_bilinear):
    run = jax.jit(functools.partial(inception_features, resize=resize))
    found = run(variables, golden["images"])
    return {layer: np.abs(found[layer] - golden[f"f_{layer}"]).max() for layer in LAYERS}


def test_its_tensors_are_those_of_the_port(inception_tensors):
    assert {name: x.shape for name, x in inception_tensors.items()} == state_dict_shapes()
    assert sum(x.size for x in inception_tensors.values()) == pytest.approx(23.85e6, rel=1e-2)


def test_every_layer_agrees_with_torch_fidelity(variables, inception_golden):
    found = errors(variables, inception_golden)
    assert max(found.values()) < TOLERANCE / 10, found


def half_pixel(images, size):
    shape = (images.shape[0], size, size, 3)
    return jax.image.resize(images, shape, "linear", antialias=False)


CONTROLS = {
    # what is dropped: (the name of its place, what stands there instead, the least error)
    "padding left out of means": (
        "mean_pool",
        lambda x: nn.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=True),
        0.05,
    ),
    "maximum in the last block": (
        "max_pool_same",
        lambda x: nn.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=False),
        0.2,
    ),
    "epsilon of batch norm": ("EPSILON", 1e-5, 0.01),
}


@pytest.mark.slow
@pytest.mark.parametrize("quirk", CONTROLS)
def test_dropping_a_quirk_shows(monkeypatch, variables, inception_golden, quirk):
    place, instead, least = CONTROLS[quirk]
    monkeypatch.setattr(inception, place, instead)
    assert errors(variables, inception_golden)["2048"] > least > TOLERANCE


@pytest.mark.slow
def test_a_mean_in_the_block_before_shows_too(monkeypatch, variables, inception_golden):
    """Mixed_7b pools by mean although Mixed_7c does not."""
    block = functools.partial(inception.BlockE, inception.max_pool_same)
    monkeypatch.setattr(inception, "BlockE", lambda _, name: block(name=name))
    assert errors(variables, inception_golden)["2048"] > 0.1


def test_another_resize_shows(variables, inception_golden):
    assert errors(variables, inception_golden, half_pixel)["2048"] > 0.02


def test_another_scale_shows(variables, inception_golden):
    """x/127.5 - 1 instead of (x - 128)/128."""

    def scaled(images, size):
        return (tf1_bilinear(images, size) / 127.5 - 1) * 128 + 128

    assert errors(variables, inception_golden, scaled)["2048"] > 0.003
