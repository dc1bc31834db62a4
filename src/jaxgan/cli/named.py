"""Experiments by name: the files that come with jaxgan, in a clone and in an installed package."""

from pathlib import Path

from jaxgan.errors import UserError, one_of

FOLDER = (Path(__file__).parents[1] / "experiments").resolve()
"""Of the experiment files; in a clone ``experiments/``, to which a link leads."""


def packaged() -> dict[str, Path]:
    """The experiment files that come with jaxgan, by name."""
    return {file.stem: file for file in sorted(FOLDER.glob("*.py"))}


def packaged_file(name: str) -> Path:
    """The file of an experiment that comes with jaxgan.

    Raises:
      UserError: there is none of this name.
    """
    files = packaged()
    return files[one_of(name, files, "experiment", "jaxgan list shows all.")]


def experiment_file(word: str) -> Path:
    """The file that the first word of a command names.

    Args:
      word: a path, or the name of an experiment that comes with jaxgan, e.g. ``gan_ring``.

    Raises:
      UserError: there is neither such a file nor such an experiment.
    """
    path = Path(word)
    if path.is_file():
        return path
    if path.suffix != ".py" and len(path.parts) == 1:
        return packaged_file(word)
    if path.stem in packaged():
        raise UserError(
            f"No experiment file {word}; {path.stem} alone is the one that comes with jaxgan."
        )
    return path  # whoever loads it says what is near
