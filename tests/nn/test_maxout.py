import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.nn.maxout import Maxout


def test_each_unit_is_the_largest_of_its_pieces():
    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    layer = Maxout(features=3, pieces=5)
    variables = layer.init(jax.random.key(0), jnp.asarray(x))
    kernel = np.asarray(variables["params"]["Dense_0"]["kernel"])
    bias = np.random.default_rng(1).normal(size=15).astype(np.float32)
    params = {"Dense_0": {"kernel": kernel, "bias": bias}}
    out = layer.apply({"params": params}, jnp.asarray(x))
    expected = np.zeros((6, 3))
    for unit in range(3):
        pieces = [x @ kernel[:, 3 * k + unit] + bias[3 * k + unit] for k in range(5)]
        expected[:, unit] = np.max(pieces, axis=0)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
