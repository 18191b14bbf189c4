"""Which folders this user has approved, and which libraries this user made here: small files in the user's own folder.

What merely lies in a folder, downloaded or somebody else's, was approved by nobody. A folder is approved as it is now:
its settings by the hash of their file, its libraries by the embedder that they ask for.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.plain_files import write_private


@dataclass(frozen=True, slots=True)
class Approval:
    """What a user agreed to about one folder: one that holds settings, or a library's own."""

    folder: str
    settings: str | None = None
    """SHA-256 of the settings file, in hexadecimal; None where none was approved."""
    embedder: str | None = None
    """The model that a library may load or speak to; None: the bundled one only."""


def config_folder() -> Path:
    """Return where this user's own settings and approvals are kept: RAGQA_CONFIG, else the system's place for them."""
    named = os.environ.get("RAGQA_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("ragqa", appauthor=False)


def cache_folder() -> Path:
    """Return where what can be made anew is kept: RAGQA_CACHE, else the system's place for caches."""
    named = os.environ.get("RAGQA_CACHE")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("ragqa", appauthor=False)


def approval_of(folder: Path) -> Approval | None:
    """Return what was approved of ``folder``; None where nothing was."""
    for place in _places():
        found = _read(place / _name(folder))
        if found is not None and found.folder == str(folder.resolve()):
            return found
    return None


def approvals() -> list[Approval]:
    """Return everything approved, by folder."""
    found = [_read(file) for place in reversed(_places()) for file in sorted(place.glob("*.json"))]
    return sorted({one.folder: one for one in found if one}.values(), key=lambda one: one.folder)


def approve(folder: Path, *, settings: str | None = None, embedder: str | None = None) -> None:
    """Keep an approval of ``folder`` in place of an earlier one. Raises RagqaError where it can't be kept."""
    approval = Approval(str(folder.resolve()), settings, embedder)
    if approval_of(folder) == approval:
        return
    reason = ""
    for place in _places():
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(place / _name(folder), f"{json.dumps(asdict(approval))}\n".encode())
            return
        except OSError as error:
            reason = reason or f"{place} can't be written ({error.strerror or error})"
    raise RagqaError(f"{reason}: set RAGQA_CONFIG to a folder that can, or name each folder with --home")


def revoke(folder: Path) -> bool:
    """Forget what was approved of ``folder``; return whether there was anything. Raises RagqaError if it can't be."""
    there = approval_of(folder) is not None
    for place in _places():
        try:
            (place / _name(folder)).unlink(missing_ok=True)
        except NotADirectoryError:
            continue
        except OSError as error:
            raise RagqaError(f"{place} can't be written ({error.strerror}): make it writable") from None
    return there


def remember_library(folder: Path, embedder: str | None) -> None:
    """Keep that this user made the library in ``folder`` here, with a model that the user chose.

    Where that can't be written down the library works all the same, and is asked about when it is found next.
    """
    with contextlib.suppress(RagqaError):
        approve(folder, embedder=embedder)


def is_foreign(path: Path, *, but_root: bool = False) -> bool:
    """Say whether another user of this machine owns ``path``; False where it is not there or owners are not known.

    ``but_root``: what the machine's administrator put there is not another's.
    """
    try:
        return hasattr(os, "geteuid") and path.stat().st_uid not in (os.geteuid(), *([0] if but_root else []))
    except OSError:
        return False


def _read(file: Path) -> Approval | None:
    try:
        if is_foreign(file):
            return None
        return Approval(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _places() -> tuple[Path, Path]:
    """Where approvals are looked for, and kept in the first that can be written: many a container has no home."""
    return config_folder() / "trusted", cache_folder() / "trusted"


def _name(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32] + ".json"
