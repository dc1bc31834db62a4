from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn.heads import Auxiliary, Codes, Compared, Projection

H = jnp.asarray(np.random.default_rng(0).normal(size=(6, 8)), jnp.float32)
LABELS = jnp.array([0, 2, 1, 2, 0, 1], jnp.int32)


def made(head, labels=None):
    """What a fresh head says, and its variables."""
    return jax.jit(partial(head.init_with_output, train=False))(jax.random.key(0), H, labels)


def test_a_projection_is_its_formula():
    """Miyato & Koyama 2018, equation 8, sample by sample."""
    layer = Projection(3)
    logits, variables = made(layer, LABELS)
    params = jax.tree.map(np.asarray, variables["params"])
    psi, v = params["Dense_0"], params["embedding"]
    expected = [
        h @ psi["kernel"][:, 0] + psi["bias"][0] + v[label] @ h
        for h, label in zip(np.asarray(H), np.asarray(LABELS), strict=True)
    ]
    np.testing.assert_allclose(logits, expected, rtol=1e-5)


def test_the_labels_of_a_pack_are_projected_one_by_one():
    layer = Projection(3)
    _, variables = made(layer, LABELS)
    packs = jnp.stack([LABELS, LABELS[::-1]], axis=1)
    says = partial(layer.apply, variables, H, train=False)
    embedding = variables["params"]["embedding"]
    extra = jnp.sum(embedding[LABELS[::-1]] * H, axis=1)
    np.testing.assert_allclose(says(packs), says(LABELS) + extra, rtol=1e-5)
    np.testing.assert_allclose(says(LABELS[:, None]), says(LABELS), rtol=1e-6)


def test_without_classes_it_is_a_plain_logit():
    _, variables = made(Projection(bias=False))
    assert [leaf.shape for leaf in jax.tree.leaves(variables["params"])] == [(8, 1)]


def test_a_projection_of_classes_needs_labels():
    with pytest.raises(ValueError, match=r"given no label; use forward\.conditional"):
        made(Projection(3))


def test_an_auxiliary_classifier_names_classes():
    (logits, classes), variables = made(Auxiliary(3), LABELS)
    kernel = variables["params"]["classes_logits"]["kernel"]
    assert logits.shape == (6,)
    np.testing.assert_allclose(classes, H @ kernel, rtol=1e-4, atol=1e-5)


def test_codes_are_logits_and_gaussians():
    head = Codes(categorical={"digit": 10}, continuous={"style": 2})
    (logits, codes), _ = made(head)
    assert (logits.shape, codes["digit"].shape) == ((6,), (6, 10))
    mean, log_deviation = codes["style"]
    assert mean.shape == (6, 2)
    np.testing.assert_array_equal(log_deviation, np.zeros((6, 2)))
    learned = head.clone(learn_deviation=True)
    (_, codes), _ = made(learned)
    assert np.any(codes["style"][1])


def test_a_compared_head_sees_the_batch():
    layer = Compared(3, kernels=4, size=2)
    logits, variables = made(layer, LABELS)
    assert variables["params"]["head"]["Dense_0"]["kernel"].shape == (12, 1)
    alone = jax.jit(partial(layer.apply, train=False))(variables, H[:1], LABELS[:1])
    assert abs(float(alone[0] - logits[0])) > 1e-4


def test_heads_are_float32():
    for head in (Projection(3), Auxiliary(3), Codes(categorical={"digit": 2})):
        make = partial(head.init_with_output, train=False)
        low = jnp.asarray(H, jnp.bfloat16)
        out, variables = jax.eval_shape(make, jax.random.key(0), low, LABELS)
        assert {leaf.dtype for leaf in jax.tree.leaves((out, variables))} == {jnp.dtype("float32")}
