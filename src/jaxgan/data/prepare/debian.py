"""Fashion-MNIST from its Debian package, for machines that reach only a mirror of Debian."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

PACKAGE = "dataset-fashion-mnist"
INSTALLED = Path("/usr/share/datasets/fashion-mnist")
PATIENCE = ["-o", "Acquire::http::Timeout=15", "-o", "Acquire::Retries=0"]
"""Without these apt waits for minutes where there is no network."""

MARK = "train-images-idx3-ubyte.gz"


def debian_fashion_mnist(into: Path, console: Console | None = None) -> Path | None:
    """The folder with the package's four files, downloaded if necessary; needs no root.

    Args:
      into: where the package is unpacked if it is not installed.
      console: where progress is shown; None for nowhere.

    Returns:
      The folder, or None if the package is not installed and cannot be downloaded.
    """
    if (INSTALLED / MARK).exists():
        return INSTALLED
    local = into / INSTALLED.relative_to("/")
    if (local / MARK).exists():
        return local
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    if console:
        console.print(f"Fetching Debian's package {PACKAGE} (26 MB)")
    # apt drops to the user _apt for downloads and warns where that user may not write; a folder
    # of our own in the system's temporary folder, opened to it, avoids both.
    with tempfile.TemporaryDirectory(prefix="jaxgan-debian-") as folder:
        os.chmod(folder, 0o777)
        if not _run(["apt-get", "download", PACKAGE, *PATIENCE], folder):
            may_update = hasattr(os, "geteuid") and os.geteuid() == 0
            if not (may_update and _run(["apt-get", "update", *PATIENCE], folder)):
                return None
            if not _run(["apt-get", "download", PACKAGE, *PATIENCE], folder):
                return None
        packages = sorted(Path(folder).glob(f"{PACKAGE}_*.deb"))
        if not packages:
            return None
        # Unpacked beside the target and renamed: an interrupted unpacking is never taken for whole.
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into, prefix="unpack-") as fresh:
            if not _run(["dpkg", "-x", str(packages[-1]), fresh], folder):
                return None
            made = Path(fresh) / INSTALLED.relative_to("/")
            if not (made / MARK).exists():
                return None
            shutil.rmtree(local, ignore_errors=True)
            local.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made, local)
    return local


def _run(command: list[str], folder: str) -> bool:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=300, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
