"""What rules and labels need to know of a language. Holds no words: each language's are in the file of its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Labels:
    """What is said around a quote. Words in braces are filled in."""

    page: str
    """{page}: a place."""
    rest: str
    """{page}: follows the number of steps where the others are elsewhere."""
    steps: str
    """{shown}, {total}, {rest}."""
    goes_on: str
    see_also: str
    nearest: str
    """{name}, {place}, {missing}: what a refusal adds."""
    missing: str
    """{value}: one of ``values``."""
    same: str
    """{label}, {marker}: a version of a manual says what the one before said."""
    silent: str
    """{label}: a version that does not say."""
    corrected: str
    """{word}, {taken_for}."""
    unsupported: str
    values: Mapping[str, str]
    """Each type of answer (``question_types.TYPES``) in plain words."""
    colon: str = ": "
    semicolon: str = "; "
    comma: str = ", "


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """Regular expressions of how manuals are written, without groups; '' where there is none.

    The words of all languages are looked for in every document, capitals and small letters alike but where told. So no
    word may be one that another language uses for something else: ``art`` is no abbreviation for all.
    """

    abbreviations: str = ""
    """Words before a full stop that ends no sentence; capitals tell."""
    spaced_abbreviations: str = ""
    """From the last character before a full stop that ends no sentence though a capital follows; capitals tell."""
    step: str = ""
    """What stands before the number of a step."""
    step_behind: str = ""
    """What may stand behind it."""
    notes: str = ""
    """What a note or a warning beside the text begins with, or is headed by."""
    hazards: str = ""
    """Words that warn, anywhere in a text."""
    imperative: str = ""
    """From its beginning on, a text that tells to do something."""
    chapter: str = ""
    """Before the number of a chapter, a part or an appendix."""
    caption: str = ""
    """Before the number of a figure or a table."""
    caption_joined: str = ""
    """The same in writing that may leave out the space."""
    contents: str = ""
    """The title of a table of contents."""
    index: str = ""
    """The title of an index of words."""
    page: str = ""
    """Before the number of a page."""
    page_behind: str = ""
    """Behind the number of a page."""
    pages_in_all: str = ""
    """Between the number of a page and how many there are."""
    elsewhere: str = ""
    """What a sentence begins with that only says where to read on."""
    elsewhere_behind: str = ""
    """The same where a sentence ends with it."""
    version: str = ""
    """Before the number of a version."""
    edition: str = ""
    """Behind the ordinal number of an edition."""
    model: str = ""
    """Before the name of a model."""
    follows: str = ""
    """What a sentence begins with that limits or goes on with the one before."""
    total: str = ""
    """What the last row of a table begins with that sums up the others."""
    unsaid: str = ""
    """How a model says in its own words that the passages do not say."""


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """Regular expressions of how a language asks, tried on questions in it alone; capitals and small letters alike."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    """'number', 'time' or 'name' → how a question asks for it; the first that is asked counts."""
    procedure: str = ""
    code: str = ""
    list_of: str = ""
    rule: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    """Type of answer → how a question asks for it; the first that is asked counts."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Type of answer → words that are such a value, or for a measure its units, in texts of the language."""
    numerals: str = ""
    """Numbers in words."""
    dates: str = ""
    """Months, and whatever else tells a time."""
    leans: str = ""
    """What shows that a follow-up question needs the one before."""
    bare: str = ""
    """The words of a question that leaves out what it is about: 'And how long?' is nothing but such words."""
    opposites: tuple[tuple[str, str], ...] = ()
    """Two sides each: on, off; open, close; fit, remove; lock, unlock; start, stop; increase, decrease."""


@dataclass(frozen=True, slots=True)
class Wording:
    """All words of a language."""

    labels: Labels
    document: DocumentWords = DocumentWords()
    question: QuestionWords = QuestionWords()
