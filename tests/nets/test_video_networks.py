"""MoCoGAN's and VGAN's networks: the authors' counts, and what they compute."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.nets import mocogan, vgan
from nets.counting import outline, zeros


@pytest.mark.parametrize(
    "module, shape, parameters, output",
    [
        (mocogan.Generator(), (226,), 3_298_836, (2, 16, 64, 64, 3)),
        (mocogan.FrameDiscriminator(), (64, 64, 3), 663_296, (2, 4, 4)),
        (mocogan.ClipDiscriminator(), (16, 64, 64, 3), 11_253_504, ((2,), (2, 6))),
        (vgan.Generator(), (100,), 16_245_383, ((2, 32, 64, 64, 3), (2, 32, 64, 64, 1))),
        (vgan.Discriminator(), (32, 64, 64, 3), 11_057_858, (2,)),
    ],
)
def test_parameter_counts_of_the_authors_networks(module, shape, parameters, output):
    assert outline(module, zeros(*shape)) == (parameters, output)


def small():
    generator = mocogan.Generator(4, 16, 2, content=3, categories=2, motion=2, width=2)
    latents = jax.random.normal(jax.random.key(1), (3, 3 + 2 + 2 + 4 * 2))
    variables = initialized(generator, latents)
    return jax.jit(partial(generator.apply, train=False)), variables, latents


def initialized(module, x):
    return jax.jit(partial(module.init, train=False))(jax.random.key(0), x)


def test_one_frame_is_that_of_the_clip():
    apply, variables, latents = small()
    clips = apply(variables, latents)
    places = jnp.array([2, 0, 3])
    frames = apply(variables, latents, frame=places)
    assert clips.shape == (3, 4, 16, 16, 2)
    np.testing.assert_allclose(frames, clips[jnp.arange(3), places], atol=1e-6)


def test_motion_moves_and_content_stays():
    """Without noise and with a state that stays, all frames are alike; another noise moves them."""
    apply, variables, latents = small()
    frozen = jax.tree.map(lambda leaf: leaf, variables)
    gru = frozen["params"]["GRU_0"]
    gru["input_kernel"] = jnp.zeros_like(gru["input_kernel"])
    # The update gate is open: the state is never replaced.
    for who in ("input", "state"):
        gru[f"{who}_bias"] = jnp.zeros_like(gru[f"{who}_bias"]).at[2:4].set(30.0)
    still = apply(frozen, latents)
    np.testing.assert_allclose(still, jnp.broadcast_to(still[:, :1], still.shape), atol=1e-6)
    moving = apply(variables, latents)
    assert float(jnp.abs(moving[:, 1:] - moving[:, :-1]).max()) > 1e-4


def test_the_noise_of_the_discriminator_is_that_of_training():
    image = jax.random.normal(jax.random.key(1), (8, 16, 16, 2))
    quiet, loud = (mocogan.FrameDiscriminator(2, noise=noise) for noise in (0.0, 0.5))
    variables = initialized(quiet, image)
    logits = [jax.jit(partial(net.apply, train=False))(variables, image) for net in (quiet, loud)]
    np.testing.assert_array_equal(*logits)


def test_the_mask_chooses_between_foreground_and_background():
    generator = vgan.Generator(4, 16, 2, width=2)
    latents = jax.random.normal(jax.random.key(1), (3, 5))
    variables = initialized(generator, latents)
    apply = jax.jit(partial(generator.apply, train=False))
    kernels = variables["params"]
    mask_layer = kernels["ClipConvTranspose_2"]
    assert mask_layer["kernel"].shape[3] == 1

    def drawn(bias):
        mask_layer["bias"] = jnp.full((1,), bias)
        return apply(variables, latents)

    background, nothing = drawn(-50.0)
    np.testing.assert_allclose(nothing, 0.0, atol=1e-6)
    np.testing.assert_allclose(
        background, jnp.broadcast_to(background[:, :1], background.shape), atol=1e-6
    )
    foreground, everything = drawn(50.0)
    np.testing.assert_allclose(everything, 1.0, atol=1e-6)
    half, mask = drawn(0.0)
    np.testing.assert_allclose(half, mask * foreground + (1 - mask) * background, atol=1e-6)


@pytest.mark.parametrize("frames, resolution, fault", [(6, 16, "multiple of 4"), (16, 28, "28")])
def test_clips_that_are_not_halved_are_refused(frames, resolution, fault):
    with pytest.raises(UserError, match=fault):
        vgan.first_frames(frames, resolution)
