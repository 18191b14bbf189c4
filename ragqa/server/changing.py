"""The process that changes a library for the server: one task on standard input, lines of JSON on standard output.

A process of its own, so that questions are answered beside it as fast as the machine allows, and so that it can be
stopped at any instant: what it had not committed is not there. ``python -m ragqa.server.changing`` reads one line, a
``Task``, and ends when its standard input does, as when the server is killed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["ingest", "remove"]


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done to which library. ``file`` holds the bytes of the document to ingest."""

    kind: Kind
    home: str
    index: str
    document: str
    file: str | None
    embedder: str | None
    passage_tokens: int
    keep_originals: bool


def main() -> None:
    """Do the task that standard input names."""
    if hasattr(os, "nice"):
        os.nice(5)  # who asks goes first
    task = Task(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from ragqa.errors import RagqaError

    try:
        _say({"result": _run(task)})
    except RagqaError as error:
        _say({"error": str(error)})


def _run(task: Task) -> dict[str, Any] | None:
    from ragqa.engine import Library
    from ragqa.settings import Settings

    settings = Settings(
        home=Path(task.home),
        index=task.index,
        embedder=task.embedder,
        passage_tokens=task.passage_tokens,
        keep_originals=task.keep_originals,
    )
    with Library.open(settings=settings, notice=lambda line: _say({"note": line})) as library:
        if task.kind == "remove":
            library.remove([task.document])
            return None
        data = Path(str(task.file)).read_bytes()
        results = library.ingest_bytes(data, task.document, progress=_say_progress)
        return dataclasses.asdict(results[0])


def _say_progress(progress: Any) -> None:
    _say({"stage": progress.stage, "share": round(progress.share, 4)})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """End the process when nobody holds the other end of its standard input."""
    with suppress(OSError, ValueError):
        sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
