"""StyleGAN2's networks: the published sizes, and what the authors' code computes."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import penalties
from jaxgan.errors import UserError
from jaxgan.nets import stylegan2
from jaxgan.rng import Rng
from jaxgan.types import Mixing
from nets.counting import outline, zeros
from support.outputs import alone, drawn, judged

GOLDEN = np.load(Path(__file__).with_name("stylegan2.npz"))
CLASSES = {"plain": 0, "classes": 3}
WIDTHS = stylegan2.widths(16, 64, 6)
LATENTS = jnp.asarray(GOLDEN["latents"])
IMAGE = jnp.asarray(GOLDEN["image"].transpose(0, 2, 3, 1))
LABEL = jnp.array([2, 0, 1, 2])
GENERATORS = [pytest.param("plain", marks=pytest.mark.slow), "classes"]

AUTO = {32: (19_947_539, 21_507_073), 64: (22_243_608, 23_407_361), 128: (22_949_277, 23_882_369)}
"""Parameters of both players, of the authors' configuration ``auto``."""


@pytest.mark.parametrize("side", AUTO)
def test_networks_have_the_sizes_of_the_authors(side):
    """Those of the experiment's presets are in ``test_stylegan2_ada``."""
    widths, (generator, discriminator) = stylegan2.widths(side, 16_384), AUTO[side]
    g, d = stylegan2.Generator(widths, depth=2), stylegan2.Discriminator(widths)
    assert outline(g, zeros(512)) == (generator, (2, side, side, 3))
    assert outline(d, zeros(side, side, 3)) == (discriminator, (2,))


def test_sides_are_powers_of_two():
    assert [stylegan2.layers(side) for side in (32, 64, 256, 1024)] == [8, 10, 14, 18]
    for side in (4, 28, 48):
        with pytest.raises(UserError, match=f"not of {side}; give a --resolution"):
            stylegan2.sides(side)


def test_half_precision_begins_above_four_pixels():
    def dtypes(half):
        return [stylegan2.at_highest("half", half, side, 32) for side in (4, 8, 16, 32)]

    single = jnp.float32
    assert dtypes(4) == dtypes(3) == [single, "half", "half", "half"]
    assert dtypes(1) == [single, single, single, "half"]
    assert dtypes(0) == [single] * 4


def golden(name, player):
    prefix = f"{name}/{player}/"
    names = [key for key in GOLDEN.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): jnp.asarray(GOLDEN[key]) for key in names}


def kernel(theirs):
    """Of a convolution, from ``[o, i, h, w]``."""
    return theirs.transpose(2, 3, 1, 0)


def scaled(theirs, name, turned=kernel):
    """The kernel of a layer, and its bias if it has one."""
    found = {"kernel": turned(theirs[f"{name}.weight"])}
    bias = theirs.get(f"{name}.bias")
    return found if bias is None else found | {"bias": bias}


def dense(theirs, name):
    return scaled(theirs, name, jnp.transpose)


def mapping(theirs, depth):
    found = {f"EqualizedDense_{n}": dense(theirs, f"mapping.fc{n}") for n in range(depth)}
    if "mapping.embed.weight" in theirs:
        found["labels"] = dense(theirs, "mapping.embed")
    return found


def modulated(theirs, name):
    return {
        "kernel": kernel(theirs[f"{name}.weight"]),
        "scales": dense(theirs, f"{name}.affine"),
    }


LAYERS = ("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1")


def generator(name):
    """A generator's variables."""
    theirs = golden(name, "g")
    synthesis = {"constant": theirs["synthesis.b4.const"].transpose(1, 2, 0)}
    noise = [theirs[f"synthesis.{layer}.noise_const"].ravel() for layer in LAYERS]
    for number, layer in enumerate(f"synthesis.{layer}" for layer in LAYERS):
        synthesis[f"Layer_{number}"] = {
            "ModulatedConv_0": modulated(theirs, layer),
            "strength": theirs[f"{layer}.noise_strength"],
            "bias": theirs[f"{layer}.bias"],
        }
    for number, side in enumerate((4, 8, 16)):
        synthesis[f"ModulatedConv_{number}"] = modulated(theirs, f"synthesis.b{side}.torgb")
        synthesis[f"bias{number}"] = theirs[f"synthesis.b{side}.torgb.bias"]
    return {
        "params": {"mapping": mapping(theirs, 2), "synthesis": synthesis},
        "noise": {"synthesis": {"PixelNoise_0": {"fixed": jnp.concatenate(noise)}}},
        "average": {"mean": theirs["mapping.w_avg"]},
    }


def discriminator(name):
    """A discriminator's parameters."""
    theirs = golden(name, "d")
    features = theirs["b4.fc.weight"].reshape(6, 6, 4, 4).transpose(2, 3, 1, 0).reshape(96, 6)
    found = {
        "colors": scaled(theirs, "b16.fromrgb"),
        "last": scaled(theirs, "b4.conv"),
        "features": {"kernel": features, "bias": theirs["b4.fc.bias"]},
        "logit": dense(theirs, "b4.out"),
    }
    for number, side in enumerate((16, 8)):
        names = [f"b{side}.{layer}" for layer in ("conv0", "conv1", "skip")]
        layers = [name for name in names if f"{name}.weight" in theirs]
        found[f"Block_{number}"] = {
            f"EqualizedConv_{n}": scaled(theirs, layer) for n, layer in enumerate(layers)
        }
    return found | ({"mapping": mapping(theirs, 8)} if CLASSES[name] else {})


def same_shapes(module, variables, *args):
    wanted = jax.eval_shape(lambda: module.init(jax.random.key(0), *args, train=False))
    found = jax.tree.map(lambda leaf: leaf.shape, variables)
    assert found == jax.tree.map(lambda leaf: leaf.shape, wanted)


def close(found, name, rtol=1e-4):
    """Relative to the largest."""
    expected = GOLDEN[name]
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


def pictures(images):
    """In the authors' layout."""
    return jnp.transpose(images, (0, 3, 1, 2))


def authors(name):
    return stylegan2.Generator(WIDTHS, 3, 6, 2, CLASSES[name])


@pytest.mark.parametrize("name", GENERATORS)
def test_styles_and_images_are_those_of_the_authors_code(name):
    module, variables = authors(name), generator(name)
    label = LABEL[:2] if CLASSES[name] else None
    same_shapes(module, variables, LATENTS[0], label)

    @jax.jit
    def everything():
        def styles(**more):
            return module.apply(variables, LATENTS[0], label, method="styles", **more)

        def image(*more):
            return pictures(module.apply(variables, LATENTS[0], label, *more, train=False))

        mixing = Mixing(LATENTS[1], jnp.array([3, 3]))
        return styles(), styles(psi=0.7, cutoff=2), image(), image(mixing)

    found = everything()
    for array, what in zip(found, ("styles", "truncated", "made", "mixed"), strict=True):
        close(array, f"{name}/{what}")


@pytest.mark.parametrize("name", GENERATORS)
def test_the_path_length_penalty_is_that_of_the_authors_code(name, monkeypatch):
    module, variables = authors(name), generator(name)
    label = LABEL[:2] if CLASSES[name] else None
    y = jnp.asarray(GOLDEN[f"{name}/y"].transpose(0, 2, 3, 1))
    monkeypatch.setattr(Rng, "normal", lambda self, shape: y)
    silent = jax.tree_util.tree_map_with_path(
        lambda path, leaf: 0.0 * leaf if path[-1].key == "strength" else leaf, variables["params"]
    )

    def objective(params):
        def shifted(shift):
            own = {**variables, "params": params}
            return module.apply(own, LATENTS[0], label, None, shift, train=False)

        extras = {"shift": jnp.zeros((2, 6, 6)), "shifted": shifted}
        adaptive = {"path_length": jnp.float32(0.3)}
        outputs = judged(jnp.zeros(2), jnp.zeros(2), rng=drawn(2), extras=extras, adaptive=adaptive)
        cost = penalties.path_length(0.01)(outputs)
        return cost.loss, cost.logs["length"].total

    grads, (loss, length) = alone(
        lambda params: (jax.grad(lambda p: objective(p)[0])(params), objective(params)), silent
    )
    lengths = GOLDEN[f"{name}/path/lengths"]
    average = GOLDEN[f"{name}/path/average"]
    np.testing.assert_allclose(length, lengths.mean(), rtol=1e-4)
    np.testing.assert_allclose(0.3 + 0.01 * (length - 0.3), average, rtol=1e-4)
    np.testing.assert_allclose(loss, np.square(lengths - average).mean(), rtol=1e-4)
    of_kernel = grads["synthesis"]["Layer_3"]["ModulatedConv_0"]["kernel"]
    close(of_kernel.transpose(3, 2, 0, 1), f"{name}/path/of_kernel")
    close(grads["mapping"]["EqualizedDense_0"]["kernel"].T, f"{name}/path/of_mapping")


@pytest.mark.parametrize("name", GENERATORS)
def test_the_average_style_is_that_of_the_authors_code(name):
    label = LABEL[:2] if CLASSES[name] else None

    def trained():
        rngs = {"noise": jax.random.key(0)}
        return authors(name).apply(
            generator(name), LATENTS[0], label, train=True, rngs=rngs, mutable=["average", "noise"]
        )[1]

    found = alone(trained)
    close(found["average"]["mean"], f"{name}/average")
    before = generator(name)["noise"]
    jax.tree.map(np.testing.assert_array_equal, found["noise"], before)


@pytest.mark.parametrize("name", CLASSES)
def test_logits_and_r1_and_its_gradient_are_those_of_the_authors_code(name):
    module = stylegan2.Discriminator(WIDTHS, name == "classes", 2, CLASSES[name])
    # The authors' groups are every second row, ours are neighbors.
    order = np.array([0, 2, 1, 3])
    image, label = IMAGE[order], [LABEL[order]] if CLASSES[name] else []
    params = discriminator(name)
    same_shapes(module, {"params": params}, image, *label)

    def logits(params, image):
        return module.apply({"params": params}, image, *label, train=True)

    def r1(params):
        value, pull = jax.vjp(lambda image: logits(params, image), image)
        slope = pull(jnp.ones_like(value))[0]
        return 0.5 * jnp.square(slope).sum(axis=(1, 2, 3)).mean(), value

    (penalty, value), grads = jax.jit(jax.value_and_grad(r1, has_aux=True))(params)
    close(value[order, None], f"{name}/logits")
    np.testing.assert_allclose(penalty, GOLDEN[f"{name}/r1"], rtol=1e-4)
    of_kernel = grads["Block_0"]["EqualizedConv_1"]["kernel"]
    close(of_kernel.transpose(3, 2, 0, 1), f"{name}/r1/of_kernel")
    of_dense = grads["features"]["kernel"].reshape(4, 4, 6, 6).transpose(3, 2, 0, 1).reshape(6, 96)
    close(of_dense, f"{name}/r1/of_dense")


def test_high_resolutions_compute_in_bfloat16():
    g = stylegan2.Generator(WIDTHS, 3, 6, 2, 3, jnp.bfloat16, 1)
    d = stylegan2.Discriminator(WIDTHS, True, 2, 3, jnp.bfloat16, 1)
    order = np.array([0, 2, 1, 3])
    image, logits = jax.jit(
        lambda: (
            pictures(g.apply(generator("classes"), LATENTS[0], LABEL[:2], train=False)),
            d.apply({"params": discriminator("classes")}, IMAGE[order], LABEL[order], train=True),
        )
    )()
    for found, what in ((image, "made"), (logits[order, None], "logits")):
        assert found.dtype == jnp.float32
        expected = GOLDEN[f"classes/{what}"]
        error = np.abs(np.asarray(found) - expected).max()
        assert 1e-4 < error / np.abs(expected).max() < 0.05
