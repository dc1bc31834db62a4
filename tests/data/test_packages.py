"""Packages of Debian and npm, with clients that only pretend."""

import io
import sys
import tarfile
from pathlib import Path

import pytest
from rich.console import Console

from jaxgan.data.prepare import debian, npm
from jaxgan.data.prepare.debian import DebianPackages
from jaxgan.data.prepare.npm import NpmPackages
from jaxgan.data.prepare.packages import PackageError, run_client

FONTS = DebianPackages(
    names=("font-one", "font-two"),
    folder=Path("/usr/share/absent/fonts"),
    files=("one.ttc", "two.ttc"),
    size="1 MB",
)
EMOJI = NpmPackages(
    names=("emoji-a", "emoji-b"), version="2.0.0", parts=("list.json", "img/64"), size="1 MB"
)
SILENT = Console(file=io.StringIO())


@pytest.fixture
def clients(monkeypatch):
    """Every client is there; what it is asked is kept."""
    for module in (debian, npm):
        monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    return []


def test_debian_packages_are_fetched_without_root(tmp_path, monkeypatch, clients):
    def run(command, folder):
        clients.append(command)
        if command[0] == "apt-get":
            for name in FONTS.names:
                Path(folder, f"{name}_1_all.deb").touch()
        else:
            fonts = Path(command[3]) / "usr/share/absent/fonts"
            fonts.mkdir(parents=True, exist_ok=True)
            (fonts / f"{Path(command[2]).name.split('_')[0][5:]}.ttc").touch()

    monkeypatch.setattr(debian, "run_client", run)
    folder = FONTS.fetch(tmp_path / "into", SILENT)
    assert sorted(file.name for file in folder.iterdir()) == ["one.ttc", "two.ttc"]
    assert tmp_path / "into" in folder.parents
    assert [command[:2] for command in clients] == [
        ["apt-get", "download"],
        ["dpkg", "-x"],
        ["dpkg", "-x"],
    ]
    assert FONTS.fetch(tmp_path / "into", SILENT) == folder  # nothing is fetched twice
    assert len(clients) == 3
    (folder / "two.ttc").unlink()  # incomplete: it is fetched again, in the same place
    assert FONTS.fetch(tmp_path / "into", SILENT) == folder
    assert (folder / "two.ttc").exists()


def test_installed_packages_are_used_where_they_are(tmp_path):
    for name in FONTS.files:
        (tmp_path / name).touch()
    installed = DebianPackages(FONTS.names, tmp_path, FONTS.files, FONTS.size)
    assert installed.fetch(tmp_path / "into", SILENT) == tmp_path


def test_a_package_without_its_files_leaves_nothing(tmp_path, monkeypatch, clients):
    monkeypatch.setattr(debian, "run_client", lambda command, folder: None)
    with pytest.raises(PackageError, match=r"hold no one\.ttc and two\.ttc"):
        FONTS.fetch(tmp_path / "into", SILENT)
    assert not [path for path in tmp_path.rglob("*") if path.name != "into"]


def test_a_list_of_packages_that_is_old_is_updated_by_root_alone(tmp_path, monkeypatch, clients):
    def run(command, folder):
        clients.append(command[1])
        raise PackageError("apt-get failed (no such package)")

    monkeypatch.setattr(debian, "run_client", run)
    for user, expected in ((1000, ["download"]), (0, ["download", "update"])):
        clients.clear()
        monkeypatch.setattr(debian.os, "geteuid", lambda user=user: user)
        with pytest.raises(PackageError, match="no such package"):
            FONTS.fetch(tmp_path / "into", SILENT)
        assert clients == expected


def pack(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_npm_packages_are_fetched_in_part(tmp_path, monkeypatch, clients):
    def run(command, folder):
        clients.append(command)
        for name in EMOJI.names:
            files = {
                "package/list.json": b"[]",
                "package/img/64/x.png": name.encode(),
                "package/img/640/x.png": b"",
                "package/img/64/../../../../outside": b"",
                "package/README.md": b"",
            }
            pack(Path(folder, f"{name}-2.0.0.tgz"), files)

    monkeypatch.setattr(npm, "run_client", run)
    folder = EMOJI.fetch(tmp_path / "into", SILENT)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert files == {
        "emoji-a/list.json": b"[]",
        "emoji-a/img/64/x.png": b"emoji-a",
        "emoji-b/list.json": b"[]",
        "emoji-b/img/64/x.png": b"emoji-b",
    }
    assert not list(tmp_path.rglob("outside"))
    assert clients[0][:4] == ["npm", "pack", "emoji-a@2.0.0", "emoji-b@2.0.0"]
    assert EMOJI.fetch(tmp_path / "into", SILENT) == folder
    assert len(clients) == 1


def test_a_damaged_npm_package_leaves_nothing(tmp_path, monkeypatch, clients):
    def run(command, folder):
        Path(folder, "emoji-a-2.0.0.tgz").write_bytes(b"no archive")

    monkeypatch.setattr(npm, "run_client", run)
    with pytest.raises(PackageError, match=r"emoji-a-2\.0\.0\.tgz cannot be unpacked"):
        EMOJI.fetch(tmp_path / "into", SILENT)
    assert not [path for path in tmp_path.rglob("*") if path.name != "into"]


@pytest.mark.parametrize("packages, client", [(FONTS, "apt-get"), (EMOJI, "npm")])
def test_a_missing_client_is_said(packages, client, tmp_path, monkeypatch):
    monkeypatch.setattr(debian.shutil, "which", lambda name: None)
    with pytest.raises(PackageError, match=f"there is no {client}"):
        packages.fetch(tmp_path, SILENT)


def test_the_words_of_a_client_that_fails_are_kept(tmp_path):
    def python(code, **options):
        run_client([sys.executable, "-c", code], str(tmp_path), **options)

    python("pass")
    with pytest.raises(PackageError, match=r"failed \(E: second\)$"):
        python("import sys; sys.exit('first\\nE: second')")
    with pytest.raises(PackageError, match=r"took more than 0\.2 seconds"):
        python("import time; time.sleep(9)", patience=0.2)
    with pytest.raises(PackageError, match="absent cannot be run"):
        run_client(["absent"], str(tmp_path))
