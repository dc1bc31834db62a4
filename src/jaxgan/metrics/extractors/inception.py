"""The network of the FID: Inception v3 as TensorFlow published it on 2015-12-05.

Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision", with the graph's
own habits, each of which moves scores (the error in the features if it is dropped, at random
weights): average pools leave the padding out of the mean (0.28); the last block pools by maximum
(1.23) and the block before it by mean (0.53); batch norm's epsilon is 1e-3 (0.067 at 1e-5); images
are resized as TensorFlow 1 did (0.091) and scaled to ``(x - 128)/128`` (0.013). It has 1,008
outputs, and no auxiliary head.

Names are those of the PyTorch port of the graph (pytorch-fid, torch-fidelity).
"""

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.metrics.extractors.extractor import rgb

SIZE = 299
EPSILON = 1e-3
CLASSES = 1008


def mean_pool(x: jax.Array) -> jax.Array:
    """Means of 3x3 at stride 1, the padding not counted in them."""
    return nn.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=False)


def max_pool_same(x: jax.Array) -> jax.Array:
    """Maxima of 3x3 at stride 1."""
    return nn.max_pool(x, (3, 3), (1, 1), "SAME")


def max_pool_down(x: jax.Array) -> jax.Array:
    """Maxima of 3x3 at stride 2, without padding."""
    return nn.max_pool(x, (3, 3), (2, 2), "VALID")


class Conv(nn.Module):
    """Convolution without bias, batch norm by its running moments, ReLU.

    Full float32: on accelerators that would round operands to TF32 or bfloat16, features and
    with them distances would differ from the published ones in the third digit.
    """

    features: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: str = "SAME"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """``relu(norm(conv(x)))``, ``[n, height, width, features]``."""
        x = nn.Conv(
            self.features,
            self.kernel,
            (self.stride, self.stride),
            self.padding,
            use_bias=False,
            precision=lax.Precision.HIGHEST,
            name="conv",
        )(x)
        return nn.relu(nn.BatchNorm(use_running_average=True, epsilon=EPSILON, name="bn")(x))


class BlockA(nn.Module):
    """35x35: 1x1, 5x5 and two 3x3."""

    pool_features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Concatenates the branches' channels."""
        five = Conv(48, name="branch5x5_1")(x)
        five = Conv(64, (5, 5), name="branch5x5_2")(five)
        three = Conv(64, name="branch3x3dbl_1")(x)
        three = Conv(96, (3, 3), name="branch3x3dbl_2")(three)
        three = Conv(96, (3, 3), name="branch3x3dbl_3")(three)
        one = Conv(64, name="branch1x1")(x)
        pool = Conv(self.pool_features, name="branch_pool")(mean_pool(x))
        return jnp.concatenate([one, five, three, pool], axis=-1)


class BlockB(nn.Module):
    """35x35 to 17x17."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Concatenates the branches' channels."""
        one = Conv(384, (3, 3), 2, "VALID", name="branch3x3")(x)
        three = Conv(64, name="branch3x3dbl_1")(x)
        three = Conv(96, (3, 3), name="branch3x3dbl_2")(three)
        three = Conv(96, (3, 3), 2, "VALID", name="branch3x3dbl_3")(three)
        return jnp.concatenate([one, three, max_pool_down(x)], axis=-1)


class BlockC(nn.Module):
    """17x17: 7x7 as pairs of 1x7 and 7x1."""

    width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Concatenates the branches' channels."""
        width = self.width
        seven = Conv(width, name="branch7x7_1")(x)
        seven = Conv(width, (1, 7), name="branch7x7_2")(seven)
        seven = Conv(192, (7, 1), name="branch7x7_3")(seven)
        twice = Conv(width, name="branch7x7dbl_1")(x)
        twice = Conv(width, (7, 1), name="branch7x7dbl_2")(twice)
        twice = Conv(width, (1, 7), name="branch7x7dbl_3")(twice)
        twice = Conv(width, (7, 1), name="branch7x7dbl_4")(twice)
        twice = Conv(192, (1, 7), name="branch7x7dbl_5")(twice)
        one = Conv(192, name="branch1x1")(x)
        pool = Conv(192, name="branch_pool")(mean_pool(x))
        return jnp.concatenate([one, seven, twice, pool], axis=-1)


class BlockD(nn.Module):
    """17x17 to 8x8."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Concatenates the branches' channels."""
        three = Conv(192, name="branch3x3_1")(x)
        three = Conv(320, (3, 3), 2, "VALID", name="branch3x3_2")(three)
        seven = Conv(192, name="branch7x7x3_1")(x)
        seven = Conv(192, (1, 7), name="branch7x7x3_2")(seven)
        seven = Conv(192, (7, 1), name="branch7x7x3_3")(seven)
        seven = Conv(192, (3, 3), 2, "VALID", name="branch7x7x3_4")(seven)
        return jnp.concatenate([three, seven, max_pool_down(x)], axis=-1)


class BlockE(nn.Module):
    """8x8: branches that split into 1x3 and 3x1. The two of them pool differently."""

    pool: Callable[[jax.Array], jax.Array]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Concatenates the branches' channels."""
        three = Conv(384, name="branch3x3_1")(x)
        three_a = Conv(384, (1, 3), name="branch3x3_2a")(three)
        three_b = Conv(384, (3, 1), name="branch3x3_2b")(three)
        twice = Conv(448, name="branch3x3dbl_1")(x)
        twice = Conv(384, (3, 3), name="branch3x3dbl_2")(twice)
        twice_a = Conv(384, (1, 3), name="branch3x3dbl_3a")(twice)
        twice_b = Conv(384, (3, 1), name="branch3x3dbl_3b")(twice)
        one = Conv(320, name="branch1x1")(x)
        pool = Conv(192, name="branch_pool")(self.pool(x))
        return jnp.concatenate([one, three_a, three_b, twice_a, twice_b, pool], axis=-1)


class FidInception(nn.Module):
    """Features of images of 299x299 that are scaled to [-1, 1).

    Returns the means over places after the layers of these widths, ``"64"``, ``"192"``, ``"768"``
    and ``"2048"`` (the FID's), and ``"logits_unbiased"`` (without the last bias: the Inception
    score's) and ``"logits"``; float32 ``[n, width]``.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        """``[n, 299, 299, 3]`` -> name -> features."""
        out = {}
        x = Conv(32, (3, 3), 2, "VALID", name="Conv2d_1a_3x3")(x)
        x = Conv(32, (3, 3), 1, "VALID", name="Conv2d_2a_3x3")(x)
        x = Conv(64, (3, 3), name="Conv2d_2b_3x3")(x)
        x = max_pool_down(x)
        out["64"] = jnp.mean(x, axis=(1, 2))
        x = Conv(80, name="Conv2d_3b_1x1")(x)
        x = Conv(192, (3, 3), 1, "VALID", name="Conv2d_4a_3x3")(x)
        x = max_pool_down(x)
        out["192"] = jnp.mean(x, axis=(1, 2))
        x = BlockA(32, name="Mixed_5b")(x)
        x = BlockA(64, name="Mixed_5c")(x)
        x = BlockA(64, name="Mixed_5d")(x)
        x = BlockB(name="Mixed_6a")(x)
        x = BlockC(128, name="Mixed_6b")(x)
        x = BlockC(160, name="Mixed_6c")(x)
        x = BlockC(160, name="Mixed_6d")(x)
        x = BlockC(192, name="Mixed_6e")(x)
        out["768"] = jnp.mean(x, axis=(1, 2))
        x = BlockD(name="Mixed_7a")(x)
        x = BlockE(mean_pool, name="Mixed_7b")(x)
        x = BlockE(max_pool_same, name="Mixed_7c")(x)
        x = jnp.mean(x, axis=(1, 2))
        out["2048"] = x
        last = nn.Dense(CLASSES, precision=lax.Precision.HIGHEST, name="fc")
        out["logits"] = last(x)
        # Not a second product: the bias taken off again would round.
        weights = self.variables["params"]["fc"]["kernel"]
        out["logits_unbiased"] = jnp.matmul(x, weights, precision=lax.Precision.HIGHEST)
        return out


def inception_features(
    variables: Any, images: jax.Array, resize: Callable[[jax.Array, int], jax.Array]
) -> dict[str, jax.Array]:
    """``FidInception``'s outputs for images of 0 to 255, ``[n, h, w, 1 or 3]``."""
    x = (resize(rgb(images), SIZE) - 128) / 128
    return FidInception().apply(variables, x)  # type: ignore[return-value]


@functools.cache
def state_dict_shapes() -> Mapping[str, tuple[int, ...]]:
    """The PyTorch port's tensors, name -> shape, in its layout (``OIHW``, ``[out, in]``)."""
    shapes = jax.eval_shape(
        FidInception().init,
        jax.random.key(0),
        jax.ShapeDtypeStruct((1, SIZE, SIZE, 3), jnp.float32),
    )
    found = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(shapes)[0]:
        keys = [entry.key for entry in path[1:]]
        shape = leaf.shape
        if len(shape) == 4:
            shape = (shape[3], shape[2], shape[0], shape[1])
        elif len(shape) == 2:
            shape = shape[::-1]
        found[".".join([*keys[:-1], _THEIRS[keys[-1]]])] = shape
    return types.MappingProxyType(found)


_THEIRS = {
    "kernel": "weight",
    "scale": "weight",
    "bias": "bias",
    "mean": "running_mean",
    "var": "running_var",
}
"""Flax's names of leaves -> PyTorch's."""


def variables_of(tensors: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The PyTorch port's tensors as ``FidInception``'s variables."""
    variables: dict[str, Any] = {"params": {}, "batch_stats": {}}
    for name, tensor in tensors.items():
        *modules, leaf = name.split(".")
        collection = "params"
        if leaf.startswith("running_"):
            collection, leaf = "batch_stats", leaf.removeprefix("running_")
        elif tensor.ndim == 4:
            leaf, tensor = "kernel", tensor.transpose(2, 3, 1, 0)
        elif tensor.ndim == 2:
            leaf, tensor = "kernel", tensor.T
        elif leaf == "weight":
            leaf = "scale"
        place = variables[collection]
        for module in modules:
            place = place.setdefault(module, {})
        place[leaf] = jnp.asarray(tensor, jnp.float32)
    return variables
