"""The parts of a Word file, how they relate, and their XML, counted while it is inflated. Reads no text.

Word itself is lenient here, and so is this: the main part may have any name, a relation may lead nowhere, names may
differ in case or have backslashes, and the namespaces may be those of Strict Open XML.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from ragqa.errors import UnreadableFile

LARGEST_XML = 128 * 2**20
"""Bytes that the parts with text may unpack to together: a zip of a few kilobytes can claim terabytes."""
MOST_TAGS = 4_000_000
"""Tags in them: a tree of elements takes some twenty times the bytes of the shortest tags."""

_CHUNK = 2**20
_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
)
"""The namespaces of ISO/IEC 29500 Strict, and the same of Transitional, which nearly every file has."""
_MAIN_PART = re.compile(r"word/document\d*\.xml")


class Budget:
    """What a file and all that is embedded in it may still unpack to."""

    def __init__(self) -> None:
        self._bytes, self._tags = LARGEST_XML, MOST_TAGS

    def take(self, chunk: bytes, name: str) -> None:
        """Count a stretch of XML. Raises UnreadableFile where it is more than a document may hold."""
        self._bytes -= len(chunk)
        self._tags -= chunk.count(b"<")
        if self._bytes < 0 or self._tags < 0:
            limit = f"{LARGEST_XML >> 20} MiB of XML" if self._bytes < 0 else f"{MOST_TAGS:,} tags"
            raise UnreadableFile(
                f"{name} unpacks to more than {limit}, the most that a Word document may hold: "
                "split it into several files"
            )


@dataclass(frozen=True, slots=True)
class Relation:
    """What one part says of another: the last word of the relation's type, and the part's name, '' outside the file."""

    kind: str
    part: str


class Package:
    """An opened Word file. Only the parts that are asked for are inflated; names of parts are in small letters."""

    def __init__(self, data: bytes, name: str, budget: Budget | None = None) -> None:
        """Open the file. Raises UnreadableFile where it is encrypted, BadZipFile where it is damaged."""
        self.name = name
        self.budget = budget or Budget()
        self._archive = ZipFile(BytesIO(data))
        self._members = {part_name(info.filename): info for info in self._archive.infolist()}
        if any(info.flag_bits & 1 for info in self._members.values()):
            raise UnreadableFile(f"{name} is password-protected: save it without a password")
        self._relations: dict[str, dict[str, Relation]] = {}
        self.main = self.related("officeDocument", "") or next(filter(_MAIN_PART.fullmatch, self._members), "")

    def related(self, kind: str, source: str | None = None) -> str:
        """Return the part of a kind that ``source`` names, by default the main part ('' is the package); '' if none."""
        relations = self.relations(self.main if source is None else source).values()
        return next((relation.part for relation in relations if relation.kind == kind and relation.part), "")

    def relations(self, source: str) -> dict[str, Relation]:
        """Return the relations of a part by their identity; a part that is not there, or a web address, is ''."""
        if source not in self._relations:
            folder, _, file = source.rpartition("/")
            root = self.xml(posixpath.join(folder, "_rels", f"{file}.rels"))
            self._relations[source] = {
                relation.get("Id") or "": Relation(
                    (relation.get("Type") or "").rpartition("/")[2], self._target(folder, relation)
                )
                for relation in (root if root is not None else ())
                if isinstance(relation.tag, str)
            }
        return self._relations[source]

    def xml(self, part: str) -> Any:
        """Return the root of a part, with Transitional namespaces; None where there is no such part."""
        from lxml import etree

        if part not in self._members:
            return None
        data = self.bytes(part)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            data = re.sub(rb"^\s*<\?xml[^>]*\?>", b"", data.decode("utf-16", "replace").encode())
        if b"purl.oclc.org" in data:
            for strict, transitional in _STRICT:
                data = data.replace(strict, transitional)
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))

    def bytes(self, part: str) -> bytes:
        """Return what a part holds. Raises KeyError, UnreadableFile where it is too much, zlib.error where damaged."""
        chunks = []
        with self._archive.open(self._members[part]) as source:
            # never all at once: what a lying size hides would be cut off after it took its memory
            while chunk := source.read(_CHUNK):
                self.budget.take(chunk, self.name)
                chunks.append(chunk)
        return b"".join(chunks)

    def _target(self, folder: str, relation: Any) -> str:
        target = unquote((relation.get("Target") or "").replace("\\", "/")).partition("#")[0]
        if (relation.get("TargetMode") or "").lower() == "external" or not target:
            return ""
        part = part_name(target if target.startswith("/") else posixpath.join(folder, target))
        return part if part in self._members else ""


def part_name(name: str) -> str:
    """Return the name of a part as we write it: small letters, slashes, from the top of the package."""
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/").lower()
