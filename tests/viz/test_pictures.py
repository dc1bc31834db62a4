"""What a person looks at."""

import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from jaxgan.runs.metrics_log import MetricsLog, read_metrics
from jaxgan.viz.pictures import grid, magnification, save_curves, save_image, scatter

pytest_plugins = ["support.run_fixtures"]


def test_a_grid_goes_row_by_row_with_white_between():
    images = np.arange(1, 6, dtype=np.uint8)[:, None, None, None] * np.ones((2, 3, 1), np.uint8)
    w = 255
    wanted = [
        [1, 1, 1, w, 2, 2, 2, w, 3, 3, 3],
        [1, 1, 1, w, 2, 2, 2, w, 3, 3, 3],
        [w, w, w, w, w, w, w, w, w, w, w],
        [4, 4, 4, w, 5, 5, 5, w, w, w, w],
        [4, 4, 4, w, 5, 5, 5, w, w, w, w],
    ]
    np.testing.assert_array_equal(grid(images, gap=1)[..., 0], wanted)


@pytest.mark.parametrize(
    "count, columns, size",
    [(1, None, (4, 4)), (5, 2, (16, 10)), (3, 9, (4, 16)), (64, None, (46, 46)), (7, 7, (4, 40))],
)
def test_a_grid_is_as_square_as_asked(count, columns, size):
    images = np.zeros((count, 4, 4, 3), np.uint8)
    assert grid(images, columns).shape == (*size, 3)
    assert (grid(images, columns) == 0).all(-1).sum() == count * 16


@pytest.mark.parametrize("channels, mode", [(1, "L"), (3, "RGB")])
def test_a_picture_is_magnified_pixel_by_pixel(channels, mode, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (3, 2, channels), np.uint8)
    save_image(tmp_path / "new" / "a.png", image, magnify=4)
    with Image.open(tmp_path / "new" / "a.png") as read:
        assert (read.mode, read.size) == (mode, (8, 12))
        pixels = np.asarray(read).reshape(12, 8, channels)
    for top in range(4):
        for left in range(4):
            np.testing.assert_array_equal(pixels[top::4, left::4], image)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_small_images_are_enlarged_and_large_ones_are_not():
    sizes = {4: 16, 28: 2, 32: 2, 64: 1, 256: 1}
    for size, times in sizes.items():
        assert magnification(np.zeros((1, size, size, 1))) == times


@pytest.fixture
def log(tmp_path):
    """Opens the log of a run that has been restored at a step."""

    def start(since=0):
        return MetricsLog(tmp_path / "metrics.jsonl", tmp_path / "board", since)

    return start


def test_rows_are_appended_as_json(log, tmp_path):
    opened = log()
    opened.write({"step": 1, "d/loss": 0.5, "g/loss": math.nan, "d/r1": math.inf})
    text = (tmp_path / "metrics.jsonl").read_text()  # before it is closed: a kill loses nothing
    assert json.loads(text) == {"step": 1, "d/loss": 0.5, "g/loss": None, "d/r1": None}
    opened.close()


@pytest.mark.parametrize("tail", ['{"step": 3, "d/lo', "", "\n", '{"step": 3}'])
def test_a_truncated_tail_is_left_out(tail, tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n' + tail)
    complete = [1, 2, 3] if tail == '{"step": 3}' else [1, 2]
    assert [row["step"] for row in read_metrics(path)] == complete
    assert read_metrics(tmp_path / "none.jsonl") == []


def test_a_damaged_line_costs_no_other_row(tmp_path):
    damage = [b'{"step": 2', b"\xff\x00", b"[3]", b'{"loss": 1}', b'{"step": "4"}', b"null"]
    damage += [b"[" * 100_000, b""]
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"\n".join([b'{"step": 1}', *damage, b'{"step": 5}']))
    assert read_metrics(path) == [{"step": 1}, {"step": 5}]


def test_a_resume_keeps_damaged_lines_and_drops_only_later_rows(log, tmp_path):
    path = tmp_path / "metrics.jsonl"
    before = b'{"step": 2}\n\xffdamaged\n{"step":  4}\n'  # two blanks: as it was, byte by byte
    path.write_bytes(before + b'{"step": 6}\ngarbage\n{"step": 3}\n{"st')
    log(since=4).close()
    assert path.read_bytes() == before + b'{"step": 3}\n'
    path.write_bytes(before + b'{"st')
    opened = log(since=4)
    opened.write({"step": 5})
    opened.close()
    assert [row["step"] for row in read_metrics(path)] == [2, 4, 5]


def test_rows_after_the_restored_step_go(log, tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 2}\n{"step": 4}\n{"step": 6}\n{"ste')
    opened = log(since=4)
    opened.write({"step": 5})
    opened.close()
    steps = [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")]
    assert steps == [2, 4, 5]


def board(folder):
    """Scalars and images by name and step, as TensorBoard's format says."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    scalars, pictures = {}, {}
    for file in sorted(folder.iterdir()):
        data, place = file.read_bytes(), 0
        while place < len(data):
            length = int.from_bytes(data[place : place + 8], "little")
            body = data[place + 12 : place + 12 + length]
            check = int.from_bytes(data[place + 12 + length : place + 16 + length], "little")
            assert masked_crc32c(body) == check
            place += 16 + length
            event = Event.FromString(body)
            for value in event.summary.value:
                if value.HasField("image"):
                    pictures[value.tag, event.step] = value.image
                else:
                    scalars[value.tag, event.step] = value.simple_value
    return scalars, pictures


def test_tensorboard_shows_the_rows_and_the_samples(finished):
    scalars, pictures = board(finished / "tensorboard")
    rows = read_metrics(finished / "metrics.jsonl")
    assert rows
    for row in rows:
        for name in ("d/loss", "g/loss", "d/accuracy_real", "g/gradient_norm"):
            assert scalars[name, row["step"]] == pytest.approx(row[name], rel=1e-6)
    assert pictures.keys() == {("samples", 6), ("samples", 12)}
    for (_, step), picture in pictures.items():
        assert (picture.width, picture.height) == (62 * 10, 62 * 10)
        with (
            Image.open(io.BytesIO(picture.encoded_image_string)) as shown,
            Image.open(finished / "samples" / f"{step:07}.png") as written,
        ):
            gray = np.asarray(shown.convert("L"))  # TensorBoard gets it in color
            np.testing.assert_array_equal(gray, np.asarray(written))


def test_pictures_of_a_run(finished):
    with Image.open(finished / "curves.png") as curves:
        assert curves.size == (1210, 660)
        colors = np.unique(np.asarray(curves).reshape(-1, 3), axis=0)
        assert len(colors) > 50  # two lines in each panel, not an empty frame
    with Image.open(finished / "samples" / "0000012.png") as grid:
        assert grid.size == (62 * 10, 62 * 10)
    with Image.open(finished / "interpolation.png") as walks:
        assert walks.size == (78 * 10, 62 * 10)


def test_curves_need_no_complete_rows(tmp_path):
    """A diverged run has nulls, and a lazy term has rows without it."""
    rows = [{"step": 1, "d/loss": None}, {"step": 2, "d/loss": 0.5}, {"step": 3, "g/loss": 1.0}]
    for number, given in enumerate(([], rows)):
        save_curves(tmp_path / f"{number}.png", given)
    with Image.open(tmp_path / "0.png") as empty, Image.open(tmp_path / "1.png") as full:
        assert empty.size == full.size == (1210, 660)
        assert np.any(np.asarray(empty) != np.asarray(full))


def test_a_scatter_shows_samples_over_the_real_points():
    random = np.random.default_rng(0)
    real = random.normal(size=(50, 2))
    alone = scatter(real + 9)
    both = scatter(real + 9, real)
    assert alone.shape == both.shape == (495, 495, 3)
    red = lambda picture: int((picture[..., 0].astype(int) - picture[..., 1] > 100).sum())  # noqa: E731
    assert red(alone) > 100
    # Far from the real points, they fall outside: the frame is that of the real ones.
    assert red(both) < red(alone) / 2
