"""How long does a 311-page manual take from the file to the index, beside langchain's parts? Whole processes, in turns.

langchain (PyPDFium2Loader, RecursiveCharacterTextSplitter 1000/100, the same MiniLM through HuggingFaceEmbeddings and
FAISS) runs in an environment of its own, offline; it keeps its index in memory, ragqa's ends up on the disk. The peak
is the most memory that the process held. The manual is gnuplot's of ``manuals``, a development set.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence

from bench.data import need
from bench.peers import command, offline
from bench.record import Row, Used, parser, report, time_process

PAIRS = 3
RAGQA = "from ragqa.cli import main; main()"


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    (manuals,) = need("manuals")
    manual = manuals / "gnuplot.pdf"
    peer = command("langchain", manual)
    runs: dict[str, list[Used]] = {"ragqa": [], "langchain": []}
    for _ in range(PAIRS):
        with tempfile.TemporaryDirectory() as home:
            ours = [sys.executable, "-c", RAGQA, "ingest", str(manual), "--home", home, "--json"]
            runs["ragqa"].append(time_process(ours, offline()))
        runs["langchain"].append(time_process(peer, offline()))
    rows: list[Row] = []
    for name, taken in runs.items():
        seconds, cpu, peak = (statistics.median(column) for column in zip(*taken, strict=True))
        rows.append({"what": name, "pairs": PAIRS, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": round(peak)})
    ratios = [theirs.seconds / ours.seconds for ours, theirs in zip(*runs.values(), strict=True)]
    rows[0] |= {"times_faster": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    report("ingest", rows, data=["manuals"], keep=given.keep)


if __name__ == "__main__":
    main()
