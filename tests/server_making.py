"""A small library with a PDF of our own, and the server over it within this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from ragqa.engine import Library
from ragqa.server.app import make_app
from ragqa.server.libraries import Libraries
from ragqa.server.options import ServeOptions
from tests.conftest import LAMP, PUMP
from tests.pdf_making import make_pdf

HERE = "http://127.0.0.1:8321"
DOCUMENTS = "/v1/libraries/default/documents"
QUESTION = "How often are the fan blades wiped?"
WIPE = "Wipe the fan blades every 14 days with a dry cloth."
ASK = "/v1/libraries/default/ask"


def fan_pdf() -> bytes:
    """A PDF of two pages: care on the first, a fault on the second."""
    first = [(20, 780, "Fan FX-2"), (14, 740, "Cleaning"), (11, 715, WIPE), (11, 700, "Never use water on the motor.")]
    second = [
        (14, 780, "Faults"),
        (11, 755, "F3: The motor is blocked. Remove what blocks the blades and wait a minute."),
    ]
    return make_pdf([_drawn(first), _drawn(second)])


def _drawn(lines: list[tuple[int, int, str]]) -> str:
    return "".join(f"BT /F1 {size} Tf 1 0 0 1 60 {y} Tm ({text}) Tj ET\n" for size, y, text in lines)


def make_served(folder: Path) -> None:
    """Make the library of the tests: ``fan.pdf``, ``lamp.md`` and ``pump.md``."""
    files = {"fan.pdf": fan_pdf(), "pump.md": PUMP.encode(), "lamp.md": LAMP.encode()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with Library.open(create=True, home=folder, index="default") as library:
        results = library.ingest([folder / name for name in files])
    assert [result.status for result in results] == ["added"] * 3


@contextmanager
def served(home: Path, *, options: dict[str, Any] | None = None, **settings: Any) -> Iterator[TestClient]:
    """Serve the libraries of ``home`` within this process; yield a client of it."""
    chosen = ServeOptions(**(options or {}))
    libraries = Libraries.find(None, {"home": home, **settings}, lambda line: None, create=False)
    with TestClient(make_app(libraries, chosen), base_url=HERE, raise_server_exceptions=False) as client:
        yield client


def events_of(text: str) -> list[tuple[str, Any]]:
    """The events of a stream, each with its JSON."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields.get("event", ""), json.loads(fields["data"])))
    return found


def document_id(client: TestClient, name: str) -> str:
    """The id of a document, from the list."""
    listed = client.get(DOCUMENTS).json()["documents"]
    return next(str(one["id"]) for one in listed if one["name"] == name)
