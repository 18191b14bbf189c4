"""Every bench says what it asks, those that can run on little data run, and no weights are learned on less than all.

The evaluation data is not needed: the sets are made here, in the form and under the names that the benches read.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bench import answers, data, manuals, record, refusing, rgb, scaling, sec10q, sets, shown, units
from bench.__main__ import bench_names
from tests.conftest import ROOT
from tests.pdf_making import make_pdf

TEXTS = {
    "pump": "Bleed the pump before the first start. Open the valve until water comes without air.",
    "lamp": "The lamp is changed every two years. Switch the power off before the cover is taken away.",
    "belt": "The belt is tightened with the screw at the motor. A loose belt makes a high noise.",
}
QUESTIONS = {"q1": ("How do I bleed the pump?", "pump"), "q2": ("How often is the lamp changed?", "lamp")}


def module(name: str) -> ModuleType:
    return importlib.import_module(f"bench.{name}.__main__" if name == "peers" else f"bench.{name}")


def write_lines(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def sets_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAGQA_DATA", str(tmp_path))
    return tmp_path


def beir(folder: Path) -> None:
    """Write a set in BEIR form."""
    write_lines(folder / "corpus.jsonl", [{"_id": name, "title": "", "text": text} for name, text in TEXTS.items()])
    write_lines(folder / "queries.jsonl", [{"_id": name, "text": text} for name, (text, _) in QUESTIONS.items()])
    (folder / "qrels").mkdir()
    lines = [f"{name}\t{right}\t1\n" for name, (_, right) in QUESTIONS.items()]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines), encoding="utf-8")


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the record that a bench printed."""
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith('{"bench"'))
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.parametrize("name", [*bench_names(), "shown"])
def test_a_bench_says_what_it_asks(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        module(name).main(["--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert (module(name).__doc__ or "").splitlines()[0] in said
    assert name == "shown" or "--keep" in said


def test_every_bench_stands_in_the_readme() -> None:
    readme = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", readme, re.MULTILINE)) >= set(bench_names())


def test_the_readme_names_every_set_with_its_role_licence_and_source() -> None:
    readme = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    for name, one in data.SETS.items():
        cells = (name, one.role, one.holds, one.source, one.licence, one.how_to_get)
        assert f"| `{name}` | {' | '.join(cells[1:])} |\n" in readme, name


def test_every_kept_result_says_which_sets_are_development_and_which_test() -> None:
    for file in record.RESULTS.glob("*.json"):
        kept = json.loads(file.read_text(encoding="utf-8"))
        assert kept["bench"] == file.stem and kept["rows"]
        assert kept["data"] == data.roles_of(kept["data"]), file.name


def test_a_record_names_the_role_of_its_data(capsys: pytest.CaptureFixture[str]) -> None:
    record.report("some", [{"set": "rgb", "figure": 0.5}], data=["rgb", "scifact", "pairs"], keep=False)
    assert printed(capsys)["data"] == {"rgb": "test", "scifact": "development", "pairs": "made"}


def test_rows_of_an_earlier_run_keep_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    old = {"commit": "abc", "rows": [{"set": "a", "x": 1}, {"set": "b", "x": 2}, {"set": "c", "commit": "0ld"}]}
    (tmp_path / "some.json").write_text(json.dumps(old), encoding="utf-8")
    assert record.kept_rows("some", "set", ["b"]) == [
        {"commit": "abc", "set": "a", "x": 1},
        {"commit": "0ld", "set": "c"},
    ]


def test_collections_are_ranked(sets_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beir(sets_folder / "service-zh")
    sets.main(["service-zh"])
    rows = [row for row in printed(capsys)["rows"] if row["set"] == "service-zh"]
    assert [(row["mode"], row["role"], row["ndcg@10"]) for row in rows] == [
        ("hybrid", "test", 1.0),
        ("dense", "test", 1.0),
        ("lexical", "test", 1.0),
    ]


def test_manuals_are_asked_page_by_page(sets_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = sets_folder / "consumer-manuals"
    folder.mkdir()
    pages = [f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET" for text in TEXTS.values()]
    (folder / "pump.pdf").write_bytes(make_pdf(pages))
    asked = [
        {"_id": "1", "text": "How do I bleed the pump?", "pages": [1], "answerable": True},
        {"_id": "2", "text": "How often is the lamp changed?", "pages": [2], "answerable": True},
        {"_id": "3", "text": "What does the warranty of the submarine say?", "pages": [], "answerable": False},
    ]
    write_lines(folder / "pump.questions.jsonl", asked)
    manuals.main(["consumer-manuals"])
    row = next(row for row in printed(capsys)["rows"] if row["group"] == "consumer-manuals")
    assert (row["role"], row["questions"], row["unanswerable"]) == ("test", 3, 1)
    assert (row["page_hit@1"], row["page_hit@5"], row["refused"], row["auroc"]) == (1.0, 1.0, 1.0, 1.0)


def test_rgb_counts_refusals_and_right_answers(sets_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = {"query": "How often is the lamp changed?", "answer": [["2 years", "two years"]]}
    row = one | {"positive": [TEXTS["lamp"]], "negative": ["Bananas are yellow and grow in warm countries."]}
    for file in rgb.FILES.values():
        write_lines(sets_folder / "rgb" / file, [row])
    rgb.main([])
    found = printed(capsys)["rows"][0]
    assert (found["answer_recall"], found["wrongly_refused"], found["refused"]) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("right", "said", "value"),
    [
        ("two years", "Every two years.", 1.0),
        (["1308", "6544"], "1308 and 6544", 1.0),
        (["1308", "6544"], "1308 only", 0.0),
        ([["2 years", "two years"]], "Every two years.", 1.0),
    ],
)
def test_rgb_answers_are_parts_and_alternatives(right: object, said: str, value: float) -> None:
    assert rgb.holds(said, right) == value


def test_patterns_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):  # the bar is of an idle machine
        scaling.main(["dots.txt"])
    (row,) = printed(capsys)["rows"]
    assert row["file"] == "dots.txt" and row["came"].endswith("passages")


def test_a_name_that_is_no_set_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        sets.main(["scifakt"])
    assert left.value.code == 2 and capsys.readouterr().err.startswith("scifakt is none of ")


def test_a_missing_set_is_skipped_and_says_where_to_get_it(
    sets_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        sec10q.main([])
    assert left.value.code == 0
    assert "github.com/docugami" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("main", "missing"),
    [
        (answers.main, "xquad-zh"),
        (units.main, "whole-answers"),
        (units.main, "phone-manual"),
        (refusing.main, "manuals"),
        (refusing.main, "consumer-manuals"),
    ],
)
def test_nothing_is_learned_where_a_set_is_missing(
    main: Callable[[list[str]], None], missing: str, sets_folder: Path
) -> None:
    for name in data.SETS.keys() - {missing, "sample manuals"}:
        (sets_folder / name).mkdir()
    before = {file: file.read_bytes() for file in (units.WEIGHTS_FILE, refusing.CONFIDENCE_FILE)}
    with pytest.raises(SystemExit) as left:
        main(["--learn"])
    said = str(left.value.code)
    assert said.startswith(f"nothing learned: {missing} is not here") and "\n" not in said
    assert {file: file.read_bytes() for file in before} == before


def test_the_page_of_results_names_roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (record, shown):
        monkeypatch.setattr(place, "RESULTS", tmp_path)
    record.report("sets", [{"set": "service-zh", "ndcg@10": 0.5}], data=["service-zh", "cisi"], keep=True)
    shown.main([])
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "Data: service-zh (test); cisi (development)." in page and "| service-zh | 0.500 |" in page


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md", "docs/metrics.md", "bench/README.md", "bench/LOG.md"])
def test_documents_name_modules_that_are_there(name: str) -> None:
    named = re.findall(r"`((?:ragqa|bench|docs|corpora)/[\w./-]*)`", (ROOT / name).read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []
