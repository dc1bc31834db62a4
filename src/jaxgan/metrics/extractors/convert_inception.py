"""Turns published Inception weights into a .safetensors file (``scripts/convert_inception``)."""

import tarfile
from pathlib import Path

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.convert_weights import arguments, checked_sha256, report, unknown_sum
from jaxgan.metrics.extractors.fid_inception import PUBLISHED_SHA256, WHERE
from jaxgan.metrics.extractors.inception import state_dict_shapes
from jaxgan.metrics.extractors.inception_graph import tensors_of_graph
from jaxgan.metrics.extractors.pth import read_pth
from jaxgan.metrics.extractors.weights import check_shapes, write_converted

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
    graph = source.suffix in (".pb", ".tgz")
    if sha256 is None and graph and source.is_file():
        raise unknown_sum(source, "TensorFlow's graph")
    found = checked_sha256(source, sha256 or PUBLISHED_SHA256, WHERE)
    shapes = state_dict_shapes()
    tensors = tensors_of_graph(_graph(source), shapes) if graph else read_pth(source)
    check_shapes(tensors, shapes, str(source))
    verified = "the published file" if found == PUBLISHED_SHA256 else "weights not verified"
    return f"{write_converted(tensors, target, source, found)} ({verified})."


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
    parser = arguments(
        "convert_inception", __doc__, f"the .pth, or inception-2015-12-05.tgz. {WHERE}"
    )
    args = parser.parse_args()
    report(lambda: convert(args.source, args.target, args.sha256))


if __name__ == "__main__":
    main()
