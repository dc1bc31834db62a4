r"""Spectral normalization, once per phase and outside the modules.

Miyato et al. 2018, "Spectral normalization for generative adversarial networks", section 2.1 and
algorithm 1: every kernel is divided by its largest singular value, which one step of the power
iteration keeps track of:

.. math:: v = W^T u / |W^T u|, \quad u = W v / |W v|, \quad \sigma = u^T W v

``nn.SpectralNorm`` iterates in every call of a module, so that logits and penalties would see
different critics. Here all uses of a network in one phase share the weights of one iteration.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.nn.reparametrization import Reparametrization
from jaxgan.types import Key, Params

COLLECTION = "spectral"
"""Where the vectors ``u`` live among a player's statistics."""

LEAVES = ("kernel", "embedding")
"""Names of the parameters that are normalized."""

EPSILON = 1e-12
"""The least norm that is divided by."""

Path = tuple[str, ...]
"""The names that lead to a parameter."""

Where = Callable[[Path], bool]
"""Whether the parameter of this path is normalized."""


def everywhere(path: Path) -> bool:
    """Every kernel and embedding, as in the paper's discriminators."""
    return True


def vectors(key: Key, params: Params, where: Where = everywhere) -> dict[str, jax.Array]:
    """A random unit vector for each normalized kernel, ``{path: float32 [outputs]}``."""
    found = {}
    for path, leaf in _leaves(params):
        if _normalized(path, leaf, where):
            u = jax.random.normal(jax.random.fold_in(key, len(found)), leaf.shape[-1:])
            found["/".join(path)] = _unit(u)
    return found


def normalize(params: Params, us: dict[str, jax.Array]) -> tuple[Params, dict[str, jax.Array]]:
    """The parameters with every kernel that has a vector divided by its norm, and the new vectors.

    Gradients flow through ``sigma`` with ``u`` and ``v`` held fixed (the paper's equation 12).
    """
    moved = {}

    def one(path: Any, leaf: jax.Array) -> jax.Array:
        name = "/".join(_names(path))
        if name not in us:
            return leaf
        matrix = leaf.reshape(-1, leaf.shape[-1]).astype(jnp.float32)
        fixed = lax.stop_gradient(matrix)
        v = _unit(_product(fixed, us[name]))
        u = _unit(_product(fixed.T, v))
        moved[name] = u
        sigma = jnp.vdot(v, _product(matrix, u))
        return leaf / jnp.maximum(sigma, EPSILON)

    return jax.tree_util.tree_map_with_path(one, params), moved


def _product(matrix: jax.Array, vector: jax.Array) -> jax.Array:
    return jnp.matmul(matrix, vector, precision=lax.Precision.HIGHEST)


def _unit(x: jax.Array) -> jax.Array:
    return x / jnp.maximum(jnp.linalg.norm(x), EPSILON)


def _leaves(params: Params):
    for path, leaf in jax.tree_util.tree_flatten_with_path(params)[0]:
        yield _names(path), leaf


def _names(path: Any) -> Path:
    return tuple(str(entry.key) for entry in path)


def _normalized(path: Path, leaf: Any, where: Where) -> bool:
    return path[-1] in LEAVES and leaf.ndim >= 2 and where(path)


def spectral_norm(where: Where = everywhere) -> Reparametrization:
    """Spectral normalization of a player, for ``Gan.reparametrize``.

    ``where`` says of a parameter's path whether it is normalized.
    """
    return Reparametrization(partial(vectors, where=where), normalize, COLLECTION)
