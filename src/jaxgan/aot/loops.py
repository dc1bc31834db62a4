"""Which instructions of a compiled program run, and how often: loops and branches."""

import dataclasses
import re

from jaxgan.aot.hlo import Computations, Instruction

FLOW = ("while", "conditional", "call", "async-start")
"""Instructions whose computations run as if they stood there."""

PART = re.compile(
    r"(?P<role>calls|to_apply|body|condition|\w+_computations?)=(?P<names>\{[^}]*\}|%?[\w.-]+)"
)
ROUNDS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')


def executed(program: Computations) -> list[Instruction]:
    """The instructions that run by themselves, and how often: not those inside a fusion.

    Those of a loop run as often as it has rounds, where the program says so, or else once; those of
    every branch of a condition are among them, as if each was taken.
    """
    often = _often(program)
    return [
        dataclasses.replace(one, times=often[name])
        for name, inside in program.items()
        for one in inside
        if often[name]
    ]


def endless(program: Computations) -> int:
    """How many loops run for a number of rounds that the program does not say."""
    loops = [one for one in executed(program) if one.kind == "while"]
    return sum(_rounds(program, loop) is None for loop in loops)


def _often(program: Computations) -> dict[str, int]:
    """How often each computation runs by itself."""
    called = {
        part
        for inside in program.values()
        for one in inside
        for part in [*_parts(one), *one.called]
    }
    often = {name: int(name not in called) for name in program}
    for name, inside in reversed(program.items()):
        for one in inside if often[name] else []:
            rounds = (_rounds(program, one) or 1) if one.kind == "while" else 1
            for part in _parts(one):
                if part in often:
                    often[part] += often[name] * rounds
    return often


def _parts(one: Instruction) -> list[str]:
    """The computations that run as if they stood in an instruction's place."""
    if one.kind not in FLOW:
        return []
    return [
        name for part in PART.finditer(one.rest) for name in re.findall(r"[\w.-]+", part["names"])
    ]


def _rounds(program: Computations, loop: Instruction) -> int | None:
    """The rounds of a loop: its compiler says them, or it counts up by one to a constant."""
    if said := ROUNDS.search(loop.rest):
        return int(said[1])
    parts = {part["role"]: part["names"].lstrip("%") for part in PART.finditer(loop.rest)}
    condition = {one.name: one for one in program.get(parts.get("condition", ""), [])}
    test = next((one for one in condition.values() if one.root), None)
    if test is None or test.kind != "compare" or "direction=LT" not in test.rest:
        return None
    counter, limit = (condition.get(name) for name in test.operands)
    if counter is None or limit is None or counter.kind != "get-tuple-element":
        return None
    place = re.search(r"index=(\d+)", counter.rest)
    outside = next(
        inside for inside in program.values() if loop.name in {one.name for one in inside}
    )
    first = _first(outside, loop, int(place[1])) if place else None
    if first is None or limit.kind != "constant" or not limit.literal.isdecimal():
        return None
    return max(int(limit.literal) - first, 0)


def _first(outside: list[Instruction], loop: Instruction, place: int) -> int | None:
    """The constant that one of a loop's values begins as."""
    by_name = {one.name: one for one in outside}
    given = by_name.get(loop.operands[0])
    if given is None or given.kind != "tuple":
        return None
    value = by_name.get(given.operands[place])
    while value is not None and value.kind in ("copy", "bitcast"):
        value = by_name.get(value.operands[0])
    if value is None or value.kind != "constant" or not value.literal.isdecimal():
        return None
    return int(value.literal)
