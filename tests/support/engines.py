"""An engine that starts no processes."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass
class OneByOne:
    """Calls ``launch(words, log, signals) -> exit code`` for one command after another."""

    launch: Callable
    begun: str = "running"

    def __call__(self, commands, signals):
        coming = iter(commands)
        while not signals.asked and (command := next(coming, None)):
            yield command, self.launch(command.words, command.log, signals)
