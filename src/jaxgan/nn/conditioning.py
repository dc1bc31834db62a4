"""What a network of classes is conditioned on."""

from jaxgan.types import Label


def known_labels(classes: int, label: Label | None) -> Label | None:
    """The labels, int ``[b]``, that a network of ``classes`` looks at; None for one of no classes.

    Raises:
      ValueError: the network is of classes and was given no label. It would otherwise be made
        without the parameters that depend on labels, and train as an unconditional one.
    """
    if not classes:
        return None
    if label is None:
        raise ValueError(
            f"A network is of {classes} classes, and was given no label: play with plays.labelled."
        )
    return label
