"""Read PDFs as a peer does: ``reads.py NAME FILE...`` prints a JSON line for each: its text, its tables, the seconds.

Runs in the readers' environment and knows nothing of ragqa. A peer that finds no tables gives its text alone.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable

Tables = list[list[list[str]]]
"""Tables of rows of cells, '' for an empty one."""
Read = Callable[[str], tuple[str, Tables]]


def of_pypdf() -> Read:
    """pypdf: extract_text of each page."""
    from pypdf import PdfReader

    return lambda file: ("\n".join(page.extract_text() for page in PdfReader(file).pages), [])


def of_pdfminer() -> Read:
    """pdfminer.six: extract_text."""
    from pdfminer.high_level import extract_text

    return lambda file: (extract_text(file), [])


def of_pdfplumber() -> Read:
    """pdfplumber: extract_text and extract_tables of each page."""
    import pdfplumber

    def read(file: str) -> tuple[str, Tables]:
        with pdfplumber.open(file) as pdf:
            tables = [table for page in pdf.pages for table in page.extract_tables()]
            text = "\n".join(page.extract_text() for page in pdf.pages)
        return text, [[[cell or "" for cell in row] for row in table] for table in tables]

    return read


def of_markitdown() -> Read:
    """markitdown: its Markdown, the tables in it."""
    from markitdown import MarkItDown

    converter = MarkItDown()

    def read(file: str) -> tuple[str, Tables]:
        text = converter.convert(file).text_content
        return text, markdown_tables(text)

    return read


def markdown_tables(text: str) -> Tables:
    """Return the pipe tables of Markdown, their delimiter rows left out."""
    tables: Tables = []
    inside = False
    for line in text.split("\n"):
        line = line.strip()
        if not (line.startswith("|") and line.endswith("|") and len(line) > 1):
            inside = False
            continue
        if not inside:
            tables.append([])
        inside = True
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line[1:-1])]
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            tables[-1].append(cells)
    return tables


READERS = {"pypdf": of_pypdf, "pdfminer": of_pdfminer, "pdfplumber": of_pdfplumber, "markitdown": of_markitdown}


def main() -> None:
    logging.disable()
    read = READERS[sys.argv[1]]()
    for file in sys.argv[2:]:
        started = time.process_time()
        try:
            text, tables = read(file)
        except Exception as error:  # a peer that can't read a file gives nothing of it
            print(f"{sys.argv[1]} can't read {file}: {type(error).__name__}", file=sys.stderr)
            text, tables = "", []
        print(json.dumps({"text": text, "tables": tables, "seconds": time.process_time() - started}))


if __name__ == "__main__":
    main()
