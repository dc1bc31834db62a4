"""Data sets in packages of Debian, for machines that reach a mirror of Debian."""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from jaxgan.data.prepare.packages import OTHER_VERSIONS, PackageError, run_client, sha256_at
from jaxgan.files import renewing_folder

PATIENCE = ("-o", "Acquire::http::Timeout=15", "-o", "Acquire::Retries=0")
"""Without these apt waits for minutes where there is no network."""


@dataclasses.dataclass(frozen=True)
class DebianPackages:
    """Files that Debian's packages install into one folder.

    Attributes:
      names: of the packages.
      folder: where they install the files.
      files: names of those that must be there, and of folders, and the ``sha256_at`` each.
      size: of the download, for messages.
    """

    names: tuple[str, ...]
    folder: Path
    files: Mapping[str, str]
    size: str

    def fetch(self, into: Path, console: Console) -> Path:
        """See ``Packages.fetch``; files of packages that are installed are used where they are."""
        root = into / "+".join(self.names)
        unpacked = root / self.folder.relative_to("/")
        for place in (self.folder, unpacked):
            if not self._missing(place):
                return place
        for client in ("apt-get", "dpkg"):
            if not shutil.which(client):
                raise PackageError(f"there is no {client}")
        console.print(f"Fetching Debian's {' and '.join(self.names)} ({self.size})")
        # apt drops to the user _apt for downloads and warns where that user may not write; a folder
        # of our own in the system's temporary folder, opened to it, avoids both.
        with tempfile.TemporaryDirectory(prefix="jaxgan-debian-") as folder:
            os.chmod(folder, 0o777)
            self._download(folder)
            with renewing_folder(root) as part:
                for package in sorted(Path(folder).glob("*.deb")):
                    run_client(["dpkg", "-x", str(package), str(part)], folder)
                if missing := self._missing(part / self.folder.relative_to("/")):
                    raise PackageError(
                        f"Debian's {' and '.join(self.names)} have no {' and '.join(missing)} of "
                        f"the version that is known here ({OTHER_VERSIONS})"
                    )
        return unpacked

    def by_hand(self, name: str) -> str:
        """See ``Packages.by_hand``."""
        return (
            f"On Debian or Ubuntu: sudo apt-get install {' '.join(self.names)}, then: "
            f"jaxgan data prepare {name} --from {self.folder}"
        )

    def _missing(self, folder: Path) -> list[str]:
        """The files that a folder lacks, or has damaged or of another version."""
        found = self.files.items()
        return [name for name, sha256 in found if sha256_at(folder / name) != sha256]

    def _download(self, folder: str) -> None:
        download = ["apt-get", "download", *self.names, *PATIENCE]
        try:
            run_client(download, folder)
        except PackageError:
            if not (hasattr(os, "geteuid") and os.geteuid() == 0):
                raise
            run_client(["apt-get", "update", *PATIENCE], folder)
            run_client(download, folder)
