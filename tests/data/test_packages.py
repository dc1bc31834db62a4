"""Packages of Debian and npm, with clients that only pretend."""

import gzip
import hashlib
import io
import shutil
import sys
import tarfile
from pathlib import Path

import pytest
from rich.console import Console

from jaxgan.data.prepare import debian, npm
from jaxgan.data.prepare.debian import DebianPackages
from jaxgan.data.prepare.npm import NpmPackages
from jaxgan.data.prepare.packages import PackageError, run_client, sha256_of, sha256_of_all


def sha256(content):
    return hashlib.sha256(content).hexdigest()


FONTS = DebianPackages(
    names=("font-one", "font-two"),
    folder=Path("/usr/share/absent/fonts"),
    files={"one.ttc": sha256(b"one"), "two.ttc": sha256(b"two")},
    size="1 MB",
)
WHOLE = {
    "emoji-a/img/64/x.png": b"emoji-a",
    "emoji-a/list.json": b"[]",
    "emoji-b/img/64/x.png": b"emoji-b",
    "emoji-b/list.json": b"[]",
}
EMOJI = NpmPackages(
    names=("emoji-a", "emoji-b"),
    version="2.0.0",
    parts=("list.json", "img/64"),
    size="1 MB",
    sha256=sha256("".join(f"{sha256(c)} {name}\n" for name, c in WHOLE.items()).encode()),
)
SILENT = Console(file=io.StringIO())


@pytest.fixture
def clients(monkeypatch):
    """Every client is there; what it is asked is kept."""
    for module in (debian, npm):
        monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    return []


@pytest.fixture
def debian_client(monkeypatch, clients):
    """apt-get and dpkg that give the two fonts, of which one may be of another version."""

    def run(command, folder):
        clients.append(command)
        if command[0] == "apt-get":
            for name in FONTS.names:
                Path(folder, f"{name}_1_all.deb").touch()
        else:
            fonts = Path(command[3]) / "usr/share/absent/fonts"
            fonts.mkdir(parents=True, exist_ok=True)
            name = Path(command[2]).name.split("_")[0][5:]
            (fonts / f"{name}.ttc").write_text(
                name if clients[0] != "new" else f"{name}, drawn anew"
            )

    monkeypatch.setattr(debian, "run_client", run)
    return clients


def test_debian_packages_are_fetched_without_root(tmp_path, debian_client):
    folder = FONTS.fetch(tmp_path / "into", SILENT)
    assert sorted(file.name for file in folder.iterdir()) == ["one.ttc", "two.ttc"]
    assert tmp_path / "into" in folder.parents
    assert [command[:2] for command in debian_client] == [
        ["apt-get", "download"],
        ["dpkg", "-x"],
        ["dpkg", "-x"],
    ]
    assert FONTS.fetch(tmp_path / "into", SILENT) == folder  # nothing is fetched twice
    assert len(debian_client) == 3


@pytest.mark.parametrize("content", [None, b"", b"tw", b"two, drawn anew"])
def test_a_font_that_is_missing_damaged_or_of_another_version(tmp_path, debian_client, content):
    folder = FONTS.fetch(tmp_path / "into", SILENT)
    (folder / "two.ttc").unlink()
    if content is not None:
        (folder / "two.ttc").write_bytes(content)
    assert FONTS.fetch(tmp_path / "into", SILENT) == folder  # fetched again, in the same place
    assert (folder / "two.ttc").read_bytes() == b"two"
    assert len(debian_client) == 6


def test_packages_of_another_version_are_refused(tmp_path, debian_client):
    debian_client.append("new")
    words = r"have no one\.ttc and two\.ttc of the version that is known here \(--from DIR takes"
    with pytest.raises(PackageError, match=words):
        FONTS.fetch(tmp_path / "into", SILENT)
    assert not [path for path in tmp_path.rglob("*") if path.name != "into"]


def test_fonts_that_were_there_stay_where_others_are_refused(tmp_path, debian_client):
    folder = FONTS.fetch(tmp_path / "into", SILENT)
    (folder / "two.ttc").unlink()
    debian_client.insert(0, "new")
    with pytest.raises(PackageError, match="of the version that is"):
        FONTS.fetch(tmp_path / "into", SILENT)
    assert files_in(tmp_path / "into") == {
        (folder / "one.ttc").relative_to(tmp_path / "into").as_posix(): b"one"
    }


def test_installed_packages_are_used_where_they_are(tmp_path, debian_client):
    installed = DebianPackages(FONTS.names, tmp_path / "fonts", FONTS.files, FONTS.size)
    installed.folder.mkdir()
    for name in ("one", "two"):
        (installed.folder / f"{name}.ttc").write_text(name)
    assert installed.fetch(tmp_path / "into", SILENT) == tmp_path / "fonts"
    assert not debian_client


def test_gzipped_files_are_known_by_what_is_in_them(tmp_path):
    for level in (1, 9):
        (tmp_path / "a.gz").write_bytes(gzip.compress(b"content" * 99, level))
        assert sha256_of(tmp_path / "a.gz") == sha256(b"content" * 99)
    (tmp_path / "a.gz").write_bytes((tmp_path / "a.gz").read_bytes()[:-9])
    assert sha256_of(tmp_path / "a.gz") == sha256_of(tmp_path / "none") == ""


def test_a_package_without_its_files_leaves_nothing(tmp_path, monkeypatch, clients):
    monkeypatch.setattr(debian, "run_client", lambda command, folder: None)
    with pytest.raises(PackageError, match=r"have no one\.ttc and two\.ttc"):
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


@pytest.fixture
def npm_client(monkeypatch, clients):
    """npm that packs more than is kept, and once "new" is among ``clients`` another list."""

    def run(command, folder):
        clients.append(command)
        for name in EMOJI.names:
            files = {
                "package/list.json": b"[]" if clients[0] != "new" else b"[1]",
                "package/img/64/x.png": name.encode(),
                "package/img/640/x.png": b"",
                "package/img/64/../../../../outside": b"",
                "package/README.md": b"",
            }
            pack(Path(folder, f"{name}-2.0.0.tgz"), files)

    monkeypatch.setattr(npm, "run_client", run)
    return clients


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_npm_packages_are_fetched_in_part(tmp_path, npm_client):
    folder = EMOJI.fetch(tmp_path / "into", SILENT)
    assert files_in(folder) == WHOLE
    assert sha256_of_all(folder) == EMOJI.sha256
    assert not list(tmp_path.rglob("outside"))
    assert npm_client[0][:4] == ["npm", "pack", "emoji-a@2.0.0", "emoji-b@2.0.0"]
    assert EMOJI.fetch(tmp_path / "into", SILENT) == folder
    assert len(npm_client) == 1


def drop(folder):
    (folder / "emoji-b/img/64/x.png").unlink()


def cut(folder):
    (folder / "emoji-a/img/64/x.png").write_bytes(b"emoji")


def add(folder):
    (folder / "emoji-a/img/64/y.png").write_bytes(b"")


def swap(folder):
    shutil.move(folder / "emoji-a", folder / "c")
    shutil.move(folder / "emoji-b", folder / "emoji-a")
    shutil.move(folder / "c", folder / "emoji-b")


@pytest.mark.parametrize("change", [drop, cut, add, swap])
def test_a_folder_with_other_files_than_the_packages_is_fetched_again(tmp_path, npm_client, change):
    folder = EMOJI.fetch(tmp_path / "into", SILENT)
    change(folder)
    assert EMOJI.fetch(tmp_path / "into", SILENT) == folder
    assert len(npm_client) == 2
    assert files_in(folder) == WHOLE


def test_a_partial_folder_is_not_taken_where_there_is_no_network(tmp_path, npm_client, monkeypatch):
    folder = EMOJI.fetch(tmp_path / "into", SILENT)
    drop(folder)

    def fail(command, folder):
        raise PackageError("npm failed (no network)")

    monkeypatch.setattr(npm, "run_client", fail)
    with pytest.raises(PackageError, match="no network"):
        EMOJI.fetch(tmp_path / "into", SILENT)
    assert (folder / "emoji-a/list.json").exists()  # nor is it removed


def test_npm_packages_of_another_content_are_refused(tmp_path, npm_client):
    npm_client.append("new")
    words = r"emoji-b@2\.0\.0 have other files than are known here \(--from DIR takes"
    with pytest.raises(PackageError, match=words):
        EMOJI.fetch(tmp_path / "into", SILENT)
    assert not [path for path in tmp_path.rglob("*") if path.name != "into"]


def test_files_that_were_there_stay_where_others_are_refused(tmp_path, npm_client):
    folder = EMOJI.fetch(tmp_path / "into", SILENT)
    drop(folder)
    before = files_in(tmp_path / "into")
    npm_client.insert(0, "new")
    with pytest.raises(PackageError, match="have other files"):
        EMOJI.fetch(tmp_path / "into", SILENT)
    assert files_in(tmp_path / "into") == before


def test_what_a_desktop_leaves_in_a_folder_does_not_count(tmp_path, npm_client):
    folder = EMOJI.fetch(tmp_path / "into", SILENT)
    for name in (".DS_Store", "emoji-a/img/64/._x.png"):
        (folder / name).write_bytes(b"anything")
    assert EMOJI.fetch(tmp_path / "into", SILENT) == folder
    assert len(npm_client) == 1


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
