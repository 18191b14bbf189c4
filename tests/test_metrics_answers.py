"""Answers by their words, spans to the character, and refusals, against figures written out and scikit-learn."""

from __future__ import annotations

import random

import pytest

from ragqa import metrics as m


def test_squad_normalisation():
    assert m.exact_match("The  E17-code!", ["e17code"]) == 1 and m.exact_match("an E17 code", ["E 17 code"]) == 0
    # said: fault code E17 (3 tokens); right: code E17 means too cold (5); shared 2: precision 2/3, recall 2/5
    assert m.token_f1("the fault code E17", ["Code E17 means too cold", "no"]) == pytest.approx(2 * 2 / 8)
    assert m.token_f1("", ["the"]) == 1 and m.token_f1("", ["code"]) == 0 and m.token_f1("code", []) == 0


def test_chinese_counts_by_character_and_figures_whole():
    assert m.answer_tokens("每 15 天洗，一次。") == ["每", "15", "天", "洗", "一", "次"]
    assert m.exact_match("每15天洗一次。", ["每 15 天洗一次"]) == 1
    assert m.token_f1("15 天", ["15 天一次"]) == pytest.approx(2 * 2 / (2 + 4))


def test_answer_stands_in_the_text_as_whole_words():
    assert m.answer_recall("Set the dial (P17) to 220 m³/h.", ["220 m³/h"]) == 1
    assert m.answer_recall("Set P171.", ["P17"]) == 0 and m.answer_recall("每15天洗一次", ["15 天"]) == 1
    assert m.answer_recall("in %", ["%"]) == 1 and m.answer_recall("in all", ["%"]) == 0


def test_spans_written_out():
    found, gold = [(0, 10), (5, 20), (40, 50)], [(15, 30), (45, 60)]
    # union of found 30 characters, of gold 30; shared 15..20 and 45..50: 10; either 50
    assert m.span_recall(found, gold) == pytest.approx(10 / 30)
    assert m.span_precision(found, gold) == pytest.approx(10 / 30)
    assert m.span_iou(found, gold) == pytest.approx(10 / 50)
    assert m.span_iou([], gold) == m.span_recall([], gold) == m.span_precision([], gold) == m.span_iou([], []) == 0


def test_spans_agree_with_sets_of_characters():
    chance = random.Random(5)
    for _ in range(200):
        one, other = (
            [(start, start + chance.randint(0, 12)) for start in chance.sample(range(60), chance.randint(1, 6))]
            for _ in range(2)
        )
        found, gold = ({at for start, end in spans for at in range(start, end)} for spans in (one, other))
        assert m.span_iou(one, other) == pytest.approx(len(found & gold) / max(len(found | gold), 1))
        assert m.span_recall(one, other) == pytest.approx(len(found & gold) / max(len(gold), 1))


def test_auroc_agrees_with_scikit_learn():
    from sklearn.metrics import roc_auc_score

    chance = random.Random(3)
    positive = [round(chance.random() + 0.3, 1) for _ in range(40)]
    negative = [round(chance.random(), 1) for _ in range(30)]
    assert m.auroc(positive, negative) == pytest.approx(roc_auc_score([1] * 40 + [0] * 30, positive + negative))
    with pytest.raises(ValueError, match="at least one"):
        m.auroc([], negative)


def test_risk_and_coverage_written_out():
    # surest first: right, then two of one confidence of which one is wrong, then wrong
    sure, right = [0.5, 0.9, 0.5, 0.1], [True, True, False, False]
    assert m.risk_coverage(sure, right) == [(0.25, 0), (0.75, pytest.approx(1 / 3)), (1, 0.5)]
    assert m.risk_coverage_area(sure, right) == pytest.approx(0.25 * 0 + 0.5 / 3 + 0.25 * 0.5)
    assert m.risk_coverage_area([0.9, 0.8, 0.1], [True, True, False]) < m.risk_coverage_area(
        [0.1, 0.8, 0.9], [True, True, False]
    )
