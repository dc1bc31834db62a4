import os
import pickle
import zipfile

import numpy as np
import pth_files
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.pth import read_pth

TENSORS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "bn.running_mean": np.array([1.5, -2.0], np.float64),
    "bn.num_batches_tracked": np.array(7, np.int64),
    "half": np.array([0.5], np.float16),
}


def write(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("plain", [True, False])
def test_both_formats(tmp_path, plain):
    found = read_pth(write(tmp_path / "x.pth", pth_files.state_dict(TENSORS, plain)))
    assert list(found) == list(TENSORS)
    for name, expected in TENSORS.items():
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)


def test_views_of_a_storage(tmp_path):
    whole = np.arange(12, dtype=np.float32)
    view = np.zeros((3, 2), np.float32)
    pickled = pth_files.ordered(
        {"t": pth_files.tensor(view, "0", False, strides=[1, 4], offset=3, count=12)}
    )
    path = write(tmp_path / "x.pth", pth_files.zip_file(pickled, {"0": whole.tobytes()}))
    np.testing.assert_array_equal(read_pth(path)["t"], [[3, 7], [4, 8], [5, 9]])


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("plain", [True, False])
def test_code_is_refused_and_not_run(tmp_path, plain):
    evidence = tmp_path / "ran"
    pickled = pickle.dumps({"weight": Malicious(str(evidence))}, protocol=2)
    data = pth_files.plain_file(pickled, {}) if plain else pth_files.zip_file(pickled, {})
    with pytest.raises(UserError, match=r"asks for `posix\.mkdir`"):
        read_pth(write(tmp_path / "x.pth", data))
    with pytest.raises(UserError, match=r"asks for `posix\.mkdir`"):
        read_pth(write(tmp_path / "y.pth", pickled))  # in the place of the magic number
    assert not evidence.exists()
    pickle.loads(pickled)
    assert evidence.exists()  # the control: it would have


@pytest.mark.parametrize(
    "name", ["torch.load", "builtins.eval", "torch._utils._rebuild_xla_tensor"]
)
def test_any_other_name_is_refused(tmp_path, name):
    module, _, attribute = name.rpartition(".")
    pickled = b"\x80\x02c" + f"{module}\n{attribute}\n".encode() + b"."
    with pytest.raises(UserError, match="no need of"):
        read_pth(write(tmp_path / "x.pth", pth_files.zip_file(pickled, {})))


@pytest.mark.parametrize(
    "change",
    [
        {"offset": 1},
        {"strides": [100]},
        {"strides": [-1]},
        {"offset": -1},
        {"count": 2},
        {"count": 400},
    ],
)
def test_a_tensor_cannot_reach_outside_its_storage(tmp_path, change):
    x = np.arange(4, dtype=np.float32)
    pickled = pth_files.ordered({"t": pth_files.tensor(x, "0", False, **change)})
    with pytest.raises(UserError):
        read_pth(write(tmp_path / "x.pth", pth_files.zip_file(pickled, {"0": x.tobytes()})))


@pytest.mark.parametrize("plain", [True, False])
def test_a_file_cut_short_is_refused(tmp_path, plain):
    data = pth_files.state_dict(TENSORS, plain)
    for length in (0, 5, 40, len(data) // 2, len(data) - 1):
        path = write(tmp_path / "x.pth", data[:length])
        with pytest.raises(UserError, match=r"x\.pth"):
            read_pth(path)


def test_other_files_are_refused(tmp_path):
    compressed = pth_files.zip_file(pth_files.ordered({}), {}, zipfile.ZIP_DEFLATED)
    for data in (b"<html>not found</html>", pickle.dumps([1, 2]), os.urandom(99), compressed):
        with pytest.raises(UserError):
            read_pth(write(tmp_path / "x.pth", data))
    listed = pth_files.zip_file(b"\x80\x02].", {})
    with pytest.raises(UserError, match="holds a list"):
        read_pth(write(tmp_path / "x.pth", listed))
    with pytest.raises(UserError, match="cannot be read"):
        read_pth(tmp_path / "missing.pth")
