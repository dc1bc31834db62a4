"""What tokens stand for."""

import dataclasses

import numpy as np

END = 0
"""The token that fills the rest of a row after the last word, where there are words."""


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

    def sentence(self, tokens: np.ndarray) -> str:
        """Tokens ``[length]`` as text, up to ``END``; numbers where there are no words."""
        if not self.words:
            return " ".join(map(str, tokens))
        ends = np.flatnonzero(tokens == END)
        return self.between.join(
            self.words[token] for token in (tokens[: ends[0]] if len(ends) else tokens)
        )

    def sentences(self, rows: np.ndarray) -> list[str]:
        """Rows ``[n, length]`` as texts."""
        return [self.sentence(row) for row in rows]
