"""Index terms: a question and a passage meet in the same terms."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ragqa.analysis import VERSION, cjk_share, query_terms, terms


def test_words_meet_in_their_stems():
    assert set(terms("filters")) == set(terms("Filter"))


def test_codes_and_part_numbers_are_kept_whole_and_in_parts():
    assert {"kx-40", "kx", "40"} <= set(terms("the KX-40 unit"))
    assert "e04" in terms("Error E04.") and "debian/control" in terms("edit debian/control")


def test_chinese_gives_characters_and_pairs():
    assert terms("滤网") == ["滤", "网", "滤网"]


def test_full_width_and_accents_fold():
    assert terms("ＡＢＣ１２") == terms("ABC12") and terms("café") == terms("cafe")


def test_an_exponent_or_a_fraction_never_joins_the_number_before_it():
    assert terms("10⁵") == terms("10^5") == ["10", "5"]
    assert terms("2½ l") == ["2", "1", "2", "l"]
    assert "105" not in terms("10⁵") and "m2" in terms("m²")


def test_a_question_loses_its_question_words_but_never_everything():
    assert query_terms("How do I clean the filter?") == {"clean": 1, "filter": 1}
    assert "怎么" not in query_terms("怎么清洗滤网？") and {"清洗", "滤网"} <= query_terms("怎么清洗滤网？").keys()
    assert query_terms("what is it?")


def test_said_twice_counts_twice():
    assert query_terms("filter, I said filter")["filter"] == 2


@given(st.text(max_size=300))
def test_terms_never_hold_white_space_nor_are_empty(text):
    assert all(term and not any(c.isspace() for c in term) for term in terms(text))


def test_share_of_chinese():
    assert cjk_share("滤网 E04") == 2 / 5 and cjk_share("") == 0


SAMPLE = (
    "How do I reset the KX-40's filters? Error E04.",
    "每三个月清洗一次滤网，更换电池。",
    "2½ l at 10⁵ Pa, naïve cafés",
    "debian/control re-read U.S. C++ Wi-Fi",
    "ＡＢＣ１２ Größe Straße",
    "ポンプを止める 펌프를 멈춘다",
)


def test_a_change_of_terms_raises_the_version_by_which_indexes_are_known():
    """Indexes hold the terms that an older ragqa made: with other terms and the same version they would miss."""
    made = hashlib.sha256(repr([terms(text) for text in SAMPLE]).encode()).hexdigest()[:16]
    assert (VERSION, made) == (3, "f817b25c5645b0ae")
