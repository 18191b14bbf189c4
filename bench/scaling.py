"""Does any file take time that grows faster than its size? Each pattern is read, cut and analysed, at two sizes.

Processor seconds and peak memory of a process each. Ends with 1 where a megabyte takes more than ``MOST_SECONDS`` or a
gigabyte, or where four times the text takes more than ``MOST_GROWTH`` times four times as long.

    python -m bench.scaling             all patterns
    python -m bench.scaling dots.txt …  some of them
"""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import PurePath

from bench.patterns import PATTERNS, file_of
from bench.record import Row, megabytes, names_of, parser_of_names, report
from ragqa.analysis import terms
from ragqa.errors import UnreadableFile
from ragqa.ingest import embedding_input
from ragqa.passages import cut_passages
from ragqa.readers import prepare, read_bytes

SMALL, LARGE = 250_000, 1_000_000
"""Characters."""

MOST_SECONDS = 5.0
MOST_EXPONENT = 1.4
"""1 is linear, 2 quadratic."""
MOST_MB = 1000
NOTICED = 0.5
"""Seconds below which growth is noise."""


def measure(name: str, size: int) -> tuple[float, float, str]:
    """Return the processor seconds, the peak in MB, and what came of a file of PATTERNS; in a process of its own."""
    data = file_of(name, size)
    out, into = os.pipe()
    if not (child := os.fork()):
        resource.setrlimit(resource.RLIMIT_CPU, (12, 12))
        started = time.process_time()
        came = _outcome(data, name)
        os.write(into, f"{time.process_time() - started} {came}".encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer:
        said = answer.read()
    _, _, used = os.wait4(child, 0)
    seconds, came = said.split(" ", 1) if said else (str(used.ru_utime), "stopped")
    return float(seconds), megabytes(used.ru_maxrss), came


def _outcome(data: bytes, name: str) -> str:
    try:
        document = read_bytes(data, name)
    except UnreadableFile:
        return "refused"
    passages = cut_passages(document, lambda texts: [max(len(text) // 4, 1) for text in texts], 256)
    for passage in passages:
        terms(embedding_input(document.title, passage)[0])
    return f"{len(passages)} passages"


def main(argv: Sequence[str] | None = None) -> None:
    given = parser_of_names(__doc__, PATTERNS, "Patterns").parse_args(argv)
    prepare([PurePath(name).suffix for name in PATTERNS])
    names = names_of(given)
    rows: list[Row] = []
    failed = []
    for name in names:
        small, _, _ = measure(name, SMALL)
        large, peak, came = measure(name, LARGE)
        exponent = math.log(large / small) / math.log(LARGE / SMALL)
        per_mb = 1e6 / SMALL * small, 1e6 / LARGE * large
        over = large > MOST_SECONDS or peak > MOST_MB or (large > NOTICED and exponent > MOST_EXPONENT)
        failed += [name] if over or came == "stopped" else []
        rows.append(
            {
                "file": name,
                "s_per_mb_small": per_mb[0],
                "s_per_mb_large": per_mb[1],
                "exponent": exponent,
                "peak_mb": peak,
                "came": came,
                "bar": "over" if over else "",
            }
        )
        print(name, *(f"{value:.2f}" for value in (*per_mb, exponent, peak)), came, "OVER" if over else "", flush=True)
    report("scaling", rows, data=["patterns"], keep=given.keep)
    if failed:
        sys.exit(f"over the bar: {', '.join(failed)}")


if __name__ == "__main__":
    main()
