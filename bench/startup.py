"""How long does a person wait for a cold `ragqa`? Whole processes: ``--help``, and ``ask`` in a library of manuals.

Each command runs many times in turns with a bare Python, whose own start is the floor. Says too which of the heavy
packages an offline question imported; there should be none.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.data import CORPORA, DATA
from bench.record import report

RUNS = 15
QUESTION = "how do I set the range of an axis?"
HEAVY = ("torch", "transformers", "openai", "sentence_transformers")
RAGQA = [sys.executable, "-c", "from ragqa.cli import main; main()"]
IMPORTED = (
    "import sys\nfrom ragqa.cli import main\ntry:\n    main()\nfinally:\n"
    f"    print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
)


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    manuals = DATA / "manuals" if (DATA / "manuals").exists() else CORPORA
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([*RAGQA, "ingest", *map(str, sorted(manuals.glob("*.pdf"))), "--home", home], check=True)
        ask = ["ask", QUESTION, "--home", home]
        commands = {"python": [sys.executable, "-c", ""], "ragqa --help": [*RAGQA, "--help"], "ragqa ask": RAGQA + ask}
        laps: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(RUNS + 1):
            for name, command in commands.items():
                lap = seconds(command)
                if turn:  # the first one warms the file cache
                    laps[name].append(lap)
        asked = subprocess.run([sys.executable, "-c", IMPORTED, *ask], check=True, capture_output=True, text=True)
        documents = len(list(Path(manuals).glob("*.pdf")))
    rows: list[dict[str, object]] = [
        {
            "command": name,
            "runs": RUNS,
            "median_s": statistics.median(times),
            "least_s": min(times),
            "most_s": max(times),
        }
        for name, times in laps.items()
    ]
    rows[-1] |= {"manuals": documents, "heavy_imports": asked.stderr.strip() or "none"}
    report("startup", rows)


if __name__ == "__main__":
    main()
