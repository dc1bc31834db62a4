"""Orthogonal regularization of a player's weights.

A kernel ``[..., in, out]`` counts as the matrix ``W`` of ``out`` columns, one for each filter
(of a transposed convolution, whose kernel is its adjoint's, one for each input).
BigGAN's released PyTorch code adds half the gradient of these penalties: its 1e-4 is 5e-5 here.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.types import Outputs, PlayerName, Scalar

Chosen = Callable[[str], bool]
"""Whether a parameter of this path, joined by slashes, is meant."""


def _everything(path: str) -> bool:
    del path
    return True


def _grams(params: Any, chosen: Chosen) -> list[jax.Array]:
    """``W^T W`` of every chosen leaf with at least two axes, float32."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    kernels = [
        leaf.astype(jnp.float32).reshape(-1, leaf.shape[-1])
        for path, leaf in leaves
        if leaf.ndim > 1 and chosen(jax.tree_util.keystr(path, simple=True, separator="/"))
    ]
    if not kernels:
        raise ValueError("orthogonal regularization: no kernel was chosen.")
    return [kernel.T @ kernel for kernel in kernels]


def orthogonal(who: PlayerName, chosen: Chosen = _everything) -> Callable[[Outputs], Scalar]:
    """``sum_W |W^T W - I|^2`` (Brock et al. 2017 as in Brock et al. 2019, BigGAN, equation 2).

    ``chosen`` says of a path such as ``Dense_0/kernel`` whether it takes part.
    """

    def penalty(outputs: Outputs) -> Scalar:
        grams = _grams(outputs.params[who], chosen)
        return sum(jnp.sum(jnp.square(gram - jnp.eye(len(gram)))) for gram in grams)  # type: ignore

    return penalty


def orthogonal_off_diagonal(
    who: PlayerName, chosen: Chosen = _everything
) -> Callable[[Outputs], Scalar]:
    """``sum_W |W^T W * (1 - I)|^2``: filters of any length (BigGAN, equation 3; weight 1e-4).

    The authors leave out the generator's shared class embedding: say so by ``chosen``.
    """

    def penalty(outputs: Outputs) -> Scalar:
        grams = _grams(outputs.params[who], chosen)
        return sum(jnp.sum(jnp.square(gram * (1.0 - jnp.eye(len(gram))))) for gram in grams)  # type: ignore

    return penalty
