"""Every product of every extractor asks for full float32: on an accelerator the default is less."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxgan.metrics.extractors import dino_vit, efficientnet_lite0, inception
from jaxgan.metrics.extractors.classifier import SmallClassifier
from jaxgan.metrics.extractors.resize import tf1_bilinear

PRODUCTS = ("dot_general", "conv_general_dilated")


def products(jaxpr):
    """The precision of every product in a program, and in those that it calls."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in PRODUCTS:
            yield equation.params["precision"]
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else [value]:
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from products(inner)


def shapes(tree):
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), jnp.float32), tree)


def small():
    network = SmallClassifier(10)
    images = jnp.zeros((1, 28, 28, 1), jnp.uint8)
    return network.apply, network.init(jax.random.key(0), images), images


def lite0():
    variables = efficientnet_lite0.efficientnet_lite0(64).variables
    return efficientnet_lite0.network, variables, jnp.zeros((1, 64, 64, 3))


def fid():
    tensors = {name: np.zeros(shape) for name, shape in inception.state_dict_shapes().items()}
    variables = inception.variables_of(tensors)
    apply = lambda variables, x: inception.inception_features(variables, x, tf1_bilinear)  # noqa: E731
    return apply, variables, jnp.zeros((1, 32, 32, 3))


def dinov2():
    architecture = dino_vit.Architecture(width=48, depth=2, heads=3)
    tensors = {
        name: np.zeros(shape) for name, shape in dino_vit.state_dict_shapes(architecture).items()
    }
    variables = dino_vit.variables_of(tensors, 16)
    apply = lambda variables, x: dino_vit.network(variables, x, 3)  # noqa: E731
    return apply, variables, jnp.zeros((1, 224, 224, 3))


@pytest.mark.parametrize("network", [small, lite0, fid, dinov2])
def test_every_product_is_of_the_highest_precision(network):
    apply, variables, images = network()
    found = list(products(jax.make_jaxpr(apply)(variables, images).jaxpr))
    assert len(found) >= 4
    highest = lax.Precision.HIGHEST
    assert all(precision in (highest, (highest, highest)) for precision in found), found
