"""Shapes and counts of the smaller families, by hand from the layers of the code named."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from counting import LABELS, conv, dense, outline, zeros

from jaxgan.errors import UserError
from jaxgan.nets import (
    autoencoder,
    bigan,
    cgan,
    conditional,
    infogan,
    mixture,
    mlp,
    pacgan,
    resnet,
    sndcgan,
    veegan,
)
from jaxgan.nn.heads import Codes
from jaxgan.types import AXIS


@pytest.mark.parametrize("resolution, channels", [(28, 1), (32, 3), (64, 3)])
def test_infogans_networks(resolution, channels):
    """compare_gan v1, abstract_gan.py; the norms add a gain and a bias each."""
    side = (resolution // 4) ** 2
    layers = dense(64, 1024) + dense(1024, 128 * side) + conv(4, 128, 64) + conv(4, 64, channels)
    generator = layers + 2 * (1024 + 128 * side + 64)
    image = (resolution, resolution, channels)
    assert outline(infogan.Generator(resolution, channels), zeros(64)) == (generator, (2, *image))
    layers = conv(4, channels, 64) + conv(4, 64, 128) + dense(128 * side, 1024) + dense(1024, 1)
    assert outline(infogan.Discriminator(), zeros(*image)) == (layers, (2,))
    normed = outline(infogan.Discriminator(batch_norm=True), zeros(*image))[0]
    assert normed == layers + 2 * (128 + 1024)


def test_infogans_discriminator_guesses_codes():
    head = partial(Codes, categorical={"digit": 10}, continuous={"style": 2})
    count, (logits, codes) = outline(infogan.Discriminator(head=head), zeros(28, 28, 1))
    plain = outline(infogan.Discriminator(), zeros(28, 28, 1))[0]
    assert count == plain + dense(1024, 128) + 2 * 128 + dense(128, 10) + dense(128, 2)
    assert (logits, codes) == ((2,), {"digit": (2, 10), "style": ((2, 2), (2, 2))})


def test_lucics_autoencoder():
    """compare_gan v1, BEGAN.py, which says 1.3 M parameters (CIFAR-10)."""
    down = conv(4, 3, 64) + conv(4, 64, 128) + dense(128 * 64, 64)
    up = dense(64, 128 * 64) + conv(4, 128, 64) + conv(4, 64, 3)
    network = autoencoder.Energy(infogan.Autoencoder(), power=1, codes=False)
    assert outline(network, zeros(32, 32, 3)) == (down + up, (2,))
    assert round((down + up) / 1e6, 1) == 1.3


@pytest.mark.parametrize("resolution", [32, 48, 128])
def test_sndcgans_networks(resolution):
    """compare_gan, sndcgan.py."""
    side = (resolution // 8) ** 2
    up = conv(4, 512, 256) + conv(4, 256, 128) + conv(4, 128, 64) + conv(3, 64, 3)
    norms = 2 * (512 * side + 256 + 128 + 64)
    image = (resolution, resolution, 3)
    assert outline(sndcgan.Generator(resolution), zeros(128)) == (
        dense(128, 512 * side) + up + norms,
        (2, *image),
    )
    down = conv(3, 3, 64) + conv(4, 64, 128) + conv(3, 128, 128) + conv(4, 128, 256)
    down += conv(3, 256, 256) + conv(4, 256, 512) + conv(3, 512, 512)
    assert outline(sndcgan.Discriminator(), zeros(*image)) == (down + dense(512 * side, 1), (2,))


def test_mirzas_perceptrons():
    """Section 4.1: 200 and 1000, then 1200 rectifiers; maxout 240 x 5, 50 x 5, 240 x 4."""
    generator = dense(100, 200) + dense(10, 1000) + dense(1200, 1200) + dense(1200, 784)
    assert outline(cgan.Generator(), zeros(100), LABELS) == (generator, (2, 28, 28, 1))
    layers = dense(784, 240 * 5) + dense(10, 50 * 5) + dense(290, 240 * 4) + dense(240, 1)
    assert outline(cgan.Discriminator(), zeros(28, 28, 1), LABELS) == (layers, (2,))


@pytest.mark.parametrize("resolution", [32, 64])
def test_begans_networks(resolution):
    """BEGAN-tensorflow, models.py: conv_hidden_num = 128, z_num = 64."""
    stages = {32: 3, 64: 4}[resolution]
    image = (resolution, resolution, 3)
    decoder = dense(64, 64 * 128) + 2 * stages * conv(3, 128, 128) + conv(3, 128, 3)
    assert outline(autoencoder.BeganDecoder(resolution), zeros(64)) == (decoder, (2, *image))
    encoder, before = conv(3, 3, 128), 128
    for stage in range(1, stages + 1):
        width = 128 * stage
        encoder += conv(3, before, width) + (1 + (stage < stages)) * conv(3, width, width)
        before = width
    encoder += dense(64 * before, 64)
    network = autoencoder.began_discriminator()
    assert outline(network, zeros(*image)) == (encoder + decoder, (2,))


def test_ebgans_discriminators():
    network = autoencoder.Energy(autoencoder.DenseAutoencoder((256, 32)))
    layers = dense(784, 256) + dense(256, 32) + dense(32, 256) + dense(256, 784)
    assert outline(network, zeros(28, 28, 1)) == (layers, ((2,), (2, 32)))
    network = autoencoder.Energy(autoencoder.ConvAutoencoder())
    down = conv(4, 3, 64) + conv(4, 64, 128) + conv(4, 128, 256)
    up = conv(4, 256, 128) + conv(4, 128, 64) + conv(4, 64, 3)
    norms = 2 * (128 + 256 + 128 + 64)
    assert outline(network, zeros(64, 64, 3)) == (down + up + norms, ((2,), (2, 8 * 8 * 256)))


@pytest.mark.parametrize("power", [1, 2])
def test_energy_is_the_mean_error_of_the_reconstruction(power):
    network = autoencoder.Energy(autoencoder.DenseAutoencoder((5, 3)), power)
    x = jnp.asarray(np.random.default_rng(0).uniform(size=(4, 2, 2, 1)), jnp.float32)
    make = jax.jit(partial(network.init_with_output, train=False))
    (energy, codes), variables = make(jax.random.key(0), x)
    seen = jax.jit(partial(network.apply, train=False, method="reconstruct"))(variables, x)
    expected = np.mean(np.abs(x - seen) ** power, axis=(1, 2, 3))
    np.testing.assert_allclose(energy, expected, rtol=1e-5)
    assert codes.shape == (4, 3)


def test_began_draws_powers_of_two():
    with pytest.raises(UserError, match="not 48"):
        outline(autoencoder.BeganDecoder(48), zeros(64))


def test_bigans_perceptrons():
    """net.py: no biases; generator and discriminator see the latent in layer 2 as well."""
    generator = 50 * 1024 + (1024 + 50) * 1024 + 1024 * 784
    encoder = 784 * 1024 + 1024 * 1024 + 1024 * 50
    player = bigan.Bidirectional(bigan.DenseGenerator(), bigan.DenseEncoder())
    shapes = ((2, 28, 28, 1), (2, 50))
    pair = zeros(50), zeros(28, 28, 1)
    assert outline(player, *pair) == (generator + encoder, shapes)
    discriminator = 784 * 1024 + (1024 + 50) * 1024 + 1024
    assert outline(bigan.DenseDiscriminator(), *pair[::-1]) == (discriminator, (2,))


def test_bigans_convolutional_networks():
    """net.py, deconvnet_28 and convnet_28; the latent gives a bias per channel."""
    generator = 50 * 1024 + (1024 + 50) * 49 * 128 + 25 * 128 * 64 + 50 * 64 + 25 * 64
    features = 25 * 64 + 25 * 64 * 128 + 49 * 128 * 1024
    player = bigan.Bidirectional(bigan.ConvGenerator(), bigan.ConvEncoder())
    pair = zeros(50), zeros(28, 28, 1)
    count = generator + features + 1024 * 50
    assert outline(player, *pair) == (count, ((2, 28, 28, 1), (2, 50)))
    discriminator = features + 50 * 128 + 50 * 1024 + 1024
    assert outline(bigan.ConvDiscriminator(), *pair[::-1]) == (discriminator, (2,))


def test_alis_networks_of_32_pixels():
    """ali_cifar10.py: valid convolutions without bias between norms, and untied last biases."""

    def normed(widths, kernels):
        pairs = zip(widths, widths[1:], kernels, strict=False)
        return sum(k * k * i * o + 2 * o for i, o, k in pairs)

    generator = normed([64, 256, 128, 64, 32, 32, 32], [4, 4, 4, 4, 5, 1])
    generator += 32 * 3 + 32 * 32 * 3
    encoder = normed([3, 32, 64, 128, 256, 512, 512], [5, 4, 4, 4, 4, 1]) + dense(512, 128)
    player = bigan.Bidirectional(bigan.AliGenerator(), bigan.AliEncoder())
    pair = zeros(64), zeros(32, 32, 3)
    assert outline(player, *pair) == (generator + encoder, ((2, 32, 32, 3), (2, 64)))
    # Maxout of two halves the features that the next layer sees.
    image = conv(5, 3, 32) + conv(4, 16, 64) + conv(4, 32, 128) + conv(4, 64, 256)
    image += conv(4, 128, 512)
    joint = dense(512, 1024) + dense(512, 1024) + dense(512, 1)
    expected = image + 64 * 512 + 256 * 512 + joint
    assert outline(bigan.AliDiscriminator(), *pair[::-1]) == (expected, (2,))


def test_veegans_perceptrons():
    """veegan_julia_mnist.ipynb: Z_dim = 32, H_dim = 256."""
    player = veegan.Reconstructing(veegan.mnist_generator(), veegan.Reconstructor())
    count = dense(32, 256) + dense(256, 784) + dense(784, 256) + dense(256, 32)
    pair = zeros(32), zeros(28, 28, 1)
    assert outline(player, *pair) == (count, ((2, 28, 28, 1), (2, 32), (2, 32)))
    discriminator = dense(784 + 32, 256) + dense(256, 1)
    assert outline(veegan.mnist_discriminator(), *pair[::-1]) == (discriminator, (2,))


def test_veegan_reads_its_own_samples():
    player = veegan.Reconstructing(
        mlp.Generator((2,), (4,)), veegan.Reconstructor(3, (4,)), noise=False
    )
    z, x = jax.random.normal(jax.random.key(1), (2, 3)), jnp.ones((2, 2))
    make = jax.jit(partial(player.init_with_output, train=False))
    (fake, encoded, read), variables = make(jax.random.key(0), z, x)

    def call(method, given):
        return jax.jit(partial(player.apply, train=False, method=method))(variables, given)

    np.testing.assert_allclose(fake, call("generate", z), rtol=1e-5)
    for image, latent in ((x, encoded), (fake, read)):
        np.testing.assert_allclose(latent, call("encode", image), rtol=1e-5)


def test_veegans_image_networks():
    player = veegan.Reconstructing(pacgan.Generator(), veegan.ConvReconstructor())
    pair = zeros(100), zeros(28, 28, 3)
    assert outline(player, *pair)[1] == ((2, 28, 28, 3), (2, 100), (2, 100))
    assert outline(veegan.ConvDiscriminator(), *pair[::-1])[1] == (2,)


def test_toy_networks():
    """PacGAN's config.py and ALI's ali_mixture.py; VEEGAN's ring; the demo of Unrolled GAN."""
    pacgan_generator = 2 * 400 + 3 * 400 * 400 + 4 * 2 * 400 + dense(400, 2)
    maxout = 2 * dense(200, 1000) + dense(200, 1)
    expected = {
        pacgan_generator: (mixture.PacganGenerator(), zeros(2)),
        dense(2, 1000) + maxout: (mixture.pacgan_discriminator(), zeros(2)),
        dense(6, 1000) + maxout: (mixture.pacgan_discriminator(), zeros(6)),
        4 * 400 + 400 * 400 + 4 * 400 + dense(400, 2): (mixture.AliEncoder(), zeros(2)),
        dense(4, 1000) + maxout: (mixture.ali_discriminator(), zeros(2), zeros(2)),
        dense(254, 128) + dense(128, 128) + dense(128, 2): (mixture.veegan_generator(), zeros(254)),
        dense(2, 128) + dense(128, 128) + dense(128, 254): (
            mixture.veegan_reconstructor(),
            zeros(2),
        ),
        dense(256, 128) + dense(128, 1): (mixture.veegan_discriminator(), zeros(2), zeros(254)),
        dense(256, 128) + dense(128, 128) + dense(128, 2): (
            mixture.unrolled_generator(),
            zeros(256),
        ),
        dense(2, 128) + dense(128, 128) + dense(128, 1): (
            mixture.unrolled_discriminator(),
            zeros(2),
        ),
    }
    assert [outline(*given)[0] for given in expected.values()] == list(expected)


def test_pacgans_networks_of_28_pixels():
    """stacked_MNIST_experiments: gf_dim = df_dim = 64; maps of 2, 4, 7, 14 and 28 pixels."""
    assert pacgan.halvings(28, 4) == (2, 4, 7, 14, 28)
    up = conv(5, 512, 256) + conv(5, 256, 128) + conv(5, 128, 64) + conv(5, 64, 3)
    generator = dense(100, 4 * 512) + up + 2 * (512 + 256 + 128 + 64)
    assert outline(pacgan.Generator(), zeros(100)) == (generator, (2, 28, 28, 3))
    for packed in (1, 2):
        down = conv(5, 3 * packed, 64) + conv(5, 64, 128) + conv(5, 128, 256) + conv(5, 256, 512)
        discriminator = down + 2 * (128 + 256 + 512) + dense(4 * 512, 1)
        network = outline(pacgan.Discriminator(), zeros(28, 28, 3 * packed))
        assert network == (discriminator, (2,))


def test_pacdcgans_networks_by_their_width():
    """Those of 28 pixels above; half the width halves every layer but the image."""
    assert pacgan.dcgan_generator() == pacgan.Generator()
    assert pacgan.dcgan_generator(width=32) == pacgan.Generator(start=256, widths=(128, 64, 32))
    for norm in (True, False):
        narrow = pacgan.dcgan_discriminator(width=32, norm=norm)
        assert narrow == pacgan.Discriminator([32, 64, 128, 256], norm=norm)


@pytest.mark.parametrize("share, widths", [(0.25, (2, 4, 8)), (0.5, (4, 8, 16))])
def test_unrolled_gans_networks_of_28_pixels(share, widths):
    """unrolled_GAN_experiment/D=0.25G and D=0.5G."""
    up = conv(3, 64, 32) + conv(3, 32, 16) + conv(3, 16, 8) + conv(3, 8, 3)
    generator = dense(256, 16 * 64) + up + 2 * (64 + 32 + 16 + 8)
    assert outline(pacgan.unrolled_generator(), zeros(256)) == (generator, (2, 28, 28, 3))
    first, second, third = widths
    down = conv(3, 3, first) + conv(3, first, second) + conv(3, second, third)
    expected = down + 2 * sum(widths) + dense(16 * third, 1)
    assert outline(pacgan.unrolled_discriminator(share), zeros(28, 28, 3)) == (expected, (2,))


def test_labels_join_any_network():
    generator = conditional.LabeledGenerator(infogan.Generator(28, 1, 4), 10)
    plain = outline(infogan.Generator(28, 1, 4), zeros(74))
    assert outline(generator, zeros(64), LABELS) == plain
    discriminator = conditional.LabeledDiscriminator(infogan.Discriminator(4), 10)
    plain = outline(infogan.Discriminator(4), zeros(28, 28, 11))
    assert outline(discriminator, zeros(28, 28, 1), LABELS) == plain


def test_joined_planes_are_the_label():
    class Seen(mlp.Discriminator):
        def __call__(self, sample, *, train):
            return sample

    labels = jnp.array([2, 0])
    out = conditional.LabeledDiscriminator(Seen(), 3).apply(
        {}, jnp.full((2, 2, 2, 1), 7.0), labels, train=False
    )
    np.testing.assert_array_equal(out[0, 1, 1], [7, 0, 0, 1])
    np.testing.assert_array_equal(out[1, 0, 0], [7, 1, 0, 0])


TINY = {
    "resnet": (
        resnet.Generator((8,), 8, 1, attention=8),
        (5,),
        resnet.Discriminator(((8, True), (8, False)), attention=4, wide=True),
        (8, 8, 1),
    ),
    "infogan": (infogan.Generator(8, 1, 4), (5,), infogan.Discriminator(4, True), (8, 8, 1)),
    "sndcgan": (sndcgan.Generator(8, 1, 2), (5,), sndcgan.Discriminator(2), (8, 8, 1)),
    "pacgan": (pacgan.Generator(7, 1, 4, (4,)), (5,), pacgan.Discriminator((4, 4)), (7, 7, 1)),
    "toy": (mixture.PacganGenerator(2, (8, 8)), (2,), mixture.pacgan_discriminator(4), (2,)),
    "began": (
        autoencoder.BeganDecoder(16, 1, 2),
        (3,),
        autoencoder.began_discriminator(2, 3),
        (16, 16, 1),
    ),
}


FAST = [("resnet", jnp.bfloat16)]
SLOW = [(name, dtype) for name in TINY for dtype in (jnp.float32, jnp.bfloat16)]
SLOW = [pytest.param(*case, marks=pytest.mark.slow) for case in SLOW if case not in FAST]


@pytest.mark.parametrize("name, dtype", FAST + SLOW)
def test_gradients_are_finite_and_float32(name, dtype):
    generator, latent, discriminator, shape = TINY[name]
    if name == "began":
        inner = autoencoder.BeganAutoencoder(2, 3, dtype)
        discriminator = discriminator.clone(autoencoder=inner)
    else:
        discriminator = discriminator.clone(dtype=dtype)
    generator = generator.clone(dtype=dtype)
    key = jax.random.key(0)
    z = jax.random.normal(key, (4, *latent))
    random = np.random.default_rng(0)

    def filled(module, x):
        """Positive variables, as variances are, for less to compile than the initializers."""
        shapes = jax.eval_shape(partial(module.init, train=False), key, x)
        numbers = jax.tree.map(lambda leaf: random.uniform(0.01, 0.2, leaf.shape), shapes)
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), numbers)

    start, judge = filled(generator, z), filled(discriminator, jnp.zeros((4, *shape)))

    def play(z):
        def loss(params):
            given, kept = {**start, "params": params[0]}, {**judge, "params": params[1]}
            rngs = {"dropout": key}
            fake, moved = generator.apply(given, z, train=True, mutable=["batch_stats"])
            score, _ = discriminator.apply(
                kept, fake, train=True, mutable=["batch_stats"], rngs=rngs
            )
            return jnp.mean(score), (fake, score, moved)

        return jax.grad(loss, has_aux=True)((start["params"], judge["params"]))

    slopes, (fake, score, moved) = jax.jit(jax.vmap(play, axis_name=AXIS))(z[None])
    assert fake.shape == (1, 4, *shape)
    assert {leaf.dtype for leaf in jax.tree.leaves((slopes, fake, score))} == {jnp.dtype("float32")}
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slopes))
    assert any(np.any(leaf) for leaf in jax.tree.leaves(slopes))
    before, after = (jax.tree.leaves(tree.get("batch_stats", {})) for tree in (start, moved))
    assert all(np.any(a[0] != b) for a, b in zip(after, before, strict=True))
