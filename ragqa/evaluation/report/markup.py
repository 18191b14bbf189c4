"""HTML built so that what is not markup is escaped: no string of a manual or a question can become a tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape as _escape
from importlib.metadata import version

from ragqa.evaluation.runs import short
from ragqa.metrics import Interval
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


SERIES = 6
"""Colours of lines; more lines begin anew, with dashes."""

CSS = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5c6670; --rule: #d8dde2; --ground: #fff; --band: #f5f7f9;
  --s0: #0b6bcb; --s1: #c2410c; --s2: #15803d; --s3: #7e22ce; --s4: #a16207; --s5: #be185d; --good: #15803d;
  --bad: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5b1; --rule: #363d45; --ground: #14171a;
  --band: #1d2126; --s0: #6db3ff; --s1: #ff9a62; --s2: #6fd58f; --s3: #c79bff; --s4: #e0bb54; --s5: #ff8fbd;
  --good: #6fd58f; --bad: #ff9a62; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 4rem; color: var(--ink);
  background: var(--ground); font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 2px solid var(--ink);
  overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p { margin: .4rem 0; max-width: 54rem; }
.soft, figcaption, dt { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .86rem; }
th, td { padding: .3rem .55rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th { font-weight: 500; color: var(--soft); vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td:first-child { position: sticky; left: 0; background: var(--ground); font-weight: 600; }
td small { color: var(--soft); display: block; font-weight: 400; font-size: .75rem; }
td.best { color: var(--good); font-weight: 700; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1rem 2rem; }
figure { margin: .75rem 0 .25rem; }
figure h3 { margin: 0 0 .6rem; }
figcaption { font-size: .85rem; }
svg { display: block; width: 100%; height: auto; max-width: 34rem; overflow: visible; }
svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
.grid { stroke: var(--rule); } .axis { stroke: var(--soft); }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.dashed { stroke-dasharray: 6 4; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }
.s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); }
.above { fill: var(--good); } .below { fill: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: .2rem 0; padding: 0; list-style: none;
  font-size: .85rem; }
.legend li { display: flex; align-items: center; gap: .45rem; }
.legend svg { width: 26px; flex: none; }
ol.worst { padding-left: 1.4rem; }
ol.worst > li { margin: 0 0 1.4rem; break-inside: avoid; }
.question { font-weight: 600; overflow-wrap: anywhere; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: .6rem 1.5rem; }
.card { background: var(--band); border-radius: 6px; padding: .6rem .8rem; font-size: .88rem; overflow-wrap: anywhere; }
.card h4 { margin: 0 0 .3rem; font-size: .8rem; font-weight: 600; color: var(--soft); }
.card p { margin: 0 0 .5rem; }
.card b { font-weight: 600; }
pre { background: var(--band); border-radius: 6px; padding: .7rem .9rem; white-space: pre-wrap; overflow-wrap: anywhere;
  font-size: .85rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .9rem; }
dd { margin: 0; overflow-wrap: anywhere; }
@media print { html { font-size: 12px; } body { max-width: none; padding: 0; font-size: 1rem; }
  h2 { break-before: auto; } figure, table, .card {
  break-inside: avoid; } .scroll { overflow: visible; } th, td { padding: .2rem .35rem; } }
"""


POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Told to the browser too: nothing is fetched, nothing runs."""


def whole(title: str, *body: str | Markup) -> str:
    """Return the page whose body holds the parts of ``body``."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", *body), lang="en") + "\n"


def interval_cell(of: Interval) -> tuple[str | Markup, ...]:
    """Return what a table's cell holds for a share: its mean, its interval in small."""
    return short(of.mean), tag("small", f"{short(of.low)} – {short(of.high)}")


def day(measured: Mapping[str, object]) -> str:
    """Return when ``environment`` were taken, to the minute."""
    return f"{str(measured['at'])[:16].replace('T', ' ')} UTC"


def again(command: str, seed: str, measured: Mapping[str, object]) -> Iterator[Markup]:
    """Yield the section that says how to measure the same; ``measured`` are the environment."""
    versions = measured["versions"]
    assert isinstance(versions, dict)
    known = {
        "ragqa": f"{version('ragqa')}, commit {measured['commit'] or 'unknown (not a checkout)'}",
        "machine": measured["machine"],
        "Python": measured["python"],
        **{name: held for name, held in versions.items() if held},
        "seed": seed,
        "at": day(measured),
    }
    yield tag("h2", "To run it again")
    yield tag("pre", command)
    yield tag("dl", joined(*(joined(tag("dt", name), tag("dd", str(held))) for name, held in known.items())))
