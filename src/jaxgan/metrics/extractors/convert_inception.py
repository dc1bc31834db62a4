"""Turns published Inception weights into a .safetensors file (``scripts/convert_inception``)."""

import argparse
import sys
import tarfile
from pathlib import Path

import safetensors.numpy

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.fid_inception import PUBLISHED_SHA256, WHERE
from jaxgan.metrics.extractors.inception import state_dict_shapes
from jaxgan.metrics.extractors.inception_graph import tensors_of_graph
from jaxgan.metrics.extractors.pth import read_pth
from jaxgan.metrics.extractors.weights import check_shapes, sha256_of, sha256_of_tensors

GRAPH = "classify_image_graph_def.pb"


def convert(source: Path, target: Path, sha256: str | None = None) -> str:
    """Writes ``target`` from ``source``.

    Args:
      source: the published .pth, TensorFlow's ``inception-2015-12-05.tgz``, or the graph in it.
      target: the .safetensors file.
      sha256: what ``source`` must have; None for the published .pth's.

    Returns:
      What to tell the user.

    Raises:
      UserError: ``source`` is missing, another file, or not that network.
    """
    if not source.is_file():
        raise UserError(f"There is no file {source}. {WHERE}")
    found = sha256_of(source)
    graph = source.suffix in (".pb", ".tgz")
    if sha256 is None and graph:
        raise UserError(
            f"{source} has SHA-256 {found}; no sum of TensorFlow's graph is known here. If you "
            f"trust it, add --sha256 {found}; results are marked 'weights-not-verified'."
        )
    expected = sha256 or PUBLISHED_SHA256
    if found != expected:
        raise UserError(f"{source} has SHA-256 {found}, not {expected}. {WHERE}")
    shapes = state_dict_shapes()
    tensors = tensors_of_graph(_graph(source), shapes) if graph else read_pth(source)
    check_shapes(tensors, shapes, str(source))
    total = sha256_of_tensors(tensors)
    about = {"source_sha256": found, "source": source.name, "tensors_sha256": total}
    safetensors.numpy.save_file(tensors, target, about)
    verified = found == PUBLISHED_SHA256
    return (
        f"{target}: {len(tensors)} tensors, SHA-256 of the tensors {total}, from {source.name} "
        f"({'the published file' if verified else 'weights not verified'})."
    )


def _graph(source: Path) -> bytes:
    try:
        if source.suffix == ".pb":
            return source.read_bytes()
        with tarfile.open(source) as tar:
            member = tar.extractfile(GRAPH)
            if member is None:
                raise UserError(f"{source} does not hold {GRAPH}.")
            return member.read()
    except (OSError, KeyError, EOFError, tarfile.TarError) as error:
        raise UserError(f"{source} cannot be read as an archive with {GRAPH}.") from error


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/convert_inception", description=__doc__)
    parser.add_argument("source", type=Path, help=f"the .pth, or inception-2015-12-05.tgz. {WHERE}")
    parser.add_argument("target", type=Path, help="the .safetensors file to write")
    parser.add_argument("--sha256", help="what SOURCE must have; default: the published .pth's")
    args = parser.parse_args()
    try:
        print(convert(args.source, args.target, args.sha256))
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
