"""PDFs with tables whose every cell is known: what rules they have, what spans, what is empty. All made up.

Each is a page or more of reportlab's; a cell that spans is named in the gold once for each row and column it fills,
for that is how a row is read alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

Grid = list[list[str]]

FAULTS: Grid = [
    ["Fault", "Cause", "Remedy", "Part no."],
    ["Mixer does not turn", "Fuse blown", "Replace the fuse", "FS-11"],
    ["", "Motor too hot", "Let it cool for 20 min", ""],
    ["", "Bowl not locked", "Turn the bowl until it clicks into place", "BW-42"],
    ["Mixer is loud", "Whisk bent", "Replace the whisk", "WH-07"],
    ["", "Bearing dry", "Grease the bearing", ""],
]
FAULT_SPANS = ((1, 3, 0), (4, 5, 0))
"""First row, last row, column of each cell that spans rows."""
SPARSE: Grid = [
    ["Model", "Voltage", "Fuse", "Current", "Cable"],
    ["K1", "230 V", "10 A", "", "1.5 mm²"],
    ["K2", "", "16 A", "12 A", ""],
    ["K3", "400 V", "", "20 A", "4 mm²"],
    ["K4", "", "", "", "6 mm²"],
    ["K5", "400 V", "32 A", "", ""],
]
WORDY: Grid = [
    ["Part", "What it does", "Care"],
    ["Lid", "Keeps splashes inside while the motor runs, and locks the bowl", "Rinse by hand after each use"],
    ["Seal", "Closes the gap between lid and bowl", "Replace once a year, or when it shows any crack at its edge"],
    ["Foot", "Holds the machine on a smooth table", "Wipe with a damp cloth"],
    ["Cord", "Brings the current from the wall to the motor", "Never pull at it; hold the plug"],
]
GROUPS: Grid = [
    ["Property", "Value", "Unit"],
    ["Motor", "Motor", "Motor"],
    ["Power", "800", "W"],
    ["Speed", "1200", "1/min"],
    ["Bowl", "Bowl", "Bowl"],
    ["Volume", "4.5", "l"],
    ["Weight", "1.1", "kg"],
]
HEADS: Grid = [
    ["Speed", "Dough", "Dough", "Cream", "Cream"],
    ["Speed", "Time", "Amount", "Time", "Amount"],
    ["1", "6 min", "1.0 kg", "4 min", "0.5 l"],
    ["2", "5 min", "0.8 kg", "3 min", "0.4 l"],
    ["3", "4 min", "0.6 kg", "2 min", "0.3 l"],
]
LONG: Grid = (
    [["Code", "Meaning", "Action"]]
    + [
        [f"E{n:02}", f"{where} {what}", f"Check {where.lower()} {n}"]
        for n, (where, what) in enumerate(
            ((where, what) for where in ("Inlet", "Drain", "Heater", "Door", "Drum", "Pump") for what in WHAT), 1
        )
    ]
    if (WHAT := ("blocked", "too hot", "open", "without power", "leaks", "worn", "loose", "wet", "jammed", "noisy"))
    else []
)

RULES: dict[str, Sequence[tuple[Any, ...]]] = {
    "grid": [("GRID", (0, 0), (-1, -1), 0.5, colors.black)],
    "inner": [("INNERGRID", (0, 0), (-1, -1), 0.5, colors.grey)],
    "lines": [("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.black), ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black)],
    "booktabs": [
        ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black),
        ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
        ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black),
    ],
    "zebra": [("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.whitesmoke, colors.white])],
    "bare": [],
}


def made_tables() -> Iterator[tuple[str, bytes, Grid]]:
    """Yield the name, the PDF and the gold of each."""
    for rules in RULES:
        yield f"faults-{rules}", pdf_of(FAULTS, rules, down=FAULT_SPANS), filled(FAULTS, FAULT_SPANS)
        yield f"sparse-{rules}", pdf_of(SPARSE, rules), SPARSE
        yield f"wordy-{rules}", pdf_of(WORDY, rules), WORDY
        yield f"groups-{rules}", pdf_of(GROUPS, rules, across=((1, 0, 2), (4, 0, 2))), GROUPS
        heads = ((0, 1, 2), (0, 3, 4))
        yield f"heads-{rules}", pdf_of(HEADS, rules, down=((0, 1, 0),), across=heads, headers=2), HEADS
        yield f"pages-{rules}", pdf_of(LONG, rules), LONG


def filled(grid: Grid, spans: Sequence[tuple[int, int, int]]) -> Grid:
    """Return a grid with the text of each spanning cell in every row that it spans."""
    rows = [list(row) for row in grid]
    for first, last, column in spans:
        for at in range(first, last + 1):
            rows[at][column] = grid[first][column]
    return rows


def pdf_of(
    grid: Grid,
    rules: str,
    down: Sequence[tuple[int, int, int]] = (),
    across: Sequence[tuple[int, int, int]] = (),
    headers: int = 1,
) -> bytes:
    """Return a page of prose with the table in its middle; ``across`` names row, first and last column."""
    styles = getSampleStyleSheet()
    spans = [((column, first), (column, last)) for first, last, column in down]
    spans += [((first, row), (last, row)) for row, first, last in across]
    style = [*RULES[rules], *(("SPAN", *span) for span in spans), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    body = [
        [Paragraph(text, styles["Heading5"]) if row < headers else Paragraph(text, styles["BodyText"]) for text in line]
        for row, line in enumerate(grid)
    ]
    width = 450 / len(grid[0])
    table = Table(body, [width] * len(grid[0]), style=TableStyle(style), repeatRows=headers)
    prose = (
        "The table says what holds for this machine. Read it before you call the service, and keep it with the machine."
    )
    out = io.BytesIO()
    story = [Paragraph("About the machine", styles["Heading1"]), Paragraph(prose, styles["BodyText"]), table]
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build([*story, Paragraph(prose, styles["BodyText"])])
    return out.getvalue()
