"""Files and folders are written whole or not at all."""

import errno
import os
import subprocess
import sys

import pytest

from jaxgan.errors import UserError
from jaxgan.files import is_part, renewing_folder, replacing, replacing_folder, writing
from support.tiny_runs import contents


def half_written(path):
    path.write_text("half")
    raise KeyError


def test_a_file_is_replaced_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
        assert is_part(part)
    assert contents(tmp_path) == {"a.txt": b"new"}


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyError), replacing(path) as part:
        half_written(part)
    assert contents(tmp_path) == {"a.txt": b"old"}


def test_a_new_folder_appears_whole(tmp_path):
    folder = tmp_path / "above" / "new"
    with replacing_folder(folder) as part:
        (part / "a").write_text("1")
        assert not folder.exists()
    assert contents(tmp_path) == {"above/new/a": b"1"}
    assert folder.stat().st_mode == (tmp_path / "above").stat().st_mode


def test_files_of_a_folder_replace_those_of_their_names(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(KeyError), replacing_folder(tmp_path) as part:
        half_written(part / "a")
    assert contents(tmp_path) == {"a": b"old", "mine": b"mine"}
    with replacing_folder(tmp_path) as part:
        (part / "a").write_text("new")
        (part / "b").write_text("new")
    assert contents(tmp_path) == {"a": b"new", "b": b"new", "mine": b"mine"}


def test_a_renewed_folder_has_nothing_of_the_old_one(tmp_path):
    folder = tmp_path / "above" / "new"
    with renewing_folder(folder) as part:
        (part / "a").write_text("old")
        (part / "b").write_text("old")
    with pytest.raises(KeyError), renewing_folder(folder) as part:
        half_written(part / "a")
    assert contents(tmp_path) == {"above/new/a": b"old", "above/new/b": b"old"}
    with renewing_folder(folder) as part:
        (part / "a").write_text("new")
        assert (folder / "b").read_text() == "old"
    assert contents(tmp_path) == {"above/new/a": b"new"}


def test_what_a_killed_process_left_is_in_nobody_s_way(tmp_path):
    folder = tmp_path / "new"
    left = tmp_path / f".new.part-{os.getpid()}"
    left.mkdir()
    (left / "half").write_text("")
    with replacing_folder(folder) as part:
        (part / "a").write_text("1")
    assert contents(tmp_path) == {"new/a": b"1"}


@pytest.mark.parametrize("name", [".part-x", "a.part-1", ".a.part-", ".a.part-1.png"])
def test_other_hidden_files_are_no_parts(name, tmp_path):
    assert not is_part(tmp_path / name)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_that_says_so(number):
    with (
        pytest.raises(UserError, match=r"^Cannot write x: full\. Free some space\. Do that\.$"),
        writing("x", "Do that."),
    ):
        raise OSError(number, "full")


def test_other_errors_of_the_disk_name_the_reason_only():
    with (
        pytest.raises(UserError, match=r"^Cannot write x: Permission denied\. Do that\.$"),
        writing("x", "Do that."),
    ):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_what_is_no_error_of_the_disk_passes():
    with pytest.raises(UserError, match="mine"), writing("x", "Do that."):
        raise UserError("mine")


def test_only_one_process_at_a_time_changes_a_file(tmp_path):
    """Four processes add to one number; without waiting for each other additions would be lost."""
    number = tmp_path / "number"
    number.write_text("0")
    program = (
        "import sys, time; from pathlib import Path; from jaxgan.files import alone_in\n"
        "number = Path(sys.argv[1])\n"
        "for _ in range(20):\n"
        "    with alone_in(number.parent):\n"
        "        value = int(number.read_text()); time.sleep(0.001)\n"
        "        number.write_text(str(value + 1))"
    )
    words = [sys.executable, "-c", program, str(number)]
    children = [subprocess.Popen(words) for _ in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    assert number.read_text() == "80"
