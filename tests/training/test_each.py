"""The hooks of members, called by one loop; what happens to one member happens to no other."""

import weakref
from types import SimpleNamespace

import numpy as np

from jaxgan.errors import UserError
from jaxgan.training.each import each
from jaxgan.training.loop import Hook, Outcome


def test_a_hook_that_cannot_do_its_work_fails_its_own_member():
    seen, ended = [], {}

    def policy(number, fault):
        def score(info):
            if fault:
                raise UserError("no such number")
            seen.append((number, "score", float(info.means["loss"])))

        return [Hook(score, (2,)), Hook(lambda info: seen.append((number, "save")), (2,))]

    hooks = each(
        {0: policy(0, False), 1: policy(1, True)},
        lambda population, number: None,
        ended.__setitem__,
    )
    for step in (2, 4):
        means = {"loss": np.array([0.5, 0.25])}
        info = SimpleNamespace(step=step, state=None, meter=None, means=means, last=False)
        assert [hook.act(info) for hook in hooks] == [None, None]
    assert ended == {1: Outcome("failed", 2, "no such number")}
    assert seen == [(0, "score", 0.5), (0, "save")] * 2


def test_no_state_of_a_member_is_kept():
    class State:
        pass

    taken, alive = [], []

    def take(population, number):
        state = State()
        taken.append(weakref.ref(state))
        return state

    def look(info):
        assert isinstance(info.state, State)
        alive.append(sum(one() is not None for one in taken))

    hooks = each({number: [Hook(look, (1,))] * 2 for number in range(3)}, take, lambda *_: None)
    info = SimpleNamespace(step=1, state=None, meter=None, means={}, last=False)
    for hook in hooks:
        hook.act(info)
    assert alive == [0] * 6
