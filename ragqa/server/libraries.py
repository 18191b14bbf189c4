"""The libraries that are served: each opened when it is first asked for and held open, documents known by opaque ids.

One lock guards the table of open libraries, and is never held while one is asked: ``engine.Library`` takes any number
of questions at once. Everything here blocks, so it is called in a thread.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragqa.engine import Library
from ragqa.errors import EmbedderMismatch, EmptyLibrary, LibraryError, RagqaError, UnknownDocument, UnknownLibrary
from ragqa.libraries import missing, names_in, resolve_library
from ragqa.settings import DEFAULT, Settings
from ragqa.store import StoredDocument

Notice = Callable[[str], None]

WARM_UP = "warm up"
"""A question whose answer nobody reads."""


class Libraries:
    """The libraries of a home, or the one that was named."""

    def __init__(self, settings: Settings, notice: Notice, *, only: str | None = None) -> None:
        """``settings.index`` is the one that is meant where none is named; ``only`` the one served, if not all are."""
        self.settings = settings
        self.default = settings.index
        self._only = only
        self._notice = notice
        self._lock = threading.Lock()
        self._open: dict[str, Library] = {}
        self._warming: threading.Thread | None = None

    @classmethod
    def find(cls, index: str | None, options: dict[str, Any], notice: Notice, *, create: bool) -> Libraries:
        """Return the libraries that the options mean; where there is none and ``create``, an empty one is made.

        Raises LibraryError where there is none, RagqaError on an option that is wrong.
        """
        settings = resolve_library(index, options, False, notice)
        held = names_in(settings)
        if settings.index not in held:
            if held and index is None and settings.index == DEFAULT:
                settings = replace(settings, index=held[0])
            elif held or not create:
                raise missing(settings, settings.index)
            else:
                Library.open(create=True, settings=settings).close()
                notice(f"made library '{settings.index}' in {settings.indexes()}: it holds nothing yet")
        return cls(settings, notice, only=settings.index if index is not None else None)

    @property
    def home(self) -> Path:
        """The folder that the libraries, and what people thought of their answers, lie in."""
        return self.settings.indexes().parent

    def names(self) -> list[str]:
        """Return the names of the libraries served."""
        return [name for name in names_in(self.settings) if self._only in (None, name)]

    def get(self, name: str) -> Library:
        """Return a library, opened if it was not. Raises UnknownLibrary where none of that name is served."""
        with self._lock:
            there = name in self.names()
            if not there and name in self._open:  # removed while it was held
                self._open.pop(name).close()
            if not there:
                raise UnknownLibrary(f"there is no library '{name[:100]}' here: see /v1/libraries")
            if name not in self._open:
                own = replace(self.settings, index=name)
                self._open[name] = Library.open(settings=own, notice=self._notice)
            return self._open[name]

    def describe(self) -> list[dict[str, Any]]:
        """Return what each library holds, and why one can't be opened."""
        rows = []
        for name in self.names():
            row: dict[str, Any] = {"name": name, **dict.fromkeys(_DESCRIBED), "error": None}
            try:
                info = self.get(name).info()
                row |= {field: getattr(info, field) for field in _DESCRIBED}
            except RagqaError as error:
                row["error"] = str(error)
            rows.append(row)
        return rows

    def renew(self, name: str) -> None:
        """Bring a library that another process changed up to date now, rather than under the next question."""
        try:
            self.get(name).open_retriever()
        except EmbedderMismatch:  # it was emptied, and began anew with other vectors
            with self._lock:
                self._open.pop(name, None)  # not closed: questions may be under way
        except LibraryError:  # emptied or removed: who asks is told
            return

    def begin_to_warm(self) -> None:
        """Load in a thread what the first question of the default library needs."""
        # Not a daemon: a process that ended while its C++ runtime still loads would be aborted.
        self._warming = threading.Thread(target=self._warm)
        self._warming.start()

    def _warm(self) -> None:
        try:
            library = self.get(self.default)
            if not library.documents():
                return
            if self.settings.answerer == "extractive":
                library.ask(WARM_UP)
            else:  # a question would be paid for
                library.evidence(WARM_UP)
        except RagqaError as error:
            self._notice(f"library '{self.default}' can't be asked yet: {error}")

    def close(self) -> None:
        """Let go of all of them, once none is being loaded."""
        if self._warming:
            self._warming.join()
        with self._lock:
            for library in self._open.values():
                library.close()
            self._open.clear()


_DESCRIBED = ("documents", "passages", "embedder", "bytes", "changed")


def document_id(name: str) -> str:
    """Return the id of the document ``name``: it tells nothing of the name and stays when the file is read anew."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def find_stored(library: Library, identity: str) -> StoredDocument:
    """Return the document with that id. Raises UnknownDocument where the library holds none."""
    for stored in library.documents():
        if document_id(stored.name) == identity:
            return stored
    raise UnknownDocument(f"library '{library.name}' has no document '{identity[:50]}'")


def no_document(library: Library, error: LibraryError) -> LibraryError:
    """Return what is said of ``error`` where its reason is that the library is empty yet."""
    if library.documents():
        return error
    return EmptyLibrary(f"library '{library.name}' holds no document yet: add one first")
