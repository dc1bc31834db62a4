"""How many words two sentences differ by."""

from collections.abc import Sequence

import numpy as np


def edit_distances(sentence: Sequence[int], others: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Levenshtein's distance of a sentence to each of others, integers ``[n]``.

    The fewest tokens that are put in, taken out or replaced.

    Args:
      sentence: tokens.
      others: integers ``[n, length]``.
      lengths: integers ``[n]``: tokens of each of them; the rest of its row does not count.
    """
    length = others.shape[1]
    # Distances of the sentence's first words to the first 0, 1, ... of every other sentence.
    before = np.tile(np.arange(length + 1), (len(others), 1))
    for count, token in enumerate(sentence, 1):
        now = np.empty_like(before)
        now[:, 0] = count
        for place in range(1, length + 1):
            replaced = before[:, place - 1] + (others[:, place - 1] != token)
            added = np.minimum(before[:, place], now[:, place - 1]) + 1
            now[:, place] = np.minimum(replaced, added)
        before = now
    return before[np.arange(len(others)), lengths]
