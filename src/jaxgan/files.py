"""Files that are written whole or not at all."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path``; on an error ``path`` stays as it was."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def write_json(path: Path, value: Any) -> None:
    """Writes atomically: a reader sees the old file or the whole new one."""
    with replacing(path) as part:
        part.write_text(json.dumps(value, indent=2, sort_keys=False) + "\n")
