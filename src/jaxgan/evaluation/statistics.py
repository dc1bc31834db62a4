"""Published statistics of real features as a reference: mean and covariance, and nothing else."""

import hashlib
import zipfile
import zlib
from pathlib import Path

import numpy as np

from jaxgan.data.modality import IMAGES
from jaxgan.errors import UserError
from jaxgan.evaluation.classifier import Classifier
from jaxgan.evaluation.reference import Reference
from jaxgan.evaluation.samples import UNSAID, SampleSet
from jaxgan.metrics.frechet import Statistics

PREFIX = "stats:"
"""How such a file is named by ``--against``."""


def statistics_reference(file: Path, shape: tuple[int, ...]) -> Reference:
    """The statistics of a file as a reference, of which ``fd`` can be computed.

    What the file does not say (which network, how many images, how they were resized) stays open in
    the protocol.

    Args:
      file: an .npz with ``mu`` ``[d]`` and ``sigma`` ``[d, d]``, as FID's tools exchange them.
      shape: of one of the samples that are scored.

    Raises:
      UserError: there is no such file, or it holds something else.
    """
    statistics = read_statistics(file)

    def read(first: int, count: int) -> np.ndarray:
        raise UserError(f"{file} holds statistics and no images; ask for fd alone.")

    def classifier() -> Classifier:
        raise UserError(f"{file} holds statistics and no images; ask for fd alone.")

    about = {
        "data": f"{PREFIX}{file.name}",
        "split": UNSAID,
        "data_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "extractor": UNSAID,
    }
    real = SampleSet(
        f"{PREFIX}{file.name}",
        0,
        shape,
        read,
        about=about,
        modality=IMAGES,
        statistics=statistics,
    )
    return Reference(real, None, None, classifier)


def read_statistics(file: Path) -> Statistics:
    """Mean and covariance.

    Raises:
      UserError: there is no such file, or it holds something else.
    """
    try:
        with file.open("rb") as content, np.load(content, allow_pickle=False) as stored:
            mean, covariance = (_real(stored[name]) for name in ("mu", "sigma"))
    except FileNotFoundError as error:
        raise UserError(f"There is no file {file}. Check its path.") from error
    except KeyError as error:
        raise UserError(f"{file}: holds no {error.args[0].split()[0]}; mu and sigma.") from error
    except (OSError, ValueError, EOFError, TypeError, zlib.error, zipfile.BadZipFile) as error:
        raise UserError(f"{file} is no .npz with mu and sigma. Check its path.") from error
    if mean.ndim != 1 or not len(mean) or covariance.shape != (len(mean), len(mean)):
        raise UserError(
            f"{file}: mu of shape {mean.shape} and sigma of shape {covariance.shape} are no mean "
            "and covariance."
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise UserError(f"{file}: mu and sigma hold NaN or infinity. Fetch it again.")
    return Statistics(0, mean, covariance)


def _real(array: np.ndarray) -> np.ndarray:
    """The array in float64.

    Raises:
      TypeError: it is no array of real numbers.
    """
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise TypeError(f"{array.dtype} are no real numbers")
    return np.asarray(array, np.float64)
