"""HTML built so that what is not markup is escaped: no string of a manual or a question can become a tag."""

from __future__ import annotations

from html import escape as _escape

from ragqa.printable import printable

_EMPTY = frozenset({"meta", "circle", "line", "path", "rect", "polyline"})


class Markup(str):
    """Text that is HTML already: made by ``tag`` and ``joined`` only."""

    __slots__ = ()


def escape(text: str) -> str:
    """Return ``text`` as HTML, without what would reorder or hide what is seen."""
    return _escape(printable(text))


def tag(name: str, /, *children: str | Markup, **attributes: object) -> Markup:
    """Return an element. ``class_`` and names with ``_`` stand for ``class`` and names with ``-``; None is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{given}{'' if name == 'meta' else '/'}>")
    return Markup(f"<{name}{given}>{joined(*children)}</{name}>")


def joined(*children: str | Markup) -> Markup:
    """Return the children one after another, escaped where they are text."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))
