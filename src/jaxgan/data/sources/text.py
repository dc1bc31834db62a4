"""Sentences of a text file, one a line, as rows of tokens."""

import collections
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from jaxgan.data.source import Source, from_arrays
from jaxgan.data.splits import rows_of
from jaxgan.data.tokens import tokens
from jaxgan.errors import UserError
from jaxgan.vocabulary import END, Vocabulary

LONGEST = 64
"""Tokens that a sentence may have if no number is given."""

MOST_TOKENS = 200
"""The largest such number."""

MOST = 50_000
"""Different tokens that are allowed: a generator's last layer has a weight for each."""

HELD_OUT = 10
"""One sentence in so many is the split test, of a file."""

Split = Callable[[str], list[str]]
"""A sentence -> its tokens as text."""


def words_of(sentence: str) -> list[str]:
    """The words of a sentence, in lower case; every punctuation mark is a word of its own."""
    return re.findall(r"\w+(?:['’-]\w+)*|[^\w\s]", sentence.lower())


def characters_of(sentence: str) -> list[str]:
    """The characters of a sentence, spaces left out."""
    return [character for character in sentence if not character.isspace()]


TOKENIZERS: Mapping[str, tuple[Split, str]] = {
    "text": (words_of, " "),
    "characters": (characters_of, ""),
}
"""How sentences become tokens, and what stands between two of them."""


def open_text(kind: str, words: str, split: str = "train") -> Source:
    """Opens a text file in UTF-8 with a sentence a line.

    Sentences of fewer tokens are followed by ``END``; those of more are left out. Of ten sentences
    one is the split ``test``, the others ``train``.

    Args:
      kind: ``text`` for words or ``characters``.
      words: ``FILE`` or ``LENGTH:FILE``, with the tokens of a sentence; by default those of the
        longest one, up to ``LONGEST``.
      split: TFDS's split syntax.

    Raises:
      UserError: there is no such file or split, it is no text, or holds too few sentences.
    """
    found = re.fullmatch(r"(?:(\d+):)?(.+)", words)
    if not found:
        raise UserError(f"{kind}: names no file; give {kind}:FILE.")
    length, file = int(found[1] or 0), Path(found[2]).expanduser()
    if found[1] and not 2 <= length <= MOST_TOKENS:
        raise UserError(f"{kind}:{words}: sentences have 2 to {MOST_TOKENS} tokens.")
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}). Check its path.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is no text in UTF-8. Save it as such.") from error
    except ValueError as error:  # a zero in the path
        raise UserError(f"{str(file)!r} is no path of a file.") from error
    rest = [number % HELD_OUT == HELD_OUT - 1 for number in range(len(lines))]
    train = [line for line, held in zip(lines, rest, strict=True) if not held]
    test = [line for line, held in zip(lines, rest, strict=True) if held]
    return sentences(
        f"{kind}:{file.name}", split, {"train": train, "test": test}, *TOKENIZERS[kind], length
    )


def sentences(
    name: str,
    split: str,
    lines: Mapping[str, Sequence[str]],
    tokenize: Split,
    between: str,
    length: int = 0,
    frequent: int | None = None,
) -> Source:
    """Lines of text as rows of tokens, with the vocabulary of the split train.

    Args:
      name: what the data are called.
      split: TFDS's split syntax.
      lines: of each split; empty ones do not count.
      tokenize: makes tokens of a line.
      between: what stands between two tokens.
      length: tokens of a row; 0 for those of the longest line, up to ``LONGEST``.
      frequent: so many of the most frequent tokens of train are the vocabulary; None for all.

    Raises:
      UserError: there is no such split, or too few sentences, or too many different tokens.
    """
    found = {name: [part for part in map(tokenize, part) if part] for name, part in lines.items()}
    kept = length or min(LONGEST, max(map(len, found["train"]), default=0))
    found = {name: [part for part in parts if len(part) <= kept] for name, parts in found.items()}
    counts = collections.Counter(token for part in found["train"] for token in part)
    # The most frequent first, and in the order of the alphabet where they are as frequent.
    words = sorted(counts, key=lambda word: (-counts[word], word))[:frequent]
    if len(words) > MOST:
        raise UserError(
            f"{name} has {len(words):,} different tokens, more than {MOST:,}; give characters:FILE "
            "or a smaller file."
        )
    numbers = {word: number for number, word in enumerate(words, 1)}
    rows = {
        # A sentence with words that train does not have is nothing that could be learned.
        part: {"tokens": _rows([s for s in found[part] if numbers.keys() >= {*s}], numbers, kept)}
        for part in found
    }
    if len(rows["train"]["tokens"]) < 2 or kept < 2:
        raise UserError(f"{name} holds fewer than two sentences of 2 to {kept or LONGEST} tokens.")
    vocabulary = Vocabulary(len(words) + 1, ("", *words), between)
    return from_arrays(name, split, rows_of(split, rows), modality=tokens(vocabulary))


def _rows(parts: list[list[str]], numbers: Mapping[str, int], length: int) -> np.ndarray:
    """Token texts as rows of numbers, int32 ``[n, length]``."""
    rows = np.full((len(parts), length), END, np.int32)
    for row, part in zip(rows, parts, strict=True):
        row[: len(part)] = [numbers[word] for word in part]
    return rows
