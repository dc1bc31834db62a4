from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from counting import LABELS, outline, zeros

from jaxgan.errors import UserError
from jaxgan.nets import biggan


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


def test_each_chunk_of_the_latent_reaches_its_own_block():
    network = biggan.Generator(32, width=2, classes=3, shared=4)
    latent, label = jnp.zeros((1, 8)), jnp.zeros(1, jnp.int32)
    init = partial(network.init, train=False)
    shapes = jax.eval_shape(init, jax.random.key(0), latent, label)
    random = np.random.default_rng(0)
    # Positive, as variances are.
    variables = jax.tree.map(lambda leaf: random.uniform(0.1, 1, leaf.shape), shapes)
    variables = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), variables)

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


def test_latents_must_divide_into_chunks():
    with pytest.raises(UserError, match="128 does not divide into the 6 chunks"):
        outline(biggan.Generator(), zeros(128), LABELS)
    with pytest.raises(UserError, match="not 48"):
        biggan.discriminator(48)


def test_only_the_shared_embedding_escapes_spectral_normalisation():
    network = biggan.Generator(32, width=2, classes=3, shared=4)
    init = partial(network.init, train=False)
    params = jax.eval_shape(init, jax.random.key(0), zeros(8), LABELS)["params"]
    paths = [tuple(key.key for key in path) for path, _ in jax.tree.leaves_with_path(params)]
    assert [path for path in paths if not biggan.spectral(path)] == [
        ("shared_embedding", "embedding")
    ]
