"""How long does a person wait for a cold `ragqa`? Whole processes: ``--help``, and ``ask`` in a library of manuals.

Each command runs many times in turns with a process that only imports the native libraries of a question: what no
program that uses them can do without. The ratio to it is the figure to watch, since it hardly depends on the machine or
on what else runs there. Says too which of the heavy packages an offline question imported; there should be none.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.data import CORPORA, DATA
from bench.record import report

RUNS = 31
QUESTION = "how do I set the range of an axis?"
HEAVY = ("torch", "transformers", "openai", "sentence_transformers")
LIBRARIES = "import numpy, faiss, tantivy, openvino, tokenizers"
RAGQA = [sys.executable, "-c", "from ragqa.cli import main; main()"]
IMPORTED = (
    "import sys\nfrom ragqa.cli import main\ntry:\n    main()\nfinally:\n"
    f"    print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
)


# As an installed program runs: its byte code is kept beside it, whatever the shell that runs this bench asks for.
SHELL = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def lap(command: list[str]) -> tuple[float, float]:
    """Return the seconds that a command takes, on the clock and of the processors."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=SHELL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    manuals = DATA / "manuals" if (DATA / "manuals").exists() else CORPORA
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([*RAGQA, "ingest", *map(str, sorted(manuals.glob("*.pdf"))), "--home", home], check=True)
        ask = ["ask", QUESTION, "--home", home]
        commands = {
            "python": [sys.executable, "-c", ""],
            "its libraries": [sys.executable, "-c", LIBRARIES],
            "ragqa --help": [*RAGQA, "--help"],
            "ragqa ask": RAGQA + ask,
        }
        laps: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(RUNS + 1):
            for name, command in commands.items():
                took = lap(command)
                if turn:  # the first one warms the file cache
                    laps[name].append(took)
        asked = subprocess.run([sys.executable, "-c", IMPORTED, *ask], check=True, capture_output=True, text=True)
        documents = len(list(Path(manuals).glob("*.pdf")))
    floor = laps["its libraries"]
    rows: list[dict[str, object]] = []
    for name, taken in laps.items():
        walls = [wall for wall, _ in taken]
        ratios = [wall / least for (wall, _), (least, _) in zip(taken, floor, strict=True)]
        rows.append(
            {
                "command": name,
                "runs": RUNS,
                "median_s": statistics.median(walls),
                "least_s": min(walls),
                "most_s": max(walls),
                "median_cpu_s": statistics.median(cpu for _, cpu in taken),
                "of_its_libraries": statistics.median(ratios),
            }
        )
    rows[-1] |= {"manuals": documents, "heavy_imports": asked.stderr.strip() or "none"}
    report("startup", rows)


if __name__ == "__main__":
    main()
