"""pix2pix's and CycleGAN's networks: the authors' counts, receptive fields and outputs."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nets.cyclegan import Discriminators, Generators, ResNetGenerator, reflected
from jaxgan.nets.pix2pix import PatchDiscriminator, UNet
from jaxgan.types import AXIS
from support.drawn import Drawn, images


def shapes(module, *shape):
    init = functools.partial(module.init, train=False)
    return jax.eval_shape(init, jax.random.key(0), jnp.zeros((1, *shape)))


def count(module, *shape):
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(module, *shape)["params"]))


@pytest.mark.parametrize(
    "module, shape, parameters",
    [
        (UNet(), (256, 256, 3), 54_413_955),
        (UNet(depth=7), (128, 128, 3), 41_828_995),
        (UNet(depth=6), (64, 64, 3), 29_244_035),
        (UNet(width=32, depth=6), (64, 64, 3), 7_314_755),
        (UNet(width=16, depth=5), (32, 32, 3), 1_043_619),
        (UNet(width=16, depth=5, normalization="instance"), (32, 32, 3), 1_043_619),
        (PatchDiscriminator(), (256, 256, 6), 2_768_705),
        (PatchDiscriminator(normalization="instance"), (256, 256, 3), 2_764_737),
        (ResNetGenerator(), (256, 256, 3), 11_378_179),
        (ResNetGenerator(blocks=6), (128, 128, 3), 7_837_699),
    ],
)
def test_parameter_counts_of_the_authors_networks(module, shape, parameters):
    assert count(module, *shape) == parameters


def test_a_patch_of_the_papers_size_and_number():
    logits = jax.eval_shape(
        lambda x: PatchDiscriminator().init_with_output(jax.random.key(0), x, train=False)[0],
        jnp.zeros((2, 256, 256, 6)),
    )
    assert logits.shape == (2, 30, 30)


@pytest.mark.parametrize("layers, field", [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286)])
def test_a_logit_sees_a_patch_of_the_published_size(layers, field):
    """The support of one logit's gradient."""
    # Random weights and a leak: no gradient is zero by accident.
    module, side = PatchDiscriminator(width=2, layers=layers), 128 if field < 100 else 448
    variables = drawn_variables(module, side, side, 1)

    @jax.jit
    @jax.grad
    def gradient(image):
        logits = module.apply(variables, image, train=False)
        return logits[0, logits.shape[1] // 2, logits.shape[2] // 2]

    seen = np.argwhere(np.asarray(gradient(images(1, 1, side, side, 1)))[0, :, :, 0])
    assert (seen.max(0) - seen.min(0) + 1).tolist() == [field, field]


def test_reflection_does_not_repeat_the_edge():
    row = np.asarray(reflected(jnp.arange(4.0).reshape(1, 1, 4, 1).repeat(4, 1), 2))[0, 2, :, 0]
    assert row.tolist() == [2, 1, 0, 1, 2, 3, 2, 1]


GOLDEN = np.load(Path(__file__).parent / "translation.npz")
"""Outputs of the authors' PyTorch code: ``translation_golden.py`` wrote them."""

NETWORKS = {
    "unet": (UNet(width=4, depth=5, dropout=0.0), (2, 32, 32, 3)),
    "patches": (PatchDiscriminator(width=4, layers=2), (2, 32, 32, 6)),
    "instances": (PatchDiscriminator(width=4, normalization="instance"), (2, 32, 32, 3)),
    "pixels": (PatchDiscriminator(width=4, layers=0), (2, 8, 8, 6)),
    "resnet": (ResNetGenerator(width=4, blocks=2), (2, 16, 16, 3)),
}


def filled(module, *shape):
    """The module's parameters, as ``translation_golden.fill`` fills PyTorch's."""
    params, drawn = shapes(module, *shape)["params"], Drawn(0)

    def layers(*kinds):
        """Names of these layers, in the order of their calls."""
        names = [name for name in params if name.partition("_")[0] in kinds]
        return sorted(names, key=lambda name: int(name.rpartition("_")[2]))

    found = {}
    for name in layers("Conv", "ValidConv"):
        height, width, inputs, outputs = params[name]["kernel"].shape
        kernel = drawn.kernel(outputs, inputs, height, width).transpose(2, 3, 1, 0)
        found[name] = {"kernel": kernel} | biases(params[name], drawn)
    for name in layers("ConvTranspose", "Doubling"):
        height, width, outputs, inputs = params[name]["kernel"].shape
        kernel = drawn.kernel(inputs, outputs, height, width).transpose(2, 3, 1, 0)
        found[name] = {"kernel": kernel} | biases(params[name], drawn)
    for name in layers("BatchNorm"):
        features = params[name]["scale"].shape[0]
        found[name] = {"scale": drawn.gain(features), "bias": drawn.bias(features)}
    assert found.keys() == params.keys()
    return jax.tree.map(jnp.asarray, found)


def biases(layer, drawn):
    return {"bias": drawn.bias(layer["bias"].shape[0])} if "bias" in layer else {}


def drawn_variables(module, *shape):
    """They, and moments of one."""
    moments = shapes(module, *shape).get("batch_stats", {})
    moments = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), moments)
    return {"params": filled(module, *shape), "batch_stats": moments}


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_those_of_the_authors_code(name):
    """In training mode: batch normalization takes its moments of the batch, as in their tests."""
    module, shape = NETWORKS[name]
    variables = drawn_variables(module, *shape[1:])

    @jax.jit
    @functools.partial(jax.vmap, axis_name=AXIS)
    def run(x):
        return module.apply(variables, x, train=True, mutable=["batch_stats"])[0]

    (found,) = run(images(1, *shape)[None])
    np.testing.assert_allclose(
        found.reshape(GOLDEN[name].shape), GOLDEN[name], rtol=2e-4, atol=2e-5
    )


def test_a_unet_of_instances_computes_what_batches_of_one_do():
    """With the same parameters: gains and biases stay, whatever the moments are of."""
    options = dict(channels=1, width=4, depth=3, dropout=0.0)
    batches, instances = UNet(**options), UNet(**options, normalization="instance")
    x = jnp.asarray(images(2, 3, 8, 8, 1))
    variables = drawn_variables(batches, 8, 8, 1)
    params = {
        name.replace("BatchNorm", "InstanceNorm"): value
        for name, value in variables["params"].items()
    }
    wanted = shapes(instances, 8, 8, 1)["params"]
    assert jax.tree.map(jnp.shape, wanted) == jax.tree.map(jnp.shape, params)

    @jax.jit
    def alone(image):
        def run(one):
            return batches.apply(variables, one, train=True, mutable=["batch_stats"])[0]

        return jax.vmap(run, axis_name=AXIS)(image[None, None])[0, 0]

    expected = np.stack([alone(image) for image in x])
    for train in (True, False):
        found = jax.jit(functools.partial(instances.apply, train=train))({"params": params}, x)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_player_of_two_networks_gives_each_its_images():
    """Of different channels: the networks could not be exchanged."""
    a, b = jnp.asarray(images(3, 1, 16, 16, 1)), jnp.asarray(images(4, 1, 16, 16, 2))
    both = Generators(ResNetGenerator(2, 4, 1), ResNetGenerator(1, 4, 1))

    @jax.jit
    def made():
        variables = both.init(jax.random.key(0), a, b, train=False)
        apply = functools.partial(both.apply, variables, train=False)
        return (
            apply(a, b),
            (apply(a, method="translate"), apply(b, method="translate_back")),
        )

    (fake_b, fake_a), alone = made()
    assert (fake_b.shape, fake_a.shape) == (b.shape, a.shape)
    for found, expected in zip(alone, (fake_b, fake_a), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    judges = Discriminators(PatchDiscriminator(4, 1), PatchDiscriminator(4, 1))
    judged = functools.partial(judges.init_with_output, train=False)
    logits, _ = jax.eval_shape(judged, jax.random.key(0), b, a)
    assert [one.shape for one in logits] == [(1, 6, 6), (1, 6, 6)]
