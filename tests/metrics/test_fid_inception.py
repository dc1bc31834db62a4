"""Weight files of the FID's network: the right ones are read, all others refused."""

import hashlib
import io
import struct
import tarfile

import jax
import numpy as np
import pth_files
import pytest
import safetensors.numpy

from jaxgan.errors import UserError
from jaxgan.metrics.extractors import convert_inception as converter
from jaxgan.metrics.extractors import fid_inception as module
from jaxgan.metrics.extractors.convert_inception import convert
from jaxgan.metrics.extractors.fid_inception import fid_inception, inception_extractor
from jaxgan.metrics.extractors.inception import variables_of
from jaxgan.metrics.extractors.inception_graph import NORM, scope_of, tensors_of_graph


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def pth(tmp_path_factory, inception_tensors):
    """A file such as the published one, with random weights."""
    path = tmp_path_factory.mktemp("weights") / "pt_inception.pth"
    path.write_bytes(pth_files.state_dict(inception_tensors))
    return path


def equal(found, expected):
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_the_published_file_gives_the_fid(monkeypatch, pth, inception_tensors):
    monkeypatch.setattr(module, "PUBLISHED_SHA256", sha256(pth))
    extractor = fid_inception(pth)
    equal(extractor.variables, variables_of(inception_tensors))
    assert (extractor.distance, extractor.name) == ("FID", "inception-2015-12-05/tf1-legacy")
    assert (extractor.weights_sha256, extractor.dimension) == (sha256(pth), 2048)
    assert extractor.resize == "tf1-legacy to 299"
    clean = inception_extractor(None, sha256(pth), "clean")
    assert (clean.distance, clean.resize) == ("clean-FID", "clean to 299")


def test_the_pinned_sum_is_the_published_one():
    """The file's name ends with its first eight digits, as all of torch.hub's do."""
    assert module.PUBLISHED_SHA256.startswith("6726825d")
    assert len(module.PUBLISHED_SHA256) == 64


def test_other_and_truncated_files_are_refused_with_their_sums(tmp_path, pth):
    with pytest.raises(UserError, match=sha256(pth)) as error:
        fid_inception(pth)
    assert module.PUBLISHED_SHA256 in str(error.value)
    assert "pytorch-fid/releases" in str(error.value)
    cut = tmp_path / "cut.pth"
    cut.write_bytes(pth.read_bytes()[:1000])
    with pytest.raises(UserError, match=rf"\(1000 bytes\) has SHA-256 {sha256(cut)}"):
        fid_inception(cut)
    with pytest.raises(UserError, match="Fetch https"):
        fid_inception(tmp_path / "missing.pth")


def test_a_right_sum_does_not_excuse_another_network(tmp_path, monkeypatch):
    path = tmp_path / "x.pth"
    path.write_bytes(pth_files.state_dict({"fc.weight": np.zeros((3, 3), np.float32)}))
    monkeypatch.setattr(module, "PUBLISHED_SHA256", sha256(path))
    with pytest.raises(UserError, match="another network"):
        fid_inception(path)


def test_converting_keeps_every_tensor(tmp_path, monkeypatch, pth, inception_tensors):
    for place in (module, converter):
        monkeypatch.setattr(place, "PUBLISHED_SHA256", sha256(pth))
    target = tmp_path / "inception.safetensors"
    assert "the published file" in convert(pth, target)
    extractor = fid_inception(target)
    equal(extractor.variables, variables_of(inception_tensors))
    assert (extractor.distance, extractor.weights_sha256) == ("FID", sha256(pth))


def test_a_converted_file_that_was_changed_is_refused(tmp_path, pth):
    target = tmp_path / "inception.safetensors"
    convert(pth, target, sha256(pth))
    data = bytearray(target.read_bytes())
    data[-5] ^= 1
    target.write_bytes(data)
    with pytest.raises(UserError, match=r"holds tensors of SHA-256 [0-9a-f]{64}, not"):
        fid_inception(target)
    target.write_bytes(data[:-100])
    with pytest.raises(UserError, match="damaged"):
        fid_inception(target)
    safetensors.numpy.save_file({"x": np.zeros(3)}, target)
    with pytest.raises(UserError, match="Run scripts/convert_inception"):
        fid_inception(target)


def message(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer that holds bytes."""
    size, length = len(content), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def varint(number: int, value: int) -> bytes:
    out = bytes([number << 3])
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def constant(name: str, array: np.ndarray, floats: bool = False) -> bytes:
    shape = b"".join(message(2, varint(1, n)) for n in array.shape)
    values = message(5 if floats else 4, array.astype("<f4").tobytes())
    tensor = varint(1, 1) + message(2, shape) + values
    dtype = message(5, message(1, b"dtype") + message(2, varint(6, 1)))
    value = message(5, message(1, b"value") + message(2, message(8, tensor)))
    return message(1, message(1, name.encode()) + message(2, b"Const") + dtype + value)


def graph_of(tensors) -> bytes:
    """What TensorFlow's graph looks like: its scopes, its layout, nodes that are no weights."""
    inverse = {ours: theirs for theirs, ours in NORM.items()}
    other = message(1, b"conv") + message(2, b"Conv2D") + message(3, b"input")
    nodes = [message(1, other), message(4, varint(1, 8))]
    for name, x in tensors.items():
        if name.startswith("fc."):
            theirs = {"fc.weight": "softmax/weights", "fc.bias": "softmax/biases"}[name]
        else:
            layer, kind, leaf = name.rsplit(".", 2)
            norm = f"{scope_of(layer)}/batchnorm/{inverse[leaf]}"
            theirs = f"{scope_of(layer)}/conv2d_params" if kind == "conv" else norm
        x = x.transpose(2, 3, 1, 0) if x.ndim == 4 else x.T
        nodes.append(constant(theirs, np.ascontiguousarray(x), floats="fc.bias" in name))
    return b"".join(nodes)


def test_tensorflows_graph(tmp_path, inception_tensors):
    data = graph_of(inception_tensors)
    archive = tmp_path / "inception-2015-12-05.tgz"
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo("classify_image_graph_def.pb")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    target = tmp_path / "graph.safetensors"
    with pytest.raises(UserError, match=f"--sha256 {sha256(archive)}"):
        convert(archive, target)
    with pytest.raises(UserError, match=sha256(archive)):
        convert(archive, target, "0" * 64)
    assert "weights not verified" in convert(archive, target, sha256(archive))
    extractor = fid_inception(target)
    equal(extractor.variables, variables_of(inception_tensors))
    assert "FID" not in extractor.distance
    assert f"weights-not-verified-{sha256(archive)[:8]}" in extractor.name


def test_the_graphs_scopes():
    """A sample of the names in torch-fidelity's table, which was matched by shapes."""
    for ours, theirs in {
        "Conv2d_1a_3x3": "conv",
        "Conv2d_4a_3x3": "conv_4",
        "Mixed_5b.branch1x1": "mixed/conv",
        "Mixed_5b.branch5x5_2": "mixed/tower/conv_1",
        "Mixed_5d.branch3x3dbl_3": "mixed_2/tower_1/conv_2",
        "Mixed_5c.branch_pool": "mixed_1/tower_2/conv",
        "Mixed_6a.branch3x3": "mixed_3/conv",
        "Mixed_6a.branch3x3dbl_2": "mixed_3/tower/conv_1",
        "Mixed_6e.branch7x7_3": "mixed_7/tower/conv_2",
        "Mixed_6b.branch7x7dbl_5": "mixed_4/tower_1/conv_4",
        "Mixed_7a.branch3x3_2": "mixed_8/tower/conv_1",
        "Mixed_7a.branch7x7x3_4": "mixed_8/tower_1/conv_3",
        "Mixed_7b.branch3x3_2a": "mixed_9/tower/mixed/conv",
        "Mixed_7c.branch3x3dbl_3b": "mixed_10/tower_1/mixed/conv_1",
        "Mixed_7c.branch3x3dbl_2": "mixed_10/tower_1/conv_1",
    }.items():
        assert scope_of(ours) == theirs


def test_damaged_graphs_are_refused():
    good = constant("conv/conv2d_params", np.zeros((1, 1, 1, 1), np.float32))
    for data in (good[:-3], b"\xff" * 30, b"<html>", struct.pack("<q", -1)):
        with pytest.raises(UserError):
            tensors_of_graph(data, {"Conv2d_1a_3x3.conv.weight": (1, 1, 1, 1)})
    with pytest.raises(UserError, match="no constant softmax/biases"):
        tensors_of_graph(good, {"fc.bias": (1008,)})


def test_the_command_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["convert_inception", str(tmp_path / "x.pth"), "y"])
    with pytest.raises(SystemExit, match="2"):
        converter.main()
    assert "There is no file" in capsys.readouterr().err
