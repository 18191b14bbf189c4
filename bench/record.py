"""Print what was measured: a table for people, a JSON line for machines, kept in ``bench/results`` with ``--keep``."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path

from ragqa.evaluation.environment import environment

RESULTS = Path(__file__).parent / "results"


def report(name: str, rows: list[dict[str, object]]) -> None:
    """Print ``rows``; keep them as ``results/NAME.json`` when the script was called with ``--keep``."""
    _print_table(rows)
    kept = {"bench": name, "rows": rows, **environment()}
    print(json.dumps(kept, ensure_ascii=False))
    if "--keep" in sys.argv:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def kept_of_others(name: str, column: str, measured: Collection[object]) -> list[dict[str, object]]:
    """Return the kept rows that a run of only some, those whose ``column`` was ``measured``, leaves as they were."""
    file = RESULTS / f"{name}.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    return [row for row in rows if row[column] not in measured]


def _print_table(rows: list[dict[str, object]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns, *([_shown(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
