"""The command line's contract: what each command prints, where, and the code it exits with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ragqa.engine import Library
from tests.conftest import CHINESE, ENGLISH, PUMP, Run, clean_environment

ROOT = Path(__file__).resolve().parents[1]

PASSAGE = {"rank", "passage_id", "document", "page", "page_end", "section", "start", "end", "text", "score", "scores"}


def batch(home: Path, *lines: object) -> Path:
    file = home / "questions.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return file


def test_ingest_says_what_became_of_each_document(home: Path, ragqa: Run) -> None:
    (home / "pump.md").write_text(PUMP, encoding="utf-8")
    added = ragqa("ingest", "pump.md", "--json").json
    assert set(added) == {"documents", "seconds"}
    (document,) = added["documents"]
    assert document.items() >= {"path": "pump.md", "status": "added", "pages": 0, "error": None}.items()
    assert document["passages"] >= 1
    assert ragqa("ingest", "pump.md", "--json").json["documents"][0]["status"] == "unchanged"
    (home / "pump.md").write_text(PUMP.replace("30 days", "60 days"), encoding="utf-8")
    assert ragqa("ingest", "pump.md", "--json").json["documents"][0]["status"] == "replaced"
    assert "60 days" in ragqa("search", "clean the filter", "--json").json["passages"][0]["text"]


def test_ingest_counts_physical_pages(manuals_home: Path, ragqa: Run) -> None:
    listed = {d["name"]: d for d in ragqa("list", "--home", manuals_home, "--json").json["documents"]}
    assert {name: document["pages"] for name, document in listed.items()} == {ENGLISH: 39, CHINESE: 37}


def test_ingest_reads_standard_input(home: Path, ragqa: Run) -> None:
    (document,) = ragqa("ingest", "-", "--json", stdin=PUMP).json["documents"]
    assert (document["path"], document["status"]) == ("stdin", "added")
    assert "warm water" in ragqa("ask", "How do I clean the pump filter?", "--threshold", "0").out


def test_search_gives_ranked_passages_with_both_scores(manuals_home: Path, ragqa: Run) -> None:
    found = ragqa("search", "What does E17 mean?", "-k", "3", "--home", manuals_home, "--json").json
    assert (
        set(found) == {"question", "corrections", "passages", "timings_ms"}
        and found["question"] == "What does E17 mean?"
    )
    assert [set(passage) for passage in found["passages"]] == [PASSAGE] * 3
    assert [passage["rank"] for passage in found["passages"]] == [1, 2, 3]
    assert {passage["document"] for passage in found["passages"]} <= {ENGLISH, CHINESE}
    assert any("E17" in passage["text"] for passage in found["passages"])
    for passage in found["passages"]:
        assert 1 <= passage["page"] <= passage["page_end"] <= 39
        assert set(passage["scores"]) == {"dense", "lexical"}


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid"])
def test_search_takes_a_side_and_a_document(manuals_home: Path, ragqa: Run, mode: str) -> None:
    words = ("search", "filter", "--mode", mode, "-d", "*-zh.pdf", "--home", manuals_home, "--json")
    assert {passage["document"] for passage in ragqa(*words).json["passages"]} == {CHINESE}


def test_a_document_called_like_a_pattern_is_meant_by_its_name(home: Path, ragqa: Run) -> None:
    for name in ("pump[1].md", "pump1.md"):
        (home / name).write_text(f"{PUMP}\nThis is {name}.\n", encoding="utf-8")
    ragqa("ingest", "pump[1].md", "pump1.md")
    for glob, names in (
        ("pump[1].md", {"pump[1].md"}),
        ("pump[[]1].md", {"pump[1].md"}),
        ("pump?.md", {"pump1.md"}),
        ("pump*", {"pump[1].md", "pump1.md"}),
    ):
        passages = ragqa("search", "clean the filter", "-d", glob, "--json").json["passages"]
        assert {passage["document"] for passage in passages} == names, glob


def test_a_format_without_pages_has_page_null(small: Path, ragqa: Run) -> None:
    passages = ragqa("search", "bulb", "--json").json["passages"]
    assert {(p["page"], p["page_end"]) for p in passages} == {(None, None)}


def test_ask_gives_answer_citations_and_usage(small: Path, ragqa: Run) -> None:
    answer = ragqa("ask", "How often must I clean the pump filter?", "--threshold", "0", "--json").json
    assert {"question", "answer", "abstained", "confidence", "citations", "answerer", "usage"} <= set(answer)
    assert answer["abstained"] is False and 0 <= answer["confidence"] <= 1 and answer["answerer"] == "extractive"
    assert "30 days" in answer["answer"] and "[1]" in answer["answer"]
    assert set(answer["usage"]) == {"prompt_tokens", "completion_tokens", "embedding_tokens", "cost_usd"}
    texts = {passage["passage_id"]: passage["text"] for passage in answer["passages"]}
    for number, citation in enumerate(answer["citations"], 1):
        named = {"marker", "document", "page", "page_end", "printed", "section", "quote", "passage_id", "start", "end"}
        assert set(citation) == named
        assert citation["marker"] == number and citation["quote"] in texts[citation["passage_id"]]


def test_a_refusal_says_so_and_exits_with_0(small: Path, ragqa: Run) -> None:
    asked = ("ask", "How often must I clean the pump filter?", "--threshold", "1")
    refused = ragqa(*asked, "--json")
    assert refused.code == 0 and refused.json["abstained"] is True and refused.json["citations"] == []
    nearest = refused.json["passages"][0]
    with Library.open() as library:
        assert library.show("pump.md").text[nearest["start"] : nearest["end"]] == nearest["text"]
    said = refused.json["answer"].splitlines()
    assert said == ["The manual does not say.", "The nearest it has is “Cleaning” (pump.md)."]
    told = ragqa(*asked).out.splitlines()
    assert told[:3] == [*said, ""]
    assert re.fullmatch(r"Nearest passages: pump\.md.*", told[3]) and len(told) == 4


def test_an_answer_is_followed_by_an_empty_line_and_its_sources(manuals_home: Path, ragqa: Run) -> None:
    ran = ragqa("ask", "What does E17 mean?", "--threshold", "0", "-d", ENGLISH, "--home", manuals_home)
    answer, sources = ran.out.rstrip("\n").split("\n\n")
    assert "E17" in answer and answer.endswith("]")
    for number, line in enumerate(sources.splitlines(), 1):
        assert re.match(rf"\[{number}\] {re.escape(ENGLISH)}, page \d+(, printed \w+)? \(", line)
    assert ran.out.endswith("\n") and ran.err == "" and "\033" not in ran.out


def test_search_on_no_terminal_has_no_colours(small: Path, ragqa: Run) -> None:
    ran = ragqa("search", "bulb")
    assert ran.code == 0 and ran.out.startswith("1. ") and "lamp.md" in ran.out and "\033" not in ran.out + ran.err


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_batch_answers_each_line_in_order_and_names_the_bad_ones(small: Path, ragqa: Run, command: str) -> None:
    file = batch(
        small,
        {"_id": "a", "text": "How often must I clean the filter?"},
        "this is no JSON",
        {"_id": "c", "question": "no text"},
        "",
        {"_id": 7, "text": "Which bulb does the lamp need?"},
        {"_id": "e", "text": "  "},
    )
    ran = ragqa(command, "--batch", file, "-k", "1", *(["--threshold", "0"] if command == "ask" else []))
    assert ran.code == 3
    assert [line["_id"] for line in ran.lines] == ["a", None, "c", 7, "e"]
    assert [("error" in line) for line in ran.lines] == [False, True, True, False, True]
    assert ran.lines[3]["question"] == "Which bulb does the lamp need?"
    told = ran.err.splitlines()
    assert len(told) == 3 and all(line.startswith("ragqa: ") for line in told)
    assert "line 2" in told[0] and "line 3" in told[1] and "line 6" in told[2]


def test_a_good_batch_exits_with_0_and_reads_standard_input(small: Path, ragqa: Run) -> None:
    ran = ragqa("search", "--batch", "-", stdin='{"_id": "x", "text": "bulb"}\n')
    assert (ran.code, ran.err) == (0, "") and ran.json["_id"] == "x" and ran.json["question"] == "bulb"


def test_list_show_and_info_say_what_is_held(small: Path, ragqa: Run) -> None:
    assert [d["name"] for d in ragqa("list", "--json").json["documents"]] == ["lamp.md", "pump.md"]
    shown = ragqa("show", "pump.md", "--json").json
    assert [entry["title"] for entry in shown["outline"]] == ["Pump", "Cleaning", "Errors"]
    assert "warm water" in shown["text"]
    assert ragqa("show", "pump.md").out.splitlines()[-2:] == ["  Cleaning", "  Errors"]
    info = ragqa("info", "--json").json
    assert (info["documents"], info["embedder"], info["dim"]) == (2, "local:all-MiniLM-L6-v2", 384)
    assert "lamp.md" in ragqa("list").out and "all-MiniLM-L6-v2" in ragqa("info").out


def test_show_prints_a_page(manuals_home: Path, ragqa: Run) -> None:
    shown = ragqa("show", ENGLISH, "--page", "27", "--home", manuals_home, "--json").json
    assert shown["page"] == 27 and "E04" in shown["text"]
    assert "page 99 was asked for" in ragqa("show", ENGLISH, "-p", "99", "--home", manuals_home).error


def test_remove_takes_documents_away_and_nothing_where_one_is_unknown(small: Path, ragqa: Run) -> None:
    assert "did you mean 'lamp.md'" in ragqa("remove", "pump.md", "lmp.md").error
    assert ragqa("remove", "pump.md", "--json").json == {"removed": 1}
    assert [d["name"] for d in ragqa("list", "--json").json["documents"]] == ["lamp.md"]
    assert {p["document"] for p in ragqa("search", "filter", "--json").json["passages"]} <= {"lamp.md"}


def test_verify_finds_a_sound_library_sound(small: Path, ragqa: Run) -> None:
    ran = ragqa("verify", "--json")
    assert (ran.code, ran.json) == (0, {"problems": []})


def test_what_is_exported_and_imported_answers_the_same(small: Path, ragqa: Run) -> None:
    asked = ("search", "How do I clean the filter?", "--json")
    written = ragqa("export", "all.ragqa", "--json").json
    assert written == {"file": "all.ragqa", "bytes": (small / "all.ragqa").stat().st_size}
    assert ragqa("import", "all.ragqa", "--index", "copy", "--json").json["documents"] == 2
    assert ragqa(*asked, "--index", "copy").json["passages"] == ragqa(*asked).json["passages"]
    assert "copy" in ragqa("import", "all.ragqa", "--index", "copy").error


def test_reembed_says_what_it_did(small: Path, ragqa: Run) -> None:
    before = ragqa("search", "bulb", "--json").json["passages"]
    done = ragqa("reembed", "--embedder", "local:all-MiniLM-L6-v2", "--json").json
    assert done["embedder"] == "local:all-MiniLM-L6-v2" and done["passages"] >= 2
    assert ragqa("search", "bulb", "--json").json["passages"] == before


@pytest.mark.parametrize(
    "words",
    [("ask",), ("nosuch",), ("ask", "--nosuch", "x"), ("ask", "one", "--batch", "two"), ("search", "-k", "many", "x")],
)
def test_a_wrong_call_exits_with_2(home: Path, ragqa: Run, words: tuple[str, ...]) -> None:
    ran = ragqa(*words)
    assert ran.code == 2 and ran.out == "" and "Usage:" in ran.err


def test_version_and_help_are_printed(home: Path, ragqa: Run) -> None:
    assert re.fullmatch(r"ragqa \d+\.\d+\.\d+\n", ragqa("--version").out)
    told = ragqa("--help").out
    for line in told[told.index("Commands:") :].splitlines()[1:]:
        assert not line.endswith("..."), f"cut short: {line}"


def test_the_package_runs_as_a_module(home: Path) -> None:
    command = [sys.executable, "-m", "ragqa", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), cwd=ROOT, timeout=120)
    assert done.returncode == 0 and re.fullmatch(r"ragqa \d+\.\d+\.\d+\n", done.stdout) and done.stderr == ""


def test_chat_reads_questions_from_a_pipe(small: Path, ragqa: Run) -> None:
    asked = "How often must I clean the pump filter?\n\n???\nHow many watts may a bulb of the lamp have at most?\n"
    ran = ragqa("chat", "--threshold", "0", stdin=asked)
    assert ran.code == 0 and "30 days" in ran.out and "40 watts" in ran.out
    assert ran.err.count("\n") == 1 and ran.err.startswith("ragqa: ")
