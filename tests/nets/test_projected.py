"""Projected GAN: its layers against the authors' code, its frozen features, its generator."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.metrics.extractors import efficientnet_lite0
from jaxgan.nets import fastgan, projected
from jaxgan.nn import spectral
from nets.counting import outline, zeros

GOLDEN = np.load(Path(__file__).with_name("projected.npz"))
WIDTH = 2


def kernel(name):
    """A convolution's, ``[h, w, i, o]``, and its vector."""
    return GOLDEN[f"{name}.weight_orig"].transpose(2, 3, 1, 0), GOLDEN[f"{name}.weight_u"]


def conv(name, bias=False):
    weights = {"kernel": kernel(name)[0]}
    return weights | {"bias": GOLDEN[f"{name}.bias"]} if bias else weights


def norm(name):
    return {"scale": GOLDEN[f"{name}.weight"], "bias": GOLDEN[f"{name}.bias"]}


def normalized(params, vectors):
    """The kernels as the first forward pass of a training has them."""
    us = {f"{path}/kernel": GOLDEN[f"{name}.weight_u"] for path, name in vectors.items()}
    found = {"/".join(str(one.key) for one in path) for path, _ in leaves(params)}
    assert found.issuperset(us)
    return jax.jit(spectral.normalize)(params, us)[0]


def leaves(tree):
    return jax.tree_util.tree_flatten_with_path(tree)[0]


def trained(module, params, x):
    """The output with the moments of the batch."""
    stats = jax.eval_shape(partial(module.init, train=False), jax.random.key(0), x)["batch_stats"]
    stats = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), stats)
    run = partial(module.apply, train=True, mutable=["batch_stats"])
    alone = jax.vmap(
        lambda x: run({"params": params, "batch_stats": stats}, x)[0], axis_name="data"
    )
    return jax.jit(alone)(x[None])[0]


SIDES = (8, 16, 32, 64, 128)


def test_the_generator_is_that_of_the_authors():
    params = {
        "First_0": {"kernel": GOLDEN["g/init.init.0.weight_orig"].transpose(2, 3, 0, 1)},
        "BatchNorm_0": norm("g/init.init.1"),
        "Conv_5": conv("g/to_big", bias=True),
    }
    vectors = {"First_0": "g/init.init.0", "Conv_5": "g/to_big"}
    for number, side in enumerate(SIDES):
        params |= {
            f"Conv_{number}": conv(f"g/feat_{side}.1"),
            f"BatchNorm_{number + 1}": norm(f"g/feat_{side}.2"),
        }
        vectors[f"Conv_{number}"] = f"g/feat_{side}.1"
    for number, side in enumerate((64, 128)):
        name = f"g/se_{side}.main"
        params[f"Excitation_{number}"] = {
            "ValidConv_0": conv(f"{name}.1"),
            "Conv_0": conv(f"{name}.3"),
        }
        vectors |= {
            f"Excitation_{number}/ValidConv_0": f"{name}.1",
            f"Excitation_{number}/Conv_0": f"{name}.3",
        }
    module = fastgan.Generator(128, 3, WIDTH)
    made = trained(module, normalized(params, vectors), jnp.asarray(GOLDEN["latent"]))
    np.testing.assert_allclose(made[:, ::8, ::8], GOLDEN["made"], rtol=1e-4, atol=1e-5)


def test_a_judge_is_that_of_the_authors():
    params = {
        "Conv_0": conv("d/0.main.0", bias=True),
        "BatchNorm_0": norm("d/0.main.1"),
        "Conv_1": conv("d/1.main.0", bias=True),
        "BatchNorm_1": norm("d/1.main.1"),
        "ValidConv_0": conv("d/2"),
    }
    vectors = {"Conv_0": "d/0.main.0", "Conv_1": "d/1.main.0", "ValidConv_0": "d/2"}
    logits = trained(
        projected.Judge(2, WIDTH), normalized(params, vectors), jnp.asarray(GOLDEN["features"])
    )
    np.testing.assert_allclose(logits, GOLDEN["logits"].reshape(2, 4), rtol=1e-4, atol=1e-5)


def test_a_separable_judge_is_convolutions_in_each_channel_and_across_them():
    module = projected.Judge(1, 1, separable=True)
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 3))
    variables = module.init(jax.random.key(1), x, train=False)
    params = variables["params"]
    kernel = params["SeparableConv_0"]["kernel"]
    assert kernel.shape == (3, 3, 1, 3)
    dims = ("NHWC", "HWIO", "NHWC")
    y = jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=dims, feature_group_count=3
    )
    y = jnp.einsum("bhwi,io->bhwo", y, params["SeparableConv_0"]["Conv_0"]["kernel"][0, 0])
    assert y.shape[-1] == 8  # of the coarsest scale
    y = (y - y.mean((0, 1, 2))) / jnp.sqrt(y.var((0, 1, 2)) + 1e-5)
    y = jnp.maximum(y, 0.2 * y).reshape(2, 4, 2, 4, 2, 8).mean((2, 4))
    expected = jnp.einsum("bhwc,hwco->bo", y, params["ValidConv_0"]["kernel"])
    np.testing.assert_allclose(trained(module, params, x), expected, rtol=1e-4, atol=1e-5)


def test_mixing_is_that_of_the_authors():
    def weights(name):
        return {
            "kernel": GOLDEN[f"mix/{name}.weight"][:, :, 0, 0].T,
            "bias": GOLDEN[f"mix/{name}.bias"],
        }

    arrays = {
        "channels": [weights(f"layer{n}_ccm") for n in range(4)],
        "scales": [weights(f"layer{n}_csm.out_conv") for n in range(4)],
    }
    mixed = jax.jit(projected.mix)(arrays, [jnp.asarray(GOLDEN[f"level{n}"]) for n in range(4)])
    for n, one in enumerate(mixed):
        np.testing.assert_allclose(one, GOLDEN[f"mixed{n}"], rtol=1e-4, atol=1e-5)


def test_doubling_keeps_the_corners():
    x = jnp.arange(3.0).reshape(1, 3, 1, 1) * jnp.ones((1, 3, 2, 1))
    np.testing.assert_allclose(projected.doubled(x)[0, :, 0, 0], np.linspace(0, 2, 6), atol=1e-6)


def test_the_shapes_of_mixing_are_those_of_the_features():
    arrays = projected.mixing(3, WIDTH)
    shapes = [one["kernel"].shape for one in arrays["channels"]]
    assert shapes == [(24, 2), (40, 4), (112, 8), (320, 16)]
    assert [one["kernel"].shape for one in arrays["scales"]] == [(2, 2), (4, 2), (8, 4), (16, 8)]
    again, other = projected.mixing(3, WIDTH), projected.mixing(4, WIDTH)
    assert np.array_equal(arrays["scales"][0]["bias"], again["scales"][0]["bias"])
    assert not np.array_equal(arrays["scales"][0]["bias"], other["scales"][0]["bias"])


@pytest.mark.parametrize(
    "module, shape, parameters, output",
    [
        (fastgan.Generator(), (256,), 79_354_307, (2, 256, 256, 3)),
        (projected.Discriminator(), (64, 64, 3), 10_331_328, (2, 64)),
        (projected.Discriminator(), (256, 256, 3), 10_331_328, (2, 100)),
    ],
)
def test_parameter_counts(module, shape, parameters, output):
    assert outline(module, zeros(*shape)) == (parameters, output)


def test_the_discriminator_sees_features_of_the_whole_image():
    """Levels of the extractor, and logits that change with a pixel."""
    variables = efficientnet_lite0.efficientnet_lite0().variables
    image = jax.random.uniform(jax.random.key(0), (1, 128, 128, 3), minval=-1.0)
    found = jax.jit(efficientnet_lite0.levels)(variables, image)
    assert [x.shape[1:] for x in found] == [
        (32, 32, 24), (16, 16, 40), (8, 8, 112), (4, 4, 320),
    ]  # fmt: skip
    module = projected.Discriminator(128, WIDTH)
    small = jax.random.uniform(jax.random.key(1), (2, 16, 16, 1), minval=-1.0)
    state = jax.jit(partial(module.init, train=False))(jax.random.key(0), small)
    assert "frozen" not in state
    state["frozen"] = {"projection": {"network": variables, **projected.mixing(0, WIDTH)}}
    judge = jax.jit(partial(module.apply, train=False))
    logits = judge(state, small)
    assert logits.shape == (2, 4)
    assert np.abs(judge(state, small.at[0, 3, 3].add(1.0)) - logits)[0].min() > 0
