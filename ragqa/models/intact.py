"""See that compiled models are as they were made: a hash of each file, computed anew only where the file changed since.

OpenVINO runs what it finds in its own cache without a look: those files are held against what was noted of them too.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from ragqa.models.files import remembered_sha256, sha256_of
from ragqa.plain_files import write_private

NOTES = "hashes.json"


def hashes_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder, by name. Raises OSError."""
    return {file.name: sha256_of(file) for file in sorted(folder.iterdir()) if file.is_file()}


def is_intact(folder: Path, noted: object) -> bool:
    """Say whether a folder's files are there with the hashes ``noted``. Raises ModelError for a cache of another's."""
    if not isinstance(noted, dict):
        return False
    try:
        return all(Path(name).name == name and remembered_sha256(folder / name) == sha for name, sha in noted.items())
    except OSError:
        return False


class Loaded:
    """The folder where OpenVINO keeps what makes the next load faster, and what we know of the files there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before: set[str] = set()

    def begin(self) -> bool:
        """Take away what is not as it was noted; return whether OpenVINO may read and write there."""
        try:
            self.folder.mkdir(exist_ok=True, mode=0o700)
            noted = self._noted()
            for file in self._blobs():
                if not is_intact(self.folder, {file.name: noted.get(file.name)}):
                    file.unlink(missing_ok=True)
            self._before = {file.name for file in self._blobs()}
        except OSError:
            return False
        return True

    def finish(self) -> None:
        """Note what has been added since ``begin``: OpenVINO wrote it from a model that was as it was made."""
        with contextlib.suppress(OSError):
            fresh = {file.name: sha256_of(file) for file in self._blobs() if file.name not in self._before}
            if fresh:
                write_private(self.folder / NOTES, json.dumps(self._noted() | fresh).encode())

    def _blobs(self) -> list[Path]:
        return [file for file in self.folder.iterdir() if file.suffix != ".json" and not file.name.startswith(".")]

    def _noted(self) -> dict[str, str]:
        try:
            noted = json.loads((self.folder / NOTES).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}
