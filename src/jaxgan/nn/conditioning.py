"""What a network of classes is conditioned on."""

import jax


def known_labels(classes: int, label: jax.Array | None) -> jax.Array | None:
    """The labels, int ``[b]``, that a network of ``classes`` looks at; None for one of no classes.

    Raises:
      ValueError: the network is of classes and was given no label. It would otherwise be made
        without the parameters that depend on labels, and train as an unconditional one.
    """
    if not classes:
        return None
    if label is None:
        raise ValueError(
            f"A network is of {classes} classes, and was given no label; use forward.conditional."
        )
    return label
