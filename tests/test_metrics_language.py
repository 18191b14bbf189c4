"""Measures of language models as text: against values worked out by hand, rouge-score itself, and torch's own loss."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ragqa.compare.language import cross_entropy, perplexity
from ragqa.errors import ModelError, RagqaError
from ragqa.metrics import consistency, rouge_l

TEXT = "The pump filter is cleaned every 40 hours, and the valve every 80; 初效滤网每 15 天洗一次。" * 6


def test_cross_entropy_and_perplexity_by_hand() -> None:
    # Tokens perplexities with 1/2, 1/4 and 1/8: 2 bits each on average, as good as choosing among 4.
    told = [math.log(1 / 2), math.log(1 / 4), math.log(1 / 8)]
    assert cross_entropy(told) == pytest.approx(2 * math.log(2))
    assert perplexity(told) == pytest.approx(4)
    assert perplexity([0.0]) == 1


def test_what_holds_no_token_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        cross_entropy([])
    with pytest.raises(ValueError, match="at least one"):
        consistency([])


def test_consistency_is_the_share_of_pairs_that_say_the_same() -> None:
    assert consistency([("Every 40 hours.", "every 40 hours"), ("the E17", "E17"), ("40 hours", "80 hours")]) == (
        pytest.approx(2 / 3)
    )
    assert consistency([("每15天洗一次", "每 15 天洗一次。")]) == 1


def test_rouge_l_is_that_of_rouge_score() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    said, right = "clean the filter with warm water every month", "every month clean filter in cold water"
    expected = RougeScorer(["rougeL"]).score(right.replace("the ", ""), said.replace("the ", ""))["rougeL"].fmeasure
    assert rouge_l(said, [right]) == pytest.approx(expected)
    assert rouge_l(said, ["nothing of it", right]) == pytest.approx(expected), "the nearest answer counts"


def test_rouge_l_by_hand_and_in_chinese() -> None:
    # The longest common subsequence of a b c d and a c e is a c: P = 2/4, R = 2/3, F = 4/7.
    assert rouge_l("w x y z", ["w y q"]) == pytest.approx(4 / 7)
    # By character: 每天洗 of 每天都洗 (4) and 每天洗净 (4).
    assert rouge_l("每天都洗", ["每天洗净"]) == pytest.approx(3 / 4)
    assert rouge_l("", ["some"]) == 0 and rouge_l("some", []) == 0


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.finetune_local import tiny_gpt2

    return tiny_gpt2(tmp_path_factory.mktemp("gpt2") / "model")


def test_windows_foresee_each_token_but_the_first_once() -> None:
    from ragqa.compare.language import windows

    for tokens in (2, 7, 8, 9, 30):
        counted = [at for start, end, first in windows(tokens, 8, 3) for at in range(max(first, start), end)]
        assert counted == list(range(1, tokens))
        assert all(end - start <= 8 and first > start for start, end, first in windows(tokens, 8, 3))
    with pytest.raises(ValueError, match="stride"):
        list(windows(10, 8, 8))


def test_a_text_within_the_context_has_torchs_own_loss(gpt2: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from ragqa.compare.language import measure_perplexity

    text = TEXT[:40]
    found = measure_perplexity(gpt2, text)
    model = AutoModelForCausalLM.from_pretrained(gpt2, dtype=torch.float32).eval()
    ids = AutoTokenizer.from_pretrained(gpt2)(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        loss = float(model(ids, labels=ids).loss)
    assert 2 <= ids.shape[1] <= model.config.n_positions, "one window"
    assert found.tokens == ids.shape[1] - 1
    assert found.cross_entropy == pytest.approx(loss, rel=1e-4)
    assert found.perplexity == pytest.approx(math.exp(loss), rel=1e-4)


def test_a_long_text_is_foreseen_as_it_is_token_by_token(gpt2: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from ragqa.compare.language import log_probabilities

    model = AutoModelForCausalLM.from_pretrained(gpt2, dtype=torch.float32).eval()
    ids = AutoTokenizer.from_pretrained(gpt2)(TEXT, add_special_tokens=False)["input_ids"][:60]
    size, stride = 16, 6
    by_hand = []
    for at in range(1, len(ids)):
        # The first window that reaches past it, as the definition says: starts are multiples of the stride.
        start = next(begin for begin in range(0, len(ids), stride) if at < begin + size)
        with torch.inference_mode():
            scores = model(torch.tensor([ids[start:at]])).logits[0, -1].log_softmax(-1)
        by_hand.append(float(scores[ids[at]]))
    assert log_probabilities(model, ids, size, stride) == pytest.approx(by_hand, abs=1e-3)


def test_what_can_not_be_foreseen_is_said(gpt2: Path, tmp_path: Path) -> None:
    from ragqa.compare.language import measure_perplexity, read_text

    with pytest.raises(ModelError, match="no folder"):
        measure_perplexity(tmp_path / "absent", TEXT)
    with pytest.raises(RagqaError, match="two tokens"):
        measure_perplexity(gpt2, "")
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(RagqaError, match="empty"):
        read_text(tmp_path / "empty.txt")
    with pytest.raises(RagqaError, match=r"absent\.txt"):
        read_text(tmp_path / "absent.txt")
