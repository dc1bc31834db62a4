"""Text as a modality: rows of tokens, which are numbers of words or characters."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jaxgan.data.modality import IMAGES, Modality, Range, refuse_flip
from jaxgan.files import replacing
from jaxgan.rng import Rng
from jaxgan.types import Batch
from jaxgan.viz import text
from jaxgan.vocabulary import Vocabulary

NAME = "tokens"
"""The name of the modality, whatever its vocabulary."""


@functools.cache
def tokens(vocabulary: Vocabulary) -> Modality:
    """Sequences of tokens, int32 ``[length]``; networks see them as they are.

    The batch's entry is ``tokens``.
    """

    def preview(
        samples: np.ndarray, real: Mapping[str, np.ndarray] | None, columns: int | None
    ) -> np.ndarray:
        del real, columns
        if vocabulary.words and text.drawable(frozenset("".join(vocabulary.words))):
            return text.lines(vocabulary.sentences(samples))
        return text.squares(samples, vocabulary.size)

    def write_all(path: Path, samples: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text("\n".join(vocabulary.sentences(samples)) + "\n", "utf-8")

    return dataclasses.replace(
        IMAGES,
        name=NAME,
        vocabulary=vocabulary,
        prepare=_prepare,
        quantize=_quantize,
        preview=preview,
        dtype=np.int32,
        metrics=("nll_gen",),
        thorough_metrics=("bleu", "self_bleu"),
        write=lambda path, sample: path.write_text(vocabulary.sentence(sample) + "\n", "utf-8"),
        suffix=".txt",
        sheets={".txt": write_all},
        key="tokens",
        preview_size=20,
        measured=500,
        flips=False,
        interpolates=False,
    )


def _prepare(batch: Batch, rng: Rng | None, range: Range, flip: bool) -> Batch:
    del rng, range
    refuse_flip(flip, "sentences")
    return batch


def _quantize(samples: np.ndarray, range: Range) -> np.ndarray:
    del range
    return np.asarray(samples, np.int32)
