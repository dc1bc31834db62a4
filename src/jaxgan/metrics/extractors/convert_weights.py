"""What the converters of published weights share: the check of the source, and the command line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.weights import check_sha256, sha256_of


def checked_sha256(source: Path, expected: str, where: str) -> str:
    """The sum of ``source``, which must be ``expected``.

    Args:
      source: the file.
      expected: its SHA-256: the published file's, or the one that the user vouches for.
      where: where the published file comes from, a sentence.

    Raises:
      UserError: missing or another file; says both sums.
    """
    if not source.is_file():
        raise UserError(f"There is no file {source}. {where}")
    check_sha256(source, expected.lower(), where)
    return expected.lower()


def unknown_sum(source: Path, what: str) -> UserError:
    """The refusal of a file for which no published sum is known."""
    found = sha256_of(source)
    return UserError(
        f"{source} has SHA-256 {found}; no sum of {what} is known here. If you trust it, add "
        f"--sha256 {found}; results are marked 'weights-not-verified'."
    )


def arguments(command: str, about: str | None, source: str) -> argparse.ArgumentParser:
    """The arguments of every converter; ``source`` says what the first may be."""
    parser = argparse.ArgumentParser(prog=f"scripts/{command}", description=about)
    parser.add_argument("source", type=Path, help=source)
    parser.add_argument("target", type=Path, help="the .safetensors file to write")
    parser.add_argument("--sha256", help="what SOURCE must have; default: the published .pth's")
    return parser


def report(convert: Callable[[], str]) -> None:
    """Prints what ``convert`` says; ends with status 2 and one line if it refuses."""
    try:
        print(convert())
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
