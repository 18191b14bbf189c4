"""The units of manuals written here: procedures, lists, tables and code are found whole, over columns and pages."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from ragqa.readers import read_bytes
from ragqa.types import Document, Unit
from ragqa.units import find_units

ENGLISH = """# Boiler BX-3

## Draining

WARNING: The water is hot. Wait for 30 minutes.

To drain the tank:

1. Close the red valve.
2. Put a bowl under the tap.
   - A bowl of 5 litres is enough.
3. Open the tap.

NOTE: Some water stays in the coil.

To fill the tank:

1. Close the tap.
2. Open the red valve.

## In the box

The box holds:

- one boiler
- two brackets
- four screws

## Lamps

| Lamp | Meaning | What to do |
| --- | --- | --- |
| red | no water | open the valve |
| amber | descale | run program P3 |

## Console

To see all faults, type

```
faults --all
```

## Noise

A hum is usual. It comes from the pump.
"""

CHINESE = """# 锅炉 BX-3

## 排水

警告：水很烫，请等待 30 分钟。

按以下步骤排水：

1. 关闭红色阀门。
2. 把盆放在龙头下面。
3. 打开龙头。

## 装箱单

箱内有：

- 锅炉一台
- 支架两个
- 螺钉四颗

## 指示灯

| 灯 | 含义 | 处理 |
| --- | --- | --- |
| 红 | 缺水 | 打开阀门 |
| 黄 | 结垢 | 运行程序 P3 |

## 控制台

用下面的命令查看全部故障：

```
faults --all
```
"""


def read(text: str, name: str = "boiler.md") -> Document:
    return read_bytes(text.encode(), name)


def said(document: Document, unit: Unit) -> str:
    return document.text[unit.start : unit.end]


def of_kind(document: Document, kind: str) -> list[Unit]:
    return [unit for unit in find_units(document) if unit.kind == kind]


def test_a_procedure_has_its_lead_in_its_steps_what_is_under_them_and_the_warning_before() -> None:
    document = read(ENGLISH)
    drain = next(unit for unit in of_kind(document, "procedure") if said(document, unit).startswith("To drain"))
    assert drain.steps == 3 and drain.section == ("Boiler BX-3", "Draining")
    assert "5 litres" in said(document, drain) and said(document, drain).endswith("Some water stays in the coil.")
    assert document.text[slice(*drain.warning)] == "WARNING: The water is hot. Wait for 30 minutes."
    assert [document.text[slice(*part)].split("\n")[0] for part in drain.parts][1] == "2. Put a bowl under the tap."


def test_two_procedures_of_one_section_are_two_units() -> None:
    document = read(ENGLISH)
    fill = next(unit for unit in of_kind(document, "procedure") if said(document, unit).startswith("To fill"))
    assert said(document, fill).split() == [
        "To",
        "fill",
        "the",
        "tank:",
        "1.",
        "Close",
        "the",
        "tap.",
        "2.",
        "Open",
        "the",
        "red",
        "valve.",
    ]
    assert fill.steps == 2


@pytest.mark.parametrize(("text", "items"), [(ENGLISH, "four screws"), (CHINESE, "螺钉四颗")])
def test_a_list_has_its_lead_in_and_all_items(text: str, items: str) -> None:
    document = read(text)
    (box,) = of_kind(document, "list")
    assert said(document, box).endswith(items) and len(box.parts) == 3
    assert document.text[slice(*box.lead)].endswith((":", "："))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_table_is_a_unit_and_its_rows_are_parts(text: str) -> None:
    document = read(text)
    (table,) = of_kind(document, "table")
    assert len(table.parts) == 2 and "P3" in document.text[slice(*table.parts[1])]
    assert document.text[table.start :].startswith(("Lamp", "灯"))


@pytest.mark.parametrize(("text", "announced"), [(ENGLISH, "To see all faults"), (CHINESE, "用下面的命令")])
def test_code_has_the_sentence_that_announces_it(text: str, announced: str) -> None:
    document = read(text)
    (code,) = of_kind(document, "code")
    assert said(document, code).startswith(announced) and said(document, code).rstrip().endswith("faults --all")


def test_chinese_steps_have_their_warning() -> None:
    document = read(CHINESE)
    steps = next(unit for unit in of_kind(document, "procedure") if said(document, unit).startswith("按以下"))
    assert steps.steps == 3 and document.text[slice(*steps.warning)].startswith("警告")


def test_a_short_section_is_a_unit_beside_its_paragraphs() -> None:
    document = read("## Noise\n\nA hum is usual.\n\nA rattle is not: call the service.\n")
    assert [unit.kind for unit in find_units(document)] == ["section", "paragraph", "definition"]


def test_every_character_lies_in_a_unit_or_a_heading() -> None:
    for text in (ENGLISH, CHINESE):
        document = read(text)
        covered = [False] * len(document.text)
        for unit in find_units(document):
            covered[unit.start : unit.end] = [True] * (unit.end - unit.start)
        for block in document.blocks:
            if block.kind == "heading":
                covered[block.start : block.end] = [True] * (block.end - block.start)
        lost = [c for c, there in zip(document.text, covered, strict=True) if not there and not c.isspace()]
        assert lost == []


def test_a_line_that_only_continues_a_row_belongs_to_it() -> None:
    rows = "| Code | Meaning | Remedy |\n| --- | --- | --- |\n| 12 | Heater | Switch off, |\n| | (coil) | call us |\n"
    document = read(f"## Codes\n\n{rows}| 13 | Pump | Clean it |\n")
    (table,) = of_kind(document, "table")
    texts = [document.text[slice(*part)] for part in table.parts]
    assert len(texts) == 2 or texts[0].startswith("12")


@pytest.mark.parametrize("suffix", ["html", "md", "txt"])
def test_every_format_gives_the_procedure_whole(suffix: str) -> None:
    forms = {
        "html": "<h1>Pump</h1><p>To start the pump:</p><ol><li>Open the valve.</li><li>Press ON.</li></ol>",
        "md": "# Pump\n\n## Start\n\nTo start the pump:\n\n1. Open the valve.\n2. Press ON.\n",
        "txt": "PUMP\n\nTo start the pump:\n\n1. Open the valve.\n2. Press ON.\n",
    }
    document = read_bytes(forms[suffix].encode(), f"pump.{suffix}")
    found = [said(document, unit) for unit in of_kind(document, "procedure")]
    assert any("Open the valve." in text and "Press ON." in text and text.startswith("To start") for text in found)


# PDF


def pdf(pages: Sequence[Sequence[tuple[float, float, int, str]]]) -> Document:
    """Return a document of pages of (x, y, size, text) lines."""
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    file = io.BytesIO()
    drawn = canvas.Canvas(file, pagesize=(595, 842), invariant=1)
    for page in pages:
        for x, y, size, text in page:
            drawn.setFont("Helvetica-Bold" if size > 11 else "Helvetica", size)
            drawn.drawString(x, y, text)
        drawn.showPage()
    drawn.save()
    return read_bytes(file.getvalue(), "pump.pdf")


PROSE = "The pump moves water from the tank to the house and back again all day long, and it needs no care."


def lines(x: float, top: float, texts: Sequence[str]) -> list[tuple[float, float, int, str]]:
    return [(x, top - 14 * at, 10, text) for at, text in enumerate(texts)]


def test_a_procedure_over_a_page_break_is_one_unit() -> None:
    steps = [f"{n}. Turn screw number {n} to the left until it is loose." for n in range(1, 9)]
    first = [
        (60, 780, 18, "Opening the pump"),
        *lines(60, 740, [PROSE]),
        *lines(60, 700, ["To open the pump:", *steps[:5]]),
    ]
    second = [*lines(60, 780, steps[5:]), *lines(60, 640, [PROSE])]
    document = pdf([first, second])
    found = [unit for unit in of_kind(document, "procedure") if said(document, unit).startswith("To open the pump:")]
    assert found and found[0].steps == 8 and (found[0].page, found[0].page_end) == (1, 2)
    assert all(step in said(document, found[0]) for step in steps)


def test_a_procedure_over_a_column_break_is_one_unit() -> None:
    steps = [f"{n}. Loosen nut {n} with the small key." for n in range(1, 7)]
    filler = ["The pump is made for clear water", "only, and it must never run dry", "for longer than one minute."] * 9
    left = lines(50, 740, [*filler, "To take off the lid:", *steps[:3]])
    right = lines(320, 740, [*steps[3:], *filler])
    document = pdf([[(50, 790, 18, "Lid of the pump"), *left, *right]])
    found = [unit for unit in of_kind(document, "procedure") if "nut 1 " in said(document, unit)]
    assert found and all(step in said(document, found[-1]) for step in steps)
