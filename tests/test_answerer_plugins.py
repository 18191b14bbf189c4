"""Another package adds a kind of answerer by an entry point, and the command line asks it."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Run

SHOUTING = """
from ragqa.types import Answer


class Shouting:
    def __init__(self, model):
        self.spec = f"shout:{model}"

    def standalone(self, question, history):
        return question

    def answer(self, question, hits, history=(), on_text=None, confidence=0.5, chosen=None):
        text = hits[0].passage.text.upper()
        if on_text:
            on_text(text)
        return Answer(question, text, (), tuple(hits), False, confidence, self.spec)


def open_shouting(model, options, prompts):
    return Shouting(model)
"""


def install(folder: Path, target: str) -> str:
    """Install a package as pip does, with an entry point that names ``target``; return what PYTHONPATH should hold."""
    (folder / "ragqa_shout.py").write_text(SHOUTING, encoding="utf-8")
    info = folder / "ragqa_shout-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ragqa-shout\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[ragqa.answerers]\nshout = {target}\n", encoding="utf-8")
    return f"{folder}:{Path(__file__).parents[1]}"


def test_an_answerer_of_another_package_answers(small: Path, process: Run, tmp_path: Path) -> None:
    path = install(tmp_path, "ragqa_shout:open_shouting")
    ran = process("ask", "How often must I clean the pump filter?", "-a", "shout:loud", "--json", PYTHONPATH=path)
    assert ran.json["answerer"] == "shout:loud" and "EVERY 30 DAYS" in ran.json["answer"]
    ran = process("ask", "How often?", "-a", "whisper:low", PYTHONPATH=path)
    assert ran.code == 1 and "shout:MODEL" in ran.err and ran.err.endswith("got 'whisper:low'\n")


def test_a_package_that_fails_is_named_in_one_line(small: Path, process: Run, tmp_path: Path) -> None:
    for number, target in enumerate(("ragqa_shout:missing", "ragqa_shout:Shouting.__doc__", "no_such:thing")):
        folder = tmp_path / str(number)
        folder.mkdir()
        ran = process("ask", "How often?", "-a", "shout:x", PYTHONPATH=install(folder, target))
        assert ran.code == 1 and ran.err.count("\n") == 1 and "ragqa-shout 1.0" in ran.err, ran.err
