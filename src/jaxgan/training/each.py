"""The hooks of a run, called for each member of a population."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jaxgan.errors import UserError
from jaxgan.game.state import GanState
from jaxgan.training.loop import Hook, Outcome, StepInfo
from jaxgan.training.members import Population


class MemberInfo(StepInfo):
    """What the hooks of one member look at.

    Its state is taken out each time that one asks for it, and not kept: the states of all members
    would take as much of the device's memory as the population, until the next hooks are called.
    """

    def __init__(self, info: StepInfo, number: int, take: Callable[[Population, int], GanState]):
        self._population: Any = info.state
        self._number, self._take = number, take
        self.step, self.meter, self.last = info.step, info.meter, info.last
        self.means = {name: mean[number] for name, mean in info.means.items()}
        self.scores = []

    @property
    def state(self) -> GanState:  # type: ignore[override]
        """The member's state."""
        return self._take(self._population, self._number)


def each(
    policies: Mapping[int, Sequence[Hook]],
    take: Callable[[Population, int], GanState],
    ended: Callable[[int, Outcome], None],
) -> list[Hook]:
    """The hooks of all members as hooks of the one loop that trains them.

    A hook that raises ``UserError``, a score that cannot be taken say, fails its own member alone.

    Args:
      policies: the hooks of every member, by its number; all have the same cadences.
      take: takes the state of a member out.
      ended: called when a hook ends a member, whose hooks are not called any more. The loop ends
        with the last of them.
    """
    left, infos = set(policies), {}

    def at(place: int, info: StepInfo) -> Outcome | None:
        if infos.get("of") is not info:  # a hook leaves its scores there for the next
            infos.clear()
            infos["of"] = info
            infos.update({number: MemberInfo(info, number, take) for number in left})
        for number in sorted(left):
            try:
                outcome = policies[number][place].act(infos[number])
            except UserError as error:
                outcome = Outcome("failed", info.step, str(error))
            if outcome:
                left.remove(number)
                ended(number, outcome)
        return None if left else Outcome("diverged", info.step, "no run is left")

    first = next(iter(policies.values()))
    return [
        Hook(functools.partial(at, place), hook.every, hook.on_stop)
        for place, hook in enumerate(first)
    ]
