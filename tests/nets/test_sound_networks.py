"""WaveGAN's and SpecGAN's networks: the authors' counts, and what they compute, by NumPy."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.nets import specgan, wavegan
from nets.counting import outline, zeros
from support.same_convolutions import convolved, transposed

LATENT = (100,)


@pytest.mark.parametrize(
    "module, shape, parameters, output",
    [
        (wavegan.Generator(), LATENT, 19_065_345, (2, 16_384)),
        (wavegan.Discriminator(), (16_384,), 17_427_969, (2,)),
        (wavegan.Generator(width=16), LATENT, 1_502_337, (2, 16_384)),
        (wavegan.Discriminator(16), (16_384,), 1_092_993, (2,)),
        # Half of the first map's samples: half of the dense layers' numbers.
        (wavegan.Generator(8192), LATENT, 19_065_345 - 101 * 8 * 1024, (2, 8192)),
        (wavegan.Discriminator(), (8192,), 17_427_969 - 8 * 1024, (2,)),
        (wavegan.Generator(4096), LATENT, 19_065_345 - 101 * 12 * 1024, (2, 4096)),
        (wavegan.Generator(32_768, 2), LATENT, None, (2, 32_768)),
        (wavegan.Discriminator(2), (65_536,), None, (2,)),
        (specgan.Generator(), LATENT, 19_065_345, (2, 128, 128, 1)),
        (specgan.Discriminator(), (128, 128, 1), 17_427_969, (2,)),
        (specgan.Generator(width=16), LATENT, 1_502_337, (2, 128, 128, 1)),
        (specgan.Discriminator(16), (128, 128, 1), 1_092_993, (2,)),
        (specgan.Generator(8192), LATENT, 19_065_345 - 101 * 8 * 1024, (2, 64, 128, 1)),
        (specgan.WithMoments(specgan.Generator()), LATENT, 19_065_345, (2, 128, 129)),
    ],
)
def test_parameter_counts_of_the_authors_networks(module, shape, parameters, output):
    found, shapes = outline(module, zeros(*shape))
    assert shapes == output
    assert parameters in (None, found)


def test_longer_sounds_have_a_sixth_layer():
    assert wavegan.strides(16_384) == (16, (4, 4, 4, 4, 4))
    assert wavegan.strides(32_768) == (16, (4, 4, 4, 4, 4, 2))
    assert wavegan.strides(65_536) == (16, (4, 4, 4, 4, 4, 4))
    assert wavegan.strides(8192) == (8, (4, 4, 4, 4, 4))


def randomized(module, *args):
    """Variables that are all random, the biases too, and their values as float64 by layer."""
    variables = jax.eval_shape(partial(module.init, train=False), jax.random.key(0), *args)
    random = np.random.default_rng(0)

    def drawn(leaf):
        spread = 0.1 if leaf.ndim == 1 else 1.5 / np.sqrt(leaf.size / leaf.shape[-1])
        return jnp.asarray(random.normal(0, spread, leaf.shape), jnp.float32)

    single = jax.tree.map(drawn, variables["params"])
    return {"params": single}, jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), single)


def generated(params, kind, first, latents, strides):
    """A generator by hand: ``first`` is the shape of the first map."""
    x = np.asarray(latents) @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"]
    x = np.maximum(x, 0).reshape(-1, *first)
    for number in range(5):
        layer = params[f"{kind}_{number}"]
        kernel = layer["kernel"].reshape(-1, *layer["kernel"].shape[-3:])
        x = transposed(x, kernel, strides) + layer["bias"]
        x = np.maximum(x, 0) if number < 4 else np.tanh(x)
    return x


def scored(params, kind, x, strides):
    """A discriminator by hand, of maps ``[b, h, w, c]``."""
    x = np.asarray(x)
    for number in range(5):
        layer = params[f"{kind}_{number}"]
        kernel = layer["kernel"].reshape(-1, *layer["kernel"].shape[-3:])
        x = convolved(x, kernel, strides) + layer["bias"]
        x = np.where(x > 0, x, 0.2 * x)
    return x.reshape(len(x), -1) @ params["Dense_0"]["kernel"][:, 0] + params["Dense_0"]["bias"]


def applied(module, variables, *args):
    return jax.jit(partial(module.apply, train=False))(variables, *args)


def noise(*shape):
    return jnp.asarray(np.random.default_rng(1).normal(size=shape), jnp.float32)


def test_wavegans_networks_are_numpys():
    generator, discriminator = wavegan.Generator(1024, 2), wavegan.Discriminator(2)
    latents, sounds = noise(3, 5), noise(3, 1024)
    variables, params = randomized(generator, latents)
    wanted = generated(params, "WaveConvTranspose", (1, 1, 32), latents, (1, 4))
    got = applied(generator, variables, latents)
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(got, wanted[:, 0, :, 0], rtol=1e-4, atol=1e-5)
    variables, params = randomized(discriminator, sounds)
    wanted = scored(params, "WaveConv", sounds[:, None, :, None], (1, 4))
    got = applied(discriminator, variables, sounds)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_specgans_networks_are_numpys():
    generator, discriminator = specgan.Generator(4096, 2), specgan.Discriminator(2)
    latents, images = noise(3, 5), noise(3, 32, 128, 1)
    variables, params = randomized(generator, latents)
    wanted = generated(params, "ConvTranspose", (1, 4, 32), latents, (2, 2))
    got = applied(generator, variables, latents)
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    variables, params = randomized(discriminator, images)
    wanted = scored(params, "Conv", images, (2, 2))
    got = applied(discriminator, variables, images)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_phases_are_shuffled_after_the_first_four_layers_in_training():
    discriminator, sounds = wavegan.Discriminator(1), noise(2, 1024)
    variables, _ = randomized(discriminator, sounds)
    still = applied(discriminator, variables, sounds)

    def moved(network):
        given = dict(rngs={"noise": jax.random.key(1)}, capture_intermediates=True, mutable=True)
        shown = jax.jit(partial(network.apply, train=True, **given))(variables, sounds)
        return shown[0], shown[1]["intermediates"]

    logits, seen = moved(discriminator)
    assert sum(name.startswith("PhaseShuffle") for name in seen) == 4
    assert float(jnp.abs(logits - still).max()) > 1e-4
    logits, _ = moved(wavegan.Discriminator(1, shuffle=0))
    np.testing.assert_allclose(logits, still, rtol=1e-6)


def test_what_is_normalized_comes_back():
    """But for the highest frequency, which is at its mean, and for what is clipped."""
    logs = 2.0 + noise(4, 3, 129) * jnp.linspace(0.5, 3, 129)
    mean, deviation = logs.mean(axis=(0, 1)), logs.std(axis=(0, 1))
    image = specgan.normalized(logs, mean, deviation)
    assert image.shape == (4, 3, 128, 1)
    np.testing.assert_allclose(
        image[..., 0], (logs - mean)[..., :128] / (3 * deviation[:128]), rtol=1e-4, atol=1e-5
    )
    back = np.asarray(specgan.denormalized(image, mean, deviation))
    np.testing.assert_allclose(back[..., :128], logs[..., :128], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(back[..., 128], np.broadcast_to(mean[128], (4, 3)))
    far = specgan.normalized(logs + 20 * deviation, mean, deviation)
    np.testing.assert_array_equal(far, 1.0)
    np.testing.assert_allclose(
        specgan.denormalized(far, mean, deviation)[..., :128],
        np.broadcast_to(mean + 3 * deviation, logs.shape)[..., :128],
        rtol=1e-5,
    )


def test_the_moments_of_real_spectrograms_are_the_generators():
    network = specgan.WithMoments(specgan.Generator(4096, 1))
    latents, logs = noise(2, 3), 5.0 + 2.0 * noise(2, 32, 129)
    variables = jax.jit(partial(network.init, train=False))(jax.random.key(0), latents, logs)
    step = jax.jit(partial(network.apply, train=True, mutable=["moments"]))
    (fake, real), moved = step(variables, latents, logs)
    variables = {**variables, **moved}
    mean, deviation = logs.mean(axis=(0, 1)), logs.std(axis=(0, 1))
    wanted = np.clip((logs - mean) / deviation / 3, -1, 1)[..., :128]
    np.testing.assert_allclose(real[..., 0], wanted, atol=1e-4)
    alone = applied(network, variables, latents)
    wanted = np.asarray(fake)[..., 0] * 3 * deviation[:128] + mean[:128]
    np.testing.assert_allclose(alone[..., :128], wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "refused, fault",
    [
        (lambda: wavegan.strides(8000), "multiple of 1024"),
        (lambda: wavegan.strides(20_480), "20,480"),
        (lambda: wavegan.length((32, 32, 3)), "no sounds"),
        (lambda: wavegan.check_shuffle(4, 1024), "--shuffle 4: .* at most 3"),
        (lambda: specgan.first_frames(6144), "multiple of 4,096"),
    ],
)
def test_sounds_that_networks_do_not_make_are_refused(refused, fault):
    with pytest.raises(UserError, match=fault):
        refused()
