import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.nets import dcgan


@functools.cache
def shapes(module, *shape):
    return jax.eval_shape(
        functools.partial(module.init, train=False), jax.random.key(0), jnp.zeros((2, *shape))
    )


def count(module, *shape):
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(module, *shape)["params"]))


def test_parameter_counts_of_the_authors_faces_networks():
    """dcgan_code, faces/train_uncond_dcgan.py: 64 pixels, nz = 100, ngf = ndf = 128.

    No biases; a gain and a bias for each normalized unit or channel, where the first
    layer of the generator is normalized per unit (4 * 4 * 1024 of them).
    """
    project = 100 * (4 * 4 * 1024) + 2 * (4 * 4 * 1024)
    up = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 2 * (512 + 256 + 128)
    assert count(dcgan.Generator(), 100) == project + up == 18_885_760
    down = 25 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) + 2 * (256 + 512 + 1024)
    assert count(dcgan.Discriminator(), 64, 64, 3) == down + 4 * 4 * 1024 == 17_232_768


@pytest.mark.parametrize("resolution, channels", [(28, 1), (32, 3), (64, 3)])
def test_images_have_the_resolution_that_was_asked_for(resolution, channels):
    generator = dcgan.Generator(resolution, channels, width=2)
    discriminator = dcgan.Discriminator(width=2)
    # Far from the origin, where only tanh keeps the range.
    drawn = jax.jit(functools.partial(generator.init_with_output, train=False))
    images, _ = drawn(jax.random.key(0), 1e3 * jnp.ones((2, 5)))
    assert images.shape == (2, resolution, resolution, channels)
    assert float(jnp.abs(images).max()) <= 1
    logits = jax.eval_shape(
        lambda x: discriminator.init_with_output(jax.random.key(0), x, train=False)[0], images
    )
    assert logits.shape == (2,)


def test_resolutions_are_doublings_of_four_to_seven():
    known = {8: 1, 16: 2, 28: 2, 32: 3, 48: 3, 64: 4, 128: 5, 256: 6, 112: 4, 96: 4}
    assert {resolution: dcgan.doublings(resolution) for resolution in known} == known
    for resolution in (0, 4, 7, 9, 27, 30, 33, 65, 100):
        with pytest.raises(UserError, match=f"never gives {resolution}; use --resolution 28"):
            dcgan.doublings(resolution)


def test_weights_are_drawn_as_the_paper_says():
    """Zero-centered normal with standard deviation 0.02; gains around one, likewise."""
    init = jax.jit(functools.partial(dcgan.Discriminator(width=16).init, train=False))
    params = init(jax.random.key(0), jnp.zeros((1, 16, 16, 3)))["params"]
    for path, leaf in jax.tree.leaves_with_path(params):
        name = path[-1].key
        if name == "bias":
            assert not np.any(leaf)
            continue
        error = 0.02 / np.sqrt(leaf.size)
        assert np.mean(leaf) == pytest.approx(float(name == "scale"), abs=5 * error)
        assert np.std(leaf) == pytest.approx(0.02, abs=5 * error)


def test_no_normalization_touches_the_image():
    """At the generator's output and the discriminator's input (section 3)."""
    generator = shapes(dcgan.Generator(32, 3, 4), 5)["params"]
    norms = [name for name in generator if name.startswith("_Norm")]
    assert len(norms) == 3
    widths = {generator[name]["BatchNorm_0"]["scale"].shape for name in norms}
    assert widths == {(4 * 4 * 16,), (8,), (4,)}
    discriminator = shapes(dcgan.Discriminator(4), 32, 32, 3)["params"]
    norms = [discriminator[name] for name in discriminator if name.startswith("_Norm")]
    assert [norm["BatchNorm_0"]["scale"].shape for norm in norms] == [(8,), (16,)]


def test_only_square_images_are_drawn():
    assert dcgan.square((64, 64, 3)) == (64, 3)
    for shape in ((28, 30, 1), (2,), (30, 30, 3)):
        with pytest.raises(UserError, match="--resolution"):
            dcgan.square(shape)


def test_without_batch_normalization_a_layer_has_a_bias_and_no_statistics():
    plain = shapes(dcgan.Discriminator(width=2, batch_norm=False), 32, 32, 3)
    normalized = shapes(dcgan.Discriminator(width=2), 32, 32, 3)
    assert set(plain) == {"params"}
    assert set(normalized) == {"params", "batch_stats"}
    layers = [layer for name, layer in plain["params"].items() if name.startswith("Conv")]
    assert [layer["bias"].shape for layer in layers] == [(2,), (4,), (8,)]
    assert plain["params"]["Dense_0"].keys() == {"kernel"}
