"""What kind of value a question asks for, and whether a text holds one."""

from __future__ import annotations

import pytest

from ragqa.answerers.question_types import expected_type, holds_type


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Why must the lid stay closed?", "reason"),
        ("How many seconds does the lamp blink?", "time"),
        ("How long does it take to cool?", "time"),
        ("How long is the cord?", "length"),
        ("How often is the filter changed?", "interval"),
        ("To what torque are the screws tightened?", "torque"),
        ("What does a new jug cost?", "price"),
        ("What is the order number of the jug?", "number"),
        ("How many jugs are in the box?", "number of them"),
        ("Which colour does the lamp have?", "colour"),
        ("水箱能装多少升水？", "volume"),
        ("多久清洗一次滤网？", "interval"),
        ("为什么不能用蒸馏水？", "reason"),
    ],
)
def test_a_question_asks_for_a_kind_of_value(question: str, name: str) -> None:
    found = expected_type(question)
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    "question", ["How do I clean the filter?", "Is the lid hot?", "怎么清洗滤网？", "What is a jug?"]
)
def test_other_questions_ask_for_none(question: str) -> None:
    assert expected_type(question) is None


@pytest.mark.parametrize(
    ("question", "text", "holds"),
    [
        ("How long does it take to cool?", "Wait for 20 minutes.", True),
        ("How long does it take to cool?", "Wait until it is cool.", False),
        ("How long is the cord?", "The cord is 1.2 m long.", True),
        ("How long is the cord?", "The cord is grey; it weighs 300 g.", False),
        ("How heavy is it?", "Weight: 11 kg (24.2 lbs)", True),
        ("How many watts does it draw in the 230 V version?", "It is made for 230 V.", False),
        ("Which temperature is right for 3 bar?", "At 3 bar, 95 °C is right.", True),
        ("What does a jug cost?", "A jug is $12.", True),
        ("What does a jug cost?", "A jug holds 12 l.", False),
        ("How many jugs are in the box?", "2. Open the box.", False),
        ("How many jugs are in the box?", "The box holds two jugs.", True),
        ("Why must it stand level?", "It must stand level.", False),
        ("Why must it stand level?", "It must stand level, otherwise water leaks.", True),
        ("为什么不能用蒸馏水？", "不能用蒸馏水。", False),
        ("为什么不能用蒸馏水？", "不能用蒸馏水，否则传感器会失灵。", True),
        ("水箱能装多少升水？", "水箱装 2 升水。", True),
        ("水箱能装多少升水？", "水箱装在后面。", False),
    ],
)
def test_a_text_holds_the_value_or_does_not(question: str, text: str, holds: bool) -> None:
    found = expected_type(question)
    assert found is not None and holds_type(found, text, question) is holds


def test_a_value_in_full_width_signs_is_a_value() -> None:
    expected = expected_type("额定电压是多少？")
    assert expected is not None and holds_type(expected, "额定电压为２２０Ｖ。", "额定电压是多少？")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the set pressure?", "Set pressure (bar): 4.5"),
        ("What is the set pressure?", "Valve | Pressure [bar]\nV-10 | 6.5"),
        ("What is the pressure drop?", "The pressure drop is p = 1/2 k v^2."),
        ("How high must the insulation resistance be?", "It must be at least 2 MΩ."),
    ],
)
def test_a_unit_may_stand_in_the_label_and_a_formula_is_a_value(question: str, text: str) -> None:
    expected = expected_type(question)
    assert expected is not None and holds_type(expected, text, question)


def test_a_label_without_a_value_is_none() -> None:
    expected = expected_type("What is the set pressure?")
    assert expected is not None and not holds_type(expected, "Set pressure (bar):", "What is the set pressure?")
