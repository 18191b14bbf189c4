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


CHINESE_FONT = "STSong-Light"
"""Named in a PDF and not carried: every machine reads it."""


def pdf(pages: Sequence[Sequence[tuple[float, float, int, str]]]) -> Document:
    """Return a document of pages of (x, y, size, text) lines."""
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont

    registerFont(UnicodeCIDFont(CHINESE_FONT))
    file = io.BytesIO()
    drawn = canvas.Canvas(file, pagesize=(595, 842), invariant=1)
    for page in pages:
        for x, y, size, text in page:
            latin = "Courier" if text.startswith("$") else "Helvetica-Bold" if size > 11 else "Helvetica"
            drawn.setFont(latin if text.isascii() else CHINESE_FONT, size)
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


CHINESE_PROSE = "水泵整天把水从水箱送到屋里再送回来，平时不需要保养，也不需要加油。"


def test_a_chinese_procedure_over_a_page_break_is_one_unit() -> None:
    steps = [f"{n}. 把第 {n} 颗螺钉向左拧松。" for n in range(1, 9)]
    first = [
        (60, 780, 18, "打开水泵"),
        *lines(60, 740, [CHINESE_PROSE]),
        *lines(60, 700, ["按以下步骤打开水泵：", *steps[:5]]),
    ]
    document = pdf([first, [*lines(60, 780, steps[5:]), *lines(60, 640, [CHINESE_PROSE])]])
    found = [unit for unit in of_kind(document, "procedure") if said(document, unit).startswith("按以下步骤")]
    assert found and found[0].steps == 8 and (found[0].page, found[0].page_end) == (1, 2)
    assert all(step in said(document, found[0]) for step in steps)


def test_a_chinese_procedure_over_a_column_break_is_one_unit() -> None:
    steps = [f"{n}. 用小扳手拧松第 {n} 颗螺母。" for n in range(1, 7)]
    filler = ["这台水泵只适合输送清水，", "干转的时间不能超过一分钟，", "否则密封圈会烧坏。"] * 9
    left = lines(50, 740, [*filler, "取下泵盖：", *steps[:3]])
    right = lines(320, 740, [*steps[3:], *filler])
    document = pdf([[(50, 790, 18, "泵盖"), *left, *right]])
    found = [unit for unit in of_kind(document, "procedure") if "第 1 颗" in said(document, unit)]
    assert found and all(step in said(document, found[-1]) for step in steps)


@pytest.mark.parametrize(
    ("title", "prose", "sentence"),
    [
        ("Faults of the pump", PROSE, "To list all stored faults of the pump, type this command:"),
        ("水泵故障", CHINESE_PROSE, "要列出水泵的全部故障，请运行以下命令："),
    ],
)
def test_a_command_announced_on_the_page_before_has_its_sentence(title: str, prose: str, sentence: str) -> None:
    first = [(60, 780, 18, title), *lines(60, 740, [prose] * 40), *lines(60, 80, [sentence])]
    second = [*lines(60, 780, ["$ pump faults --all"]), *lines(60, 740, [prose] * 3)]
    document = pdf([first, second])
    found = [said(document, unit) for unit in of_kind(document, "code")]
    assert any(text.startswith(sentence) and "pump faults --all" in text for text in found)


def table_lines(top: float, rows: Sequence[tuple[str, str, str]]) -> list[tuple[float, float, int, str]]:
    return [
        (x, top - 18 * at, 10, cell)
        for at, row in enumerate(rows)
        for x, cell in zip((60, 200, 330), row, strict=True)
        if cell
    ]


@pytest.mark.parametrize(
    ("title", "header", "rows"),
    [
        (
            "Codes of the pump",
            ("Part", "Code", "Remedy"),
            [("Motor", "E01", "Let it cool"), ("", "E02", "Check the cable")]
            + [(f"Valve {n}", f"E{n + 10}", f"Clean valve {n}") for n in range(30)],
        ),
        (
            "水泵代码",
            ("部件", "代码", "处理办法"),
            [("电机", "E01", "等它冷却"), ("", "E02", "检查电缆接头")]
            + [(f"阀门 {n}", f"E{n + 10}", f"清洗阀门 {n}") for n in range(30)],
        ),
    ],
)
def test_a_table_over_pages_keeps_each_row_with_its_cells(
    title: str, header: tuple[str, str, str], rows: list[tuple[str, str, str]]
) -> None:
    first = [(60, 790, 18, title), *table_lines(750, [header, *rows[:20]])]
    document = pdf([first, table_lines(790, [header, *rows[20:]])])
    tables = of_kind(document, "table")
    told = [document.text[slice(*part)] for table in tables for part in table.parts]
    for part, code, remedy in (rows[0], *rows[2:]):
        assert any(all(cell in text for cell in (part, code, remedy)) for text in told), code
    merged = next(text for text in told if "E02" in text)
    assert rows[1][2] in merged  # below a merged first cell


def test_steps_within_a_step_are_not_steps_of_their_own() -> None:
    inner = ["1. Select Settings.", "2. Touch Bluetooth."]
    steps = ["1 Open the app.", "2 Find the pump.", *inner, "3 Touch PUMP-3.", "4 Press OK."]
    document = read_bytes("\n\n".join(["PAIRING", *steps]).encode(), "pump.txt")
    found = max(of_kind(document, "procedure"), key=lambda unit: unit.steps)
    assert found.steps == 4 and [document.text[start] for start, _ in found.parts] == ["1", "2", "3", "4"]
    assert "2. Touch Bluetooth." in said(document, found)


def test_a_scanned_bullet_read_as_a_letter_makes_a_list() -> None:
    texts = ["Tools required:", "l Two wrenches (or", "13 mm spanners)", "l Screwdriver", "l Knife"]
    document = pdf([[(60, 780, 18, "Doors of the pump house"), *lines(60, 740, texts), *lines(60, 600, [PROSE] * 3)]])
    (found,) = [unit for unit in of_kind(document, "list") if said(document, unit).startswith("Tools required")]
    assert all(text in said(document, found) for text in texts) and len(found.parts) == 3


def test_a_formula_on_a_line_of_its_own_belongs_to_the_sentence_that_announces_it() -> None:
    text = "# Seal\n\nThe leak rate is given by this formula:\n\nL_max = 0.35 ml/h\n\nCheck the seal every month.\n"
    document = read(text)
    units = [said(document, unit) for unit in find_units(document)]
    assert "The leak rate is given by this formula:\n\nL_max = 0.35 ml/h" in units
