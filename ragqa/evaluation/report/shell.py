"""What every page has: head, style, the policy that nothing is fetched and nothing runs, and how to run it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version

from ragqa.evaluation.report.markup import Markup, joined, tag
from ragqa.evaluation.report.style import CSS
from ragqa.evaluation.showing import short
from ragqa.metrics import Interval

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
    """Return when ``circumstances`` were taken, to the minute."""
    return f"{str(measured['at'])[:16].replace('T', ' ')} UTC"


def again(command: str, seed: str, measured: Mapping[str, object]) -> Iterator[Markup]:
    """Yield the section that says how to measure the same; ``measured`` are the circumstances."""
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
