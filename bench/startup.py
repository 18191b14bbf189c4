"""How long does a person wait for a cold `ragqa`? Whole processes: ``--help``, and ``ask`` in a library of manuals.

Each command runs many times in turns with a process that only imports the native libraries of a question: what no
program that uses them can do without. The ratio to it is the figure to watch, since it hardly depends on the machine or
on what else runs there. Says too which of the heavy packages an offline question imported; there should be none. The
library is of ``manuals``, or of the sample manuals where those are not there.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from bench.data import folder_of
from bench.record import Row, Used, parser, report, time_process

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


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    data = "manuals" if folder_of("manuals").exists() else "sample manuals"
    manuals = sorted(folder_of(data).glob("*.pdf"))
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([*RAGQA, "ingest", *map(str, manuals), "--home", home], check=True)
        ask = ["ask", QUESTION, "--home", home]
        commands = {
            "python": [sys.executable, "-c", ""],
            "its libraries": [sys.executable, "-c", LIBRARIES],
            "ragqa --help": [*RAGQA, "--help"],
            "ragqa ask": RAGQA + ask,
        }
        laps: dict[str, list[Used]] = {name: [] for name in commands}
        for turn in range(RUNS + 1):
            for name, command in commands.items():
                used = time_process(command, SHELL)
                if turn:  # the first one warms the file cache
                    laps[name].append(used)
        asked = subprocess.run([sys.executable, "-c", IMPORTED, *ask], check=True, capture_output=True, text=True)
    floor = laps["its libraries"]
    rows: list[Row] = []
    for name, taken in laps.items():
        walls = [used.seconds for used in taken]
        ratios = [used.seconds / least.seconds for used, least in zip(taken, floor, strict=True)]
        rows.append(
            {
                "command": name,
                "runs": RUNS,
                "median_s": statistics.median(walls),
                "least_s": min(walls),
                "most_s": max(walls),
                "median_cpu_s": statistics.median(used.cpu_seconds for used in taken),
                "of_its_libraries": statistics.median(ratios),
            }
        )
    rows[-1] |= {"manuals": len(manuals), "heavy_imports": asked.stderr.strip() or "none"}
    report("startup", rows, data=[data], keep=given.keep)


if __name__ == "__main__":
    main()
