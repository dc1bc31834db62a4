import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.nn.attention import SelfAttention

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4, 6, 16)), jnp.float32)
LAYER = SelfAttention()


def variables(gamma):
    params = jax.jit(LAYER.init)(jax.random.key(0), X)["params"]
    return {"params": {**params, "gamma": jnp.float32(gamma)}}


def reference(params, x):
    """One pixel after the other."""
    names = ("query", "key", "value", "out")
    f, g, h, o = (np.asarray(params[name]["kernel"])[0, 0] for name in names)
    out = np.zeros_like(x)
    for n, image in enumerate(x):
        keys, values = [], []
        for i in range(0, image.shape[0], 2):
            for j in range(0, image.shape[1], 2):
                window = image[i : i + 2, j : j + 2].reshape(4, -1)
                keys.append((window @ g).max(axis=0))
                values.append((window @ h).max(axis=0))
        for i, j in np.ndindex(*image.shape[:2]):
            scores = np.array([(image[i, j] @ f) @ key for key in keys])
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            seen = sum(w * value for w, value in zip(weights, values, strict=True))
            out[n, i, j] = image[i, j] + params["gamma"] * (seen @ o)
    return out


def test_every_pixel_looks_at_every_window():
    given = variables(0.7)
    out = jax.jit(LAYER.apply)(given, X)
    np.testing.assert_allclose(out, reference(given["params"], np.asarray(X)), rtol=1e-4, atol=1e-5)


def test_it_starts_as_the_identity():
    out, start = jax.jit(LAYER.init_with_output)(jax.random.key(0), X)
    np.testing.assert_array_equal(out, X)
    assert start["params"]["query"]["kernel"].shape == (1, 1, 16, 2)
    assert start["params"]["value"]["kernel"].shape == (1, 1, 16, 8)


def test_penalties_differentiate_it_twice():
    @jax.jit
    def penalty(x, given):
        slope = jax.grad(lambda x: jnp.sum(LAYER.apply(given, x) ** 3))(x)
        return jnp.sum(slope**2)

    given = variables(0.5)
    step = 1e-3 * np.random.default_rng(1).normal(size=X.shape).astype(np.float32)
    slope = jax.jit(jax.grad(penalty))(X, given)
    rise = penalty(X + step, given) - penalty(X - step, given)
    np.testing.assert_allclose(rise, 2 * np.sum(slope * step), rtol=2e-2)


def test_the_dtype_of_activations_is_kept():
    low = jnp.asarray(X, jnp.bfloat16)
    out, _ = jax.eval_shape(LAYER.init_with_output, jax.random.key(0), low)
    assert out.dtype == jnp.bfloat16
