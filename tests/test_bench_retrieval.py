"""``ragqa bench retrieval`` as a user runs it: a small collection, the sample manuals, a library, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets import open_datasets
from ragqa.evaluation.files import read_run, read_trec_qrels
from ragqa.metrics import ndcg
from tests.conftest import ENGLISH, MANUALS, Run

TEXTS = {
    "pump": ("Pump", "The pump filter is cleaned every 30 days with warm water."),
    "lamp": ("Lamp", "Replace the bulb of the lamp by one of 40 watts."),
    "oven": ("Oven", "Heat the oven to 220 degrees before baking bread."),
    "bike": ("Bicycle", "Oil the chain of the bicycle once a month."),
    "empty": ("", ""),
}
ASKED = {
    "1": ("how often is the pump filter cleaned", {"pump": 2, "oven": 0}, ["every 30 days"]),
    "2": ("which bulb does the lamp take", {"lamp": 1}, ["40 watts"]),
    "3": ("xyzzy frobnicate", {"bike": 1, "oven": 1}, ["never"]),
    "4": ("???", {"bike": 1}, []),
}


def beir(folder: Path, corpus: object = None, queries: object = None, qrels: object = None) -> Path:
    """Make a folder in BEIR form; what is given replaces a file's lines, and False leaves the file out."""
    (folder / "qrels").mkdir(parents=True)
    rows = {
        "corpus.jsonl": [{"_id": name, "title": title, "text": text} for name, (title, text) in TEXTS.items()],
        "queries.jsonl": [{"_id": name, "text": text, "answers": said} for name, (text, _, said) in ASKED.items()],
    }
    lines = {name: [json.dumps(row) for row in several] for name, several in rows.items()}
    lines["qrels/test.tsv"] = ["query-id\tcorpus-id\tscore"]
    lines["qrels/test.tsv"] += [
        f"{query}\t{d}\t{grade}" for query, (_, of, _) in ASKED.items() for d, grade in of.items()
    ]
    for (name, usual), given in zip(lines.items(), (corpus, queries, qrels), strict=True):
        if given is not False:
            (folder / name).write_text("\n".join(usual if given is None else given) + "\n", encoding="utf-8")
    return folder


def test_a_collection_in_a_process_of_its_own(home: Path, process: Run):
    beir(home / "tiny")
    ran = process("bench", "retrieval", "tiny", "--k", "1,3", "--run-dir", "out/runs", "--report", "out", "--json")
    assert ran.code == 0, ran.err
    runs = {run["retriever"]: run for run in ran.json["runs"]}
    assert list(runs) == ["dense", "lexical", "hybrid"]
    for run in runs.values():
        assert run["dataset"] == "tiny" and run["queries"] == 4 and run["embedder"] == "local:all-MiniLM-L6-v2"
        assert {"ndcg@10", "recall@100", "mrr@10", "map", "hit@1", "recall@3"} <= set(run["metrics"])
        for of in run["metrics"].values():
            assert 0 <= of["low"] <= of["mean"] <= of["high"] <= 1
        assert 0 < run["latency_ms"]["p50"] <= run["latency_ms"]["p95"]
        assert run["seconds"]["embed"] > 0 and run["seconds"]["index"] > 0 and run["index_bytes"] > 10_000
    # Two of four questions find their document; to one no word leads, and one holds no word: both count as 0.
    assert runs["lexical"]["metrics"]["hit@1"]["mean"] == runs["lexical"]["metrics"]["ndcg@10"]["mean"] == 0.5
    assert 1 / 3 - 1e-6 <= runs["hybrid"]["metrics"]["answer_recall"]["mean"] <= 2 / 3 + 1e-6  # of three with answers
    assert [apart["runs"] for apart in ran.json["differences"]] == [
        ["dense", "lexical"], ["dense", "hybrid"], ["lexical", "hybrid"]
    ]  # fmt: skip
    assert "report written to" in ran.err and (home / "out" / "index.html").stat().st_size > 10_000
    for mode, run in runs.items():  # what other tools compute from the files is what was said
        qrels = read_trec_qrels(home / "out" / "runs" / "tiny.qrels")
        found = read_run(home / "out" / "runs" / f"tiny.{mode}.run")
        worth = [ndcg(list(found.get(query, {})), grades, 10) for query, grades in qrels.items()]
        assert sum(worth) / 4 == pytest.approx(run["metrics"]["ndcg@10"]["mean"], abs=1e-6)


def test_the_table_says_what_is_best_and_what_differs(home: Path, ragqa: Run):
    beir(home / "tiny")
    ran = ragqa("bench", "retrieval", "tiny", "--mode", "lexical,hybrid", "--passage-tokens", "32,64")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0] == "tiny: 4 questions" and lines[1].split()[:3] == ["ndcg@10", "mrr@10", "map"]
    assert [line.split("  ")[0] for line in lines[2:6]] == ["lexical 32", "hybrid 32", "lexical 64", "hybrid 64"]
    assert "tiny, ndcg@10: no difference between lexical 32 and lexical 64 can be told: .000 [.000, .000]" in lines
    assert not (home / "indexes").exists()  # libraries made for measuring are gone


def pdf(file: Path, *pages: str) -> Path:
    """Make a manual of one paragraph a page."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(file))
    for text in pages:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return file


def part_of_a_manual(folder: Path) -> list[dict]:
    """Put pages 12 to 24 of the English sample manual into ``folder`` with their questions; return those."""
    import pypdfium2

    with pypdfium2.PdfDocument(MANUALS / ENGLISH) as whole, pypdfium2.PdfDocument.new() as part:
        part.import_pages(whole, list(range(11, 24)))
        part.save(folder / ENGLISH)
    lines = (MANUALS / ENGLISH).with_suffix(".questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if all(12 <= page <= 24 for page in row["pages"])]
    rows = [{**row, "pages": [page - 11 for page in row["pages"]]} for row in rows]
    text = "\n".join(map(json.dumps, rows))
    (folder / ENGLISH).with_suffix(".questions.jsonl").write_text(text, encoding="utf-8")
    return rows


PAGES = [text for _, text in TEXTS.values() if text]
PAGED = [
    {"_id": "1", "text": "how often is the pump filter cleaned?", "pages": [1], "answer": "every 30 days"},
    {"_id": "2", "text": "what does the lamp take?", "pages": [2], "answer": "a bulb of 40 watts"},
    {"_id": "3", "text": "how hot for bread?", "pages": [3, 4], "answer": "220 degrees", "document": "small.pdf"},
    {"_id": "4", "text": "who invented the telephone?", "pages": [], "answerable": False},
]


def test_manuals_are_measured_by_page_each_in_a_library_of_its_own(home: Path, ragqa: Run):
    folder = home / "manuals"
    folder.mkdir()
    pdf(folder / "small.pdf", *PAGES)
    (folder / "small.questions.jsonl").write_text("\n".join(map(json.dumps, PAGED)))
    rows = part_of_a_manual(folder)
    ran = ragqa("bench", "retrieval", "manuals", "--mode", "hybrid", "--run-dir", "runs", "--json")
    runs = {run["dataset"]: run for run in ran.json["runs"]}
    assert list(runs) == ["manuals/halden-kx-40", "manuals/small", "manuals, all 2"]
    halden, small, both = runs.values()
    assert both["queries"] == halden["queries"] + small["queries"]
    means = [run["metrics"]["page_hit@5"]["mean"] * run["queries"] for run in (halden, small)]
    assert both["metrics"]["page_hit@5"]["mean"] == pytest.approx(sum(means) / both["queries"], abs=1e-5)
    assert 0.5 < both["metrics"]["auroc"]["mean"] <= 1
    together = read_trec_qrels(home / "runs" / "manuals-all-2.qrels")
    assert together["small/3"] == {"small.pdf#3": 1, "small.pdf#4": 1}
    assert together["halden-kx-40/" + rows[0]["_id"]].keys() <= {f"{ENGLISH}#{n}" for n in range(1, 99)}
    for run in runs.values():
        metrics = {name: of["mean"] for name, of in run["metrics"].items()}
        assert {"auroc", "aurc", "answer_recall", "em", "f1"} <= set(metrics)
        assert (
            metrics["page_hit@5"] >= 0.75 and metrics["page_hit@1"] <= metrics["page_mrr@10"] <= metrics["page_hit@10"]
        )
        assert metrics["page_recall@5"] <= metrics["page_hit@5"]
    assert runs["manuals/small"]["queries"] == 3  # the one that the manual does not answer has no page to find
    assert runs["manuals/small"]["metrics"]["auroc"]["mean"] == 1
    assert read_trec_qrels(home / "runs" / "manuals-small.qrels")["3"] == {"small.pdf#3": 1, "small.pdf#4": 1}
    found = read_run(home / "runs" / "manuals-small.hybrid.run")
    assert all(set(pages) <= {f"small.pdf#{page}" for page in (1, 2, 3, 4)} for pages in found.values()) and found


def test_a_library_that_is_held_is_measured_as_it_is(home: Path, ragqa: Run):
    pdf(home / "small.pdf", *PAGES)
    assert ragqa("ingest", "small.pdf", "--index", "mine", "--passage-tokens", "40").code == 0
    (home / "mine.jsonl").write_text("\n".join(map(json.dumps, PAGED)))
    words = ("bench", "retrieval", "--index", "mine", "--questions", "mine.jsonl", "--mode", "hybrid", "--json")
    (run,) = ragqa(*words).json["runs"]
    assert run["dataset"] == "mine" and run["passage_tokens"] == 40 and run["seconds"] == {"embed": None, "index": None}
    (made,) = ragqa(*words, "--passage-tokens", "40").json["runs"]
    assert made["metrics"] == run["metrics"] and made["seconds"]["embed"] > 0
    assert "small.pdf has pages 1 to 4" in _outside(home, ragqa, words)


def _outside(home: Path, ragqa: Run, words: tuple[str, ...]) -> str:
    (home / "mine.jsonl").write_text(json.dumps({**PAGED[0], "pages": [5]}))
    return ragqa(*words).error


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"qrels": False}, "but qrels/test.tsv is missing"),
        ({"queries": False}, "but queries.jsonl is missing"),
        ({"qrels": ["query-id\tcorpus-id\tscore", "1\tpump\t1", "2\tgone\t1", "2\tlost\t1"]}, "2 documents that corpus.jsonl does not hold, the first 'gone'"),  # noqa: E501
        ({"qrels": ["9\tpump\t1"]}, "1 question that queries.jsonl does not hold, the first '9'"),
        ({"qrels": ["query-id\tcorpus-id\tscore"]}, "judges no question"),
        ({"qrels": ["1 pump 1"]}, "line 1: expected query-id, corpus-id and a whole number"),
        ({"corpus": ['{"_id": "pump", "text": "a"}'] * 2}, "1 stand twice, the first 'pump'"),
        ({"queries": ['{"_id": "1", "text": "a"}'] * 2}, "1 stand twice, the first '1'"),
        ({"queries": ["nonsense"]}, "queries.jsonl, line 1: expected"),
    ],
)  # fmt: skip
def test_a_bad_collection_is_one_line_and_nothing_is_written(home: Path, ragqa: Run, broken: dict, told: str):
    beir(home / "bad", **broken)
    assert told in ragqa("bench", "retrieval", "bad", "--run-dir", "runs", "--report", "report").error
    assert not (home / "runs").exists() and not (home / "report").exists()


def test_a_folder_in_neither_form(home: Path, ragqa: Run):
    (home / "other").mkdir()
    assert "it has neither corpus.jsonl nor a file *.questions.jsonl" in ragqa("bench", "retrieval", "other").error
    assert "there is no folder gone" in ragqa("bench", "retrieval", "gone").error
    (home / "other" / "pump.questions.jsonl").write_text('{"_id": "1", "text": "a", "pages": [1]}')
    assert "should have one manual beside it" in ragqa("bench", "retrieval", "other").error


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"_id": "far", "text": "how often?", "pages": [99]}', "the first 'far', pages [99]: kx.pdf has pages 1 to 4"),
        ('{"_id": "no", "text": "how often?", "pages": [], "answerable": false}', "no question that can be measured"),
        ('{"_id": "0", "text": "how often?", "pages": [0]}', "question '0': expected pages from 1"),
        ("", "holds no question"),
        ('{"_id": "1", "text": "q", "pages": [2], "document": "other.pdf"}', "other.pdf has no pages or is not there"),
    ],
)
def test_questions_that_do_not_fit_the_manual(home: Path, ragqa: Run, line: str, told: str):
    (home / "m").mkdir()
    pdf(home / "m" / "kx.pdf", *PAGES)
    (home / "m" / "kx.questions.jsonl").write_text(line)
    assert told in ragqa("bench", "retrieval", "m", "--run-dir", "runs").error
    assert not (home / "runs").exists()


def test_a_run_without_any_hit_is_told(home: Path, ragqa: Run):
    beir(home / "deaf", queries=['{"_id": "1", "text": "xyzzy frobnicate"}'], qrels=["1\tpump\t1"])
    ran = ragqa("bench", "retrieval", "deaf", "--mode", "lexical", "--run-dir", "runs")
    assert ran.code == 1 and "none of 1 questions found anything" in ran.err and not (home / "runs").exists()


def test_options_are_checked_before_anything_is_read(home: Path, ragqa: Run):
    beir(home / "tiny")
    for words, told in {
        ("tiny", "--mode", "psychic"): "--mode takes",
        ("tiny", "--k", "0"): "--k takes numbers from 1 to 100",
        ("tiny", "--passage-tokens", "many"): "--passage-tokens takes",
        ("--index", "kx"): "--index NAME and --questions FILE",
        (): "give datasets",
    }.items():
        ran = ragqa("bench", "retrieval", *words)
        assert ran.code == 2 and told in " ".join(ran.err.replace("│", " ").split()), ran
    assert "stand twice" in ragqa("bench", "retrieval", "tiny", "tiny").error
    (home / "file").write_text("x")
    assert "can't be written to" in ragqa("bench", "retrieval", "tiny", "--report", "file").error


def test_a_public_set_needs_its_extra_or_a_network(home: Path, process: Run):
    ran = process("bench", "retrieval", "beir/scifact/test", before="import sys; sys.modules['ir_datasets'] = None")
    assert ran.error == "ragqa[datasets] is needed for beir/scifact/test — pip install 'ragqa[datasets]'"


def test_a_public_set_is_read_as_a_folder_is(home: Path, monkeypatch: pytest.MonkeyPatch):
    ir_datasets = pytest.importorskip("ir_datasets", reason="ragqa[datasets] is not installed")
    tables = {
        "docs": [(name, text) for name, (_, text) in TEXTS.items()],
        "queries": [(name, text) for name, (text, _, _) in ASKED.items()],
    }
    for name, rows in tables.items():
        (home / f"{name}.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    grades = [
        f"{query} 0 {document} {grade}\n" for query, (_, of, _) in ASKED.items() for document, grade in of.items()
    ]
    (home / "qrels").write_text("".join(grades))
    made = ir_datasets.create_dataset(
        docs_tsv=str(home / "docs.tsv"), queries_tsv=str(home / "queries.tsv"), qrels_trec=str(home / "qrels")
    )
    monkeypatch.setattr(ir_datasets, "load", {"beir/tiny/test": made}.__getitem__)
    (public,), (folder,) = open_datasets("beir/tiny/test"), open_datasets(str(beir(home / "tiny")))
    assert [(q.id, q.text, q.relevant) for q in public.questions] == [
        (q.id, q.text, q.relevant) for q in folder.questions
    ]
    assert [d.name for d in public.source.documents] == [d.name for d in folder.source.documents]
    with pytest.raises(RagqaError, match="knows no set 'beir/gone'"):
        open_datasets("beir/gone")
