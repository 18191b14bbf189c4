"""Another package adds a kind of answerer by an entry point, and the command line asks it."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Run
from tests.packages import beside, install

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


def install_shouting(folder: Path, target: str) -> str:
    """Install the package with an entry point that names ``target``; return what PYTHONPATH should hold."""
    install(folder, "ragqa_shout", SHOUTING, "ragqa.answerers", f"shout = {target}", version="1.0")
    return beside(folder)


def test_an_answerer_of_another_package_answers(small: Path, process: Run, tmp_path: Path) -> None:
    path = install_shouting(tmp_path, "ragqa_shout:open_shouting")
    ran = process("ask", "How often must I clean the pump filter?", "-a", "shout:loud", "--json", PYTHONPATH=path)
    assert ran.json["answerer"] == "shout:loud" and "EVERY 30 DAYS" in ran.json["answer"]
    ran = process("ask", "How often?", "-a", "whisper:low", PYTHONPATH=path)
    assert ran.code == 1 and "shout:MODEL" in ran.err and ran.err.endswith("got 'whisper:low'\n")


def test_a_package_that_fails_is_named_in_one_line(small: Path, process: Run, tmp_path: Path) -> None:
    for number, target in enumerate(("ragqa_shout:missing", "ragqa_shout:Shouting.__doc__", "no_such:thing")):
        folder = tmp_path / str(number)
        folder.mkdir()
        ran = process("ask", "How often?", "-a", "shout:x", PYTHONPATH=install_shouting(folder, target))
        assert ran.code == 1 and ran.err.count("\n") == 1 and "ragqa-shout 1.0" in ran.err, ran.err
