"""Are the text order and the tables of PDFs read as they stand, beside other light readers? A development bench.

Text: F1 of the longest common subsequence of words, which order counts for, and F1 of the bag of words. Tables: F1 of
adjacency relations (Göbel et al. 2012, the ICDAR 2013 table competition): pairs of cells that stand next to each
other, to the right or below, empty cells passed over. A cell that spans stands in every row and column it fills; a
pair of equal cells says nothing. Two sets: docling's ground truth, in Markdown, and tables made for the purpose, of
which only the tables count. A table of contents is no table, whoever calls it one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from bench.data import folder_of
from bench.made_tables import made_tables
from bench.peers import HERE, READERS, environment
from bench.peers.reads import READERS as PEERS
from bench.peers.reads import Tables, markdown_tables
from bench.record import Row, parser, report
from ragqa.readers import read_bytes
from ragqa.types import Document

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_LEADERS = re.compile(r"(?:\.\s?){4}")
_MARKUP = re.compile(
    r"<!--.*?-->|^\s*```.*$|^\s*[-*]\s+(?:\[[ x]\]\s)?|^#+\s|\\(?=[_*\[\]])|\*\*|^\|?[\s|:-]+\|$", re.MULTILINE
)


class Reading(NamedTuple):
    """What was read of a PDF. Of the gold, ``seconds`` is 0."""

    text: str
    tables: Tables
    seconds: float = 0.0


def gold_of(markdown: str) -> Reading:
    """Return the text and the tables of a ground truth in Markdown."""
    return Reading(
        unescape(_MARKUP.sub(" ", markdown)),
        [[[unescape(c) for c in row] for row in t] for t in markdown_tables(markdown)],
    )


def of_ragqa(file: Path) -> Reading:
    started = time.process_time()
    document = read_bytes(file.read_bytes(), file.name)
    return Reading(document.text, list(_tables(document)), time.process_time() - started)


def _tables(document: Document) -> Iterator[list[list[str]]]:
    rows: list[list[str]] = []
    for block in document.blocks:
        if block.kind in ("table_header", "table_row"):
            rows.append([cell.strip() for cell in document.text[block.start : block.end].split(" | ")])
        elif rows:
            yield rows
            rows = []
    if rows:
        yield rows


def of_peer(name: str, files: Sequence[Path]) -> list[Reading]:
    """Return what a peer reads of the files; raises CalledProcessError where it is not there."""
    python = environment("reading-peers", READERS)
    told = subprocess.run([python, HERE / "reads.py", name, *files], check=True, stdout=subprocess.PIPE)
    return [Reading(**json.loads(line)) for line in told.stdout.decode("utf-8").splitlines()]


def words(text: str) -> list[str]:
    """Return the words of a text, a CJK character being one."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def order_f1(said: Sequence[str], right: Sequence[str]) -> float:
    """Return F1 of the longest common subsequence, as ROUGE-L has it."""
    return 2 * common_subsequence(said, right) / max(len(said) + len(right), 1)


def bag_f1(said: Sequence[object], right: Sequence[object]) -> float:
    """Return F1 of two multisets; 1 where both are empty."""
    if not said and not right:
        return 1.0
    return 2 * sum((Counter(said) & Counter(right)).values()) / (len(said) + len(right))


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, a bit for each word of ``second`` (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for at, word in enumerate(second):
        places[word] = places.get(word, 0) | 1 << at
    every = (1 << len(second)) - 1
    left = every
    for word in first:
        matched = left & places.get(word, 0)
        left = ((left + matched) | (left - matched)) & every
    return bin(every ^ left).count("1")


def relations(tables: Tables) -> list[tuple[str, str, str]]:
    """Return the adjacency relations of all tables: a cell, its next to the right or below, and which of the two."""
    found: list[tuple[str, str, str]] = []
    for table in tables:
        rows = [["".join(words(cell)) or cell.strip() for cell in row] for row in table]
        if sum(bool(_LEADERS.search(" ".join(row))) for row in table) > len(table) / 2:
            continue
        width = max(map(len, rows), default=0)
        columns = [[row[at] if at < len(row) else "" for row in rows] for at in range(width)]
        for way, lines in (("right", rows), ("below", columns)):
            for line in lines:
                cells = [cell for cell in line if cell]
                found += [(a, b, way) for a, b in pairwise(cells) if a != b]
    return found


def docling(folder: Path) -> Iterator[tuple[Path, Reading]]:
    """Yield the PDFs that have a ground truth beside them, and it."""
    for pdf in sorted((folder / "docling").glob("*.pdf")):
        gold = folder / "docling-groundtruth" / f"{re.sub('^pdf__(sources__)?', '', pdf.stem)}.md"
        if gold.exists():
            yield pdf, gold_of(gold.read_text(encoding="utf-8"))


def measure(system: str, read: Sequence[Reading], gold: Sequence[Reading], texts: bool) -> Row:
    """Return the row of a system. Text is a mean over files; relations are pooled, so that large tables weigh more."""
    pairs = list(zip(read, gold, strict=True))
    found = [(at, *one) for at, (mine, _) in enumerate(pairs) for one in relations(mine.tables)]
    right = [(at, *one) for at, (_, theirs) in enumerate(pairs) for one in relations(theirs.tables)]
    shared = sum((Counter(found) & Counter(right)).values())
    row: Row = {"system": system, "files": len(pairs)}
    if texts:
        row["order_f1"] = mean(order_f1(words(mine.text), words(theirs.text)) for mine, theirs in pairs)
        row["bag_f1"] = mean(bag_f1(words(mine.text), words(theirs.text)) for mine, theirs in pairs)
    row |= {
        "cells_f1": bag_f1(found, right),
        "precision": shared / max(len(found), 1),
        "recall": shared / max(len(right), 1),
    }
    return row | {"seconds": sum(mine.seconds for mine in read)}


def read_all(files: Sequence[Path]) -> dict[str, list[Reading]]:
    """Return what each system reads of the files; a peer that is not there is left out."""
    runs = {"ragqa": list(map(of_ragqa, files))}
    for name in PEERS:
        try:
            runs[name] = of_peer(name, files)
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"skipped: {name} ({error})", file=sys.stderr)
    return runs


def print_each(files: Sequence[Path], gold: Sequence[Reading], runs: dict[str, list[Reading]]) -> None:
    """Print order_f1, bag_f1 and cells_f1 of each file and system."""
    for at, file in enumerate(files):
        for name, read in runs.items():
            row = measure(name, read[at : at + 1], gold[at : at + 1], True)
            print(file.stem, name, *(f"{row[column]:.3f}" for column in ("order_f1", "bag_f1", "cells_f1")))


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--each", action="store_true", help="Print the figures of each file, too.")
    given = options.parse_args(argv)
    rows: list[Row] = []
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for name, data, grid in made_tables():
            (Path(folder) / f"{name}.pdf").write_bytes(data)
            made.append((Path(folder) / f"{name}.pdf", Reading("", [grid])))
        for title, pairs in (("docling", list(docling(folder_of("pdfs")))), ("made tables", made)):
            if not pairs:
                print("skipped: pdfs of the evaluation data is not here", file=sys.stderr)
                continue
            measured.append("pdfs" if title == "docling" else title)
            files, gold = [file for file, _ in pairs], [right for _, right in pairs]
            runs = read_all(files)
            rows += [{"set": title, **measure(name, read, gold, title == "docling")} for name, read in runs.items()]
            if given.each:
                print_each(files, gold, runs)
    report("reading", rows, data=measured, keep=given.keep)


if __name__ == "__main__":
    main()
