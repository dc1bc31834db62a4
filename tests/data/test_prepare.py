import functools
import hashlib
import http.server
import json
import sys
import tarfile
import threading
import time

import numpy as np
import pytest
import tensorflow_datasets as tfds
from published import make_cifar, make_idx

from jaxgan.data.open import open_source
from jaxgan.data.prepare import debian, write
from jaxgan.data.prepare import prepare as prepare_module
from jaxgan.data.prepare.network import why_unreachable
from jaxgan.data.prepare.packages import PackageError
from jaxgan.data.prepare.prepare import prepare
from jaxgan.errors import UserError


def as_set(images, labels):
    """Samples without their order, which TFDS shuffles by key."""
    return sorted(
        (image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)
    )


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(prepare_module, "why_unreachable", lambda url, timeout: "no network")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
@pytest.mark.parametrize("gz", [True, False])
def test_idx_files_are_read_back_by_plain_tfds(tmp_path, data_dir, name, gz):
    content = make_idx(tmp_path / "published", train=20, test=5, gz=gz)
    made = prepare(name, source_dir=tmp_path / "published", partial=True)
    assert made == data_dir / name / "3.0.1"
    for split, (images, labels) in content.items():
        found = tfds.data_source(name, split=split, data_dir=str(data_dir), download=False)
        got = [(row["image"][..., 0], row["label"]) for row in found]
        assert as_set(*zip(*got, strict=True)) == as_set(images, labels)
        rows = open_source(name, split).arrays()
        np.testing.assert_array_equal(rows["image"][..., 0], [image for image, _ in got])
        np.testing.assert_array_equal(rows["label"], [label for _, label in got])
    assert not any(name.split(".")[0] == "tensorflow" for name in sys.modules)


@pytest.mark.parametrize("name, label_bytes", [("cifar10", 1), ("cifar100", 2)])
@pytest.mark.parametrize("packed", [True, False])
def test_cifar_binaries_are_read_back(tmp_path, data_dir, name, label_bytes, packed):
    folder = tmp_path / "published"
    content = make_cifar(folder, label_bytes)
    if packed:
        archive = tmp_path / f"cifar-{name[5:]}-binary.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder, arcname="cifar-batches-bin")
        folder = tmp_path
    prepare(name, source_dir=folder, partial=True)
    for split, (images, labels) in content.items():
        source = open_source(name, split)
        assert source.shape == (32, 32, 3)
        assert source.classes == int(name[5:])
        rows = source.arrays()
        assert as_set(rows["image"], rows["label"]) == as_set(images, labels)
    if label_bytes == 1:
        assert source.class_names[3] == "kind3"
        row = tfds.data_source(name, split="test", data_dir=str(data_dir), download=False)[0]
        assert row["id"].decode().startswith("test_0000")


def test_preparing_twice_does_nothing(prepared, data_dir, capsys):
    made = prepare("fashion_mnist")
    before = {f: f.stat().st_mtime_ns for f in made.iterdir()}
    capsys.readouterr()
    assert prepare("fashion_mnist") == made
    assert "already prepared" in capsys.readouterr().err
    assert before == {f: f.stat().st_mtime_ns for f in made.iterdir()}


def test_an_interruption_leaves_nothing(idx, data_dir, monkeypatch):
    def stop(image):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(write, "png", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare("fashion_mnist", source_dir=idx[0], partial=True)
    assert not list((data_dir / "fashion_mnist").glob("*"))
    with pytest.raises(UserError, match="jaxgan data prepare fashion_mnist"):
        open_source("fashion_mnist")
    # What a killed process leaves behind is not taken for the data set either.
    half = data_dir / "fashion_mnist" / "incomplete.AB12CD_3.0.1"
    half.mkdir()
    with pytest.raises(UserError, match="is not prepared"):
        open_source("fashion_mnist")
    prepare("fashion_mnist", source_dir=idx[0], partial=True)
    assert open_source("fashion_mnist").size == 40


def test_damaged_files_leave_no_trace(idx, data_dir):
    file = idx[0] / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UserError, match=f"{file} is damaged"):
        prepare("fashion_mnist", source_dir=idx[0])
    file.unlink()
    with pytest.raises(UserError, match=r"has no file train-images-idx3-ubyte\.gz"):
        prepare("fashion_mnist", source_dir=idx[0])
    assert not (data_dir / "fashion_mnist").exists()


def test_too_few_samples_are_not_taken_for_the_data_set(idx, data_dir):
    with pytest.raises(UserError, match=r"hold 40 samples of fashion_mnist's split train.*60000"):
        prepare("fashion_mnist", source_dir=idx[0])


def test_python_version_of_cifar(tmp_path, data_dir):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"")
    with pytest.raises(UserError, match=r"Python version.*binary version"):
        prepare("cifar10", source_dir=tmp_path)
    with pytest.raises(UserError, match="is not a folder"):
        prepare("cifar10", source_dir=tmp_path / "nowhere")


def test_incomplete_cifar(tmp_path, data_dir):
    make_cifar(tmp_path / "c")
    (tmp_path / "c" / "data_batch_4.bin").unlink()
    with pytest.raises(UserError, match=r"has no file data_batch_4\.bin"):
        prepare("cifar10", source_dir=tmp_path / "c")


def test_without_network_the_message_says_what_to_do(data_dir, no_network):
    with pytest.raises(UserError) as caught:
        prepare("fashion_mnist")
    text = str(caught.value)
    assert "\n" not in text
    for words in (
        "no network",
        "t10k-labels-idx1-ubyte.gz",
        "jaxgan data prepare fashion_mnist --from FOLDER",
        "sudo apt-get install dataset-fashion-mnist",
        "jaxgan data prepare fashion_mnist --from /usr/share/datasets/fashion-mnist",
    ):
        assert words in text
    with pytest.raises(UserError, match=r"cifar-10-binary\.tar\.gz.*prepare cifar10 --from"):
        prepare("cifar10")
    with pytest.raises(UserError, match=r"array_record'.*copy DIR/svhn_cropped"):
        prepare("svhn_cropped")


def test_the_probe_is_bounded(monkeypatch):
    import requests

    def slow(*args, **kwargs):
        time.sleep(1)
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "get", slow)
    start = time.monotonic()
    assert why_unreachable("http://example.invalid/", 0.2) == "no answer within 0.2 seconds"
    assert time.monotonic() - start < 1.5
    monkeypatch.undo()
    assert why_unreachable("http://127.0.0.1:9/", 5) == "the connection is refused"


def test_debian_stands_in(idx, data_dir, no_network, monkeypatch):
    monkeypatch.setattr(debian.DebianPackages, "fetch", lambda self, into, console: idx[0])
    prepare("fashion_mnist", debian=True, partial=True)
    assert open_source("fashion_mnist", "test").size == 12

    def fail(self, into, console):
        raise PackageError("apt-get failed (no such package)")

    monkeypatch.setattr(debian.DebianPackages, "fetch", fail)
    with pytest.raises(UserError, match=r"no network, and apt-get failed \(no such package\)\."):
        prepare("fashion_mnist", data_dir=str(data_dir / "b"), debian=True)


def test_a_download_that_needs_tensorflow(data_dir, monkeypatch):
    monkeypatch.setattr(prepare_module, "why_unreachable", lambda url, timeout: None)

    def fail(self, **kwargs):
        raise ModuleNotFoundError("No module named 'tensorflow'")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(UserError, match=r"needs TensorFlow to prepare svhn_cropped, once.*copy"):
        prepare("svhn_cropped")


def test_unknown_names(data_dir):
    with pytest.raises(UserError, match=r"no data set fashon_mnist. Did you mean fashion_mnist"):
        prepare("fashon_mnist")
    with pytest.raises(UserError, match=r"There is no data set qqqqqq\. Give a TFDS name"):
        open_source("qqqqqq")
    with pytest.raises(UserError, match="svhn_cropped cannot be imported with --from"):
        prepare("svhn_cropped", source_dir=data_dir)


def test_data_folder_that_cannot_be_written(idx, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written to.*--data-dir"):
        prepare("fashion_mnist", data_dir=str(tmp_path / "file"), source_dir=idx[0])


def test_half_written_folders(prepared, data_dir):
    folder = data_dir / "fashion_mnist" / "3.0.1"
    shard = folder / "fashion_mnist-train.array_record-00000-of-00001"
    whole = shard.read_bytes()
    for content, words in (
        (whole[: len(whole) // 2], "is damaged"),
        (b"", "is damaged"),
        (None, "is incomplete.*is missing"),
    ):
        shard.unlink()
        if content is not None:
            shard.write_bytes(content)
        for attempt in (open_source, prepare):
            with pytest.raises(UserError, match=f"{words}.*jaxgan data prepare fashion_mnist"):
                attempt("fashion_mnist")
    (folder / "dataset_info.json").unlink()
    with pytest.raises(UserError, match=r"is incomplete: it has no dataset_info.json"):
        open_source("fashion_mnist")


def to_tfrecord(folder):
    """Rewrites a prepared data set as tfrecord, with checksums of zero."""
    from array_record.python.array_record_module import ArrayRecordReader

    for shard in folder.glob("*.array_record-*"):
        reader = ArrayRecordReader(str(shard))
        records = reader.read_all()
        reader.close()
        content = b"".join(len(r).to_bytes(8, "little") + bytes(4) + r + bytes(4) for r in records)
        shard.with_name(shard.name.replace("array_record", "tfrecord")).write_bytes(content)
        shard.unlink()
    info = folder / "dataset_info.json"
    described = json.loads(info.read_text())
    described["fileFormat"] = "tfrecord"
    info.write_text(json.dumps(described))


def test_tfrecord_is_answered_with_the_line_that_converts_it(prepared, data_dir):
    before = open_source("fashion_mnist")
    folder = data_dir / "fashion_mnist" / "3.0.1"
    to_tfrecord(folder)
    with pytest.raises(
        UserError, match=r"as tfrecord.*: jaxgan data prepare fashion_mnist:3\.0\.1$"
    ):
        open_source("fashion_mnist")
    prepare("fashion_mnist:3.0.1")
    after = open_source("fashion_mnist")
    assert after.fingerprint == before.fingerprint
    np.testing.assert_array_equal(after.arrays()["image"], before.arrays()["image"])
    assert list(folder.glob("*.tfrecord-*"))
    plain = tfds.data_source(
        "fashion_mnist:3.0.1", split="train", data_dir=str(data_dir), download=False
    )
    assert len(plain) == 40
    prepare("fashion_mnist")


def test_damaged_tfrecord_is_not_converted(prepared, data_dir):
    folder = data_dir / "fashion_mnist" / "3.0.1"
    to_tfrecord(folder)
    shard = folder / "fashion_mnist-train.tfrecord-00000-of-00001"
    shard.write_bytes(shard.read_bytes()[:-30])
    with pytest.raises(UserError, match="ends in the middle of a sample"):
        prepare("fashion_mnist")
    assert not list(folder.glob(".*"))
    with pytest.raises(UserError, match="as tfrecord"):
        open_source("fashion_mnist")


@pytest.fixture
def server(idx, monkeypatch):
    """A server on this machine in the place of MNIST's; its files' checksums are registered."""
    from tensorflow_datasets.core.download.checksums import UrlInfo
    from tensorflow_datasets.core.utils import Size

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(idx[0]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{running.server_port}/"
        infos = {
            url + file.name: UrlInfo(
                size=Size(file.stat().st_size),
                checksum=hashlib.sha256(file.read_bytes()).hexdigest(),
                filename=file.name,
            )
            for file in idx[0].iterdir()
        }
        mnist = tfds.builder_cls("mnist")
        monkeypatch.setattr(mnist, "URL", url)
        monkeypatch.setattr(mnist, "url_infos", infos)
        yield idx
        running.shutdown()
        thread.join()


def test_downloads_go_through_tfds(server, data_dir):
    with pytest.raises(UserError, match="hold 40 samples of mnist's split train"):
        prepare("mnist")
    assert not (data_dir / "mnist" / "3.0.1").exists()
    prepare("mnist", partial=True)
    assert any((data_dir / "downloads").rglob("*INFO*"))
    rows = open_source("mnist").arrays()
    assert as_set(rows["image"], rows["label"]) == as_set(*server[1]["train"])


def test_a_download_that_is_not_what_was_published(server, data_dir):
    file = server[0] / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(UserError, match=r"mnist is not what was published.*--from"):
        prepare("mnist", partial=True)
    file.unlink()
    with pytest.raises(UserError, match=r"Preparing mnist failed.*404"):
        prepare("mnist", data_dir=str(data_dir / "b"), partial=True)
    assert not list(data_dir.glob("**/mnist/3.0.1"))
