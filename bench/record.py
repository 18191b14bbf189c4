"""What all benches share: options, timing, and the record: a table for people, a line of JSON, kept with ``--keep``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.data import roles_of
from ragqa.evaluation.environment import environment

RESULTS = Path(__file__).parent / "results"

Row = dict[str, object]


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is a bench's docstring, with the option ``--keep``."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--keep", action="store_true", help="Write the rows to bench/results.")
    return made


def parser_of_names(doc: str | None, names: Iterable[str], what: str) -> argparse.ArgumentParser:
    """Return a ``parser`` that also takes which of ``names`` to measure; all by default."""
    made = parser(doc)
    held = list(names)
    made.add_argument("names", nargs="*", metavar="NAME", help=f"{what} to measure; all by default: {', '.join(held)}.")
    made.set_defaults(all_names=held)
    return made


def names_of(given: argparse.Namespace) -> list[str]:
    """Return the names given to ``parser_of_names``. Leaves with exit code 2 for one that is not among them."""
    unknown = [name for name in given.names if name not in given.all_names]
    if unknown:
        print(f"{unknown[0]} is none of {', '.join(given.all_names)}", file=sys.stderr)
        raise SystemExit(2)
    return list(given.names or given.all_names)


def report(name: str, rows: Sequence[Mapping[str, object]], *, data: Iterable[str], keep: bool) -> None:
    """Print ``rows``, and keep them as ``results/NAME.json`` if asked to.

    ``data`` names the sets that were measured on; the record says of each whether it is a development or a test set.
    """
    _print_table(rows)
    record = {"bench": name, "data": roles_of(data), "rows": rows, **environment()}
    print(json.dumps(record, ensure_ascii=False))
    if keep:
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (RESULTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def kept_rows(name: str, column: str, measured: Collection[object]) -> list[Row]:
    """Return the kept rows whose ``column`` is none of ``measured``, each with the commit that it was measured at."""
    file = RESULTS / f"{name}.json"
    if not file.exists():
        return []
    record = json.loads(file.read_text(encoding="utf-8"))
    return [{"commit": record["commit"], **row} for row in record["rows"] if row[column] not in measured]


def _print_table(rows: Sequence[Mapping[str, object]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns, *([_cell(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


class Used(NamedTuple):
    """What a call or a process took."""

    seconds: float
    cpu_seconds: float
    peak_mb: float = 0.0
    """Of a process: the most memory that it, or one of its children, held."""


def time_call(call: Callable[[], object]) -> Used:
    """Return the time that a call took, on the clock and of this process's processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Used(time.perf_counter() - wall, time.process_time() - cpu)


def time_process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Used:
    """Run a command without its output; return what it took. Leaves with a line if it fails."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.stderr.close()
    child.returncode = os.waitstatus_to_exitcode(status)  # reaped here, not by Popen
    if child.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise SystemExit(f"{' '.join(command[:4])} ended with {child.returncode}: {lines[-1] if lines else ''}")
    return Used(seconds, used.ru_utime + used.ru_stime, megabytes(used.ru_maxrss))


def megabytes(maxrss: int) -> float:
    """Return ``ru_maxrss`` in MB; macOS counts it in bytes, Linux in kilobytes."""
    return maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
