"""R3GAN's networks: the published sizes, and what the authors' code computes."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nets import r3gan
from nets.counting import LABELS, outline, zeros

GOLDEN = np.load(Path(__file__).with_name("r3gan.npz"))
CLASSES = {"plain": 0, "classes": 3}
STAGES = (r3gan.Stage(8, 16, 2, 2), r3gan.Stage(8, 16, 2, 1), r3gan.Stage(4, 8, 1, 1))

PAPER = {
    "StackedMNIST": ((768,) * 4, 16, 0, 20_732_160, 20_683_776),
    "CIFAR-10": ((768,) * 4, 16, 10, 20_781_952, 21_280_512),
    "FFHQ-64": ((*(768,) * 4, 384), 16, 0, 22_429_824, 22_381_440),
    "FFHQ-256": ((*(768,) * 4, 384, 192, 96), 16, 0, 23_057_952, 23_009_568),
    "ImageNet-32": ((1536,) * 4, 32, 1000, 82_914_304, 86_548_992),
    "ImageNet-64": ((1536,) * 5, 32, 1000, 103_570_432, 107_205_120),
}


@pytest.mark.parametrize(
    "widths, group, classes, generator, discriminator", PAPER.values(), ids=PAPER
)
def test_networks_have_the_sizes_of_the_paper(widths, group, classes, generator, discriminator):
    stages, label = r3gan.stages(widths, group), [LABELS] if classes else []
    side = 4 * 2 ** (len(widths) - 1)
    count, shape = outline(r3gan.Generator(stages, 3, classes), zeros(64), *label)
    assert (count, shape) == (generator, (2, side, side, 3))
    count, shape = outline(r3gan.Discriminator(stages, classes), zeros(side, side, 3), *label)
    assert (count, shape) == (discriminator, (2,))


def golden(name, player):
    prefix = f"{name}/{player}/"
    names = [key for key in GOLDEN.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): jnp.asarray(GOLDEN[key]) for key in names}


def block(theirs, prefix):
    """A block's parameters, from the authors' layout."""
    first, second, third = (theirs[f"{prefix}.LinearLayer{n}.Layer.weight"] for n in (1, 2, 3))
    return {
        "Dense_0": {"kernel": first[:, :, 0, 0].T},
        "kernel": second.transpose(2, 3, 1, 0),
        "Dense_1": {"kernel": third[:, :, 0, 0].T},
        "bias1": theirs[f"{prefix}.NonLinearity1.Bias"],
        "bias2": theirs[f"{prefix}.NonLinearity2.Bias"],
    }


def one_by_one(theirs, name):
    return {"kernel": theirs[name][:, :, 0, 0].T}


def generator(theirs, labels):
    first = "MainLayers.0.Layers.0"
    params = {
        "basis": theirs[f"{first}.Basis"].transpose(1, 2, 0),
        "latents": {"kernel": theirs[f"{first}.LinearLayer.weight"].T},
        "Block_0": block(theirs, "MainLayers.0.Layers.1"),
        "Block_1": block(theirs, "MainLayers.0.Layers.2"),
        "Block_2": block(theirs, "MainLayers.1.Layers.1"),
        "Dense_0": one_by_one(theirs, "MainLayers.2.Layers.0.LinearLayer.Layer.weight"),
        "Block_3": block(theirs, "MainLayers.2.Layers.1"),
        "colors": one_by_one(theirs, "AggregationLayer.Layer.weight"),
    }
    if labels:
        params["labels"] = {"kernel": theirs["EmbeddingLayer.weight"].T}
    return params


def discriminator(theirs, labels):
    last = "MainLayers.2.Layers.2"
    params = {
        "colors": one_by_one(theirs, "ExtractionLayer.Layer.weight"),
        "Block_0": block(theirs, "MainLayers.0.Layers.0"),
        "Dense_0": one_by_one(theirs, "MainLayers.0.Layers.1.LinearLayer.Layer.weight"),
        "Block_1": block(theirs, "MainLayers.1.Layers.0"),
        "Block_2": block(theirs, "MainLayers.2.Layers.0"),
        "Block_3": block(theirs, "MainLayers.2.Layers.1"),
        "basis": theirs[f"{last}.Basis.weight"][:, 0].transpose(1, 2, 0),
        "logit": {"kernel": theirs[f"{last}.LinearLayer.weight"].T},
    }
    if labels:
        params["labels"] = {"kernel": theirs["EmbeddingLayer.weight"].T}
    return params


def same_shapes(module, params, *args):
    wanted = jax.eval_shape(lambda: module.init(jax.random.key(0), *args, train=False))["params"]
    found = jax.tree.map(lambda leaf: leaf.shape, params)
    assert found == jax.tree.map(lambda leaf: leaf.shape, wanted)


def applied(module, params, *args):
    return jax.jit(partial(module.apply, train=True))({"params": params}, *args)


@pytest.mark.parametrize("name", CLASSES)
def test_images_are_those_of_the_authors_code(name):
    module = r3gan.Generator(STAGES, 3, CLASSES[name])
    label = [jnp.array([2, 0])] if CLASSES[name] else []
    params, latent = generator(golden(name, "g"), label), jnp.asarray(GOLDEN["latent"])
    same_shapes(module, params, latent, *label)
    found = applied(module, params, latent, *label)
    np.testing.assert_allclose(found, GOLDEN[f"{name}/made"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_logits_and_slopes_and_their_gradient_are_those_of_the_authors_code(name):
    module = r3gan.Discriminator(STAGES, CLASSES[name])
    label = [jnp.array([2, 0])] if CLASSES[name] else []
    params, image = discriminator(golden(name, "d"), label), jnp.asarray(GOLDEN["image"])
    same_shapes(module, params, image, *label)

    def logits(params, image):
        return module.apply({"params": params}, image, *label, train=True)

    def penalty(params):
        found, pull = jax.vjp(lambda image: logits(params, image), image)
        slope = pull(jnp.ones_like(found))[0]
        return jnp.square(slope).sum(axis=(1, 2, 3)).mean(), found

    (value, found), grads = jax.jit(jax.value_and_grad(penalty, has_aux=True))(params)
    np.testing.assert_allclose(found, GOLDEN[f"{name}/logits"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(value, GOLDEN[f"{name}/penalty"], rtol=1e-4)
    expected = GOLDEN[f"{name}/of_kernel"].transpose(2, 3, 1, 0)
    found = grads["Block_0"]["kernel"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_a_new_block_is_the_identity_and_its_layers_are_scaled_down():
    module = r3gan.Block(inner=128, groups=4, depth=16)
    x = jax.random.normal(jax.random.key(0), (2, 4, 4, 64))
    found, variables = jax.jit(module.init_with_output)(jax.random.key(1), x)
    np.testing.assert_array_equal(found, x)
    gain = np.sqrt(2 / 1.04) * 16**-0.25
    kernel = np.asarray(variables["params"]["kernel"])
    assert kernel.std() == pytest.approx(gain / np.sqrt(9 * 32), rel=0.05)
    assert np.std(variables["params"]["Dense_0"]["kernel"]) == pytest.approx(gain / 8, rel=0.05)


def test_high_stages_compute_in_bfloat16():
    module = r3gan.Generator(STAGES, 3, dtype=jnp.bfloat16, half=1)
    latent = jnp.asarray(GOLDEN["latent"])
    found = applied(module, generator(golden("plain", "g"), []), latent)
    assert found.dtype == jnp.float32
    error = np.abs(np.asarray(found) - GOLDEN["plain/made"]).max()
    assert 1e-4 < error < 0.05 * np.abs(GOLDEN["plain/made"]).max()
