"""Print what was measured: a table for people, a JSON line for machines, kept in ``bench/results`` with ``--keep``."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "faiss-cpu", "openvino", "tantivy", "tokenizers", "pypdfium2", "sentence-transformers")


def report(name: str, rows: list[dict[str, object]]) -> None:
    """Print ``rows``; keep them as ``results/NAME.json`` when the script was called with ``--keep``."""
    _print_table(rows)
    kept = {"bench": name, "rows": rows, **circumstances()}
    print(json.dumps(kept, ensure_ascii=False))
    if "--keep" in sys.argv:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def circumstances() -> dict[str, object]:
    """Return commit, machine, versions and time of a run."""
    root = Path(__file__).parents[1]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True)
    return {
        "commit": commit.stdout.strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}",
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    names = [
        line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
    ]
    return names[0] if names else ""


def _print_table(rows: list[dict[str, object]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns, *([_shown(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
