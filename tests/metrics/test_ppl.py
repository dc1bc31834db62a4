from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics import ppl, ppl_w
from jaxgan.metrics.ppl import METRIC, lerp, path_length, perceptual_path_length, slerp


def normal(key, n):
    return jax.random.normal(key, (n, 6))


def test_slerp_keeps_to_the_sphere_at_even_speed():
    a, b = jnp.array([[2.0, 0, 0]]), jnp.array([[0, 3.0, 0]])
    for t in (0.0, 0.25, 1.0):
        angle = t * np.pi / 2
        expected = [[np.cos(angle), np.sin(angle), 0]]
        np.testing.assert_allclose(slerp(a, b, jnp.array([t])), expected, atol=1e-6)


def test_a_linear_generator_has_a_closed_form():
    """On the line, G(z) = 3 z: the length is 9 |z_2 - z_1|^2, of mean 9 * 2 * 6."""
    found = perceptual_path_length(
        jax.random.key(0),
        lambda z, _: 3 * z,
        lambda x: x,
        normal,
        count=4000,
        batch=500,
        interpolate=lerp,
        epsilon=1e-2,
        trim=0,
    )
    assert len(found.values) == 4000
    assert found.mean == pytest.approx(108, rel=0.03)


def test_both_ends_of_a_step_share_the_path():
    """At the ends only, t = 0: with slerp all steps from one sphere have their angle's length."""
    found = perceptual_path_length(
        jax.random.key(0), lambda z, _: z, lambda x: x, normal, count=50, batch=32, ends_only=True,
        epsilon=1e-2, trim=0,
    )  # fmt: skip
    z = [normal(jax.random.split(jax.random.fold_in(jax.random.key(0), i))[0], 64) for i in (0, 1)]
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in z]
    angles = np.concatenate([np.arccos(np.sum(x[:32] * x[32:], axis=1)) for x in unit])[:50]
    np.testing.assert_allclose(found.values, angles**2, rtol=2e-3)


def test_the_class_of_an_image_is_no_part_of_its_path(monkeypatch):
    """A generator whose images are their latents, moved by their class: of 3, in steps of 10."""
    monkeypatch.setattr(ppl, "PATHS", 2000)
    monkeypatch.setattr(ppl, "PATHS_AT_ONCE", 10)
    generator = SimpleNamespace(
        seed=0,
        latents=normal,
        condition=lambda count, first: {"label": (first + np.arange(count)) % 3},
        images=lambda latents, condition: latents + condition["label"][:, None],
    )
    extractor = SimpleNamespace(apply=lambda _, x: SimpleNamespace(features=x), variables=None)
    samples = SimpleNamespace(generator=generator)
    values, _ = METRIC.compute(SimpleNamespace(generated=samples, extractor=extractor))
    assert values["mean"] == pytest.approx(12, rel=0.1)  # the mean of |z_2 - z_1|^2


def test_paths_go_through_all_classes():
    """A class is walked as fast as its number is large: of 7, in batches of 4."""
    found = perceptual_path_length(
        jax.random.key(0),
        lambda z, label: z * label[:, None],
        lambda x: x,
        lambda key, n: jnp.concatenate([jnp.zeros((n // 2, 1)), jnp.ones((n // 2, 1))]),
        lambda count, first: (first + np.arange(count)) % 7,
        count=14,
        batch=4,
        interpolate=lerp,
        epsilon=1e-2,
        trim=0,
    )
    np.testing.assert_allclose(found.values, (np.arange(14) % 7) ** 2, rtol=1e-3)


def test_the_longest_and_shortest_paths_are_left_out():
    lengths = np.arange(1000.0)
    found = path_length(np.zeros((1000, 1)), np.sqrt(lengths)[:, None], epsilon=1.0, trim=0.01)
    assert found.mean == pytest.approx(np.mean(lengths[9:991]))
    np.testing.assert_allclose(found.values, lengths)


def test_faults_are_refused():
    with pytest.raises(UserError, match=r"t \+ epsilon"):
        path_length(np.zeros((2, 2)), np.full((2, 2), np.nan))
    with pytest.raises(UserError, match="differ"):
        path_length(np.zeros((2, 2)), np.zeros((3, 2)))


def test_paths_between_styles(monkeypatch):
    """A mapping that doubles latents, and images that are three times the second layer's style."""
    monkeypatch.setattr(ppl_w, "PATHS", 2000)
    monkeypatch.setattr(ppl_w, "PATHS_AT_ONCE", 50)
    generator = SimpleNamespace(
        seed=0,
        latents=normal,
        condition=lambda count, first: {"label": (first + np.arange(count)) % 3},
        styles=lambda z, condition: jnp.stack([0 * z, 2 * z + condition["label"][:, None]], axis=1),
        images_of=lambda styles: 3 * styles[:, 1],
    )
    extractor = SimpleNamespace(apply=lambda _, x: SimpleNamespace(features=x), variables=None)
    samples = SimpleNamespace(generator=generator)
    values, _ = ppl_w.METRIC.compute(SimpleNamespace(generated=samples, extractor=extractor))
    assert values["mean"] == pytest.approx(36 * 12, rel=0.1)  # (2 * 3)^2 of |z_2 - z_1|^2
