"""Small data sets, published and prepared."""

import pytest
from published import make_idx


@pytest.fixture
def idx(tmp_path):
    folder = tmp_path / "published"
    return folder, make_idx(folder)


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """An empty data folder, also TFDS's default one; what jaxgan keeps lies beside it."""
    folder = tmp_path / "tfds"
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def prepared(idx, data_dir):
    """fashion_mnist with 40 + 12 random images; the arrays it was made from."""
    from jaxgan.data.prepare.prepare import prepare

    folder, content = idx
    prepare("fashion_mnist", source_dir=folder, partial=True)
    return content
