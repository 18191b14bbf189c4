"""Which version, year or model of a manual a document or a section is for, and which one a question names.

Documents whose titles (or file names) differ in nothing else are editions of one manual. A question that names one is
answered from that one, and from what is common to all; one that names none is answered from the newest first. Knows no
passages and no answers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ragqa.types import Document
from ragqa.wording import WORDINGS, document_words

Kind = Literal["version", "model", "year"]

MOST_SIBLINGS = 12
"""Documents that differ in a number alone and are more than these are a series, such as minutes, not editions."""

FRONT, FRONT_PAGES = 1500, 3
"""Characters at the beginning of a document, and pages whose running headers, in which its version is looked for."""

_LONGEST_TITLE = 300
"""Where a year stands for an edition: past it, it may stand for anything."""

_WORDS = (
    f"version|ver|release|rel|revision|rev|firmware|software|edition|issue|fassung|ausgabe|{document_words('version')}"
)
_UNSPACED = "|".join(WORDINGS[language].document.version for language in ("ja", "ko"))
_VALUE = r"\d{1,4}(?:\.\d{1,4}){0,3}(?:[a-z](?![a-z]))?|[A-Z](?![A-Za-z\d])"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CHINESE = "一二三四五六七八九十"
_VERSION = re.compile(
    rf"(?<![^\W_])(?i:{_WORDS})(?:[\s._:-]|[Nn]o\b){{0,5}}(?P<named>{_VALUE})(?![\d%])"
    r"|(?<![^\W_])[vV][._-]?(?P<v>\d{1,4}(?:\.\d{1,4}){0,3}[a-z]?)(?![^\W_])"
    r"|(?<!\d)(?P<nth>\d{1,2})(?:st|nd|rd|th)\s+(?i:edition|version|revision|issue)\b"
    rf"|(?<!\d)(?P<ordinal>\d{{1,2}})(?:\.|e|ème|ª|º|a)\s*(?i:{document_words('edition')})\b"
    rf"|\b(?P<word>(?i:{'|'.join(_ORDINALS)}))\s+(?i:edition|version|revision|issue)\b"
    rf"|(?:版本|版次|修订版|修訂版|固件|软件|軟體|韌體|{_UNSPACED})\s*[：:]?\s*[vV]?"
    r"(?P<zh>\d{1,4}(?:\.\d{1,4}){0,3}|[A-Z](?![A-Za-z]))"
    r"|(?<![\d.])[vV]?(?P<ban>\d{1,3}(?:\.\d{1,4}){0,3})\s*版(?!权|權|面|本)"
    rf"|第\s*(?P<di>\d{{1,2}}|[{_CHINESE}])\s*版"
)
_DOTTED = re.compile(
    r"(?<!chapter)(?<!section)(?<!part)(?<!appendix)(?<!annex)(?<!module)(?<!unit)(?<!lesson)(?<!volume)(?<!no\.)"
    r"[\s_-]+(?P<value>\d{1,3}(?:\.\d{1,4}){1,3})(?=\W*$)",
    re.IGNORECASE,
)
"""A number with points that ends a title is a version, unless it counts the parts of one."""
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d|\d)")
_MODEL = re.compile(
    rf"(?<![^\W_])(?i:model|type|variant|series|serie|typ|modell"
    rf"|{document_words('model')})[\s.:_-]{{1,2}}(?P<model>[A-Z]{{1,3}}(?![a-z])[-\w]{{0,12}}"
    rf"|\d[\w-]{{0,12}})"
    r"|(?:型号|型號|机型|機型)\s*[：:]?\s*(?P<zh>[A-Za-z0-9][\w-]{0,12})|(?<![A-Za-z\d])(?P<xing>[A-Z]\w{0,8})\s*型"
)
_CODE = re.compile(r"(?<![^\W_])(?=[A-Za-z-]*\d)[A-Z][A-Z0-9]*(?:-?[A-Z0-9]+)*(?![^\W_])")
_VERSION_WORDS = frozenset(_WORDS.split("|"))
_TITLE_WORD = re.compile(r"[^\W_]+(?:\.\d+)*")
_DROPPED = re.compile(r"v?\d+(?:\.\d+)+[a-z]?|v\d+[a-z]?|(?:19|20)\d\d|\d{1,2}(?:st|nd|rd|th)")


@dataclass(frozen=True, slots=True)
class Edition:
    """One version, year or model: ``parts`` are compared, ``label`` is shown."""

    kind: Kind
    parts: tuple[int | str, ...]
    label: str

    def covers(self, other: Edition) -> bool:
        """Say whether both may mean the same: 2 and 2.0 and 2.0.1 do, 2.0 and 2.1 do not."""
        shared = min(len(self.parts), len(other.parts))
        if self.kind != other.kind or not shared:
            return False
        return self.parts[:shared] == other.parts[:shared]


def editions_in(text: str) -> tuple[Edition, ...]:
    """Return the versions and models that a title, a heading or a question names, in order."""
    versions = list(_VERSION.finditer(text))
    if not all(match["v"] for match in versions):  # a V20 beside a version in words is a model
        versions = [match for match in versions if not match["v"]]
    found = [(match.start(), _version(match)) for match in versions]
    for match in _MODEL.finditer(text):
        value = next(filter(None, match.groups()))
        found.append((match.start(), Edition("model", (_folded(value),), match[0].strip())))
    return tuple(edition for _, edition in sorted(found, key=lambda pair: pair[0]))


def _version(match: re.Match[str]) -> Edition:
    value = next(value for value in match.groups() if value is not None)
    label = " ".join(match[0].replace("_", " ").split()).strip(" -.")
    return Edition("version", _parts(value), label)


def _parts(value: str) -> tuple[int | str, ...]:
    folded = value.casefold()
    if folded in _ORDINALS:
        return (_ORDINALS.index(folded) + 1,)
    if value in _CHINESE:
        return (_CHINESE.index(value) + 1,)
    return tuple(int(part) if part.isdecimal() else part for part in re.findall(r"\d+|[a-z]+", folded))


def _folded(code: str) -> str:
    return re.sub(r"[\W_]+", "", code).casefold()


def front_of(document: Document) -> str:
    """Return the running headers of a document's first pages, and its first characters."""
    headers = dict.fromkeys(line for page in document.pages[:FRONT_PAGES] for line in page.furniture)
    return "\n".join((*headers, document.text[:FRONT]))


def of_another(section: Sequence[str], asked: Sequence[Edition]) -> bool | None:
    """Say whether a section is of another version or model than the ones ``asked``; None where its headings name none.

    The innermost heading that names a version (or a model) decides.
    """
    verdicts = []
    for kind in {edition.kind for edition in asked}:
        wanted = [edition for edition in asked if edition.kind == kind]
        named = ([one for one in editions_in(heading) if one.kind == kind] for heading in reversed(section))
        innermost = next(filter(None, named), None)
        if innermost:
            verdicts.append(not any(one.covers(edition) for one in innermost for edition in wanted))
    return any(verdicts) if verdicts else None


@dataclass(frozen=True, slots=True)
class Sibling:
    """A document that is one edition of a manual."""

    document_id: int
    name: str
    edition: Edition


class Editions:
    """The manuals that a library holds in several editions."""

    def __init__(self, documents: Iterable[tuple[int, str, str]], front: Callable[[str], str]) -> None:
        """Take id, name and title of each document; ``front`` returns what stands at the beginning of the one named.

        A document whose name has no suffix is no file, and no edition of anything.
        """
        self._front = front
        self._files = [document for document in documents if "." in document[1].rpartition("/")[2][1:]]
        self._models: list[tuple[Sibling, ...]] | None = None
        self._of: dict[int, tuple[Sibling, ...]] = {}
        for group in _alike(self._files, _common):
            family = self._told_apart(group)
            if not any(one.document_id in self._of for one in family):
                self._of.update((one.document_id, family) for one in family)

    def _told_apart(self, group: Sequence[tuple[int, str, str]]) -> tuple[Sibling, ...]:
        """Return those of a group that have an edition, the newest first; () where that does not tell them apart."""
        for edition_of in (_version_of, _year_of):
            found = []
            for number, name, title in group:
                edition = edition_of(title) or edition_of(PurePosixPath(name).stem) or edition_of(self._front(name))
                if edition:
                    found.append(Sibling(number, name, edition))
            if len(found) > 1 and len({one.edition.parts for one in found}) == len(found):
                return tuple(sorted(found, key=lambda one: _age(one.edition), reverse=True))
        return ()

    def of(self, document_id: int) -> tuple[Sibling, ...]:
        """Return the versions of the manual that a document is one of, the newest first; () where it is the only."""
        return self._of.get(document_id, ())

    def others(self, question: str) -> frozenset[int]:
        """Return the documents that are another edition of a manual than the one that the question names."""
        if len(self._files) < 2:
            return frozenset()
        asked = (*editions_in(question), *_years_in(question), *_codes_in(question))
        if not asked:
            return frozenset()
        left_out: set[int] = set()
        for family in (*{family[0]: family for family in self._of.values()}.values(), *self._families_of_models()):
            named = {one.document_id for one in family if any(one.edition.covers(edition) for edition in asked)}
            if named:
                left_out |= {one.document_id for one in family} - named
        return frozenset(left_out)

    def _families_of_models(self) -> list[tuple[Sibling, ...]]:
        """Return the documents that differ in the model, or the code of it, that their titles name."""
        if self._models is None:
            self._models = []
            for group in _alike(self._files, lambda text: _common(_CODE.sub(" ", _MODEL.sub(" ", text)))):
                models = tuple(
                    Sibling(number, name, model) for number, name, title in group for model in _models_of(title, name)
                )
                if len({one.edition.parts for one in models}) > 1:
                    self._models.append(models)
        return self._models


def _alike(
    documents: Sequence[tuple[int, str, str]], common: Callable[[str], str]
) -> Iterator[Sequence[tuple[int, str, str]]]:
    """Yield the groups of documents whose titles, or file names, have the words in common that ``common`` leaves."""
    groups: dict[tuple[str, ...], list[tuple[int, str, str]]] = defaultdict(list)
    for document in documents:
        folder, _, file = document[1].rpartition("/")
        groups["title", common(document[2])].append(document)
        groups["name", folder, common(file.rpartition(".")[0])].append(document)
    for key, group in groups.items():
        if key[-1] and 1 < len(group) <= MOST_SIBLINGS:
            yield group


def _common(text: str) -> str:
    """Return the words of a title without versions and years."""
    if not text.isascii():
        text = _VERSION.sub(" ", text)
    kept = []
    after = False
    for word in _TITLE_WORD.findall(text.casefold()):
        if word in _VERSION_WORDS:
            after = True
            continue
        plain = word not in _ORDINALS if word.isalpha() else not _DROPPED.fullmatch(word)
        if plain and not (after and (word[0].isdecimal() or len(word) == 1)):
            kept.append(word)
        after = False
    return " ".join(kept)


def versions_in(text: str) -> tuple[Edition, ...]:
    """Return the versions that a title, a heading or a question names, in order."""
    return tuple(edition for edition in editions_in(text) if edition.kind == "version")


def version_of(title: str, name: str) -> Edition | None:
    """Return the version that the title of a document or its file name gives; None where neither does."""
    return _version_of(title) or _version_of(PurePosixPath(name).stem)


def _version_of(text: str) -> Edition | None:
    named = next(iter(versions_in(text)), None)
    dotted = None if named else _DOTTED.search(text)
    return Edition("version", _parts(dotted["value"]), f"version {dotted['value']}") if dotted else named


def _year_of(text: str) -> Edition | None:
    return next(iter(_years_in(text[:_LONGEST_TITLE])), None)


def _models_of(title: str, name: str) -> tuple[Edition, ...]:
    for text in (title, PurePosixPath(name).stem.replace("_", " ").upper()):
        if found := (*(one for one in editions_in(text) if one.kind == "model"), *_codes_in(text)):
            return found
    return ()


def _years_in(text: str) -> tuple[Edition, ...]:
    return tuple(Edition("year", (int(match[0]),), match[0]) for match in _YEAR.finditer(text))


def _codes_in(text: str) -> tuple[Edition, ...]:
    return tuple(Edition("model", (_folded(match[0]),), match[0]) for match in _CODE.finditer(text))


def _age(edition: Edition) -> tuple[tuple[bool, int | str], ...]:
    return tuple((isinstance(part, str), part) for part in edition.parts)
