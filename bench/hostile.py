"""Does any file do harm? Each file of some folders alone, with ``ragqa ingest``, in a library of its own.

Good is a library that holds its text, or one line that says why not. A fault is a signal, a traceback, more lines than
one, more than ``MOST_SECONDS`` of processor time or ``MOST_MB``, or something new beside the library. Ends with 1 if
there is any. Without folders, the sample manuals are tried.

    python -m bench.hostile FOLDER …
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.data import CORPORA
from bench.record import Row, megabytes, parser, report

MOST_SECONDS = 60
MOST_CLOCK = 300
"""Seconds on the clock, for a process that sleeps: other work may keep this one waiting."""
MOST_MB = 4000

RAGQA = [sys.executable, "-c", "from ragqa.cli import main; main()"]


def ingest(file: Path) -> Row:
    """Return what came of one file, the seconds of all its processes, and the memory of the largest of them."""
    with tempfile.TemporaryDirectory() as folder:
        home, said = Path(folder) / "home", Path(folder) / "said"
        home.mkdir()
        with said.open("wb") as stream:
            running = subprocess.Popen(
                [*RAGQA, "ingest", str(file), "--home", str(home)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=home,
                start_new_session=True,
            )
            status, used = _wait(running.pid)
        code = os.waitstatus_to_exitcode(status)
        lines = said.read_text("utf-8", "replace").strip().splitlines()
        beside = {entry.name for entry in home.iterdir()} - {"indexes"}
    seconds, peak = used
    came = _outcome(code, lines)
    if seconds > MOST_SECONDS or code == -signal.SIGKILL:
        came = "FAULT: time"
    elif peak > MOST_MB:
        came = "FAULT: memory"
    elif beside:
        came = f"FAULT: left {sorted(beside)}"
    return {"file": file.name, "came": came, "s": seconds, "mb": peak, "said": " ".join(lines)[:100]}


def _wait(child: int) -> tuple[int, tuple[float, float]]:
    """Return how a process ended, the processor seconds of it and its children, and the MB of the largest."""
    until = time.monotonic() + MOST_CLOCK
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            return status, (used.ru_utime + used.ru_stime, megabytes(used.ru_maxrss))
        if time.monotonic() > until:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        time.sleep(0.02)


def _outcome(code: int, lines: list[str]) -> str:
    if code < 0:
        return f"FAULT: {signal.Signals(-code).name}"
    if any(line.startswith("Traceback") for line in lines):
        return "FAULT: traceback"
    if not code:
        return "read"
    return "one line" if code in (1, 3) and len(lines) == 1 else f"FAULT: exit {code}, {len(lines)} lines"


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("folders", nargs="*", type=Path, default=[CORPORA], metavar="FOLDER")
    given = options.parse_args(argv)
    rows: list[Row] = []
    for file in sorted(file for folder in given.folders for file in folder.rglob("*") if file.is_file()):
        rows.append(ingest(file))
        print(*rows[-1].values(), flush=True)
    report("hostile", rows, data=["sample manuals"] if given.folders == [CORPORA] else [], keep=given.keep)
    faults = sum(str(row["came"]).startswith("FAULT") for row in rows)
    if faults or not rows:
        sys.exit(f"{faults} of {len(rows)} files do harm" if rows else "no files there")


if __name__ == "__main__":
    main()
