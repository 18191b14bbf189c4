"""What ``bench.reading`` measures with: small enough to be counted by hand."""

from __future__ import annotations

import random
from functools import cache

from bench.peers.reads import markdown_tables
from bench.reading import bag_f1, common_subsequence, gold_of, order_f1, relations, words


def test_the_longest_common_subsequence_is_that_of_the_definition() -> None:
    picker = random.Random(1)
    for _ in range(30):
        first, second = ([picker.choice("abc") for _ in range(picker.randrange(12))] for _ in range(2))

        @cache
        def longest(a: int, b: int, first: tuple = tuple(first), second: tuple = tuple(second)) -> int:
            if not a or not b:
                return 0
            if first[a - 1] == second[b - 1]:
                return longest(a - 1, b - 1) + 1
            return max(longest(a - 1, b), longest(a, b - 1))

        assert common_subsequence(first, second) == longest(len(first), len(second))


def test_order_counts_for_one_measure_and_not_for_the_other() -> None:
    said, right = words("turn it off, then wait"), words("Then wait; turn it off.")
    assert bag_f1(said, right) == 1
    assert order_f1(said, right) == 2 * 3 / 10
    assert words("水泵 P1") == ["水", "泵", "p1"]


def test_relations_pass_over_empty_cells_and_contents() -> None:
    grid = [["Part", "", "Size"], ["Lid", "x", "3"]]
    assert sorted(relations([grid])) == sorted(
        [
            ("part", "size", "right"),
            ("lid", "x", "right"),
            ("x", "3", "right"),
            ("part", "lid", "below"),
            ("size", "3", "below"),
        ]
    )
    assert relations([[["Safety . . . . . .", "3"], ["Care . . . . . .", "9"]]]) == []


def test_the_gold_is_words_and_tables_without_markup() -> None:
    gold = gold_of("## Care\n\n<!-- image -->\n\n| Part | Use |\n| - | - |\n| Lid | R&amp;D |\n\n- [x] done\n")
    assert words(gold.text) == ["care", "part", "use", "lid", "r", "d", "done"]
    assert gold.tables == [[["Part", "Use"], ["Lid", "R&D"]]]
    assert markdown_tables("no\n|a|b|\n\n|c|\n") == [[["a", "b"]], [["c"]]]
