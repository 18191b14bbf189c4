"""The sample manuals are what their README says: real in form, built from their sources, labelled from their pages."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ragqa.languages import language_of
from ragqa.readers import read
from ragqa.readers.pdf.source import use_standin_font

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
MANUALS = {"en": CORPORA / "manuals/halden-kx-40.pdf", "zh": CORPORA / "manuals/halden-kx-40c-zh.pdf"}
BUILT_WITH = "5.1.0"
"""The reportlab that made the committed PDFs; another one may lay out a page otherwise."""

_FILLER = re.compile(r"[\s\u00ad\u0002\ufffe-]+")


def folded(text: str) -> str:
    return _FILLER.sub("", text)


@pytest.fixture(scope="module")
def pages() -> dict[str, list[str]]:
    use_standin_font()
    found = {}
    for language, path in MANUALS.items():
        with pypdfium2.PdfDocument(path) as document:
            found[language] = [page.get_textpage().get_text_bounded() for page in document]
    return found


def questions(language: str, suffix: str = ".questions.jsonl") -> list[dict[str, Any]]:
    lines = MANUALS[language].with_suffix(suffix).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def flat(text: str) -> str:
    """Return ``text`` as whole answers are compared: no white space and no bar between cells, letter case aside."""
    return re.sub(r"[\s|]+", "", text).lower()


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        version = metadata.version("reportlab")
    except metadata.PackageNotFoundError:
        pytest.skip("reportlab is not installed: pip install 'ragqa[dev]'")
    if version != BUILT_WITH:
        pytest.skip(f"the sample manuals were built with reportlab {BUILT_WITH}, here is {version}")
    into = tmp_path_factory.mktemp("corpora")
    subprocess.run([sys.executable, str(CORPORA / "build.py"), "--into", str(into)], check=True, capture_output=True)
    return into


def test_the_build_gives_the_committed_files_byte_for_byte(rebuilt: Path) -> None:
    made = {path.relative_to(rebuilt) for path in rebuilt.rglob("*") if path.is_file()}
    kept = {path.relative_to(CORPORA) for folder in ("manuals", "parts") for path in (CORPORA / folder).rglob("*.*")}
    assert made == kept
    differing = [str(path) for path in sorted(made) if (rebuilt / path).read_bytes() != (CORPORA / path).read_bytes()]
    assert differing == []


@pytest.mark.parametrize("language", MANUALS)
def test_a_manual_has_pages_an_outline_of_two_levels_and_labels(language: str) -> None:
    with pypdfium2.PdfDocument(MANUALS[language]) as document:
        assert len(document) >= 25
        outline = [(mark.level, mark.get_title(), mark.get_dest().get_index()) for mark in document.get_toc()]
        labels = [document.get_page_label(page) for page in range(len(document))]
        assert tuple(round(side) for side in document[0].get_size()) == (595, 842)
    assert {level for level, _, _ in outline} == {0, 1}
    assert sum(level == 0 for level, _, _ in outline) >= 12
    first = next(page for _, title, page in outline if title.startswith("1 "))
    assert labels[:first] == ["i", "ii", "iii", "iv"][:first]
    assert labels[first:] == [str(number) for number in range(1, len(labels) - first + 1)]


@pytest.mark.parametrize("language", MANUALS)
def test_contents_and_footers_print_the_labels_that_the_file_names(language: str, pages: dict[str, list[str]]) -> None:
    with pypdfium2.PdfDocument(MANUALS[language]) as document:
        labels = [document.get_page_label(page) for page in range(len(document))]
        chapters = [mark for mark in document.get_toc() if mark.level == 0]
        targets = [(mark.get_title(), mark.get_dest().get_index()) for mark in chapters]
    front = labels.index("1")
    contents = folded("".join(pages[language][:front])).replace(".", "")
    for title, page in targets:
        assert folded(title) + labels[page] in contents
    for label, text in list(zip(labels, pages[language], strict=True))[1:]:
        assert label in text.split()[-4:]


@pytest.mark.parametrize("language", MANUALS)
def test_long_tables_repeat_their_header_on_the_next_page(language: str, pages: dict[str, list[str]]) -> None:
    headers = {
        "en": ("Property KX-40 L, KX-40 R KX-40 E", "Code Meaning Cause Remedy"),
        "zh": ("项目 KX-40C L、KX-40C R KX-40C E", "代码 含义 原因 处理"),
    }
    for header in headers[language]:
        where = [at for at, text in enumerate(pages[language]) if folded(header) in folded(text)]
        assert len(where) == 2 and where[1] == where[0] + 1
    codes = set(re.findall(r"^[EW]\d\d\b", "\n".join(pages[language]), re.MULTILINE))
    assert len(codes) >= 25


def test_the_english_columns_break_words_at_line_ends(pages: dict[str, list[str]]) -> None:
    with pypdfium2.PdfDocument(MANUALS["en"]) as document:
        glossary = next(mark.get_dest().get_index() for mark in document.get_toc() if "Glossary" in mark.get_title())
    broken = re.findall(r"[a-z][-\u0002\ufffe\u00ad]\r?\n?[a-z]", pages["en"][glossary])
    assert len(broken) >= 5


@pytest.mark.parametrize("language", MANUALS)
def test_every_evidence_stands_on_a_labelled_page_and_every_labelled_page_has_evidence(
    language: str, pages: dict[str, list[str]]
) -> None:
    texts = [folded(text) for text in pages[language]]
    for question in questions(language):
        proofs = [folded(proof) for proof in question["evidence"]]
        for proof in proofs:
            assert any(proof in texts[page - 1] for page in question["pages"]), question["_id"]
        for page in question["pages"]:
            assert any(proof in texts[page - 1] for proof in proofs), question["_id"]


@pytest.mark.parametrize("language", MANUALS)
def test_a_fifth_of_the_questions_is_unanswerable_and_each_has_the_form_of_the_rest(language: str) -> None:
    asked = questions(language)
    assert len(asked) >= 60
    assert len({question["_id"] for question in asked}) == len({question["text"] for question in asked}) == len(asked)
    for question in asked:
        fields = ["_id", "text", "pages", "document", "answer", "evidence", "type", "answerable", "in_other_languages"]
        assert list(question) == fields
        others = {other: language_of(text) for other, text in question["in_other_languages"].items()}
        assert set(others) == {"en", "de", "zh"} - {language, "de" if language == "zh" else language}
        assert all(told in (other, None) for other, told in others.items()), question["in_other_languages"]
        filled = [bool(question[field]) for field in ("pages", "answer", "evidence")]
        assert filled == [question["answerable"]] * 3, question["_id"]
    assert sum(not question["answerable"] for question in asked) == len(asked) // 5
    kinds = Counter(question["type"] for question in asked)
    assert set(kinds) == {"lookup", "howto", "troubleshoot", "why", "paraphrase", "table", "compare"}


@pytest.mark.parametrize("language", MANUALS)
def test_whole_answers_are_asked_for_in_forty_questions_of_the_kinds_named(language: str) -> None:
    asked = questions(language, ".whole.jsonl")
    assert Counter(question["kind"] for question in asked) == {
        "procedure": 18,
        "table": 7,
        "list": 6,
        "code": 4,
        "condition": 5,
    }
    assert len({question["_id"] for question in asked}) == len({question["text"] for question in asked}) == 40
    for question in asked:
        assert list(question) == ["_id", "manual", "text", "kind", "pages", "parts", "not"]
        assert question["manual"] == MANUALS[language].name
        assert 1 <= len(question["parts"]) <= 10, question["_id"]
        assert question["pages"] and question["pages"][-1] - question["pages"][0] < 3, question["_id"]


@pytest.mark.parametrize("language", MANUALS)
def test_every_part_of_a_whole_answer_stands_in_a_line_that_is_read_from_its_pages(language: str) -> None:
    document = read(MANUALS[language])
    lines = {page.number: list(map(flat, document.text[page.start : page.end].splitlines())) for page in document.pages}
    for question in questions(language, ".whole.jsonl"):
        for part in question["parts"]:
            assert any(flat(part) in line for page in question["pages"] for line in lines[page]), question["_id"]


@pytest.mark.parametrize("language", MANUALS)
def test_no_whole_answer_holds_what_must_not_stand_in_it(language: str) -> None:
    document = read(MANUALS[language])
    everything, lines = flat(document.text), [flat(line) for line in document.text.splitlines()]
    for question in questions(language, ".whole.jsonl"):
        parts, wrong = (list(map(flat, question[field])) for field in ("parts", "not"))
        longest = [line for line in lines if max(parts, key=len) in line]
        for string in wrong:
            assert string in everything, question["_id"]
            assert not any(string in text for text in (*parts, *longest)), question["_id"]


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ("@ Wait 5 minutes.\n@ Wait 7 minutes.", "do not stand in the manual"),
        ("@ Wait 5 minutes.\n- Wait 7 minutes.", "do not stand in the manual"),
        ("@ Wait 5 minutes.\n@ Menu > Filter > Reset > S", "stand together in one place"),
        ("@ the fan key and the menu key together", "stand together in one place"),
    ],
)
def test_the_build_refuses_a_whole_answer_that_the_manual_does_not_hold_in_one_place(
    parts: str, complaint: str, tmp_path: Path
) -> None:
    spec = importlib.util.spec_from_file_location("corpora_questions", CORPORA / "questions.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = tmp_path / "whole.txt"
    source.write_text(f"? procedure | How?\n{parts}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        list(module.whole(source, MANUALS["en"], 12))


@pytest.mark.parametrize("language", MANUALS)
def test_a_part_stands_as_html_and_markdown_with_the_words_of_the_manual(
    language: str, pages: dict[str, list[str]]
) -> None:
    whole = folded("".join(pages[language]))
    parts = sorted((CORPORA / "parts" / language).iterdir())
    assert Counter(path.suffix for path in parts) == {".html": 2, ".md": 2}
    for path in parts:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            assert text.count("<nav") == 2 and "<footer>" in text
        else:
            steps = re.findall(r"^\d\. ([^*`\n]{12,})", text, re.MULTILINE)
            assert steps and all(folded(step) in whole for step in steps)
