"""What a written answer says that no passage says: numbers with units, names, codes; and nothing else."""

from __future__ import annotations

import json

import pytest

from ragqa.answerers import ChatOptions, open_answerer
from ragqa.answerers.citations import unsupported_claims
from ragqa.prompts import load_prompts
from ragqa.types import Answer
from tests.conftest import Run
from tests.servers import chat
from tests.servers.chat import serving
from tests.test_answerer_chat import hits

PASSAGE = """The XJ-8 drives the pump. Tighten the bracket screw to 12 Nm, the lid to 45 Ncm.
Run it at 1,000 rpm for three minutes, at 2.50 bar and 10-15 °C.
| Screw | Torque (Nm) |
| locking screw | 4 |
Open Settings > Display and choose Night Light. Code E17 means that the filter is blocked.
Type apt install  pump-tools --yes and look at /etc/pump.conf or https://pump.example/help."""
CHINESE = "每十五天清洗一次滤网，用 XJ-8 型。按「设置」键，等待 30 秒，水温不超过 40 摄氏度。"


@pytest.mark.parametrize(
    "text",
    [
        "Tighten it to 12 Nm, the lid to 45 Ncm [1].",
        "12Nm, 12 N·m; 1000 rpm, 1 000 rpm; 3 minutes, 3 min; 2.5 bar; 10 to 15 °C [1][7].",
        "The locking screw takes 4 Nm: the header names the unit [1].",
        "1. Use the XJ8.\n2) See step 1 and steps 3 to 5.\n- On page 98, the 2nd time.\n**6.** Done [9].",
        "Choose **Night Light** under “Settings > Display”. **Note:** Press it. Do NOT wait.",
        "Run `apt install pump-tools --yes`:\n\n```\napt install pump-tools --yes\n```\n",
        "`/etc/pump.conf` and `E17`; see https://pump.example/help.",
        "Every passage says E17 [1], and Passage 8 too. Gloves help. Wear them.",
        "How often did you ask about the Zeta 9?",
    ],
)
def test_what_a_passage_or_the_question_says_is_borne_out(text: str):
    assert unsupported_claims(text, [PASSAGE, "What about the Zeta 9?"]) == ()


@pytest.mark.parametrize(
    ("text", "unsupported"),
    [
        ("Tighten it to 45 Nm, with the XJ-9 [1].", ("45 Nm", "XJ-9")),
        ("It runs at 100 rpm, for 1,500 hours, at 2.05 bar.", ("100 rpm", "1,500 hours", "2.05 bar")),
        ("The code is E1, not E18; error 0x1F.", ("E1", "E18", "0x1F")),
        ("A 24V supply, a 4-digit and a 6-digit number, 5-minute steps.", ("24V", "6", "5-minute")),
        ("It lasts 105 cycles, not 10⁵.", ("105", "5")),
        ("Open “Settings > Sound”, then the Bluetooth menu.", ("Settings > Sound", "Bluetooth")),
        ("It needs the Samsung Galaxy Watch today.", ("Samsung Galaxy Watch",)),
        (
            "Type `rm -rf /` or `apt install pump`; see https://other.example/x.",
            ("rm -rf /", "https://other.example/x"),
        ),
        ("```\napt install pump-tools --yes\nreboot --now\n```\n", ("reboot --now",)),
        ("Use E18 [1]. Yes, E18.", ("E18",)),
    ],
)
def test_what_none_says_is_named_once_in_order(text: str, unsupported: tuple[str, ...]):
    assert unsupported_claims(text, [PASSAGE]) == unsupported


def test_chinese_answers_are_checked_and_names_only_in_the_passages_language():
    assert unsupported_claims("1、按「设置」键。\n2、第2步等30秒，每15天一次，水温40℃，见第9页。", [CHINESE]) == ()
    assert unsupported_claims("按“返回”键，等 45 秒，换 XJ9。", [CHINESE]) == ("返回", "45 秒", "XJ9")
    assert unsupported_claims("Press the Settings key “Set” for 30 s, at most 50 °C.", [CHINESE]) == ("50 °C",)
    assert unsupported_claims("拧到 12 牛米，按「夜间模式」，等 3 分钟，再等 7 分钟。", [PASSAGE]) == ("7 分钟",)


def written(monkeypatch: pytest.MonkeyPatch, text: str, question: str = "How often is it cleaned?") -> Answer:
    with serving(chat.says(text)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        pieces: list[str] = []
        answer = open_answerer("openai:m", ChatOptions(), load_prompts()).answer(
            question, hits(), on_text=pieces.append
        )
    assert "".join(pieces) == answer.text, "the text is streamed as it is written"
    return answer


def test_an_answer_says_what_no_passage_says(monkeypatch: pytest.MonkeyPatch):
    answer = written(monkeypatch, "Every 40 hours, with 3 ml of Zap-2 [1].")
    assert answer.unsupported == ("3 ml", "Zap-2") and answer.text == "Every 40 hours, with 3 ml of Zap-2 [1]."
    assert written(monkeypatch, "Every 40 hours [1], with gloves [2].").unsupported == ()


def test_a_refusal_says_nothing_unsupported(monkeypatch: pytest.MonkeyPatch):
    assert written(monkeypatch, "The passages do not mention the XJ-9.").unsupported == ()


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("How often must I clean the pump filter?", "not in the passages: 45 days, XJ-9"),
        ("pump filter 多久清洗一次？", "段落中没有：45 days、XJ-9"),
    ],
)
def test_the_terminal_says_so_in_one_line_behind_the_answer(
    small: object, ragqa: Run, monkeypatch: pytest.MonkeyPatch, question: str, line: str
):
    monkeypatch.setenv("RAGQA_ANSWERER", "openai:m")
    with serving(chat.says("Every 45 days, with the XJ-9 [1].")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        asked = ragqa("ask", question)
        chatted = ragqa("chat", stdin=f"{question}\n")
        as_json = ragqa("ask", question, "--json").json
    assert asked.out.startswith(f"Every 45 days, with the XJ-9 [1].\n{line}\n\n[1] ")
    assert line in chatted.out.splitlines()
    assert as_json["unsupported"] == ["45 days", "XJ-9"] and line not in json.dumps(as_json, ensure_ascii=False)


def test_a_quoted_answer_needs_no_check(small: object, ragqa: Run):
    ran = ragqa("ask", "How often must I clean the pump filter?", "--json")
    assert ran.json["unsupported"] == []
    assert "not in the passages" not in ragqa("ask", "How often must I clean the pump filter?").out
