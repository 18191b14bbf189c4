"""Answers that can be acted on: every step in order, with the warning; the row asked for; code with its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa.answerers.extractive import MOST_STEPS
from ragqa.engine import Library
from tests.conftest import Run

STEPS = "\n".join(f"{number}. Loosen bolt {number} of the rear plate by half a turn." for number in range(1, 23))

ENGLISH = f"""# Kettle station KS-9

## Removing the lime

WARNING: Acid burns the skin. Wear gloves.

To remove lime from the heater:

1. Pour one litre of citric acid into the tank.
2. Press CLEAN for 3 seconds.
3. Wait until the lamp is green.
4. Rinse the tank twice.

## Turning the night light on

1. Hold MOON until you hear one beep.
2. Choose the colour with PLUS.

## Turning the night light off

1. Hold MOON until you hear two beeps.
2. Let go of the button.

## In the box

The box holds:

- the station with its base
- two glass jugs
- a measuring spoon
- the guarantee card

## Screws

| Screw | Torque | Key |
| --- | --- | --- |
| bracket screw | 12 Nm | 6 mm |
| locking screw | 4 Nm | 3 mm |
| lid screw | 1 Nm | 2 mm |

## Faults shown on the display

| Number | Meaning | Remedy |
| --- | --- | --- |
| 162 | the flow of water is too low | rinse the tube and switch it on again |
| 188 | the heater is too hot | switch off and call service |
| 204 | the lid is open | close it |

## Service console

To list all stored faults of the station, type:

```
station faults --all
```

## Taking off the rear plate

{STEPS}

## Water

The station needs fresh water. Do not use distilled water, unless the lamp is blue.

## Place

The station stands on a level table. Keep 20 cm of air on each side. The table must bear 15 kg.

## Sounds

A low hum is usual while the water is heated. The pump makes it.
"""

CHINESE = """# 热水站 KS-9 说明书

## 除垢

警告：柠檬酸会灼伤皮肤，请戴手套。

按以下步骤清除加热器的水垢：

1. 往水箱倒入一升柠檬酸溶液。
2. 按住清洗键三秒。
3. 等指示灯变绿。
4. 把水箱冲洗两遍。

## 装箱单

箱内有以下物品：

- 主机和底座
- 玻璃壶两只
- 量勺一把

## 螺钉扭矩

| 螺钉 | 扭矩 | 扳手 |
| --- | --- | --- |
| 支架螺钉 | 12 Nm | 6 mm |
| 锁紧螺钉 | 4 Nm | 3 mm |

## 摆放

热水站要放在平稳的桌面上，两侧各留二十厘米空隙。
"""


@pytest.fixture(scope="module")
def kettle(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("kettle")
    (folder / "kettle.md").write_text(ENGLISH, encoding="utf-8")
    (folder / "kettle-zh.md").write_text(CHINESE, encoding="utf-8")
    with Library.open("kettle", create=True, home=folder / "home") as library:
        library.ingest([folder / "kettle.md", folder / "kettle-zh.md"])
        yield library


def in_order(text: str, parts: list[str]) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_a_procedure_comes_whole_in_order_with_its_warning(kettle: Library) -> None:
    answer = kettle.ask("How do I get rid of lime in the heater?", document="kettle.md")
    steps = ["Acid burns", "1. Pour one litre", "2. Press CLEAN", "3. Wait until", "4. Rinse the tank twice."]
    assert not answer.abstained and in_order(answer.text, steps)
    assert answer.units[0].kind == "procedure" and answer.units[0].steps == 4
    assert answer.citations[0].section == ("Kettle station KS-9", "Removing the lime")


def test_a_chinese_procedure_comes_whole_with_its_warning(kettle: Library) -> None:
    answer = kettle.ask("加热器里的水垢怎么清除？", document="kettle-zh.md")
    assert in_order(answer.text, ["柠檬酸会灼伤皮肤", "1. 往水箱", "2. 按住清洗键", "3. 等指示灯", "4. 把水箱冲洗两遍"])


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("How do I turn the night light on?", "one beep", "two beeps"),
        ("How do I turn the night light off?", "two beeps", "one beep"),
    ],
)
def test_on_is_not_off(kettle: Library, question: str, right: str, wrong: str) -> None:
    answer = kettle.ask(question, document="kettle.md")
    assert right in answer.text and wrong not in answer.text


@pytest.mark.parametrize(
    ("question", "document", "right", "wrong"),
    [
        ("Which torque for the bracket screw?", "kettle.md", "Torque: 12 Nm", "4 Nm"),
        ("Which torque for the locking screw?", "kettle.md", "Torque: 4 Nm", "12 Nm"),
        ("锁紧螺钉的扭矩是多少？", "kettle-zh.md", "扭矩: 4 Nm", "12 Nm"),
    ],
)
def test_one_row_answers_with_its_column_names(
    kettle: Library, question: str, document: str, right: str, wrong: str
) -> None:
    answer = kettle.ask(question, document=document)
    assert right in answer.text and wrong not in answer.text


@pytest.mark.parametrize(
    ("question", "document", "parts"),
    [
        ("Which things are in the box?", "kettle.md", ["base", "two glass jugs", "measuring spoon", "guarantee card"]),
        ("箱子里有哪些物品？", "kettle-zh.md", ["主机和底座", "玻璃壶两只", "量勺一把"]),
    ],
)
def test_a_list_comes_whole(kettle: Library, question: str, document: str, parts: list[str]) -> None:
    assert in_order(kettle.ask(question, document=document).text, parts)


def test_code_comes_with_the_sentence_that_announces_it(kettle: Library) -> None:
    answer = kettle.ask("What do I type to list all stored faults of the station?", document="kettle.md")
    assert "To list all stored faults" in answer.text and "```\nstation faults --all\n```" in answer.text


def test_a_long_procedure_says_how_many_steps_it_has(kettle: Library) -> None:
    answer = kettle.ask("How do I take off the rear plate?", document="kettle.md")
    assert f"bolt {MOST_STEPS} of" in answer.text and f"bolt {MOST_STEPS + 1} of" not in answer.text
    assert f"steps 1 to {MOST_STEPS} of 22" in answer.text and answer.units[0].steps == 22


def test_a_fact_is_a_sentence_with_the_one_that_carries_its_condition(kettle: Library) -> None:
    answer = kettle.ask("How much weight must the table bear?", document="kettle.md")
    assert "15 kg" in answer.text and len(answer.text) <= 300


def test_every_quote_stands_in_the_document(kettle: Library) -> None:
    for question in (
        "How do I get rid of lime in the heater?",
        "Which torque for the lid screw?",
        "What is in the box?",
    ):
        answer = kettle.ask(question, document="kettle.md")
        text = kettle.show("kettle.md").text
        assert answer.citations and all(citation.quote in text for citation in answer.citations)
        assert all(f"[{citation.marker}]" in answer.text for citation in answer.citations)


def test_nothing_is_quoted_twice(kettle: Library) -> None:
    for question in ("How do I get rid of lime in the heater?", "What water does the station need?"):
        lines = [line for line in kettle.ask(question, document="kettle.md").text.splitlines() if len(line) > 20]
        assert len(lines) == len(set(lines))


def test_the_units_stand_in_the_json(ragqa: Run, home: Path) -> None:
    (home / "kettle.md").write_text(ENGLISH, encoding="utf-8")
    assert ragqa("ingest", "kettle.md").code == 0
    found = ragqa("ask", "How do I get rid of lime in the heater?", "--json").json
    (unit,) = found["units"]
    assert set(unit) == {"kind", "document", "page", "page_end", "section", "text", "steps_total", "start", "end"}
    assert (unit["kind"], unit["steps_total"], unit["section"]) == (
        "procedure",
        4,
        "Kettle station KS-9 > Removing the lime",
    )
    shown = ragqa("show", "kettle.md", "--units", "--json").json["units"]
    assert {"procedure", "list", "table", "code"} <= {one["kind"] for one in shown}
    assert "procedure, 22 steps" in ragqa("show", "kettle.md", "--units").out
    assert ragqa("show", "kettle.md", "--units", "--page", "1").code == 2


def test_a_row_is_found_by_the_number_asked_for(kettle: Library) -> None:
    answer = kettle.ask("The display shows fault number 188. What is wrong, and what do I do to switch it on again?")
    assert "Number: 188" in answer.text and "call service" in answer.text and "162" not in answer.text


def test_a_refusal_says_what_is_missing_where_it_looked(kettle: Library) -> None:
    answer = kettle.ask("What does the glass jug of the station cost?")
    assert answer.abstained and answer.text.endswith(", which gives no price.")


def test_a_reason_that_is_not_given_is_not_made_up(kettle: Library) -> None:
    answer = kettle.ask("Why must the station stand on a level table?")
    assert answer.abstained and answer.text.endswith(", which gives no reason.")


FAN = """# Fan

## Faults of the fan

| Fault | Cause | Remedy | Part |
| --- | --- | --- | --- |
| Fan does not turn | Fuse blown | Replace the fuse | F-10 |
| Fan does not turn | Motor too hot | Let it cool | none |
| Fan hums | Blade bent | Replace the blade | B-31 |

## Remote control

The remote control works over six metres. Its cell is of type CR-20.
"""


@pytest.fixture(scope="module")
def fan(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("fan")
    (folder / "fan.md").write_text(FAN, encoding="utf-8")
    with Library.open("fan", create=True, home=folder / "home") as library:
        library.ingest([folder / "fan.md"])
        yield library


def test_a_fault_comes_with_all_its_causes_and_a_cause_alone(fan: Library) -> None:
    assert fan.ask("Why does the fan not turn?").text == (
        "- Faults of the fan: Fault: Fan does not turn · Cause: Fuse blown · Remedy: Replace the fuse · Part: F-10\n"
        "- Fault: Fan does not turn · Cause: Motor too hot · Remedy: Let it cool · Part: none\n[1]"
    )
    alone = fan.ask("The fan does not turn and the motor is too hot: what is the remedy?")
    assert "Let it cool" in alone.text and "F-10" not in alone.text


def test_a_leaflet_of_one_passage_answers_in_words_that_only_ask(fan: Library) -> None:
    assert "CR-20" in fan.ask("Which cell does the remote control take?").text
    assert "B-31" in fan.ask("What is the part number of the blade?").text
    assert fan.ask("How loud is the fan?").abstained


def test_words_that_name_the_value_are_met_by_it_and_a_sentence_before_a_table_answers_alone(
    compiled: None, tmp_path: Path
) -> None:
    text = (
        "# Winding test\n\nThe relay is rated for 10^5 switching cycles.\n\n## Test\n\n"
        "Set the calibration voltage to 230 V ± 5 V.\n\n"
        "| Option | Fitted in model S |\n| --- | --- |\n| Heater | ✓ |\n| Hood | ✗ |\n"
    )
    (tmp_path / "test.md").write_text(text, encoding="utf-8")
    with Library.open("winding", create=True, home=tmp_path / "home") as library:
        library.ingest([tmp_path / "test.md"])
        assert library.ask("How many switching cycles is the relay rated for?").text.startswith("The relay is rated")
        voltage = library.ask("To what is the calibration voltage set?").text
        assert voltage == "Set the calibration voltage to 230 V ± 5 V. [1]"


def test_a_row_that_begins_with_the_code_asked_for_answers(compiled: None, tmp_path: Path) -> None:
    rows = "\n".join(f"KX-{100 + n};0,{n} - 5,{n};{n},5" for n in range(1, 25))
    (tmp_path / "pumps.csv").write_text(f"Pumpentyp;Druckbereich (bar);Menge (m3/h)\n{rows}\n", encoding="utf-8")
    with Library.open("pumps", create=True, home=tmp_path / "home") as library:
        library.ingest([tmp_path / "pumps.csv"])
        answer = library.ask("Which pressure range does the KX107 have?")
        assert "Pumpentyp: KX-107 · Druckbereich (bar): 0,7 - 5,7" in answer.text
        assert library.ask("What does the KX-107 weigh?").abstained
