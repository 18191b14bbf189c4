"""Is `ragqa finetune prepare` quick and small on 100,000 pairs? Synthetic pairs, a fresh process a form.

A fifth of the pairs are copies, paraphrases or without an answer, as in files that people send. Peak memory is the
process's own (``ru_maxrss``), imports counted.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from bench.record import report

PAIRS = 100_000
FORMS = ("closed-book", "route")
PARTS = ("pump", "valve", "filter", "motor", "sensor", "boiler", "switch", "cable", "panel", "fuse", "relay", "burner")
ACTS = ("clean", "replace", "check", "reset", "drain", "open", "close", "test", "mount", "adjust", "vent", "flush")
WHEN = ("in winter", "after a fault", "before first use", "every month", "at low pressure", "with the power off")
PEAK = (
    "import resource, sys\nfrom ragqa.cli import main\ntry:\n    main()\nfinally:\n"
    "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
)


def write_pairs(file: Path, count: int, seed: int = 0) -> None:
    """Write a table of pairs; one in ten stands there again, one in twenty reworded, one in twenty unanswered."""
    draw = Random(seed)
    rows: list[tuple[str, str, str]] = []
    while len(rows) < count:
        chance = draw.random()
        if rows and chance < 0.10:
            rows.append(draw.choice(rows))
        elif rows and chance < 0.15:
            question, answer, label = draw.choice(rows)
            rows.append((f"Please tell me: {question[0].lower()}{question[1:]}", answer, label))
        else:
            part, act = draw.choice(PARTS), draw.choice(ACTS)
            name = "".join(draw.choices("abcdefghiklmnoprstu", k=6))
            question = f"How do I {act} the {part} of the {name} unit {draw.choice(WHEN)}?"
            answer = "" if chance > 0.95 else f"Turn the {name} {part} to position {draw.randrange(1000)} and wait."
            rows.append((question, answer, part))
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("question", "answer", "label"), *rows])


def measured(file: Path, form: str, out: Path) -> dict[str, object]:
    """Return what a whole process took."""
    command = [sys.executable, "-c", PEAK, "finetune", "prepare", str(file), "--form", form, "--out", str(out)]
    started = time.perf_counter()
    done = subprocess.run([*command, "--yes", "--json"], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    examples = json.loads(done.stdout)["examples"]
    return {
        "form": form,
        "pairs": PAIRS,
        "examples": sum(examples.values()),
        "seconds": seconds,
        "peak_mb": int(done.stderr.split()[-1]) / 1024,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.csv"
        write_pairs(file, PAIRS)
        rows = [measured(file, form, Path(folder) / form) for form in FORMS]
    report("preparing", rows)


if __name__ == "__main__":
    main()
