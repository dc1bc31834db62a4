from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from counting import LABELS, attention, conv, dense, outline, zeros

from jaxgan.errors import UserError
from jaxgan.nets import biggan
from jaxgan.types import AXIS


def test_biggans_networks_of_128_pixels():
    """compare_gan, resnet_biggan_test.py: ch = 96, z of 120, 1000 classes (the paper: 70.4 M)."""
    generator = outline(biggan.Generator(), zeros(120), LABELS)
    assert generator == (70_433_988, (2, 128, 128, 3))
    discriminator = outline(biggan.discriminator(), zeros(128, 128, 3), LABELS)
    assert discriminator == (87_982_370, (2,))


def test_biggan_deeps_networks_of_128_pixels():
    """compare_gan, resnet_biggan_deep_test.py: ch = 128, z of 128, 1000 classes.

    The paper says 50.4 M and 34.6 M; the released generator's last convolution has 128
    outputs, of which three are used: 144 125 parameters more than this.
    """
    generator = outline(biggan.DeepGenerator(), zeros(128), LABELS)
    assert generator == (50_244_484, (2, 128, 128, 3))
    assert round((generator[0] + 125 * (9 * 128 + 1)) / 1e6, 1) == 50.4
    discriminator = outline(biggan.DeepDiscriminator(), zeros(128, 128, 3), LABELS)
    assert discriminator == (34_590_210, (2,))


def parts(module, *args):
    """Parameter count of each layer at the top, by name, and the shape of the output."""
    make = partial(module.init_with_output, train=False)
    output, variables = jax.eval_shape(make, jax.random.key(0), *args)
    layers = variables["params"].items()
    counts = {name: sum(leaf.size for leaf in jax.tree.leaves(each)) for name, each in layers}
    return counts, output.shape


def test_the_networks_of_32_pixels():
    """Those of experiments/biggan_cifar10.py, after StudioGAN: 4 x 96 and 4 x 48 maps.

    The latent of 80 is cut into four chunks of 20, of which the seed takes one; each norm's gain
    and bias are linear in 128 numbers of the class and 20 of the chunk.
    """
    network = biggan.Generator(32, 3, 96, 10, 128, True, 16)
    up = 2 * 2 * 148 * 384 + 2 * conv(3, 384, 384) + conv(1, 384, 384)
    layers = {
        "shared_embedding": 10 * 128,
        "Dense_0": dense(20, 4 * 4 * 384),
        "GeneratorBlock_0": up,  # to 8 pixels
        "GeneratorBlock_1": up,  # to 16, which attend
        "SelfAttention_0": attention(384),
        "GeneratorBlock_2": up,
        "norm": 2 * 384,
        "to_image": conv(3, 384, 3),
    }
    assert parts(network, zeros(80), LABELS) == (layers, (2, 32, 32, 3))

    network = biggan.discriminator(32, 48, 10, 16)
    plain = 2 * conv(3, 192, 192)  # at 8 pixels, the shortcut is the identity
    layers = {
        "DiscriminatorBlock_0": conv(3, 3, 192) + conv(3, 192, 192) + conv(1, 3, 192),
        "SelfAttention_0": attention(192),
        "DiscriminatorBlock_1": plain + conv(1, 192, 192),
        "DiscriminatorBlock_2": plain,
        "DiscriminatorBlock_3": plain,
        "head": dense(192, 1) + 10 * 192,
    }
    assert parts(network, zeros(32, 32, 3), LABELS) == (layers, (2,))


def test_the_deep_networks_of_32_pixels():
    """compare_gan, resnet_biggan_deep.py at 32 pixels: seven blocks of 4 x 128 or 2 x 128 maps.

    The generator's norms see 128 numbers of the class and all 128 of the latent. Bottlenecks have
    a quarter of the maps; no block has more maps than the one before, nor a shortcut's kernel.
    """
    network = biggan.DeepGenerator(32, 3, 128, 10, 128, 16)
    norms = 2 * 256 * (512 + 128 + 128 + 128)
    block = norms + conv(1, 512, 128) + 2 * conv(3, 128, 128) + conv(1, 128, 512)
    layers = {
        "shared_embedding": 10 * 128,
        "Dense_0": dense(256, 4 * 4 * 512),
        **{f"DeepGeneratorBlock_{number}": block for number in range(7)},
        "SelfAttention_0": attention(512),
        "norm": 2 * 512,
        "to_image": conv(3, 512, 3),
    }
    assert parts(network, zeros(128), LABELS) == (layers, (2, 32, 32, 3))

    network = biggan.DeepDiscriminator(128, 10, attention=16)
    block = conv(1, 256, 64) + 2 * conv(3, 64, 64) + conv(1, 64, 256)
    layers = {
        "Conv_0": conv(3, 3, 256),
        **{f"DeepDiscriminatorBlock_{number}": block for number in range(7)},
        "SelfAttention_0": attention(256),
        "head": dense(256, 1) + 10 * 256,
    }
    assert parts(network, zeros(32, 32, 3), LABELS) == (layers, (2,))


@pytest.mark.parametrize("resolution", [32, 64])
def test_smaller_images(resolution):
    """At 32 pixels there is no map of 64 that would attend."""
    image = zeros(resolution, resolution, 3)
    for generator in (biggan.Generator, biggan.DeepGenerator):
        network = generator(resolution, width=8, classes=10)
        assert outline(network, zeros(120), LABELS)[1] == (2, resolution, resolution, 3)
    for network in (
        biggan.discriminator(resolution, 8, 10),
        biggan.DeepDiscriminator(8, 10),
    ):
        assert outline(network, image, LABELS)[1] == (2,)


def test_the_cifar_script_has_neither_shared_embedding_nor_chunks():
    """launch_cifar_ema.sh: every norm has tables of gains and biases for ten classes."""
    network = biggan.Generator(32, width=64, classes=10, shared=0, hierarchical=False)
    seed, norms = 128 * 16 * 256 + 16 * 256, 3 * 2 * 2 * 10 * 256 + 2 * 256
    block = 2 * (9 * 256 * 256 + 256) + 256 * 256 + 256
    expected = seed + norms + 3 * block + 27 * 256 + 3
    assert outline(network, zeros(128), LABELS) == (expected, (2, 32, 32, 3))


def filled(network, latent, label):
    """Its variables at random, which takes less to compile than the orthogonal initialization."""
    init = partial(network.init, train=False)
    shapes = jax.eval_shape(init, jax.random.key(0), latent, label)
    random = np.random.default_rng(0)
    draws = {
        "params": lambda leaf: random.normal(0, 0.3, leaf.shape),
        "batch_stats": lambda leaf: random.uniform(0.1, 1, leaf.shape),  # variances among them
    }
    return {
        name: jax.tree.map(lambda x, draw=draw: jnp.asarray(draw(x), jnp.float32), shapes[name])
        for name, draw in draws.items()
    }


def test_each_chunk_of_the_latent_reaches_its_own_block():
    network = biggan.Generator(32, width=2, classes=3, shared=4)
    latent, label = jnp.zeros((1, 8)), jnp.zeros(1, jnp.int32)
    variables = filled(network, latent, label)

    @jax.jit
    def maps(latent, label):
        _, seen = network.apply(variables, latent, label, train=False, capture_intermediates=True)
        blocks = seen["intermediates"]
        return [blocks[f"GeneratorBlock_{n}"]["__call__"][0] for n in range(3)]

    # A map of zeros would hide the conditional gains.
    start = jnp.ones((1, 8))
    before = maps(start, label)
    for chunk in range(4):
        after = maps(start.at[0, 2 * chunk].set(-3.0), label)
        changed = [not np.allclose(a, b) for a, b in zip(before, after, strict=True)]
        assert changed == [block + 1 >= chunk for block in range(3)]
    assert not np.allclose(before[0], maps(start, label + 1)[0])


@pytest.mark.parametrize("make", [biggan.Generator, biggan.DeepGenerator])
def test_every_norm_has_the_momentum_and_the_epsilon_that_were_asked_for(make):
    """Adding to epsilon is adding to every variance; a momentum of 0 keeps the batch's moments."""
    network = partial(make, 32, width=2, classes=3, shared=4, attention=0)
    latent = jnp.asarray(np.random.default_rng(0).normal(size=(4, 8)), jnp.float32)
    label = jnp.arange(4) % 3
    variables = filled(network(), latent, label)
    stats = variables["batch_stats"]

    @jax.jit
    @jax.vmap
    def images(epsilon, more):
        moved = jax.tree.map_with_path(
            lambda path, leaf: leaf + more if path[-1].key == "var" else leaf, stats
        )
        moved = {**variables, "batch_stats": moved}
        return network(epsilon=epsilon).apply(moved, latent, label, train=False)

    plain, wide, varied = images(jnp.array([1e-5, 0.3, 1e-5]), jnp.array([0, 0, 0.3 - 1e-5]))
    np.testing.assert_allclose(wide, varied, rtol=1e-4, atol=1e-6)
    assert np.max(np.abs(plain - wide)) > 1e-3

    @jax.jit
    @partial(jax.vmap, axis_name=AXIS)
    def moments(momentum):
        apply = partial(network(momentum=momentum).apply, train=True, mutable=["batch_stats"])
        return apply(variables, latent, label)[1]["batch_stats"]

    seen = moments(jnp.array([0.0, 0.6]))
    for old, (batch, moved) in zip(jax.tree.leaves(stats), jax.tree.leaves(seen), strict=True):
        np.testing.assert_allclose(moved, 0.6 * old + 0.4 * batch, rtol=1e-4, atol=1e-6)


def test_latents_must_divide_into_chunks():
    with pytest.raises(UserError, match="128 does not divide into the 6 chunks"):
        outline(biggan.Generator(), zeros(128), LABELS)
    with pytest.raises(UserError, match="not 48"):
        biggan.discriminator(48)


def test_only_the_shared_embedding_escapes_spectral_normalization():
    network = biggan.Generator(32, width=2, classes=3, shared=4)
    init = partial(network.init, train=False)
    params = jax.eval_shape(init, jax.random.key(0), zeros(8), LABELS)["params"]
    paths = [tuple(key.key for key in path) for path, _ in jax.tree.leaves_with_path(params)]
    assert [path for path in paths if not biggan.spectral(path)] == [
        ("shared_embedding", "embedding")
    ]
