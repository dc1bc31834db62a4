"""Turns published DINOv2 weights into a .safetensors file (``scripts/convert_dinov2``)."""

from pathlib import Path

from jaxgan.metrics.extractors.convert_weights import arguments, checked_sha256, report
from jaxgan.metrics.extractors.dino_vit import state_dict_shapes
from jaxgan.metrics.extractors.dinov2 import VITB14, VITG14, VITL14, VITS14, Model
from jaxgan.metrics.extractors.pth import read_pth
from jaxgan.metrics.extractors.weights import check_shapes, write_converted


def convert(source: Path, target: Path, sha256: str | None = None, model: Model = VITL14) -> str:
    """Writes ``target`` from ``source``.

    Args:
      source: the published .pth.
      target: the .safetensors file.
      sha256: what ``source`` must have; None for the published file's.
      model: whose weights they are.

    Returns:
      What to tell the user.

    Raises:
      UserError: ``source`` is missing, another file, or not that network; or ``target`` cannot be
        written.
    """
    found = checked_sha256(source, sha256 or model.sha256, model.where)
    tensors = read_pth(source)
    check_shapes(tensors, state_dict_shapes(model.architecture), str(source))
    verified = "the published file" if found == model.sha256 else "weights not verified"
    return f"{write_converted(tensors, target, source, found)} ({verified})."


def main() -> None:
    """The command line."""
    models = {model.name: model for model in (VITS14, VITB14, VITL14, VITG14)}
    parser = arguments("convert_dinov2", __doc__, f"the .pth. {VITL14.where}")
    parser.add_argument("--model", choices=models, default=VITL14.name, help="whose weights")
    args = parser.parse_args()
    report(lambda: convert(args.source, args.target, args.sha256, models[args.model]))


if __name__ == "__main__":
    main()
