"""Show the kept results: ``results/README.md`` with a table of each, and three pictures made of them.

``python -m bench.shown`` writes them anew: ``results/peers.svg`` and ``results/compare.svg`` (systems side by side),
and ``results/million.svg`` (recall for latency). Nothing is measured.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.record import RESULTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = Mapping[str, Any]

HEAD = """# Kept results

Written by `python -m bench.shown` from the files beside it. A **development** set was used to choose settings or to fit
weights, so its figures flatter; a **test** set never was; **made** is data that the bench makes. `../README.md` names
each set's source and licence. A row with a commit of its own was measured at that one.
"""


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
            yield from ((f"{name} {key}", cell) for key, cell in cells(value))
        else:
            yield name, f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def section(name: str, has_picture: bool) -> str:
    """Return what one bench asks, of which data, how to ask it again, and what came of it."""
    result = load(name)
    module = Path(__file__).parent / name
    source = module / "__main__.py" if module.is_dir() else module.with_suffix(".py")
    question = (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").split("\n")[0]
    picture = f"![{name}]({name}.svg)\n\n" if has_picture else ""
    where = f"Commit {result['commit'] or 'unknown'}, {result['machine']}, {result.get('at', 'undated')[:10]}"
    data = "; ".join(f"{one} ({role})" for one, role in result["data"].items())
    how = f"Data: {data}.\n`python -m bench.{name} --keep`. {where}."
    return f"## {name}\n\n{question}\n\n{how}\n\n{picture}{table(result['rows'])}"


def draw_peers(rows: Sequence[Row]) -> Figure:
    """Return a line for each set, a dot for each search."""

    def label(row: Row) -> tuple[str, str]:
        measure = next(key for key in ("ndcg@10", "page_hit@5") if key in row)
        return f"{row['set']} ({row['role']}) {measure}", measure

    return draw_systems("Searches side by side: higher is better", rows, label)


def draw_compare(rows: Sequence[Row]) -> Figure:
    """Return a line for each set and kind of question, a dot for each way to answer."""

    def label(row: Row) -> tuple[str, str]:
        measure = "shown" if "shown" in row else "answer_recall"  # of facts that changed, the answer's own words
        return f"{row['set']}, {str(row['split']).split(', ')[0]}", measure

    return draw_systems(
        "Share of answers that hold the right one", [row for row in rows if "answer_recall" in row], label
    )


def draw_systems(title: str, rows: Sequence[Row], label: Callable[[Row], tuple[str, str]]) -> Figure:
    """Return a line for each label that neighbouring rows share, a dot for each system.

    ``label`` returns the label and the measure that is drawn.
    """
    from matplotlib.figure import Figure

    groups = [(text, measure, list(some)) for (text, measure), some in groupby(rows, label)]
    figure = Figure(figsize=(7.6, 0.9 + 0.27 * len(groups)), layout="constrained")
    axes = figure.add_subplot()
    for system in reversed(list(dict.fromkeys(row["system"] for row in rows))):  # the first, ours, above the others
        own = [[row for row in some if row["system"] == system] for _, _, some in groups]
        places = [(row[groups[at][1]], at) for at, some in enumerate(own) for row in some]
        axes.plot(*zip(*places, strict=True), "o", label=system)
    axes.set_yticks(range(len(groups)), [text for text, _, _ in groups])
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.grid(linewidth=0.4)
    axes.set_title(title, fontsize="medium")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def draw_million(rows: Sequence[Row]) -> Figure:
    """Return recall over latency, a line for each index, a dot for each of its settings."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.8), layout="constrained")
    axes = figure.add_subplot()
    for kind, some in groupby(rows, lambda row: str(row["index"])):
        points = [(row["p95_cpu_ms"], row["recall@100"]) for row in some]
        axes.plot(*zip(*points, strict=True), "o-", label=kind)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("p95 of a search, ms of processor time")
    axes.set_ylabel("recall of the 100 best")
    axes.grid(linewidth=0.4)
    axes.set_title("A million passages: recall for latency", fontsize="medium")
    axes.legend(frameon=False)
    return figure


def save(figure: Figure, file: Path) -> None:
    """Write a figure as SVG, its text as text, the same bytes each time."""
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "ragqa"}):
        figure.savefig(file, metadata={"Date": None, "Creator": None})


def main(argv: Sequence[str] | None = None) -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(argv)
    drawings = {"peers": draw_peers, "compare": draw_compare, "million": draw_million}
    names = [file.stem for file in sorted(RESULTS.glob("*.json"))]
    for name in drawings.keys() & set(names):
        save(drawings[name](load(name)["rows"]), RESULTS / f"{name}.svg")
    sections = [section(name, name in drawings) for name in names]
    (RESULTS / "README.md").write_text("\n".join([HEAD, *sections]), encoding="utf-8")


if __name__ == "__main__":
    main()
