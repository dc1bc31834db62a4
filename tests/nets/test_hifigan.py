"""HiFi-GAN's networks: the authors' counts, and what their PyTorch code computes."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.nets import hifigan
from jaxgan.nn import spectral
from nets.counting import outline, zeros
from support.drawn import Drawn, images

MEL, SOUND = zeros(32, 80), zeros(8192)


def applied(module, params, x):
    return jax.jit(partial(module.apply, train=True))({"params": params}, x)


def shapes(module, x):
    return jax.eval_shape(partial(module.init, train=False), jax.random.key(0), x)["params"]


@pytest.mark.parametrize(
    "version, parameters, gains",
    [
        (hifigan.V1, 13_926_017, 10_113),
        (hifigan.V2, 925_985, 2529),
        (hifigan.V3, 1_462_273, 2049),
    ],
)
def test_parameter_counts_of_the_authors_generators(version, parameters, gains):
    """The paper counts them without the gains of weight normalization."""
    module = hifigan.Generator(**version)
    output, variables = jax.eval_shape(
        partial(module.init_with_output, train=False), jax.random.key(0), MEL
    )
    sizes = [
        (path[-1].key == "gain", leaf.size)
        for path, leaf in jax.tree_util.tree_leaves_with_path(variables["params"])
    ]
    assert output.shape == (2, 8192)
    assert sum(size for gain, size in sizes if gain) == gains
    assert sum(size for gain, size in sizes if not gain) == parameters


def test_parameter_counts_of_the_authors_discriminators():
    periods, (logits, features) = outline(hifigan.Discriminators(scales=0), SOUND)
    assert periods == 41_105_770
    assert logits == tuple((2, size) for size in (102, 102, 105, 105, 110))
    assert [len(one) for one in features] == [6] * 5
    scales, (logits, features) = outline(hifigan.Discriminators(periods=()), SOUND)
    assert scales == 29_618_821
    assert logits == ((2, 128), (2, 65), (2, 33))
    assert [len(one) for one in features] == [8] * 3


def test_the_first_scale_is_the_one_that_is_normalized_spectrally():
    params = shapes(hifigan.Discriminators((2,), 2, 64), SOUND)
    ones = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), params)
    found = spectral.vectors(jax.random.key(0), ones, hifigan.first_scale)
    kernels = [f"scale_0/{name}/kernel" for name in params["scale_0"]]
    assert sorted(found) == sorted(kernels)
    # Every kernel is normalized in one of both ways.
    for name, network in params.items():
        assert all(("gain" in layer) == (name != "scale_0") for layer in network.values())


GOLDEN = np.load(Path(__file__).parent / "hifigan.npz")
"""Outputs of the authors' PyTorch code: ``hifigan_golden.py`` wrote them."""


def calls(params, kind):
    """The names of this kind of layer, in the order of their calls."""
    names = [name for name in params if name.rpartition("_")[0] == kind]
    return sorted(names, key=lambda name: int(name.rpartition("_")[2]))


def generator_layers(params, blocks, dilations, paired):
    """Its layers as PyTorch lists them: upsamplings, then blocks, the dilated layers first."""
    first, *rest, last = calls(params, "SequenceConv")
    of_block = dilations * (2 if paired else 1)
    ordered = []
    for at in range(0, blocks * of_block, of_block):
        block = rest[at : at + of_block]
        ordered += block[::2] + block[1::2] if paired else block
    assert len(ordered) == len(rest)
    return [first, *calls(params, "SequenceConvTranspose"), *ordered, last]


def filled(layers, drawn):
    """Parameters of named layers, as ``hifigan_golden.fill`` fills PyTorch's."""
    found = {}
    for name, layer in layers:
        taps, inputs, outputs = layer["kernel"].shape
        if "Transpose" in name:
            kernel = drawn.kernel(inputs, outputs, taps).transpose(2, 0, 1)
        else:
            kernel = drawn.kernel(outputs, inputs, taps).transpose(2, 1, 0)
        gain = {"gain": drawn.gain(layer["gain"].shape[0])} if "gain" in layer else {}
        found[name] = {"kernel": kernel, **gain, "bias": drawn.bias(layer["bias"].shape[0])}
    return jax.tree.map(jnp.asarray, found)


@pytest.mark.parametrize(
    "name, taps, dilations",
    [("paired", (3, 5), ((1, 3, 5), (1, 3, 5))), ("single", (3, 7), ((1, 2), (3, 12)))],
)
def test_sounds_are_those_of_the_authors_code(name, taps, dilations):
    paired = name == "paired"
    module = hifigan.Generator(8, (4, 2), taps, dilations, paired)
    mel = jnp.asarray(images(1, 2, 80, 12).swapaxes(1, 2))
    params = shapes(module, mel)
    names = generator_layers(params, 4, len(dilations[0]), paired)
    values = filled([(name, params[name]) for name in names], Drawn(0))
    found = applied(module, values, mel)
    np.testing.assert_allclose(found, GOLDEN[name], rtol=1e-4, atol=1e-6)


def sounds():
    """Of 300 samples, which no period and no scale divides."""
    return jnp.asarray(images(2, 2, 1, 300)[:, 0])


@pytest.mark.parametrize("period", [2, 7])
def test_periods_are_judged_as_by_the_authors_code(period):
    module = hifigan.PeriodDiscriminator(period, 32)
    params = shapes(module, sounds())
    values = filled([(name, params[name]) for name in calls(params, "SequenceConv")], Drawn(0))
    logits, features = applied(module, values, sounds())
    # Here the values of one phase of the period lie side by side, there those of one time.
    found = logits.reshape(2, period, -1).swapaxes(1, 2).reshape(2, -1)
    np.testing.assert_allclose(found, GOLDEN[f"period {period}"], rtol=1e-4, atol=1e-6)
    wanted = GOLDEN[f"features of period {period}"].transpose(0, 3, 2, 1)
    np.testing.assert_allclose(features[1], wanted, rtol=1e-4, atol=1e-6)


def test_scales_are_judged_as_by_the_authors_code():
    drawn, x = Drawn(0), sounds()
    for scale in range(3):
        module = hifigan.ScaleDiscriminator(divisor=32)
        x = hifigan.halved(x) if scale else x
        params = shapes(module, x)
        values = filled([(name, params[name]) for name in calls(params, "SequenceConv")], drawn)
        logits, _ = applied(module, values, x)
        np.testing.assert_allclose(logits, GOLDEN[f"scale {scale}"], rtol=1e-4, atol=1e-6)


def test_gains_begin_as_norms_so_that_the_first_kernels_are_those_that_were_drawn():
    options = dict(width=4, rates=(2,), kernels=(3,), dilations=((1,),))
    mel = jnp.asarray(images(1, 2, 5, 3))
    normed, plain = (hifigan.Generator(**options, weight_norm=on) for on in (True, False))
    variables = jax.jit(partial(normed.init, train=False))(jax.random.key(0), mel)
    kernels = {
        name: {key: value for key, value in layer.items() if key != "gain"}
        for name, layer in variables["params"].items()
    }
    found = applied(normed, variables["params"], mel)
    np.testing.assert_allclose(found, applied(plain, kernels, mel), atol=1e-6)


def test_a_width_that_is_not_halved_is_refused():
    with pytest.raises(UserError, match="--width 12: is not halved 3 times"):
        outline(hifigan.Generator(12, (2, 2, 2)), MEL)
