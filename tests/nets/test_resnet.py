"""Counts are worked out by hand from the layers of the authors' code; none is printed there."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from counting import LABELS, attention, conv, dense, outline, zeros

from jaxgan.errors import UserError
from jaxgan.nets import biggan, resnet, sagan, sndcgan
from jaxgan.nn.heads import Auxiliary


def up(inputs, outputs, norms=2):
    """A generator's block; ``norms`` gains and biases per normalized channel."""
    convolutions = conv(3, inputs, outputs) + conv(3, outputs, outputs) + conv(1, inputs, outputs)
    return convolutions + norms * (inputs + outputs)


def down(inputs, outputs, hidden, shortcut=True):
    """A discriminator's block."""
    residual = conv(3, inputs, hidden) + conv(3, hidden, outputs)
    return residual + shortcut * conv(1, inputs, outputs)


def test_wgan_gps_networks():
    """gan_cifar_resnet.py, DIM_G = DIM_D = 128, unconditional."""
    generator = dense(128, 4 * 4 * 128) + 3 * up(128, 128) + 2 * 128 + conv(3, 128, 3)
    assert outline(resnet.wgan_gp_generator(), zeros(128)) == (generator, (2, 32, 32, 3))
    blocks = down(3, 128, 128) + down(128, 128, 128) + 2 * down(128, 128, 128, False)
    critic = blocks + dense(128, 1)
    assert outline(resnet.wgan_gp_critic(), zeros(32, 32, 3)) == (critic, (2,))
    assert (generator, critic) == (1_204_483, 1_053_825)


def test_wgan_gps_networks_of_64_pixels():
    """gan_64x64.py, DIM = 64: no bias before a norm; two gains and biases to a layer norm."""

    def block(inputs, outputs, hidden):
        first = 9 * inputs * hidden
        return first + conv(3, hidden, outputs) + conv(1, inputs, outputs) + 2 * (inputs + hidden)

    widths = [512, 512, 256, 128, 64]
    blocks = sum(block(i, o, o) for i, o in itertools.pairwise(widths))
    generator = dense(128, 4 * 4 * 512) + blocks + 2 * 64 + conv(3, 64, 3)
    network = resnet.wgan_gp_generator(resolution=64)
    assert outline(network, zeros(128)) == (generator, (2, 64, 64, 3))
    widths = [64, 128, 256, 512, 512]
    blocks = sum(block(i, o, i) for i, o in itertools.pairwise(widths))
    critic = conv(3, 3, 64) + blocks + dense(4 * 4 * 512, 1)
    assert outline(resnet.wgan_gp_critic(resolution=64), zeros(64, 64, 3)) == (critic, (2,))
    assert (generator, critic) == (8_540_483, 7_491_841)


@pytest.mark.slow
def test_a_gradient_penalty_of_wgan_gps_critic_of_64_pixels_has_finite_gradients():
    """Through the second derivative of layer normalization; every parameter has one."""
    network = resnet.wgan_gp_critic(2, 64)
    image = jnp.asarray(np.random.default_rng(0).normal(size=(2, 64, 64, 3)), jnp.float32)

    def cost(variables):
        def critic(image):
            return network.apply(variables, image, train=True)

        slope = jax.grad(lambda image: jnp.sum(critic(image)))(image)
        norm = jnp.sqrt(jnp.sum(jnp.square(slope), axis=(1, 2, 3)))
        return jnp.mean(jnp.square(norm - 1)) + jnp.mean(jnp.tanh(critic(image)))

    variables = jax.jit(partial(network.init, train=True))(jax.random.key(0), image)
    for leaf in jax.tree.leaves(jax.jit(jax.grad(cost))(variables)):
        assert np.all(np.isfinite(leaf))
        assert np.any(leaf)


def test_wgan_gps_networks_are_of_32_or_64_pixels():
    for make in (resnet.wgan_gp_generator, resnet.wgan_gp_critic):
        with pytest.raises(ValueError, match="32 or 64 pixels, not 48"):
            make(resolution=48)


@pytest.mark.parametrize(
    "network, data",
    [
        (resnet.wgan_gp_generator(4, classes=3), zeros(8)),
        (resnet.wgan_gp_critic(4, classes=3), zeros(32, 32, 3)),
        (resnet.wgan_gp_critic(4, 64, classes=3), zeros(64, 64, 3)),
        (resnet.sngan_discriminator(64, 4, classes=3, embedding=2), zeros(64, 64, 3)),
        (sndcgan.Generator(width=4, classes=3), zeros(8)),
        (biggan.Generator(32, width=4, classes=3), zeros(8)),
        (biggan.Generator(32, width=4, classes=3, shared=0, hierarchical=False), zeros(8)),
        (biggan.DeepGenerator(32, width=4, classes=3), zeros(8)),
        (biggan.discriminator(32, 4, 3), zeros(32, 32, 3)),
        (biggan.DeepDiscriminator(4, 3), zeros(32, 32, 3)),
    ],
)
def test_networks_of_classes_need_labels(network, data):
    """They would be made without what depends on labels, and train unconditionally."""
    with pytest.raises(ValueError, match="of 3 classes, and was given no label"):
        outline(network, data)
    outline(network, data, LABELS)


def test_wgan_gps_conditional_critic_names_classes():
    """ACGAN = True: one more dense layer of ten."""
    critic = resnet.wgan_gp_critic(classes=10, head=Auxiliary)
    count, shapes = outline(critic, zeros(32, 32, 3), LABELS)
    assert (count, shapes) == (1_053_825 + dense(128, 10), ((2,), (2, 10)))


def test_sngans_networks_of_32_pixels():
    """gen_models/resnet_32.py, ch = 256; dis_models/snresnet_32.py, ch = 128."""
    generator = dense(128, 4 * 4 * 256) + 3 * up(256, 256) + 2 * 256 + conv(3, 256, 3)
    assert outline(resnet.sngan_generator(32), zeros(128)) == (generator, (2, 32, 32, 3))
    blocks = down(3, 128, 128) + down(128, 128, 128) + 2 * down(128, 128, 128, False)
    assert outline(resnet.sngan_discriminator(32), zeros(32, 32, 3)) == (blocks + 128, (2,))
    assert (generator, blocks + 128) == (4_276_739, 1_053_824)


def test_sngans_conditional_networks_of_32_pixels():
    """n_classes = 10: tables of gains and biases; an embedding beside the last layer."""
    generator = resnet.sngan_generator(32, classes=10)
    more = 3 * (up(256, 256, 20) - up(256, 256))
    assert outline(generator, zeros(128), LABELS)[0] == 4_276_739 + more
    discriminator = resnet.sngan_discriminator(32, classes=10)
    assert outline(discriminator, zeros(32, 32, 3), LABELS)[0] == 1_053_824 + 10 * 128


def test_sngans_networks_of_48_pixels():
    """Table 5 of the paper."""
    widths = [512, 256, 128, 64]
    blocks = sum(up(*pair) for pair in itertools.pairwise(widths))
    generator = dense(128, 6 * 6 * 512) + blocks + 2 * 64 + conv(3, 64, 3)
    assert outline(resnet.sngan_generator(48), zeros(128)) == (generator, (2, 48, 48, 3))
    widths = [64, 128, 256, 512, 1024]
    blocks = sum(down(i, o, i) for i, o in itertools.pairwise(widths))
    discriminator = down(3, 64, 64) + blocks + dense(1024, 1)
    assert outline(resnet.sngan_discriminator(48), zeros(48, 48, 3)) == (discriminator, (2,))


def test_sngans_networks_of_64_pixels():
    """gen_models/resnet_64.py; dis_models/snresnet_64.py: the same discriminator as at 48."""
    widths = [1024, 512, 256, 128, 64]
    blocks = sum(up(*pair) for pair in itertools.pairwise(widths))
    generator = dense(128, 4 * 4 * 1024) + blocks + 2 * 64 + conv(3, 64, 3)
    assert outline(resnet.sngan_generator(64), zeros(128)) == (generator, (2, 64, 64, 3))
    same = outline(resnet.sngan_discriminator(48), zeros(48, 48, 3))[0]
    assert outline(resnet.sngan_discriminator(64), zeros(64, 64, 3))[0] == same == 10_141_441


def test_sngans_networks_of_128_pixels():
    """gen_models/resnet.py; dis_models/snresnet.py, n_classes = 1000."""
    widths = [1024, 1024, 512, 256, 128, 64]
    blocks = sum(up(*pair, 2000) for pair in itertools.pairwise(widths))
    generator = dense(128, 4 * 4 * 1024) + blocks + 2 * 64 + conv(3, 64, 3)
    network = resnet.sngan_generator(128, classes=1000)
    assert outline(network, zeros(128), LABELS) == (generator, (2, 128, 128, 3))
    network = resnet.sngan_discriminator(128, classes=1000)
    widths = [64, 128, 256, 512, 1024]
    blocks = sum(down(i, o, i) for i, o in itertools.pairwise(widths))
    last = down(1024, 1024, 1024, False) + dense(1024, 1) + 1000 * 1024
    expected = down(3, 64, 64) + blocks + last
    assert outline(network, zeros(128, 128, 3), LABELS) == (expected, (2,))


def test_a_concatenated_label_widens_the_fourth_block():
    """SNResNetConcatDiscriminator, dim_emb = 128: 256 + 128 channels enter block 4."""
    network = resnet.sngan_discriminator(128, classes=1000, embedding=128)
    widths = [64, 128, 256]
    blocks = sum(down(i, o, i) for i, o in itertools.pairwise(widths))
    blocks += down(384, 512, 384) + down(512, 1024, 512) + down(1024, 1024, 1024, False)
    expected = down(3, 64, 64) + blocks + dense(1024, 1) + 1000 * 128
    assert outline(network, zeros(128, 128, 3), LABELS) == (expected, (2,))


def test_sagans_networks():
    """generator_test and discriminator_test of 128 pixels, gf_dim = df_dim = 64."""
    widths = [1024, 1024, 512, 256, 128, 64]
    blocks = sum(up(*pair, 2000) for pair in itertools.pairwise(widths))
    generator = dense(128, 4 * 4 * 1024) + blocks + attention(256) + 2 * 64 + conv(3, 64, 3)
    assert outline(sagan.generator(classes=1000), zeros(128), LABELS) == (
        generator,
        (2, 128, 128, 3),
    )
    widths = [64, 128, 256, 512, 1024]
    blocks = sum(down(i, o, o) for i, o in itertools.pairwise(widths))
    last = down(1024, 1024, 1024, False) + dense(1024, 1) + 1000 * 1024
    expected = down(3, 64, 64) + blocks + attention(128) + last
    network = sagan.discriminator(classes=1000)
    assert outline(network, zeros(128, 128, 3), LABELS) == (expected, (2,))


@pytest.mark.parametrize("resolution, features", [(32, (256, 128)), (64, (128, 64))])
def test_sagans_smaller_networks_attend_once(resolution, features):
    generator, discriminator = (make(resolution) for make in (sagan.generator, sagan.discriminator))
    plain = generator.clone(attention=0), discriminator.clone(attention=0)
    inputs = zeros(128), zeros(resolution, resolution, 3)
    for network, without, data, channels in zip(
        (generator, discriminator), plain, inputs, features, strict=True
    ):
        more = outline(network, data)[0] - outline(without, data)[0]
        assert more == attention(channels)


def test_unknown_resolutions_are_refused():
    for make in (resnet.sngan_generator, resnet.sngan_discriminator, sagan.generator):
        with pytest.raises(UserError, match="not 30"):
            make(30)
