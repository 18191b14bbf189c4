"""One file for a whole library, and back.

The file is a SQLite copy made by ``VACUUM INTO``: one consistent state even while a writer works, with no log beside
it, no member names that could point outside a folder, and nothing derived, which the other machine rebuilds. It is
written and read beside its place and moved there when it is whole.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ragqa.errors import LibraryError
from ragqa.store.checks import row_problems
from ragqa.store.derived import sync
from ragqa.store.lock import WriterLock
from ragqa.store.originals import original_problems
from ragqa.store.sqlite import (
    DERIVED,
    FILE_NAME,
    WITHOUT_ORIGINALS,
    WITHOUT_PLACES,
    WITHOUT_SUMS,
    WITHOUT_UNITS,
    check_format,
    connect,
    expected_schema,
    make_private,
    plainly,
    schema_of,
)
from ragqa.store.sums import sum_problems


def export(connection: sqlite3.Connection, archive: Path) -> None:
    """Write the library behind ``connection`` into ``archive``, over what may be there.

    Raises LibraryError if it can't be written.
    """
    if archive.exists() and not archive.is_file():  # a device or a folder would be replaced by the file
        raise LibraryError(
            f"{archive} is no regular file: name a file for the library, as in 'ragqa export pumps.ragqa'"
        )
    with _beside(archive) as draft, plainly(archive):
        make_private(draft)
        connection.execute("VACUUM INTO ?", (str(draft),))
        _forget_places(draft)


def _forget_places(draft: Path) -> None:
    """Leave out of an archive in which folders the files lie: it is for others to read."""
    connection = connect(draft, "rw")
    try:
        if check_format(connection, draft) > WITHOUT_PLACES:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("DELETE FROM place")
    finally:
        connection.close()


def unpack(archive: Path, folder: Path) -> None:
    """Make the library ``folder`` from ``archive``. Raises LibraryError if it is not sound, or a library is there."""
    if not archive.is_file():
        raise LibraryError(f"{archive} is missing: name a file that 'ragqa export' made")
    target = folder / FILE_NAME
    if target.exists():
        raise LibraryError(f"{folder} already holds a library: choose another --index or remove that one first")
    new = not folder.exists()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise LibraryError(f"{folder} can't be made ({error.strerror})") from None
    try:
        _unpack(archive, folder)
    except BaseException:
        if new:  # a failed import leaves nothing
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _unpack(archive: Path, folder: Path) -> None:
    target = folder / FILE_NAME
    with WriterLock(folder).held(1.0), _beside(target) as draft:
        make_private(draft)
        shutil.copyfile(archive, draft)
        _check(draft, archive)
        if target.exists():
            raise LibraryError(f"{folder} already holds a library: another import was faster")
        for name in DERIVED:
            if (folder / name).is_symlink():
                (folder / name).unlink()
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir(mode=0o700)


def _check(draft: Path, archive: Path) -> None:
    """See that a file from elsewhere is a sound library and holds nothing else: no trigger, no view, no damage."""
    with plainly(archive):
        connection = connect(draft, "rw")
        try:
            version = check_format(connection, archive)
            if not version or schema_of(connection) != expected_schema(version):
                raise LibraryError(f"{archive} is not what 'ragqa export' writes: export the library again")
            if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("malformed")
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                raise LibraryError(f"{archive} has rows that belong to none: export the library again")
            found = next(_problems(connection, version), None)
            if found:
                raise LibraryError(f"{archive} is no sound library ({found}), nothing of it was taken: export it again")
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()


def _problems(connection: sqlite3.Connection, version: int) -> Iterator[str]:
    yield from row_problems(connection)
    if version != WITHOUT_SUMS:
        yield from sum_problems(connection, tokens=version != WITHOUT_UNITS)
    if version > WITHOUT_ORIGINALS:
        yield from original_problems(connection)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a draft's path in the target's folder; the draft, whole and on the disk, becomes the target, or goes."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        yield draft
        sync(draft)
        draft.replace(target)
        sync(target.parent)
    except OSError as error:
        raise LibraryError(
            f"{target} can't be written ({error.strerror}): choose another place or free space"
        ) from None
    finally:
        for left in target.parent.glob(draft.name + "*"):
            left.unlink(missing_ok=True)
