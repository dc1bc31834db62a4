"""What tokens stand for."""

import dataclasses

import numpy as np

END = 0
"""The token that fills the rest of a row after the last word, where there are words."""

START = 0
"""The token before the first one, for generators and oracles."""


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """What tokens stand for.

    Attributes:
      size: the number of different tokens.
      words: what each stands for, the first of them empty for ``END``; empty where tokens are
        numbers and nothing else.
      between: what stands between two words in a sentence.
    """

    size: int
    words: tuple[str, ...] = ()
    between: str = " "

    def __str__(self) -> str:
        kind = "words" if self.words else "tokens"
        return f"a vocabulary of {self.size:,} {kind}"

    def length(self, row: np.ndarray) -> int:
        """Tokens of a row ``[length]`` before its first ``END``; all where there are no words."""
        ends = np.flatnonzero(row == END)
        return int(ends[0]) if self.words and len(ends) else len(row)

    def cut(self, rows: np.ndarray) -> list[list[int]]:
        """The sentences of rows ``[n, length]`` as lists of tokens, without what fills the rows."""
        return [row[: self.length(row)].tolist() for row in rows]

    def sentence(self, row: np.ndarray) -> str:
        """A row ``[length]`` as text; numbers where there are no words."""
        (tokens,) = self.cut(row[None])
        if not self.words:
            return " ".join(map(str, tokens))
        return self.between.join(self.words[token] for token in tokens)

    def sentences(self, rows: np.ndarray) -> list[str]:
        """Rows ``[n, length]`` as texts."""
        return [self.sentence(row) for row in rows]
