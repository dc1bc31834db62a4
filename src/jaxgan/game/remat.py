"""Rematerialization: what lies inside a network is computed again for its derivative, not kept.

Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174: a network is
cut into segments, of which the forward pass keeps the inputs alone. The derivative of a segment
computes what is inside of it again, so that one segment's insides are in memory at a time. Here the
program that JAX traces is cut, whatever the network: where little crosses a cut, and so that what
is kept and the largest segment are small together.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import jax
import numpy as np
from jax.extend import core

MOST = 16
"""Segments to consider at most."""

EXCHANGED = frozenset({"psum", "psum_invariant", "all_gather", "all_gather_invariant"})
"""Primitives whose results are kept: what devices have exchanged is not exchanged again."""


def rematerialized(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of arrays, whose derivative keeps less and computes more.

    About one more forward pass is computed wherever a derivative is taken; values and derivatives
    are the same up to rounding. The compilers of accelerators keep the order in which that saves
    memory; that of CPUs does not, and saves nothing.
    """

    def run(*arguments: Any) -> Any:
        program, shapes = jax.make_jaxpr(function, return_shape=True)(*arguments)
        jaxpr = program.jaxpr
        known = dict(zip(jaxpr.constvars, program.consts, strict=True))
        known |= dict(zip(jaxpr.invars, jax.tree.leaves(arguments), strict=True))
        for first, last in pairwise([0, *cuts(jaxpr), len(jaxpr.eqns)]):
            part = _segment(jaxpr, first, last)
            inside = core.jaxpr_as_fun(core.ClosedJaxpr(part, ()))
            made = jax.checkpoint(inside, policy=_exchanged)(*map(known.__getitem__, part.invars))
            known |= dict(zip(part.outvars, made, strict=True))
        leaves = [one.val if isinstance(one, core.Literal) else known[one] for one in jaxpr.outvars]
        return jax.tree.unflatten(jax.tree.structure(shapes), leaves)

    return run


def cuts(jaxpr: core.Jaxpr) -> list[int]:
    """Before which equations a program is cut.

    Segments make about as many bytes each; a cut lies where the least crosses it in its
    neighborhood. Their number is the one for which the bytes across all cuts and those that the
    largest segment makes are the fewest together.
    """
    made = np.array([0, *(sum(map(_bytes, equation.outvars)) for equation in jaxpr.eqns)])
    total, across = np.cumsum(made), _across(jaxpr)
    best: list[int] = []
    least = float(total[-1])
    for count in range(2, MOST + 1):
        found = sorted({_cut(total, across, part / count, 1 / count) for part in range(1, count)})
        segments = np.diff(total[[0, *found, -1]])
        cost = float(across[found].sum() + segments.max(initial=0))
        if cost < least:
            best, least = found, cost
    return best


def _cut(total: np.ndarray, across: np.ndarray, share: float, width: float) -> int:
    """The place near a share of the bytes made that the fewest cross; the nearest of equals."""
    places = np.arange(len(total))
    far = np.abs(total / max(total[-1], 1) - share)
    near = places[far <= max(width / 2, far.min())]
    return int(min(near, key=lambda place: (across[place], far[place])))


def _across(jaxpr: core.Jaxpr) -> np.ndarray:
    """The bytes made before each equation, and after the last, that something later needs."""
    last: dict[Any, int] = {}
    for place, equation in enumerate(jaxpr.eqns):
        last |= {atom: place for atom in _variables(equation.invars)}
    change = np.zeros(len(jaxpr.eqns) + 2)
    for place, equation in enumerate(jaxpr.eqns):
        for variable in equation.outvars:
            if last.get(variable, place) > place:
                change[place + 1] += _bytes(variable)
                change[last[variable] + 1] -= _bytes(variable)
    return np.cumsum(change)[:-1]


def _segment(jaxpr: core.Jaxpr, first: int, last: int) -> core.Jaxpr:
    """The equations from ``first`` to before ``last``, as a function of what they need.

    Its results are what something later needs, or the program gives.
    """
    inside = jaxpr.eqns[first:last]
    own = {variable for equation in inside for variable in equation.outvars}
    used = dict.fromkeys(v for equation in inside for v in _variables(equation.invars))
    later = {v for equation in jaxpr.eqns[last:] for v in _variables(equation.invars)}
    later |= set(_variables(jaxpr.outvars))
    made = dict.fromkeys(v for equation in inside for v in equation.outvars if v in later)
    needed = [variable for variable in used if variable not in own]
    return jaxpr.replace(constvars=[], invars=needed, outvars=list(made), eqns=inside)


def _exchanged(primitive: core.Primitive, *_: Any, **__: Any) -> bool:
    """The policy of ``jax.checkpoint``: whether the results of a primitive are kept."""
    return primitive.name in EXCHANGED


def _variables(atoms: Iterable[Any]) -> list[Any]:
    return [atom for atom in atoms if not isinstance(atom, core.Literal)]


def _bytes(variable: Any) -> int:
    return variable.aval.size * variable.aval.dtype.itemsize
