"""Build the sample manuals, their parts and their questions: `python corpora/build.py [--into FOLDER]`.

The sources in `corpora/sources` are the truth; everything that this writes is committed and can be made again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import web
from edition import EDITIONS, Edition
from markup import read_chapters
from pdf import typeset
from questions import labelled, whole

HERE = Path(__file__).resolve().parent


def build(edition: Edition, into: Path) -> list[Path]:
    """Write every output of ``edition`` below ``into``; return the files."""
    source = HERE / "sources" / edition.language
    front, *chapters = read_chapters(source)
    manuals, parts = into / "manuals", into / "parts" / edition.language
    for folder in (manuals, parts):
        folder.mkdir(parents=True, exist_ok=True)
    pdf = manuals / f"{edition.name}.pdf"
    pdf.write_bytes(typeset(edition, front.blocks, chapters, _hyphens(source / "hyphens.txt")))
    written = [pdf]
    for chapter in chapters:
        if chapter.slug in edition.parts:
            stem = f"{edition.name}-{chapter.slug}"
            for suffix, text in ((".html", web.html(edition, chapter)), (".md", web.markdown(edition, chapter))):
                written.append(_write(parts / f"{stem}{suffix}", text))
    for name, read in (("questions", labelled), ("whole", whole)):
        lines = read(source / f"{name}.txt", pdf, len(chapters))
        written.append(_write(pdf.with_suffix(f".{name}.jsonl"), "".join(f"{line}\n" for line in lines)))
    return written


def _write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


def _hyphens(path: Path) -> dict[str, str] | None:
    if not path.exists():
        return None
    words = path.read_text(encoding="utf-8").split()
    return {word.replace("-", ""): word for word in words}


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the sample manuals from corpora/sources.")
    parser.add_argument("--into", type=Path, default=HERE, help="folder that gets manuals/ and parts/")
    into = parser.parse_args().into
    for edition in EDITIONS:
        for path in build(edition, into):
            print(path)


if __name__ == "__main__":
    main()
