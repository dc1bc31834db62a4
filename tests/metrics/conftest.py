"""Golden values: features whose scores other packages computed."""

from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def golden():
    """Real and generated features, float32 ``[3000, 64]``; compressed by LZMA."""
    with np.load(GOLDEN / "features.npz") as file:
        return file["real"], file["fake"]


@pytest.fixture(scope="session")
def inception_golden():
    """Two images ``images``, and torch-fidelity's features of them, ``f_64`` to ``f_logits``."""
    with np.load(GOLDEN / "inception_random_weights.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def inception_tensors(inception_golden):
    """The random weights that those features are for, drawn again: name -> array."""
    rng = np.random.RandomState(0)  # which the golden values are for
    tensors = {}
    for name, padded in zip(inception_golden["names"], inception_golden["shapes"], strict=True):
        shape = tuple(int(n) for n in padded if n)
        if name.endswith("conv.weight"):
            value = rng.randn(*shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith(("bn.weight", "running_var")):
            value = rng.uniform(0.8, 1.2, shape)
        elif name.endswith("bn.bias"):
            value = rng.uniform(-0.1, 0.1, shape)
        elif name.endswith("running_mean"):
            value = rng.uniform(-0.05, 0.05, shape)
        else:
            value = rng.randn(*shape) * {"fc.weight": 0.02, "fc.bias": 0.1}[str(name)]
        tensors[str(name)] = value.astype(np.float32)
    return tensors
