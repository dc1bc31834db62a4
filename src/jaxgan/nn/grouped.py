"""Convolutions whose channels are divided into groups."""

import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Images, Kernel
from jaxgan.xla import target


def grouped_convolution(x: Images, kernel: Kernel, groups: int) -> Images:
    """A convolution of stride 1 that keeps the size; each group of channels sees its own inputs.

    On CPU, where XLA has no fast grouped convolution, it is a sum over the kernel's places of
    products, one for each group.

    Args:
      x: ``[b, h, w, i]``.
      kernel: ``[k, k, i / groups, o]``, of an odd side; outputs are in the order of their groups.
      groups: their number, which divides ``i`` and ``o``.

    Returns:
      ``[b, h, w, o]``.
    """
    side, _, inputs, outputs = kernel.shape
    if target() != "cpu":
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            (1, 1),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )
    reach = side // 2
    batch, height, width, _ = x.shape
    padded = jnp.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    padded = padded.reshape(*padded.shape[:3], groups, inputs)
    kernel = kernel.reshape(side, side, inputs, groups, outputs // groups)
    total = jnp.zeros((), x.dtype)
    for row in range(side):
        for column in range(side):
            seen = padded[:, row : row + height, column : column + width]
            total += jnp.einsum("bhwgi,igo->bhwgo", seen, kernel[row, column])
    return total.reshape(batch, height, width, outputs)
