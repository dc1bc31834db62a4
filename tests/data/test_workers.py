"""Processes read the batches that threads read."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.feed import make_feed
from jaxgan.data.open import open_source


@pytest.fixture
def pictures(tmp_path, data_dir):
    random = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for number in range(11):
        image = Image.fromarray(random.integers(0, 256, (9, 9, 3), np.uint8))
        image.save(tmp_path / "pictures" / f"{number}.png")
    return open_source(f"folder:{tmp_path / 'pictures'}", resolution=8)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_processes_read_the_same_batches(pictures, workers):
    asked = {"seed": 3, "batch_size": 4, "mode": "streamed", "threads": 1}
    plain, spread = make_feed(pictures, **asked), make_feed(pictures, **asked, workers=workers)
    try:
        for first, count in ((0, 3), (3, 2), (7, 1)):  # the last is a jump
            expected, found = plain.chunk(first, count), spread.chunk(first, count)
            assert found.keys() == expected.keys()
            for name in expected:
                np.testing.assert_array_equal(found[name], expected[name])
    finally:
        plain.close()
        spread.close()
