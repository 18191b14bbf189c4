"""Where sentences end, in both languages."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Gray sat. He read.", ["Dr. Gray sat.", "He read."]),
        ("Use 2.5 mm, e.g. Type B2. Done.", ["Use 2.5 mm, e.g. Type B2.", "Done."]),
        ("See Fig. 3 now. Then go.", ["See Fig. 3 now.", "Then go."]),
        ("Ready? Yes! Go.", ["Ready?", "Yes!", "Go."]),
        ("先关机。再拔电源！可以吗？可以", ["先关机。", "再拔电源！", "可以吗？", "可以"]),
        ("他说：“停。”然后走了。", ["他说：“停。”", "然后走了。"]),
        ("1. Press the key. 2. Wait.", ["1. Press the key.", "2. Wait."]),
        ("", []),
        ("   ", []),
    ],
)
def test_sentence_ends(text, expected):
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(st.text(max_size=400))
def test_sentences_cover_all_but_white_space_in_order(text):
    spans = sentences(text)
    assert "".join("".join(text[s:e].split()) for s, e in spans) == "".join(text.split())
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
