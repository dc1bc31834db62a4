"""The one exception that is the user's to mend, and the commonest of its messages."""

import difflib
from collections.abc import Collection


class UserError(ValueError):
    """A fault in what the user gave: a flag, a file, a data set, a run folder.

    The message is one or two short sentences that name the fault and the fix. The
    command line prints it without a traceback and exits with code 2.
    """


class NoSplitError(UserError):
    """Data that there are, but not the split that was named."""


def one_of(word: str, words: Collection[str], kind: str, listed: str = "") -> str:
    """``word``, if it is one of ``words``.

    Args:
      word: what was given.
      words: what there is.
      kind: what they are.
      listed: where a person finds them, if they are too many for the message.

    Raises:
      UserError: it is not; the message has the nearest, or else all.
    """
    if word in words:
        return word
    names = {name.lower(): name for name in words}
    near = difflib.get_close_matches(word.lower(), names, n=1)
    hint = f"did you mean {names[near[0]]}?" if near else listed or f"use {', '.join(words)}."
    raise UserError(f"No {kind} {word}; {hint}")
