"""The networks between StyleGAN2 and R3GAN: the published sizes, and what they begin as."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from jaxgan.nets import r3gan, r3gan_roadmap, stylegan2
from nets.counting import outline, zeros

WIDTHS = stylegan2.widths(256, 16_384)

RESIDUAL = {
    "D, output skips": (r3gan_roadmap.bottlenecks, True, 23_400_192, 23_281_536),
    "E, not inverted": (r3gan_roadmap.grouped_bottlenecks, False, 23_187_648, 23_090_880),
}
"""To the paper's thousands: 23.400 and 23.188, 23.282 and 23.091 million."""


@pytest.mark.parametrize("stages, skips, generator, discriminator", RESIDUAL.values(), ids=RESIDUAL)
def test_residual_networks_have_the_sizes_of_the_paper(stages, skips, generator, discriminator):
    blocks = stages(WIDTHS, 16)
    module = r3gan.Generator(blocks, 3, half=0, skips=skips)
    assert outline(module, zeros(64)) == (generator, (2, 256, 256, 3))
    found = outline(r3gan.Discriminator(blocks, half=0), zeros(256, 256, 3))
    assert found == (discriminator, (2,))


def test_stripped_networks_have_the_sizes_of_the_paper():
    """18.890 and 23.996 million."""
    found = outline(r3gan_roadmap.StrippedGenerator(WIDTHS), zeros(64))
    assert found == (18_890_453, (2, 256, 256, 3))
    found = outline(r3gan_roadmap.StrippedDiscriminator(WIDTHS), zeros(256, 256, 3))
    assert found == (23_996_481, (2,))


def test_the_last_configuration_is_r3gan():
    widths = tuple(3 * width // 2 for width in WIDTHS)
    assert r3gan_roadmap.inverted_bottlenecks(WIDTHS, 16) == r3gan.stages(widths, 16)


def test_skips_add_the_colors_of_every_stage():
    """Of a new network, whose blocks are the identity: by hand, from its basis."""
    stages = r3gan_roadmap.bottlenecks((4, 4), 2, blocks=1)
    module = r3gan.Generator(stages, 2, half=0, skips=True)
    latent = jax.random.normal(jax.random.key(0), (3, 5))
    params = module.init(jax.random.key(1), latent, train=False)["params"]
    small = params["basis"] * (latent @ params["latents"]["kernel"])[:, None, None]
    large = bilinear(small)
    expected = bilinear(small @ params["colors0"]["kernel"]) + large @ params["colors"]["kernel"]
    found = module.apply({"params": params}, latent, train=False)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def bilinear(x):
    """Twice the size, by scipy's way of filtering zeros between the pixels."""
    x, taps = np.asarray(x, np.float64), np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
    found = np.zeros((len(x), 2 * x.shape[1], 2 * x.shape[2], x.shape[3]))
    found[:, ::2, ::2] = x
    # A kernel of even side has no middle; StyleGAN's has two zeros before and one after.
    return signal.convolve(found, taps[None, :, :, None])[:, 1:-2, 1:-2]


def drawn(params):
    """The same parameters, biases drawn as well."""
    keys = iter(jax.random.split(jax.random.key(7), 100))
    return jax.tree.map(lambda leaf: leaf + 0.1 * jax.random.normal(next(keys), leaf.shape), params)


def test_the_stripped_generator_is_a_row_of_convolutions():
    module = r3gan_roadmap.StrippedGenerator((6, 4), 2)
    latent = jax.random.normal(jax.random.key(2), (3, 5))
    variables = drawn(module.init(jax.random.key(3), latent, train=False))
    params = variables["params"]

    def layer(x, name):
        kernel, bias = params[name]["kernel"], params[name]["bias"]
        dims = ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=dims) + bias
        return jnp.maximum(y, 0.2 * y)

    def colors(x, name):
        return x @ params[name]["kernel"] + params[name]["bias"]

    x = params["basis"] * (latent @ params["latents"]["kernel"])[:, None, None]
    x = layer(x, "Layer_0")
    image = colors(x, "Dense_0")
    x = layer(layer(jnp.asarray(bilinear(x), jnp.float32), "Layer_1"), "Layer_2")
    expected = bilinear(image) + colors(x, "Dense_1")
    found = module.apply(variables, latent, train=False)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_stripped_discriminator_is_stylegan2s_without_equalized_rates():
    """StyleGAN2's, which is equal to its authors' code, whose stored kernels are scaled later."""
    widths = (6, 6, 4)
    image = jax.random.normal(jax.random.key(0), (3, 16, 16, 2))
    ours = r3gan_roadmap.StrippedDiscriminator(widths)
    variables = drawn(ours.init(jax.random.key(1), image, train=False))
    params = variables["params"]

    def equalized(name, gain=2**0.5):
        """Its rectifiers have a gain, which its kernels and biases then need not have."""
        kernel = params[name]["kernel"]
        stored = kernel * math.sqrt(math.prod(kernel.shape[:-1])) / gain
        bias = params[name].get("bias")
        return {"kernel": stored} | ({} if bias is None else {"bias": bias / gain})

    def block(first):
        names = ("EqualizedConv_0", "EqualizedConv_1", "EqualizedConv_2")
        layers = (equalized(f"Layer_{first}"), equalized(f"Layer_{first + 1}"))
        skip = equalized(f"Layer_{first + 2}", 1.0)
        return dict(zip(names, (*layers, skip), strict=True))

    last = equalized("Layer_7")
    # One more channel: the deviation over the batch, which the last convolution is to ignore.
    wide = jnp.concatenate([last["kernel"], jnp.zeros((3, 3, 1, 6))], axis=2)
    last["kernel"] = wide * math.sqrt(7 / 6)
    theirs = {
        "colors": equalized("Layer_0"),
        "Block_0": block(1),
        "Block_1": block(4),
        "last": last,
        "features": equalized("Dense_0"),
        "logit": equalized("Dense_1", 1.0),
    }
    found = ours.apply(variables, image, train=False)
    expected = stylegan2.Discriminator(widths, group=1).apply(
        {"params": theirs}, image, train=False
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_kernels_begin_as_he_et_al_have_them():
    image = jnp.zeros((1, 8, 8, 3))
    params = r3gan_roadmap.StrippedDiscriminator((512, 256)).init(
        jax.random.key(0), image, train=False
    )["params"]
    for name, gain in {"Layer_1": math.sqrt(2 / 1.04), "Layer_3": 1.0}.items():
        kernel = np.asarray(params[name]["kernel"])
        wanted = gain / math.sqrt(math.prod(kernel.shape[:-1]))
        assert kernel.std() == pytest.approx(wanted, rel=0.02)
