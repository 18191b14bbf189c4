"""Reports: one self-contained HTML page each, without network or script, every string escaped.

A page is a heading and blocks, put into ``templates/page.html.j2``; ``pages.py`` makes the blocks, ``plots.py`` the
pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ragqa.evaluation.environment import environment
from ragqa.evaluation.runs import short
from ragqa.metrics import Interval
from ragqa.printable import printable

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a section."""

    kind: ClassVar = "heading"
    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a ``soft`` one is set back."""

    kind: ClassVar = "text"
    text: str
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A numbered list."""

    kind: ClassVar = "items"
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: a text, or a share with its interval; the best of a column is marked."""

    value: str | Interval
    best: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row names it."""

    kind: ClassVar = "table"
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of ``plots.py``; ``legend`` names its lines in order."""

    title: str
    drawing: Markup
    legend: Sequence[str] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Pictures beside one another."""

    kind: ClassVar = "figures"
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Card:
    """One side of an example: a quotation, and lines that each begin with a strong part, which may be empty."""

    title: str
    lines: Sequence[tuple[str, str]]
    quoted: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A question, what came of it, and what should have."""

    question: str
    note: str
    got: Card
    wanted: Card


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions that went worst."""

    kind: ClassVar = "examples"
    examples: Sequence[Example]


Block: TypeAlias = Heading | Text | Items | Table | Figures | Examples


def render(title: str, heading: str, blocks: Sequence[Block], command: str, seed: str) -> str:
    """Return the page; it ends with ``command``, the ``seed`` and the environment, so that it can be made again."""
    measured = environment()
    versions = measured["versions"]
    assert isinstance(versions, dict)
    again = {
        "ragqa": f"{version('ragqa')}, commit {measured['commit'] or 'unknown (not a checkout)'}",
        "machine": measured["machine"],
        "Python": measured["python"],
        **{name: held for name, held in versions.items() if held},
        "seed": seed,
        "at": today(),
    }
    page = _templates().get_template("page.html.j2")
    return page.render(title=title, heading=heading, blocks=blocks, command=command, again=again.items())


def today() -> str:
    """Return the time, to the minute."""
    return f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    def without_controls(value: object) -> object:
        """Keep out of a page what would reorder or hide what is seen."""
        return printable(value) if type(value) is str else value

    found = Environment(
        loader=PackageLoader("ragqa.evaluation.report"),
        autoescape=True,
        finalize=without_controls,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["short"] = short
    return found
