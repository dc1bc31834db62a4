"""The data sets that are prepared without TensorFlow.

Importing this module makes TFDS know those of jaxgan's own.
"""

from collections.abc import Mapping

from jaxgan.data.prepare.cifar import CIFAR10, CIFAR100
from jaxgan.data.prepare.cyclegan import CYCLE_GAN
from jaxgan.data.prepare.emoji import EMOJI
from jaxgan.data.prepare.glyphs import GLYPHS
from jaxgan.data.prepare.mnist import FASHION_MNIST, KMNIST, MNIST
from jaxgan.data.prepare.poems import POEMS
from jaxgan.data.prepare.prompts import PROMPTS
from jaxgan.data.prepare.recipe import Recipe
from jaxgan.data.prepare.sc09 import SC09
from jaxgan.data.prepare.sentences import SENTENCES
from jaxgan.data.prepare.syllables import SYLLABLES

RECIPES: Mapping[str, Recipe] = {
    "mnist": MNIST,
    "fashion_mnist": FASHION_MNIST,
    "kmnist": KMNIST,
    "cifar10": CIFAR10,
    "cifar100": CIFAR100,
    "glyphs": GLYPHS,
    "emoji": EMOJI,
    **CYCLE_GAN,
    "syllables": SYLLABLES,
    "prompts": PROMPTS,
    "sc09": SC09,
    "sentences": SENTENCES,
    "poems": POEMS,
}
"""TFDS's name of a data set, or of one of its configurations -> how it is made."""


def recipe_of(name: str) -> Recipe | None:
    """The recipe of ``name`` or ``name/config``; None if there is none."""
    return RECIPES.get(name) or RECIPES.get(name.partition("/")[0])
