"""The one exception that is the user's to mend, and the commonest of its messages."""

import difflib
from collections.abc import Collection


class UserError(ValueError):
    """A fault in what the user gave: a flag, a file, a data set, a run folder.

    The message is one or two short sentences that name the fault and the fix. The
    command line prints it without a traceback and exits with code 2.
    """


def one_of(word: str, words: Collection[str], kind: str) -> str:
    """``word``, if it is one of ``words``.

    Raises:
      UserError: it is not; the message has the nearest.
    """
    if word in words:
        return word
    names = {name.lower(): name for name in words}
    near = difflib.get_close_matches(word.lower(), names, n=1)
    hint = f"did you mean {names[near[0]]}?" if near else f"use {', '.join(words)}."
    raise UserError(f"No {kind} {word}; {hint}")
