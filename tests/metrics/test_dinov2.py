"""DINOv2's network and protocol against the published code, at random weights."""

import functools
import math

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan.errors import UserError
from jaxgan.metrics.extractors import dino_vit
from jaxgan.metrics.extractors import dinov2 as module
from jaxgan.metrics.extractors.convert_dinov2 import convert
from jaxgan.metrics.extractors.dino_vit import (
    Architecture,
    network,
    positions_for,
    state_dict_shapes,
    variables_of,
)
from jaxgan.metrics.extractors.dinov2 import (
    VITB14,
    VITG14,
    VITL14,
    VITS14,
    Model,
    dinov2,
    dinov2_extractor,
)
from jaxgan.metrics.extractors.resize import clean, pillow_bicubic
from jaxgan.metrics.extractors.weights import sha256_of

import pth_files  # isort: skip
from conftest import GOLDEN  # isort: skip

TOLERANCE = 1e-4
SMALL = Architecture(width=48, depth=2, heads=3)
GATED = Architecture(width=48, depth=2, heads=3, gated=True)


def draw(architecture: Architecture) -> dict[str, np.ndarray]:
    """The weights that the golden values are for, of sizes at which every part matters."""
    rng = np.random.RandomState(0)
    tensors = {}
    for name, shape in sorted(state_dict_shapes(architecture).items()):
        value = rng.randn(*shape)
        if name.endswith(("gamma", "norm.weight", "norm1.weight", "norm2.weight")):
            value = rng.uniform(0.5, 1.5, shape)
        elif name.endswith(".weight"):
            value *= 1.5 / np.sqrt(np.prod(shape[1:]))
        elif name.endswith(".bias"):
            value *= 0.3
        tensors[name] = value.astype(np.float32)
    return tensors


def pictures() -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, (3, 40, 32, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "dinov2_random_weights.npz") as file:
        return dict(file)


@functools.cache
def variables(architecture: Architecture):
    return variables_of(draw(architecture), 16)


def error(golden, architecture=SMALL, resize=pillow_bicubic, weights=None):
    """The greatest difference from the published code's features."""
    model = Model("tiny", architecture, "FD-tiny", "0" * 64, 0)
    extractor = dinov2_extractor(weights or variables(architecture), "0" * 64, model)
    x = np.asarray(resize(pictures(), 224)) / np.float32(255)
    found = network(extractor.variables, (x - module.MEAN) / module.STD, architecture.heads)
    return np.abs(found - golden["gated" if architecture.gated else "plain"]).max()


def test_features_agree_with_the_published_code(golden):
    for architecture, name in ((SMALL, "plain"), (GATED, "gated")):
        assert error(golden, architecture) < TOLERANCE / 5
        model = Model("tiny", architecture, "FD-tiny", "0" * 64, 0)
        extractor = dinov2_extractor(variables(architecture), "0" * 64, model)
        np.testing.assert_allclose(extractor.features(pictures()), golden[name], atol=TOLERANCE / 5)


CONTROLS = {
    # what is dropped: (the name of its place, what stands there instead, the least error)
    "offset of the positions": ("OFFSET", 0.0, 0.03),
    "kernel of the positions": ("CUBIC", -0.5, 0.03),
    "epsilon of the norms": ("EPSILON", 1e-3, 3e-4),
}


@pytest.mark.parametrize("quirk", CONTROLS)
def test_dropping_a_quirk_shows(monkeypatch, golden, quirk):
    place, instead, least = CONTROLS[quirk]
    monkeypatch.setattr(dino_vit, place, instead)
    assert error(golden, weights=variables_of(draw(SMALL), 16)) > least > TOLERANCE


def test_antialiased_positions_show(golden):
    """What the networks with registers, and later ports, do."""
    tensors = draw(SMALL)
    first, grid = tensors["pos_embed"][:, :1], tensors["pos_embed"][:, 1:]
    grid = jax.image.resize(grid.reshape(37, 37, 48), (16, 16, 48), "cubic", antialias=True)
    tensors["pos_embed"] = np.concatenate([first, np.reshape(grid, (1, 256, 48))], axis=1)
    assert error(golden, weights=variables_of(tensors, 16)) > 0.1


def test_another_resize_shows(golden):
    """Pillow on floats, which rounds nothing, and bilinear."""
    assert error(golden, resize=lambda x, size: clean(x.astype(np.float32), size)) > 3e-4

    def bilinear(x, size):
        return jax.image.resize(x.astype(np.float32), (len(x), size, size, 3), "linear")

    assert error(golden, resize=bilinear) > 0.01


def test_a_tanh_in_place_of_the_exact_gelu_shows(monkeypatch, golden):
    gelu = jax.nn.gelu
    monkeypatch.setattr(jax.nn, "gelu", lambda x, approximate: gelu(x, approximate=True))
    assert error(golden) > TOLERANCE


def test_positions_are_interpolated_from_37_to_16(golden):
    found = positions_for(draw(SMALL)["pos_embed"][0], 16)
    np.testing.assert_allclose(found[:, :8], golden["positions"], atol=1e-5)
    same = draw(SMALL)["pos_embed"][0]
    assert positions_for(same, 37) is same


def test_parameters_are_as_many_as_published():
    """The papers' 21 M, 86 M, 300 M and 1,100 M; the files are those and their names."""
    counts = {VITS14: 22_056_576, VITB14: 86_580_480, VITL14: 304_368_640, VITG14: 1_136_480_768}
    for model, expected in counts.items():
        shapes = state_dict_shapes(model.architecture)
        assert sum(math.prod(shape) for shape in shapes.values()) == expected
        assert 0 < model.bytes - 4 * expected < 500 * len(shapes)
        assert f"/dinov2_{model.name}/dinov2_{model.name}_pretrain.pth" in model.where
        assert len(model.sha256) == 64
    assert len({model.sha256 for model in counts}) == 4


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 24, 3), (224, 224, 3), (300, 517, 3)])
@pytest.mark.parametrize("kind", ["noise", "edges"])
def test_the_resize_is_pillows_to_the_bit(shape, kind):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    if kind == "edges":  # overshoots, which are clipped
        image = np.where(image > 127, 255, 0).astype(np.uint8)
    picture = Image.fromarray(image.squeeze())
    expected = np.asarray(picture.resize((224, 224), Image.Resampling.BICUBIC))
    found = jax.jit(pillow_bicubic, static_argnums=1)(image[None], 224)[0]
    np.testing.assert_array_equal(found, expected.reshape(224, 224, -1))


def test_floating_images_are_not_rounded():
    """Path lengths divide by the square of a small difference."""
    images = pictures().astype(np.float32)
    moved = pillow_bicubic(images + np.float32(0.01), 224) - pillow_bicubic(images, 224)
    assert 0.005 < np.median(moved) < 0.015
    dull = pictures() // 4 + 96  # no overshoot, which Pillow clips after its first pass too
    rounded, exact = (pillow_bicubic(x, 224) for x in (dull, dull.astype(np.float32)))
    assert 0.3 < np.abs(exact - rounded).max() < 1.5


@pytest.fixture
def tiny(tmp_path):
    """A model whose published file is small, and that file."""
    path = tmp_path / "dinov2_tiny_pretrain.pth"
    path.write_bytes(pth_files.state_dict(draw(SMALL)))
    return Model("tiny", SMALL, "FD-tiny", sha256_of(path), path.stat().st_size), path


def equal(found, expected):
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_the_published_file_and_what_is_converted_from_it(tmp_path, tiny, golden):
    model, path = tiny
    target = tmp_path / "tiny.safetensors"
    assert "the published file" in convert(path, target, model=model)
    for place in (path, target):
        extractor = dinov2(place, model)
        equal(extractor.variables, variables(SMALL))
        assert (extractor.name, extractor.distance) == ("dinov2-tiny", "FD-tiny")
        assert (extractor.weights_sha256, extractor.dimension) == (model.sha256, 48)
    found = dinov2(target, model).features(pictures())
    np.testing.assert_allclose(found, golden["plain"], atol=TOLERANCE)
    with pytest.raises(UserError, match="no classes"):
        extractor.logits(pictures())


def test_distances_are_named_after_the_protocol():
    for model, name in ((VITL14, "FD-DINOv2"), (VITB14, "FD-DINOv2-vitb14")):
        extractor = dinov2_extractor(None, model.sha256, model)
        assert (extractor.name, extractor.distance) == (f"dinov2-{model.name}", name)
        assert extractor.resize == "Pillow bicubic, 8 bits, to 224"


def test_other_and_truncated_files_are_refused_with_both_sums(tmp_path, tiny):
    _, path = tiny
    cut = tmp_path / "cut.pth"
    cut.write_bytes(path.read_bytes()[:1000])
    for call in (lambda: dinov2(cut), lambda: convert(cut, tmp_path / "x.safetensors")):
        with pytest.raises(UserError) as raised:
            call()
        message = str(raised.value)
        assert f"(1000 bytes) has SHA-256 {sha256_of(cut)}, not {VITL14.sha256}. Fetch" in message
        assert "dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/" in message
    assert not (tmp_path / "x.safetensors").exists()
    with pytest.raises(UserError, match="Fetch https"):
        dinov2(tmp_path / "missing.pth", VITS14)


def test_other_weights_are_marked(tmp_path, tiny):
    model, path = tiny
    other = Model("tiny", SMALL, "FD-DINOv2", "0" * 64, 0)
    target = tmp_path / "tiny.safetensors"
    assert "weights not verified" in convert(path, target, model.sha256.upper(), other)
    extractor = dinov2(target, other)
    assert extractor.name == f"dinov2-tiny/weights-not-verified-{model.sha256[:8]}"
    assert extractor.distance == f"FD-DINOv2-tiny-{model.sha256[:8]}"


def test_a_right_sum_does_not_excuse_another_network(tmp_path, tiny):
    model, path = tiny
    for architecture in (GATED, Architecture(48, 3, 3), Architecture(96, 2, 3)):
        wrong = Model("tiny", architecture, "FD-tiny", model.sha256, 0)
        with pytest.raises(UserError, match="another network"):
            dinov2(path, wrong)
        with pytest.raises(UserError, match="another network"):
            convert(path, tmp_path / "x.safetensors", model=wrong)


def test_a_converted_file_that_was_changed_is_refused(tmp_path, tiny):
    model, path = tiny
    target = tmp_path / "tiny.safetensors"
    convert(path, target, model=model)
    data = bytearray(target.read_bytes())
    data[-5] ^= 1
    target.write_bytes(data)
    with pytest.raises(UserError, match="Run scripts/convert_dinov2 again"):
        dinov2(target, model)
