"""Strided convolutions and their adjoints as TensorFlow pads them (``SAME``), in plain NumPy."""

import numpy as np


def pads(size, kernel, stride):
    """Zeros before and after an axis: the odd one comes last."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def places(kernel):
    return [(row, column) for row in range(kernel.shape[0]) for column in range(kernel.shape[1])]


def convolved(x, kernel, strides):
    """``[b, h, w, i], [kh, kw, i, o] -> [b, h/s, w/s, o]``, a product for each place."""
    (down, right), sizes = strides, x.shape[1:3]
    padding = [pads(*axis) for axis in zip(sizes, kernel.shape[:2], strides, strict=True)]
    padded = np.pad(x, ((0, 0), *padding, (0, 0)))
    rows, columns = -(-sizes[0] // down), -(-sizes[1] // right)
    out = np.zeros((len(x), rows, columns, kernel.shape[3]))
    for row, column in places(kernel):
        seen = padded[:, row::down, column::right][:, :rows, :columns]
        out += seen @ kernel[row, column]
    return out


def transposed(y, kernel, strides):
    """``[b, h, w, i], [kh, kw, o, i] -> [b, hs, ws, o]``: every pixel draws the kernel."""
    (down, right), (rows, columns) = strides, y.shape[1:3]
    sizes = (rows * down, columns * right)
    (top, bottom), (left, end) = (
        pads(*axis) for axis in zip(sizes, kernel.shape[:2], strides, strict=True)
    )
    shape = (len(y), top + sizes[0] + bottom, left + sizes[1] + end, kernel.shape[2])
    canvas = np.zeros(shape)
    for row, column in places(kernel):
        under = canvas[:, row::down, column::right][:, :rows, :columns]
        under += y @ kernel[row, column].T
    return canvas[:, top : top + sizes[0], left : left + sizes[1]]
