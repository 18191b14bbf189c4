"""Show the kept results: ``results/README.md`` with a table of each, and three pictures made of them.

``python -m bench.shown`` writes them anew: ``results/peers.svg`` and ``results/compare.svg`` (systems side by side),
and ``results/million.svg`` (recall for latency). Nothing is measured.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.record import RESULTS
from ragqa.evaluation.report.markup import Markup, tag

COLOURS = ("#d6336c", "#1c7ed6", "#2f9e44", "#e8890c", "#7048e8", "#0b9cb0", "#868e96")
STYLE = "text { font: 12px system-ui, sans-serif; fill: #495057 } .rule { stroke: #adb5bd; stroke-width: .5 }"
DARK = "@media (prefers-color-scheme: dark) { text { fill: #ced4da } }"
WIDTH, LEFT, RIGHT, TOP = 760, 230, 20, 30

Row = Mapping[str, Any]


def load(name: str) -> dict[str, Any]:
    """Return a kept record."""
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table; what is nested gets columns of its own."""
    flat = [dict(cells(row)) for row in rows]
    columns = list(dict.fromkeys(column for row in flat for column in row))
    lines = [columns, ["---"] * len(columns), *([row.get(column, "") for column in columns] for row in flat)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cells(row: Row) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {key}", shown) for key, shown in cells(value))
        else:
            yield name, f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def section(name: str, drawn: bool) -> str:
    """Return what one bench asks, of which data, how to ask it again, and what came of it."""
    result = load(name)
    module = Path(__file__).parent / name
    source = module / "__main__.py" if module.is_dir() else module.with_suffix(".py")
    question = (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").split("\n")[0]
    picture = f"![{name}]({name}.svg)\n\n" if drawn else ""
    where = f"Commit {result['commit'] or 'unknown'}, {result['machine']}, {result.get('at', 'undated')[:10]}"
    data = "; ".join(f"{name} ({role})" for name, role in result["data"].items())
    how = f"Data: {data}.\n`python -m bench.{name} --keep`. {where}."
    return f"## {name}\n\n{question}\n\n{how}\n\n{picture}{table(result['rows'])}"


def text(content: str, x: float, y: float, anchor: str = "start") -> Markup:
    return tag("text", content, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def rule(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return tag("line", class_="rule", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}")


def dot(x: float, y: float, colour: str, label: str, radius: float = 5) -> Markup:
    return tag("circle", tag("title", label), cx=f"{x:.1f}", cy=f"{y:.1f}", r=radius, fill=colour)


def legend(names: Sequence[str], y: float) -> list[Markup]:
    step = (WIDTH - 40) / len(names)
    parts = []
    for at, name in enumerate(names):
        parts += [dot(20 + at * step, y - 4, COLOURS[at], name), text(name, 30 + at * step, y)]
    return parts


def picture(title: str, height: float, parts: Sequence[Markup]) -> str:
    drawn = tag(
        "svg",
        tag("title", title),
        tag("style", f"{STYLE} {DARK}"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        role="img",
    )
    return f"{drawn}\n"


def peers(rows: Sequence[Row]) -> str:
    """Return a line for each set, a dot for each search."""

    def named(row: Row) -> tuple[str, str]:
        measure = next(key for key in ("ndcg@10", "page_hit@5") if key in row)
        return f"{row['set']} {measure}{', test' * (row.get('role') == 'test')}", measure

    return side_by_side("Searches side by side: higher is better", rows, named)


def compare(rows: Sequence[Row]) -> str:
    """Return a line for each set and kind of question, a dot for each way to answer."""
    answered = [row for row in rows if "system" in row]

    def named(row: Row) -> tuple[str, str]:
        return f"{row['set']}, {str(row['split']).split(', ')[0]}", "answer_recall"

    return side_by_side("Share of answers that hold the right one", answered, named)


def side_by_side(title: str, rows: Sequence[Row], named: Callable[[Row], tuple[str, str]]) -> str:
    """Return a line for each name that rows share, one beside the other, a dot for each system.

    ``named`` gives the name and the measure that is drawn.
    """
    systems = list(dict.fromkeys(str(row["system"]) for row in rows))
    parts = legend(systems, 18)

    def x(value: float) -> float:
        return LEFT + value * (WIDTH - LEFT - RIGHT)

    y = float(TOP)
    for (name, measure), some in groupby(rows, named):
        y += 26
        parts += [text(name, LEFT - 12, y + 4, "end"), rule(x(0), y, x(1), y)]
        for row in reversed(list(some)):  # the first system, ours, is drawn last, above the others
            value = float(row[measure])
            colour = COLOURS[systems.index(str(row["system"]))]
            parts.append(dot(x(value), y, colour, f"{row['system']}: {value:.3f}"))
    y += 24
    parts += [text(f"{value:g}", x(value), y, "middle") for value in (0, 0.25, 0.5, 0.75, 1)]
    return picture(title, y + 10, parts)


def million(rows: Sequence[Row]) -> str:
    """Return recall over latency, a line for each index, a dot for each of its settings."""
    kinds = list(dict.fromkeys(str(row["index"]) for row in rows))
    parts = legend(kinds, 18)
    height, low, high = 360.0, 0.25, 64.0
    floor = 0.05 * math.floor(min(float(row["recall@100"]) for row in rows) * 20)

    def x(milliseconds: float) -> float:
        return 60 + math.log(milliseconds / low) / math.log(high / low) * (WIDTH - 60 - RIGHT)

    def y(recall: float) -> float:
        return height - 50 - (recall - floor) / (1 - floor) * (height - 50 - TOP - 10)

    for step in range(round((1 - floor) * 20) + 1):
        level = floor + step * 0.05
        parts += [rule(60, y(level), WIDTH - RIGHT, y(level)), text(f"{level:.2f}", 52, y(level) + 4, "end")]
    ticks = [low * 2**power for power in range(int(math.log2(high / low)) + 1)]
    parts += [text(f"{value:g}", x(value), height - 30, "middle") for value in ticks]
    parts.append(text("p95 of a search in ms of processor time; upwards: recall of the 100 best", 60, height - 8))
    for number, kind in enumerate(kinds):
        places = [(x(float(r["p95_cpu_ms"])), y(float(r["recall@100"])), r) for r in rows if r["index"] == kind]
        line = " ".join(f"{left:.1f},{top:.1f}" for left, top, _ in places)
        parts.append(tag("polyline", points=line, fill="none", stroke=COLOURS[number]))
        parts += [dot(left, top, COLOURS[number], f"{kind} {row['setting']}", 4) for left, top, row in places]
    return picture("A million passages: recall for latency", height, parts)


def main(argv: Sequence[str] | None = None) -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(argv)
    drawings = {"peers": peers, "compare": compare, "million": million}
    there = [file.stem for file in sorted(RESULTS.glob("*.json"))]
    for name in drawings.keys() & set(there):
        (RESULTS / f"{name}.svg").write_text(drawings[name](load(name)["rows"]), encoding="utf-8")
    head = """# Kept results

Written by `python -m bench.shown` from the files beside it. A **development** set was used to choose settings or to fit
weights, so its figures flatter; a **test** set never was; **made** is data that the bench makes. `../README.md` names
each set's source and licence. A row with a commit of its own was measured at that one.
"""
    sections = [section(name, name in drawings) for name in there]
    (RESULTS / "README.md").write_text("\n".join([head, *sections]), encoding="utf-8")


if __name__ == "__main__":
    main()
