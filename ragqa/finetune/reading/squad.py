"""SQuAD's JSON, versions 1 and 2 (Rajpurkar et al. 2016, 2018): articles, their paragraphs, questions on each."""

from __future__ import annotations

from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.reading.entries import Entry, Reading


def is_squad(value: Any) -> bool:
    """Say whether a JSON document is meant to be in SQuAD's form."""
    return isinstance(value, dict) and isinstance(value.get("data"), list)


def read_squad(value: Any, name: str) -> Reading:
    """Return an entry a question; one that is impossible has no answer. Raises RagqaError on anything else."""
    entries = []
    try:
        for number, article in enumerate(value["data"], 1):
            for at, paragraph in enumerate(article["paragraphs"], 1):
                where = f"{name}, article {number}, paragraph {at}"
                title = str(article.get("title") or "") or None
                entries += [_entry(one, paragraph, where, title) for one in paragraph["qas"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise RagqaError(
            f"{name} should be in SQuAD's form, data > paragraphs > context and qas > question and answers; after "
            f"{len(entries)} questions there is {error} missing or of another kind"
        ) from None
    return Reading(entries)


def _entry(row: Any, paragraph: Any, where: str, title: str | None) -> Entry:
    answerable = not row.get("is_impossible", False)
    answers = (str(answer["text"]).strip() for answer in row.get("answers") or ()) if answerable else ()
    return Entry(
        str(row["question"]).strip(),
        tuple(dict.fromkeys(filter(None, answers))),
        where,
        id=str(row.get("id") or ""),
        answerable=answerable,
        document=title,
        passage=str(paragraph["context"]),
    )
