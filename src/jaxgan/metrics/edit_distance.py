"""How many words two sentences differ by."""

import numpy as np


def edit_distances(sentence: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Levenshtein's distance of a row of tokens to each of others, integers ``[n]``.

    The fewest tokens that are put in, taken out or replaced. What fills rows after their sentences
    counts as tokens, so that rows are of one length.

    Args:
      sentence: integers ``[length]``.
      others: integers ``[n, length]``.
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
    return before[:, -1]
