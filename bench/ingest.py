"""How long does a 311-page manual take from the file to the index, beside langchain's parts? Whole processes, in turns.

langchain (PyPDFium2Loader, RecursiveCharacterTextSplitter 1000/100, the same MiniLM through HuggingFaceEmbeddings and
FAISS) runs in an environment of its own, offline; it keeps its index in memory, ragqa's ends up on the disk. The peak
is the most memory that the process held.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from bench.data import DATA, need
from bench.peers import command, offline
from bench.record import report

PAIRS = 3
RAGQA = "from ragqa.cli import main; main()"


def measured(words: list[str]) -> tuple[float, float, float]:
    """Return a process's seconds, processor seconds and peak megabytes."""
    started = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=offline())
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)  # as reaped here, not by Popen
    if child.returncode:
        raise SystemExit(f"{words[:3]} ended with {child.returncode}")
    peak = used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, peak


def main() -> None:
    manual = need(DATA / "manuals" / "gnuplot.pdf")
    peer = command("langchain", manual)
    runs: dict[str, list[tuple[float, float, float]]] = {"ragqa": [], "langchain": []}
    for _ in range(PAIRS):
        with tempfile.TemporaryDirectory() as home:
            ours = [sys.executable, "-c", RAGQA, "ingest", str(manual), "--home", home, "--json"]
            runs["ragqa"].append(measured(ours))
        runs["langchain"].append(measured(peer))
    rows: list[dict[str, object]] = []
    for name, taken in runs.items():
        seconds, cpu, peak = (statistics.median(column) for column in zip(*taken, strict=True))
        rows.append({"what": name, "pairs": PAIRS, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": round(peak)})
    ratios = [theirs[0] / ours[0] for ours, theirs in zip(*runs.values(), strict=True)]
    rows[0] |= {"times_faster": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    report("ingest", rows)


if __name__ == "__main__":
    main()
