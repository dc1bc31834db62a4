"""The largest batch that fits, in few compilations."""

from collections.abc import Callable


def largest(
    fits: Callable[[int], float], first: int, unit: int, most: int = 10, within: float = 1 / 16
) -> tuple[int, int | None]:
    """The largest batch that was found to fit, and the smallest that was found not to.

    Memory grows about linearly with the batch: the line through the two batches that came nearest
    to the limit meets it somewhere, and a batch a little above and one a little below are tried.

    Args:
      fits: the share of the memory that a batch needs, above 1 if it does not fit.
      first: the batch to begin with.
      unit: what a batch must be a multiple of; ``first`` is one.
      most: batches to try.
      within: it stops where the two batches differ by less than this share.

    Returns:
      0 for the first if none fits, None for the second if all did.
    """
    tried: dict[int, float] = {}
    batch: int | None = first
    while batch is not None and len(tried) < most:
        tried[batch] = fits(batch)
        batch = _next(tried, unit, within)
    return _around(tried)


def _around(tried: dict[int, float]) -> tuple[int, int | None]:
    """The largest batch that fits, 0 for none, and the smallest that does not."""
    low = max((one for one, share in tried.items() if share <= 1), default=0)
    return low, min((one for one, share in tried.items() if share > 1), default=None)


def _next(tried: dict[int, float], unit: int, within: float) -> int | None:
    """The next batch to try, a multiple of ``unit``; None if it is not worth it."""
    low, high = _around(tried)
    if high is not None and high - low <= max(unit, within * high):
        return None
    meets = _limit(tried)
    above = int(meets * (1 + within / 2)) // unit * unit
    below = int(meets * (1 - within / 3)) // unit * unit
    if high is None:
        return min(max(above, low + unit), 16 * low)
    inside = [batch for batch in (below, above) if low < batch < high]
    return inside[0] if inside else max(low + unit, (low + high) // 2 // unit * unit)


def _limit(tried: dict[int, float]) -> float:
    """Where the line through two batches, those nearest to the limit, meets it."""
    nearest = sorted(tried, key=lambda batch: abs(tried[batch] - 1))[:2]
    if len(nearest) == 2:
        one, other = nearest
        slope = (tried[one] - tried[other]) / (one - other)
        if slope > 0:
            return one + (1 - tried[one]) / slope
    return 4.0 * nearest[0] if tried[nearest[0]] <= 1 else nearest[0] / 4
