"""A device's rows in parts, one after the other: less memory, and the gradient of the whole batch.

The gradient of a mean over rows is the mean of its parts' gradients, so that accumulating them is
exact up to rounding where no row sees another. Rows see each other through the mapped axis (batch
normalization, minibatch discrimination, relativistic averages) and number themselves by it
(dropout); the program of such a game shows it, and it is refused.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core

from jaxgan.errors import UserError
from jaxgan.types import AXIS


def in_parts(function: Callable[..., Any], parts: int) -> Callable[..., Any]:
    """``function(params, rows) -> (means, per_row)``, the rows in so many parts.

    Args:
      function: of any ``params`` and arrays ``[rows, ...]``; gives means over rows, and arrays with
        a first axis of rows.
      parts: into how many equal parts the rows are divided.

    Returns:
      The same function; the floats of ``means`` are averaged over the parts, other arrays are the
      last part's.

    Raises:
      UserError: when it is called, if the rows cannot be divided, or see each other.
    """
    if parts == 1:
        return function

    def run(params: Any, rows: Any) -> Any:
        count = len(jax.tree.leaves(rows)[0])
        if count % parts:
            raise UserError(
                f"--accumulate {parts}: does not divide the {count} rows of a device; give another "
                "--batch-size."
            )

        def divided(leaf: jax.Array) -> jax.Array:
            return leaf.reshape(parts, count // parts, *leaf.shape[1:])

        each = jax.tree.map(divided, rows)
        first = jax.tree.map(lambda leaf: leaf[0], each)
        program, shapes = jax.make_jaxpr(function, return_shape=True)(params, first)
        if found := sorted(set(_across_rows(program.jaxpr))):
            raise UserError(
                f"--accumulate {parts}: rows of this game see or number each other "
                f"({', '.join(found)}), as with batch normalization or dropout; leave it out."
            )

        def add(total: jax.Array, new: jax.Array) -> jax.Array:
            return total + new / parts if jnp.issubdtype(new.dtype, jnp.floating) else new

        def step(totals: Any, part: Any) -> tuple[Any, Any]:
            means, per_row = function(params, part)
            return jax.tree.map(add, totals, means), per_row

        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes[0])
        means, per_row = lax.scan(step, zeros, each)
        return means, jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), per_row)

    return run


def _across_rows(jaxpr: core.Jaxpr) -> Iterator[str]:
    """The names of the primitives that use the mapped axis."""
    for equation in jaxpr.eqns:
        axes = [equation.params.get(name, ()) for name in ("axes", "axis_name")]
        if any(AXIS in (axis if isinstance(axis, tuple) else (axis,)) for axis in axes):
            yield equation.primitive.name
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
            if _is_jaxpr(value):
                yield from _across_rows(getattr(value, "jaxpr", value))


def _is_jaxpr(value: Any) -> bool:
    return isinstance(value, core.Jaxpr | core.ClosedJaxpr)
