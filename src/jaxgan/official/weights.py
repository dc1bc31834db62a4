"""What official weights are turned into."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Imported:
    """Networks of an experiment, from official weights.

    Attributes:
      experiment: the name of the experiment file.
      flags: its hyperparameters that the weights determine.
      shape: of an image, ``(height, width, channels)``.
      classes: number of classes; None for weights that know none.
      generator: the variables of the generator, collections by name.
      average: those of the averaged generator, which the authors draw from.
      discriminator: those of the discriminator.
    """

    experiment: str
    flags: Mapping[str, Any]
    shape: tuple[int, int, int]
    classes: int | None
    generator: Mapping[str, Any]
    average: Mapping[str, Any]
    discriminator: Mapping[str, Any]


class Arrays:
    """Named arrays of a network, of which each is to be used."""

    def __init__(self, what: str, arrays: Mapping[str, np.ndarray]):
        """``what`` names the network in messages."""
        self._what, self._arrays, self._used = what, arrays, set[str]()

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def __iter__(self):
        return iter(self._arrays)

    def __getitem__(self, name: str) -> np.ndarray:
        """An array, as float32.

        Raises:
          UserError: there is none of the name.
        """
        if name not in self._arrays:
            raise UserError(f"{self._what} has no {name}: these are weights of other networks.")
        self._used.add(name)
        return np.asarray(self._arrays[name], np.float32)

    def check_used(self, constants: tuple[str, ...] = ()) -> None:
        """Refuses arrays that nothing was made of.

        Args:
          constants: ends of the names of those that need not be used.

        Raises:
          UserError: naming the first.
        """
        for name in self._arrays:
            if name not in self._used and not name.endswith(constants):
                raise UserError(
                    f"{self._what} has {name}, which the networks here have no place for."
                )


def convolution(array: np.ndarray) -> np.ndarray:
    """A kernel ``[k, k, i, o]``, from PyTorch's ``[o, i, k, k]``."""
    return array.transpose(2, 3, 1, 0)
