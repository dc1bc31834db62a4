"""Checks of flags that several commands have; without JAX, which takes a second to import."""

from jaxgan.errors import UserError

MOST = 2**30
"""Samples of a seed at most: they are numbered, and the later numbers are for other purposes."""


def check_count(flag: str, count: int | None, least: int) -> None:
    """Refuses fewer samples than ``least``, or more than ``MOST``; None is the default.

    Raises:
      UserError: naming the flag.
    """
    if count is not None and not least <= count <= MOST:
        raise UserError(f"{flag} {count}: must be at least {least} and at most {MOST}.")


def check_seed(seed: int) -> None:
    """Refuses seeds that JAX would shorten to 32 bits.

    Raises:
      UserError: naming the flag.
    """
    if not 0 <= seed < 2**32:
        raise UserError(f"--seed {seed}: use 0 to {2**32 - 1}.")


def check_truncation(truncation: float | None) -> None:
    """Refuses truncations that leave nothing, or that cut nothing off in float32.

    Raises:
      UserError: naming the flag.
    """
    if truncation is not None and not 0 < truncation <= 10:
        raise UserError(
            f"--truncation {truncation}: must be above 0 and at most 10; omit it for none."
        )


def check_psi(psi: float | None, cutoff: int | None) -> None:
    """Refuses truncations that make no sense.

    Raises:
      UserError: naming the flag.
    """
    if psi is not None and not -2 <= psi <= 2:
        raise UserError(f"--psi {psi}: use -2 to 2; 1 truncates nothing, 0 gives the average.")
    if cutoff is not None:
        check_count("--cutoff", cutoff, 1)
        if psi is None:
            raise UserError("--cutoff goes with --psi; add it.")
