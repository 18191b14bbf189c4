"""What can go wrong, said for a person: what was expected, what came, what to do. Every message is one line."""

from __future__ import annotations

from ragqa.printable import printable_line

GO_ON = "run the same command to go on"
"""Said of whatever was stopped before it was done and kept what it had."""


class RagqaError(Exception):
    """A user's error: the command line prints its one line and exits with 1.

    Names and a server's words are among it, so ``str`` makes it safe for a terminal and a log.
    """

    def __str__(self) -> str:
        return printable_line(super().__str__())


class UnreadableFile(RagqaError):
    """A file that gives no text: missing, empty, encrypted, scanned, corrupt, or not what its name says."""


class LibraryError(RagqaError):
    """A library that is missing, locked by another writer, read-only, or of a newer format."""


class UnknownLibrary(LibraryError):
    """A library that is not there, or not served."""


class UnknownDocument(LibraryError):
    """A document that a library does not hold."""


class EmptyLibrary(LibraryError):
    """A library that holds nothing to ask yet."""


class UnknownPage(LibraryError):
    """A page that a document does not have."""


class EmbedderMismatch(LibraryError):
    """Vectors of one embedder were asked of a library that holds another's."""


class ModelError(RagqaError):
    """A model or its server that can't be used: missing, unreachable, refused, or out of quota."""


class NoAnswer(ModelError):
    """A model that was asked and said nothing that could be shown."""


class MissingExtra(RagqaError):
    """An optional dependency that the chosen part needs."""
