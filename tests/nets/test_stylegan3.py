"""StyleGAN3's generators: the authors' images at the same weights, and what moves with what."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nets import stylegan3
from jaxgan.nn import filtered
from nets.counting import outline, zeros

GOLDEN = np.load(Path(__file__).with_name("stylegan3.npz"))
SIGNALS = tuple(stylegan3.signals(32, 3, 96, 6, 5, 1))
KINDS = {"t": {}, "r": {"kernel": 1, "radial": True}}
MOVED = jnp.array(((1.0, 0.0, -0.25), (0.0, 1.0, 0.125), (0.0, 0.0, 1.0)))


def generator(kind):
    return stylegan3.Generator(SIGNALS, 1, style=6, depth=2, **KINDS[kind])


def affine(name):
    return {"kernel": GOLDEN[f"{name}.weight"].T, "bias": GOLDEN[f"{name}.bias"]}


def variables(kind):
    """The authors' weights by our names."""
    inside = f"{kind}/synthesis"
    names = sorted({k.split(".")[1] for k in GOLDEN if k.startswith(f"{inside}.L")})
    synthesis = {
        "Input_0": {
            "affine": GOLDEN[f"{inside}.input.affine.weight"].T,
            "place": GOLDEN[f"{inside}.input.affine.bias"],
            "kernel": GOLDEN[f"{inside}.input.weight"].T,
        }
    }
    squares = {}
    for number, name in enumerate(names):
        synthesis[f"Layer_{number}"] = {
            "kernel": GOLDEN[f"{inside}.{name}.weight"].transpose(2, 3, 1, 0),
            "bias": GOLDEN[f"{inside}.{name}.bias"],
            "scales": affine(f"{inside}.{name}.affine"),
        }
        squares[f"Layer_{number}"] = {"square": GOLDEN[f"{inside}.{name}.magnitude_ema"]}
    mapping = {f"EqualizedDense_{n}": affine(f"{kind}/mapping.fc{n}") for n in range(2)}
    inputs = f"{inside}.input"
    waves = {"frequencies": GOLDEN[f"{inputs}.freqs"], "phases": GOLDEN[f"{inputs}.phases"]}
    found = {
        "params": {"mapping": mapping, "synthesis": synthesis},
        "average": {"mean": GOLDEN[f"{kind}/mapping.w_avg"]},
        "magnitude": {"synthesis": squares},
        "fourier": {"synthesis": {"Input_0": waves}},
    }
    return names, jax.tree.map(jnp.asarray, found)


def close(found, expected):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-5 * scale)


@pytest.mark.parametrize("kind", KINDS)
def test_images_are_those_of_the_authors_code(kind):
    module, (_, weights) = generator(kind), variables(kind)
    latent = jnp.asarray(GOLDEN["latent"])
    run = jax.jit(partial(module.apply, train=False), static_argnames="cutoff")
    close(run(weights, latent)[:, ::2, ::2], GOLDEN[f"{kind}/image"])
    close(run(weights, latent, psi=0.5, cutoff=3)[:, ::2, ::2], GOLDEN[f"{kind}/short"])
    close(run(weights, latent, transform=MOVED)[:, ::2, ::2], GOLDEN[f"{kind}/moved"])


def test_slopes_and_averages_are_those_of_the_authors_code():
    module, (names, weights) = generator("t"), variables("t")
    latent = jnp.asarray(GOLDEN["latent"])

    @jax.jit
    def whole(latent):
        squares = lambda x: jnp.sum(jnp.square(module.apply(weights, x, train=False)))  # noqa: E731
        moving = ["average", "magnitude"]
        return jax.grad(squares)(latent), module.apply(weights, latent, train=True, mutable=moving)

    slope, (images, after) = whole(latent)
    close(slope, GOLDEN["t/slope"])
    close(images[:, ::2, ::2], GOLDEN["t/trained"])
    np.testing.assert_allclose(after["average"]["mean"], GOLDEN["t/after/mapping.w_avg"], rtol=1e-4)
    for number, name in enumerate(names):
        square = after["magnitude"]["synthesis"][f"Layer_{number}"]["square"]
        expected = GOLDEN[f"t/after/synthesis.{name}.magnitude_ema"]
        np.testing.assert_allclose(square, expected, rtol=1e-4)


@pytest.mark.parametrize("resolution, t, r", [(256, 28.47, 18.82), (1024, 22.31, 15.09)])
def test_parameter_counts(resolution, t, r):
    """In millions, of both kinds, by the authors' code."""
    for millions, base, most, more in ((t, 32_768, 512, {}), (r, 65_536, 1024, KINDS["r"])):
        found = tuple(stylegan3.signals(resolution, 3, base, most))
        module = stylegan3.Generator(found, **more)
        parameters, output = outline(module, zeros(512))
        assert round(parameters / 1e6, 2) == millions
        assert output == (2, resolution, resolution, 3)


def test_signals_grow_from_the_first_to_the_last_resolution():
    """The paper's figure 4 b, of 1024 pixels: 14 layers, margins of 10 pixels, none at the end."""
    found = stylegan3.signals(1024, 3, 32_768, 512)
    assert [one.size for one in found] == [
        *(36, 36, 52, 52, 84, 148, 148, 276, 276, 532, 1044, 1044, 1044, 1024, 1024)
    ]
    assert found[0].cutoff == 2
    assert found[-1].cutoff == found[-2].cutoff == 512


def moved_by(images, right, down):
    """Images moved by whole pixels, and where they are known."""
    side = images.shape[1]
    place = np.arange(side)
    across, along = place - right, place - down
    inside = (across >= 0) & (across < side), (along >= 0) & (along < side)
    moved = images[:, np.clip(along, 0, side - 1)][:, :, np.clip(across, 0, side - 1)]
    return moved, inside[1][:, None] & inside[0][None, :]


def psnr(images, other, known):
    error = np.square(images - other)[:, known].mean() / np.square(images[:, known]).mean()
    return -10 * np.log10(error)


def test_an_untrained_generator_s_images_move_with_their_waves():
    """EQ-T of its filters, relative to the contrast of its images."""
    module = generator("t")
    latent = jax.random.normal(jax.random.key(2), (4, 5))
    weights = jax.jit(partial(module.init, train=False))(jax.random.key(1), latent)
    run = jax.jit(partial(module.apply, train=False))
    right, down = 3, -4
    transform = jnp.eye(3).at[:2, 2].set(-jnp.array([right, down]) / 32)
    plain, found = (np.asarray(run(weights, latent, transform=t)) for t in (jnp.eye(3), transform))
    expected, known = moved_by(plain, right, down)
    assert psnr(found, expected, known) > 30
    assert psnr(plain, expected, known) < 10


def test_filters_keep_constants_and_low_waves():
    taps = filtered.kaiser(12, 2.0, 4.0, 32.0)
    assert taps.sum() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-7)
    round_ = filtered.radial(12, 2.0, 4.0, 32.0)
    assert round_.sum() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(round_, round_.T, atol=1e-7)
    # What is doubled and halved again, without a rectifier, is the same where nothing is cut off.
    wave = jnp.sin(2 * jnp.pi * 2 * jnp.arange(64) / 64)
    images = jnp.broadcast_to(wave[None, None, :, None], (1, 64, 64, 1))
    both = filtered.kaiser(12, 16.0, 32.0, 128.0)
    filters = filtered.Filters(2, 2, 11, 10, both, both)
    found = filtered.filtered_leaky_relu(images, filters, 1.0, 1.0, 256.0)
    assert found.shape == images.shape
    np.testing.assert_allclose(found[:, 12:-12, 12:-12], images[:, 12:-12, 12:-12], atol=0.02)
