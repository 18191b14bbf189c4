"""A question that names a document: by words of its file name or title that the others do not have."""

from __future__ import annotations

from pathlib import Path

from ragqa import Library
from ragqa.analysis import query_terms
from ragqa.naming import Names

REPORTS = [(1, "reports/2023_Q1-acme.pdf", "Report"), (2, "reports/2023_Q2-acme.pdf", "Report"), (3, "bolt.md", "Bolt")]


def test_rare_words_name_a_document_more_than_common_ones():
    named = Names(REPORTS).named_by(query_terms("What did Acme earn in Q1?"))
    assert named[1] > named[2] > 0 and 3 not in named


def test_what_all_documents_are_called_names_none():
    assert not Names([(1, "manual-a.pdf", ""), (2, "manual-b.pdf", "")]).named_by(query_terms("manual"))
    assert not Names([(1, "pump.pdf", "Pump")]).named_by(query_terms("pump"))


def test_an_identifier_is_no_name():
    assert not Names([(1, "27", "Pump"), (2, "28", "Oven")]).named_by(query_terms("27 pump"))


def test_a_named_report_comes_first_among_reports_of_the_same_words(tmp_path: Path):
    folder = tmp_path / "reports"
    folder.mkdir()
    for year in (2019, 2020, 2021, 2022):
        text = f"# Report\n\nRevenue grew by {year % 7} percent, because more pumps were sold than a year before.\n"
        (folder / f"acme-{year}.md").write_text(text, encoding="utf-8")
    with Library.open("t", create=True, home=tmp_path) as library:
        library.ingest([folder])
        for year in (2019, 2021):
            hits = library.search(f"Why did the revenue of Acme grow in {year}?").hits
            assert hits[0].passage.document == f"acme-{year}.md"
