"""The matrix products of a program, convolutions included, counted in its jaxpr.

XLA's cost analysis counts the body of a loop once and a branch at its dearest, and does not say at
which precision a product is computed. Here a loop's body counts as often as it runs, and a branch
that depends on the number of the step as often as that number takes it: integers that follow from
that number are computed for many steps at once.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from jax.interpreters.partial_eval import dce_jaxpr

from jaxgan.aot.chips import Chip

STEPS = np.arange(5040, dtype=np.int32)
"""The steps over which branches are averaged: a multiple of every interval to 10, and of 12, 14,
15 and 16."""


@dataclasses.dataclass(frozen=True)
class Product:
    """A product of matrices ``[rows, depth] @ [depth, columns]``, or a convolution as one.

    Attributes:
      rows: of a convolution, all positions of its output.
      depth: what is summed over; of a convolution the mean over its positions of input channels
        times taps, those on padding or between dilated inputs left out.
      columns: output channels.
      precision: ``bfloat16`` if its operands are, else the name of its ``jax.lax.Precision``.
      times: how often it is computed in a step, on average.
    """

    rows: float
    depth: float
    columns: float
    precision: str
    times: float

    @property
    def flops(self) -> float:
        """Operations in a step, whatever the precision."""
        return 2.0 * self.rows * self.depth * self.columns * self.times

    def work(self, chip: Chip) -> float:
        """Operations in a step that a chip makes of it, in bfloat16."""
        return self.flops * self._passes(chip)

    def _passes(self, chip: Chip) -> float:
        return 1.0 if self.precision == "bfloat16" else chip.passes[self.precision]

    def padded(self, chip: Chip) -> float:
        """``work`` in whole tiles.

        A tile of one operand, ``[depth, rows or columns]``, is held, of which both sides are padded
        to the chip's, and the other operand streams past it, eight lines at a time. The smaller of
        the two ways is taken.
        """

        def up(size: float, to: int) -> float:
            return math.ceil(size / to - 1e-9) * to

        side = chip.side
        held = min(
            up(self.columns, side) * up(self.rows, 8), up(self.rows, side) * up(self.columns, 8)
        )
        return 2.0 * up(self.depth, side) * held * self.times * self._passes(chip)


def products(program: core.ClosedJaxpr, step: int | None = None) -> list[Product]:
    """Every matrix product of a program.

    Args:
      program: of one device, or with a ``shard_map`` inside, whose body is that of one device.
      step: which of its arguments is the number of the step, if one is.
    """
    found: list[Product] = []
    # Derivatives that nobody asks for are in the program, and no compiler keeps them.
    jaxpr, _ = dce_jaxpr(program.jaxpr, [True] * len(program.jaxpr.outvars), instantiate=True)
    inputs: list[Any] = [None] * len(jaxpr.invars)
    if step is not None:
        inputs[step] = STEPS
    _walk(jaxpr, [None] * len(jaxpr.constvars), inputs, np.ones(len(STEPS)), found)
    return found


def _walk(
    jaxpr: core.Jaxpr,
    consts: Sequence[Any],
    inputs: Sequence[Any],
    times: np.ndarray,
    found: list[Product],
) -> list[Any]:
    """Adds the products of a jaxpr to ``found``.

    Args:
      jaxpr: it.
      consts: what is known of its constants: integers for each of ``STEPS``, or None.
      inputs: likewise of its arguments.
      times: how often it runs in each of the steps.
      found: is added to.

    Returns:
      What is known of its results.
    """
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    known |= dict(zip(jaxpr.invars, inputs, strict=True))

    def value(atom: Any) -> Any:
        if isinstance(atom, core.Literal):
            return np.full(len(STEPS), atom.val) if _countable(atom.aval) else None
        return known.get(atom)

    for equation in jaxpr.eqns:
        given = [value(atom) for atom in equation.invars]
        results: Sequence[Any] = [None] * len(equation.outvars)
        match equation.primitive.name:
            case "dot_general":
                found.append(_of_dot(equation, float(times.mean())))
            case "conv_general_dilated":
                found.append(_of_convolution(equation, float(times.mean())))
            case "cond":
                results = _of_branches(equation, given, times, found)
            case "scan":
                outside = equation.params["num_consts"]
                inner = equation.params["jaxpr"]
                passed = [*given[:outside], *[None] * (len(given) - outside)]
                often = times * equation.params["length"]
                _walk(inner.jaxpr, [None] * len(inner.jaxpr.constvars), passed, often, found)
            case "empty" | "empty2" if _countable(equation.outvars[0].aval):
                results = [np.zeros(len(STEPS), np.int32)]  # what a branch not taken hands on
            case "while":  # it is not known how often
                for inner in _jaxprs(equation.params.values()):
                    unknown = [None] * len(inner.invars)
                    _walk(inner, [None] * len(inner.constvars), unknown, times, found)
            case _:
                results = _of_others(equation, given, times, found)
        known |= dict(zip(equation.outvars, results, strict=True))
    return [value(atom) for atom in jaxpr.outvars]


def _of_branches(
    equation: core.JaxprEqn, given: Sequence[Any], times: np.ndarray, found: list[Product]
) -> Sequence[Any]:
    """The branch that each step takes; the dearest where that is not known."""
    branches = [branch.jaxpr for branch in equation.params["branches"]]
    index, *operands = given

    def inside(branch: core.Jaxpr, often: np.ndarray, found: list[Product]) -> list[Any]:
        return _walk(branch, [None] * len(branch.constvars), operands, often, found)

    if index is None:
        every: list[list[Product]] = [[] for _ in branches]
        for branch, inner in zip(branches, every, strict=True):
            inside(branch, times, inner)
        found += max(every, key=lambda inner: sum(product.flops for product in inner))
        return [None] * len(equation.outvars)
    taken = np.clip(index, 0, len(branches) - 1)
    results = [
        inside(branch, times * (taken == number), found) for number, branch in enumerate(branches)
    ]
    # A derivative asks again which branch was taken: forward passes hand it on as a result.
    return [
        None if any(one is None for one in each) else np.choose(taken, each)
        for each in zip(*results, strict=True)
    ]


def _of_others(
    equation: core.JaxprEqn, given: Sequence[Any], times: np.ndarray, found: list[Product]
) -> Sequence[Any]:
    """What is called, once for each call; of integers of the step, their values."""
    unknown = [None] * len(equation.outvars)
    inner = list(_jaxprs(equation.params.values()))
    if inner:
        results: Sequence[Any] = unknown
        for jaxpr in inner:
            fits = len(jaxpr.invars) == len(given)
            passed = given if fits else [None] * len(jaxpr.invars)
            results = _walk(jaxpr, [None] * len(jaxpr.constvars), passed, times, found)
        return results if len(results) == len(unknown) else unknown
    if any(one is None for one in given) or not given:
        return unknown
    if not all(_countable(atom.aval) for atom in equation.outvars):
        return unknown
    try:
        result = equation.primitive.bind(*map(jnp.asarray, given), **equation.params)
    except Exception:  # it is none that works number by number
        return unknown
    values = result if equation.primitive.multiple_results else [result]
    return [np.asarray(one) if jnp.shape(one) == STEPS.shape else None for one in values]


def _countable(aval: Any) -> bool:
    """Whether something is one integer, or true or false."""
    if getattr(aval, "shape", None) != ():
        return False
    return jnp.issubdtype(aval.dtype, jnp.integer) or aval.dtype == jnp.bool_


def _jaxprs(values: Iterable[Any]) -> Iterable[core.Jaxpr]:
    """The programs among the parameters of an equation."""
    for value in values:
        if isinstance(value, core.ClosedJaxpr):
            yield value.jaxpr
        elif isinstance(value, core.Jaxpr):
            yield value
        elif isinstance(value, tuple | list):
            yield from _jaxprs(value)


def _aval(atom: Any) -> Any:
    """Shape and dtype of an operand or result."""
    return atom.aval


def _of_dot(equation: core.JaxprEqn, times: float) -> Product:
    """A product of matrices; rows of a batch of products are counted together."""
    left, right = (_aval(atom).shape for atom in equation.invars)
    (contracted, _), (batch, _) = equation.params["dimension_numbers"]
    depth = math.prod(left[axis] for axis in contracted)
    rows = math.prod(left) // max(depth, 1)
    columns = math.prod(right) // max(depth * math.prod(left[axis] for axis in batch), 1)
    return Product(rows, depth, columns, _precision(equation), times)


def _of_convolution(equation: core.JaxprEqn, times: float) -> Product:
    """A convolution as a product of matrices."""
    params = equation.params
    numbers = params["dimension_numbers"]
    left, right = (_aval(atom).shape for atom in equation.invars)
    out = _aval(equation.outvars[0]).shape
    pairs = 1
    for axis, (low, _) in enumerate(params["padding"]):
        pairs *= _meetings(
            size=left[numbers.lhs_spec[2 + axis]],
            taps=right[numbers.rhs_spec[2 + axis]],
            outputs=out[numbers.out_spec[2 + axis]],
            stride=params["window_strides"][axis],
            low=low,
            apart=params["lhs_dilation"][axis],
            spread=params["rhs_dilation"][axis],
        )
    columns = out[numbers.out_spec[1]]
    # With groups of the batch, each output channel sees its own share of the samples.
    samples = out[numbers.out_spec[0]]
    pixels = math.prod(out[axis] for axis in numbers.out_spec[2:])
    depth = right[numbers.rhs_spec[1]] * pairs / max(pixels, 1)
    return Product(samples * pixels, depth, columns, _precision(equation), times)


def _meetings(
    size: int, taps: int, outputs: int, stride: int, low: int, apart: int, spread: int
) -> int:
    """How often a tap of the kernel meets an input, along one axis."""
    places = np.arange(outputs)[:, None] * stride + np.arange(taps)[None] * spread - low
    inside = (places >= 0) & (places <= (size - 1) * apart) & (places % apart == 0)
    return int(inside.sum())


def _precision(equation: core.JaxprEqn) -> str:
    """The precision of a product: bfloat16 if an operand has no more bits than that."""
    if any(jnp.dtype(_aval(atom).dtype).itemsize < 4 for atom in equation.invars):
        return "bfloat16"
    asked = equation.params["precision"]
    every = asked if isinstance(asked, tuple) else (asked,)
    names = [one.name if isinstance(one, jax.lax.Precision) else "DEFAULT" for one in every]
    return max(names, key=("DEFAULT", "HIGH", "HIGHEST").index)
