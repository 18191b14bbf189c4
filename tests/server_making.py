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


DESCALE = "How do I descale the kettle?"
CURVES = "".join(
    f"{x} 300 m {x + 20} 340 {x + 40} 260 {x + 60} {y} c S\n" for x, y in ((320, 300), (340, 360), (360, 250))
)
"""A drawing of three curves beside the steps of the second page."""
PICTURE = (60, 842 - 620, 180, 842 - 540)
DRAWING = (320, 842 - 360, 420, 842 - 250)
"""Left, top, right, bottom of the two figures of ``kettle_pdf``, in points; the curves' handles reach no further."""


def kettle_pdf() -> bytes:
    """A PDF of three pages with a logo on each: a picture among steps, a drawing beside steps, and no figure.

    The third page has a table with rules, a shaded box of text and a frame with round corners.
    """
    logo = "q 90 0 0 45 450 780 cm /Image Do Q\n"
    steps = [
        (18, 760, "Kettle KX-1"),
        (14, 700, "Descaling"),
        (11, 675, "1. Fill the kettle with water and one spoon of citric acid to descale it."),
        (11, 655, "2. Let it boil once, and let it stand for an hour."),
        (11, 500, "3. Pour the water away, and rinse the kettle twice."),
    ]
    first = logo + _drawn(steps) + "q 120 0 0 80 60 540 cm /Image Do Q\n"
    beside = [
        (14, 700, "Opening the lid"),
        (11, 345, "1. Press the button on the handle."),
        (11, 300, "2. Lift the lid with the other hand."),
        (11, 255, "3. Turn the lid to the left, and take it off."),
        (14, 150, "Storing"),
        (11, 125, "Store the kettle dry and with its lid open."),
    ]
    second = logo + _drawn(beside) + CURVES
    rows = [
        (11, 680 - 20 * at, f"Setting {at} of the kettle keeps its water at {60 + 10 * at} degrees") for at in range(6)
    ]
    rules = "".join(f"50 {694 - 20 * at} m 480 {694 - 20 * at} l S\n" for at in range(7))
    rules += "".join(f"{x} 694 m {x} 574 l S\n" for x in (50, 400, 480))
    box = "0.9 g 50 420 430 90 re f 0 g\n"
    box += _drawn(
        [(11, 490 - 18 * at, "Never fill the kettle over the mark, or it boils over and may scald.") for at in range(4)]
    )
    frame = "58 300 m 472 300 l 476 300 480 304 480 308 c 480 382 l 480 386 476 390 472 390 c 58 390 l "
    frame += "54 390 50 386 50 382 c 50 308 l 50 304 54 300 58 300 c S\n"
    third = logo + _drawn([(14, 720, "Settings"), *rows]) + rules + box + frame
    return make_pdf([first, second, third])


BLEED = "How do I bleed the radiator?"


def radiator_pdf() -> bytes:
    """A PDF of two pages: the steps at the foot of the first go on at the head of the second."""
    prose = [
        (11, 740 - 14 * at, f"The radiator number {at} warms a room of its own and is never covered.")
        for at in range(34)
    ]
    steps = [
        (11, 220 - 20 * at, f"{at + 1}. Turn screw {at + 1} of the radiator with its key to bleed it.")
        for at in range(4)
    ]
    first = [(18, 780, "Radiator R-2"), *prose, (14, 245, "Bleeding the radiator"), *steps]
    rest = [(11, 780 - 20 * at, f"{at + 5}. Close screw {at + 5} when water comes.") for at in range(2)]
    second = [
        *rest,
        (14, 690, "Warranty"),
        (11, 660, "The warranty ends two years after the day on which it was bought."),
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
