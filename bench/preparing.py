"""Is `ragqa finetune prepare` quick and small on 100,000 pairs? Synthetic pairs, a fresh process a form.

A fifth of the pairs are copies, paraphrases or without an answer, as in files that people send. Peak memory is the
process's own (``ru_maxrss``), imports counted. The pairs are made by this bench.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from bench.record import Row, parser, report, time_process

PAIRS = 100_000
FORMS = ("closed-book", "route")
PARTS = ("pump", "valve", "filter", "motor", "sensor", "boiler", "switch", "cable", "panel", "fuse", "relay", "burner")
ACTS = ("clean", "replace", "check", "reset", "drain", "open", "close", "test", "mount", "adjust", "vent", "flush")
WHEN = ("in winter", "after a fault", "before first use", "every month", "at low pressure", "with the power off")
RAGQA = "from ragqa.cli import main; main()"


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


def measure(file: Path, form: str, out: Path) -> Row:
    """Return what a whole process took."""
    command = [sys.executable, "-c", RAGQA, "finetune", "prepare", str(file), "--form", form, "--out", str(out)]
    used = time_process([*command, "--yes", "--json"])
    lines = sum(len(part.read_text(encoding="utf-8").splitlines()) for part in out.glob("*.jsonl"))
    return {"form": form, "pairs": PAIRS, "examples": lines, "seconds": used.seconds, "peak_mb": used.peak_mb}


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.csv"
        write_pairs(file, PAIRS)
        rows = [measure(file, form, Path(folder) / form) for form in FORMS]
    report("preparing", rows, data=["pairs"], keep=given.keep)


if __name__ == "__main__":
    main()
