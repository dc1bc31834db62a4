"""Faults tried at random, counted, and written into a table: ``pytest -m faults --runs N``."""

import dataclasses
from pathlib import Path

import pytest


@dataclasses.dataclass
class Count:
    """What became of the faults of one kind."""

    tried: int = 0
    survived: int = 0
    most_steps_lost: int | None = None
    wrong: int = 0
    tracebacks: int = 0

    def add(self, survived, said="", wrong=False, lost=None):
        """One more fault: whether it was survived as it should be, and what was said."""
        self.tried += 1
        self.survived += bool(survived)
        self.wrong += bool(wrong)
        self.tracebacks += "Traceback" in said
        if lost is not None:
            self.most_steps_lost = max(lost, self.most_steps_lost or 0)

    def check(self):
        """Asserts that all was survived, with right results and without a traceback."""
        assert self.tried > 0
        assert (self.survived, self.wrong, self.tracebacks) == (self.tried, 0, 0), self


COUNTS: dict[str, Count] = {}


@pytest.fixture(scope="session")
def runs(request):
    """How many faults of each kind: the number of ``--runs``, times what the kind takes less."""
    return request.config.getoption("--runs")


@pytest.fixture(scope="session")
def count():
    """``count(name)``: the counter of a kind of fault."""
    return lambda name: COUNTS.setdefault(name, Count())


def pytest_sessionfinish(session):
    table = session.config.getoption("--table")
    if not COUNTS or not table:
        return
    chosen = f' -k "{words}"' if (words := session.config.getoption("-k")) else ""
    command = f"pytest -m faults --runs {session.config.getoption('--runs')}{chosen}"
    lines = [
        "# Faults tried, and what became of them",
        "",
        f"Written by `{command}`.",
        "",
        "| fault | tried | survived | steps lost (max) | wrong results | tracebacks shown |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in COUNTS.items():
        lost = "" if one.most_steps_lost is None else one.most_steps_lost
        lines.append(
            f"| {name} | {one.tried:,} | {one.survived:,} | {lost} | {one.wrong} | "
            f"{one.tracebacks} |"
        )
    Path(table).write_text("\n".join(lines) + "\n")
