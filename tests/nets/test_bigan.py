"""Values of BiGAN's networks, recomputed in NumPy from gan.py, net.py and dist.py of its code."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nets import bigan
from jaxgan.types import AXIS

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(size=(6, 4, 4, 1)).astype(np.float32)
LATENTS = RANDOM.uniform(-1, 1, size=(6, 3)).astype(np.float32)

ENCODERS = [bigan.DenseEncoder(3, 8), bigan.ConvEncoder(3, 2)]
DISCRIMINATORS = [bigan.DenseDiscriminator(8), bigan.ConvDiscriminator(2)]


def start(network, *inputs):
    return jax.jit(partial(network.init, train=False))(jax.random.key(0), *inputs)


def kernels(variables):
    """The dense kernels in the order of the layers, in float64."""
    layers = variables["params"]
    return [np.float64(layers[f"Dense_{n}"]["kernel"]) for n in range(len(layers))]


def in_training(network, variables, *inputs):
    """The output under the batch's own moments, on one device."""

    def apply(*own):
        return network.apply(variables, *own, train=True, mutable=["batch_stats"])[0]

    return jax.jit(jax.vmap(apply, axis_name=AXIS))(*(x[None] for x in inputs))[0]


def normalized(x):
    """Batch normalization without gain and bias; the epsilon of net.py's BatchNorm."""
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-8)


def leaky(x):
    return np.maximum(x, 0.2 * x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_encoder_maps_its_logits_into_the_range_of_the_latents():
    """dist.py, ``logits_to_recon`` of a uniform distribution on [-1, 1]: 2 sigmoid(.) - 1."""
    encoder = ENCODERS[0]
    variables = start(encoder, IMAGES)
    first, second, last = kernels(variables)
    hidden = leaky(np.float64(IMAGES).reshape(6, -1) @ first)
    logits = leaky(normalized(hidden @ second)) @ last
    expected = 2 * sigmoid(logits) - 1
    np.testing.assert_allclose(in_training(encoder, variables, IMAGES), expected, atol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_codes_of_large_weights_stay_where_the_latents_are(encoder):
    """Otherwise their support alone would tell real pairs from fake ones."""
    variables = jax.tree.map(lambda leaf: 30 * leaf, start(encoder, IMAGES))
    codes = in_training(encoder, variables, IMAGES)
    assert np.abs(codes).max() < 1
    assert np.abs(codes).max() > 0.3


def test_the_generator_sees_the_latent_twice_and_answers_in_the_unit_interval():
    """net.py, deconvnet_mnist_mlp."""
    generator = bigan.DenseGenerator((4, 4, 1), 8)
    variables = start(generator, LATENTS)
    first, second, again, last = kernels(variables)
    z = np.float64(LATENTS)
    hidden = np.maximum(normalized(z @ first), 0)
    hidden = np.maximum(normalized(hidden @ second + z @ again), 0)
    expected = sigmoid(hidden @ last).reshape(6, 4, 4, 1)
    np.testing.assert_allclose(in_training(generator, variables, LATENTS), expected, atol=1e-5)


@pytest.mark.parametrize("discriminator", DISCRIMINATORS)
def test_the_discriminator_begins_undecided(discriminator):
    """gan.py, LinearPredictor: the kernel of the logit starts at 0, every other one does not."""
    variables = start(discriminator, IMAGES, LATENTS)
    logits = in_training(discriminator, variables, IMAGES, LATENTS)
    np.testing.assert_array_equal(logits, np.zeros(6, np.float32))
    leaves = jax.tree.leaves(variables["params"])
    assert sorted(leaf.shape[-1] for leaf in leaves if not np.any(leaf)) == [1]


def test_the_discriminators_second_layer_sees_the_latent():
    """net.py, mnist_mlp with a condition; with a last kernel that is not 0."""
    discriminator = DISCRIMINATORS[0]
    variables = start(discriminator, IMAGES, LATENTS)
    first, second, condition, last = kernels(variables)
    last = np.linspace(-1, 1, len(last))[:, None]
    variables["params"]["Dense_3"]["kernel"] = jnp.asarray(last, jnp.float32)
    hidden = leaky(np.float64(IMAGES).reshape(6, -1) @ first)
    hidden = leaky(normalized(hidden @ second + np.float64(LATENTS) @ condition))
    logits = in_training(discriminator, variables, IMAGES, LATENTS)
    np.testing.assert_allclose(logits, (hidden @ last)[:, 0], rtol=1e-4, atol=1e-5)
