"""Flip one bit anywhere in a library, ask and verify: is it healed, said, or silently wrong?

python -m bench.corrupt [--tries 200] [--seed 1]. Every file of the library is as likely as it is long. Prints how many
tries ended how; exits with 1 where one gave another answer that neither a line nor `verify` told of.
"""

from __future__ import annotations

import collections
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.data import CORPORA
from bench.record import Row, parser, report
from ragqa import Library
from ragqa.errors import RagqaError

QUESTIONS = (
    "What does fault code E17 mean, and what should I do?",
    "How often is the G4 filter changed?",
    "初效滤网多久清洗一次？",
)

Outcome = tuple[str, object, bool]
"""'answered' or 'refused', what was said, and whether a line told of damage."""


def ask(home: Path) -> Outcome:
    """Ask all questions of the library as it is now."""
    lines: list[str] = []
    try:
        with Library.open(home=home, index="t", notice=lines.append) as library:
            answers = [library.ask(question) for question in QUESTIONS]
        return (
            "answered",
            [(a.text, [(c.document, c.page, c.quote) for c in a.citations]) for a in answers],
            bool(lines),
        )
    except RagqaError as error:
        return "refused", str(error), True


def verify(home: Path) -> bool:
    """Say whether `verify` finds anything."""
    try:
        with Library.open(home=home, index="t") as library:
            return bool(library.verify())
    except RagqaError:
        return True


def flip(folder: Path, chosen: random.Random) -> str:
    """Flip one bit of one file; return the file's name."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.stat().st_size]
    (file,) = chosen.choices(files, [file.stat().st_size for file in files])
    at = chosen.randrange(file.stat().st_size)
    with file.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ 1 << chosen.randrange(8)]))
    return file.name


def outcomes(home: Path, sound: Path, tries: int, seed: int) -> collections.Counter[tuple[str, str]]:
    """Return how many tries ended how: (file, ending)."""
    chosen, library = random.Random(seed), home / "indexes" / "t"
    shutil.copytree(sound, library)
    _, right, _ = ask(home)
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for _ in range(tries):
        shutil.rmtree(library)
        shutil.copytree(sound, library)
        name = flip(library, chosen)
        found = verify(home)  # before the question, which may heal an index
        kind, said, told = ask(home)
        if kind == "refused":
            ending = "said instead of an answer"
        elif said == right:
            ending = "said by verify, answers right" if found else "healed, or of no effect"
        else:
            ending = "another answer, said" if found or told else "SILENTLY WRONG"
        counts[name, ending] += 1
    return counts


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--tries", type=int, default=200, help="Bits to flip, one at a time.")
    options.add_argument("--seed", type=int, default=1, help="Random seed.")
    given = options.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with Library.open(home=home, index="sound", create=True) as library:
            library.ingest(sorted(CORPORA.glob("*.pdf")))
        sound = home / "sound"
        shutil.move(home / "indexes" / "sound", sound)
        counts = outcomes(home, sound, given.tries, given.seed)
    rows: list[Row] = [{"file": name, "ending": end, "tries": count} for (name, end), count in sorted(counts.items())]
    report("corrupt", rows, data=["sample manuals"], keep=given.keep)
    wrong = sum(count for (_, ending), count in counts.items() if ending == "SILENTLY WRONG")
    print(f"{wrong} of {given.tries} silently wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
