"""Reads the Inception's weights from TensorFlow's frozen graph, without TensorFlow.

The graph (``classify_image_graph_def.pb``) is a protocol buffer; its weights are constant nodes. Of
the wire format only what those need is read: no code runs, and nothing else is looked at.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from jaxgan.errors import UserError

# Field numbers of tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto
GRAPH_NODE = 1
NODE_NAME, NODE_OP, NODE_ATTR = 1, 2, 5
MAP_KEY, MAP_VALUE = 1, 2
ATTR_TENSOR = 8
TENSOR_DTYPE, TENSOR_SHAPE, TENSOR_CONTENT, TENSOR_FLOATS = 1, 2, 4, 5
SHAPE_DIM, DIM_SIZE = 2, 1
DT_FLOAT = 1

NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""The graph's names within a batch norm -> the port's."""

A = (
    ("branch1x1", ""),
    ("branch5x5", "tower"),
    ("branch3x3dbl", "tower_1"),
    ("branch_pool", "tower_2"),
)
C = (
    ("branch1x1", ""),
    ("branch7x7", "tower"),
    ("branch7x7dbl", "tower_1"),
    ("branch_pool", "tower_2"),
)
E = (
    ("branch1x1", ""),
    ("branch3x3", "tower"),
    ("branch3x3dbl", "tower_1"),
    ("branch_pool", "tower_2"),
)
BLOCKS = {
    "Mixed_5b": ("mixed", A),
    "Mixed_5c": ("mixed_1", A),
    "Mixed_5d": ("mixed_2", A),
    "Mixed_6a": ("mixed_3", (("branch3x3", ""), ("branch3x3dbl", "tower"))),
    "Mixed_6b": ("mixed_4", C),
    "Mixed_6c": ("mixed_5", C),
    "Mixed_6d": ("mixed_6", C),
    "Mixed_6e": ("mixed_7", C),
    "Mixed_7a": ("mixed_8", (("branch3x3", "tower"), ("branch7x7x3", "tower_1"))),
    "Mixed_7b": ("mixed_9", E),
    "Mixed_7c": ("mixed_10", E),
}
"""The port's block -> the graph's scope, and its branches' scopes within."""

STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")


def scope_of(module: str) -> str:
    """The graph's scope of one of the port's convolutions (``Mixed_5b.branch5x5_2``)."""
    if module in STEM:
        return _numbered("conv", STEM.index(module))
    block, layer = module.split(".")
    scope, branches = BLOCKS[block]
    branch, _, number = layer.rpartition("_")
    if layer in dict(branches):  # a branch of one convolution
        branch, number = layer, "1"
    scope = "/".join(part for part in (scope, dict(branches)[branch]) if part)
    if number[-1] in "ab":  # the pairs at a branch's end have a scope of their own
        return f"{scope}/mixed/{_numbered('conv', 'ab'.index(number[-1]))}"
    return f"{scope}/{_numbered('conv', int(number) - 1)}"


def tensors_of_graph(data: bytes, names: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The port's tensors from the graph's constants.

    Args:
      data: the graph's bytes.
      names: the port's tensors (``inception.state_dict_shapes``).

    Returns:
      name -> float32 array in the port's layout.

    Raises:
      UserError: damaged, or not that graph; says what is missing.
    """
    try:
        constants = dict(_constants(data))
    except (IndexError, ValueError, UnicodeDecodeError, OverflowError) as error:
        raise UserError("The file is not a TensorFlow graph, or is damaged.") from error
    return {name: _lookup(constants, name) for name in names}


def _lookup(constants: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name.startswith("fc."):
        theirs = {"fc.weight": "softmax/weights", "fc.bias": "softmax/biases"}[name]
    else:
        module, kind, leaf = name.rsplit(".", 2)
        scope = scope_of(module)
        inverse = {ours: graph for graph, ours in NORM.items()}
        norm = f"{scope}/batchnorm/{inverse[leaf]}"
        theirs = f"{scope}/conv2d_params" if kind == "conv" else norm
    if theirs not in constants:
        raise UserError(f"The graph has no constant {theirs}: it is not Inception of 2015-12-05.")
    tensor = constants[theirs]
    if tensor.ndim == 4:
        return np.ascontiguousarray(tensor.transpose(3, 2, 0, 1))
    return np.ascontiguousarray(tensor.T)


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def _constants(graph: bytes) -> Iterator[tuple[str, np.ndarray]]:
    for field, node in _fields(memoryview(graph)):
        if field != GRAPH_NODE:
            continue
        parts = list(_fields(node))
        texts = {
            number: bytes(value).decode()
            for number, value in parts
            if number < NODE_ATTR and number in (NODE_NAME, NODE_OP)
        }
        if texts.get(NODE_OP) != "Const":
            continue
        for number, attribute in parts:
            entry = dict(_fields(attribute)) if number == NODE_ATTR else {}
            if bytes(entry.get(MAP_KEY, b"")) == b"value":
                tensor = dict(_fields(entry[MAP_VALUE]))[ATTR_TENSOR]
                array = _tensor(tensor)
                if array is not None:
                    yield texts[NODE_NAME], array


def _tensor(data: memoryview) -> np.ndarray | None:
    """A float32 tensor, or None for one of another dtype."""
    parts = list(_fields(data))
    fields = dict(parts)
    if fields.get(TENSOR_DTYPE) != DT_FLOAT:
        return None
    dims = [
        dim
        for number, dim in _fields(fields.get(TENSOR_SHAPE, memoryview(b"")))
        if number == SHAPE_DIM
    ]
    shape = [int(dict(_fields(dim)).get(DIM_SIZE, 0)) for dim in dims]
    if TENSOR_CONTENT in fields:
        content = fields[TENSOR_CONTENT]
    else:  # a repeated field, packed (one piece) or not
        content = b"".join(bytes(value) for number, value in parts if number == TENSOR_FLOATS)
    return np.frombuffer(content, "<f4").reshape(shape)


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """(field number, value) of a message: integers for varints, bytes for the rest."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, place = _varint(data, place)
        elif kind in (1, 5):
            size = {1: 8, 5: 4}[kind]
        else:
            raise ValueError(f"wire type {kind}")
        if place + size > len(data):
            raise ValueError("cut short")
        yield tag >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
