"""Does learning preferences raise the share of held-back pairs that are ranked as preferred? SFT, a reward model, DPO.

Questions of xquad-en with their paragraph. Preferred: the answer's words with the mark of the passage, ``308 [1]``.
Rejected, a third each: the same without the mark; words of the same paragraph that answer another question; the whole
sentence around the answer. Half of the articles are learned from, half held back. The share is that of pairs where the
preferred answer is the likelier one, the sum of log-probabilities as in DPO, and beside it that of the linear reward
model on the untrained model's states. ``--pairs`` and ``--minutes`` choose how much.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

from bench.data import collection
from bench.record import Row, parser, report
from ragqa.answer_log import KeptAnswer
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets import Question
from ragqa.finetune.preference import teach
from ragqa.finetune.preference_measuring import Agreement
from ragqa.finetune.preference_pairs import PreferencePair
from ragqa.finetune.preference_stages import Recipe
from ragqa.sentences import sentences
from ragqa.settings import Settings
from ragqa.types import Document

NAME = "xquad-en"

PROMPTS = '''
system = """
Answer from the numbered passages, briefly, with the passage's number in square brackets: [1]. If they do not answer, \
reply with exactly this line: {refusal}
"""
passage = """
[{number}] {boundary} {text}
"""
'''
"""Shorter than the rules that ``ask`` gives, which a model of this size reads for two thirds of the time."""

KINDS = ("no mark", "wrong words", "whole sentence")


def rejected_answer(kind: str, answer: str, text: str, others: Sequence[str], chance: Random) -> str | None:
    """Return a worse answer of a kind; None where the paragraph gives none."""
    if kind == "no mark":
        return answer
    if kind == "wrong words":
        other = [one for one in others if one not in answer and answer not in one]
        return f"{chance.choice(other)} [1]" if other else None
    around = [text[start:end] for start, end in sentences(text) if answer in text[start:end]]
    return f"{around[0]} [1]" if around and len(around[0]) > len(answer) + 40 else None


def pairs_of_set(
    documents: Sequence[Document], questions: Sequence[Question], count: int, seed: int = 0
) -> dict[str, list[tuple[str, PreferencePair]]]:
    """Return article → its pairs with their kind, about ``count`` in all, as many of each article and kind."""
    chance = Random(seed)
    texts = {document.name: document for document in documents}
    by_text: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if question.relevant and question.answers:
            by_text[next(iter(question.relevant))].append(question)
    by_article: dict[str, list[Question]] = defaultdict(list)
    for name, asked in by_text.items():
        by_article[texts[name].title].extend(asked)
    each, kind_at, found = max(count // len(by_article), 1), 0, {}
    for article, asked in sorted(by_article.items()):
        made: list[tuple[str, PreferencePair]] = []
        chance.shuffle(asked)
        for question in asked:
            name, answer = next(iter(question.relevant or {})), question.answers[0]
            others = [one.answers[0] for one in by_text[name] if one is not question]
            kind = KINDS[kind_at % len(KINDS)]
            worse = rejected_answer(kind, answer, texts[name].text, others, chance)
            if worse is None or len(made) == each:
                continue
            passage = {"document": texts[name].title, "section": [], "header": "", "text": texts[name].text}
            kept = KeptAnswer(question.id, 0.0, NAME, question.text, worse, "made", (passage,), {"1": 1})
            made.append((kind, PreferencePair(kept, f"{answer} [1]", worse)))
            kind_at += 1
        found[article] = made
    return found


def split_by_article(
    found: dict[str, list[tuple[str, PreferencePair]]], seed: int = 0
) -> tuple[list[tuple[str, PreferencePair]], list[tuple[str, PreferencePair]]]:
    """Return the pairs of half of the articles to learn from, and those of the others to measure by."""
    articles = sorted(found)
    Random(seed).shuffle(articles)
    half = len(articles) // 2
    learned, held = ([pair for name in part for pair in found[name]] for part in (articles[:half], articles[half:]))
    return learned, held


def row_of(stage: str, held: Agreement, kinds: Sequence[str]) -> Row:
    """Return the row of a stage: the share of all held-back pairs, and of each kind."""
    row: Row = {"set": NAME, "by": stage, "pairs": held.pairs, "share": held.share, "low": held.low, "high": held.high}
    for kind in KINDS:
        right = [margin > 0 for margin, one in zip(held.margins, kinds, strict=True) if one == kind]
        row[kind] = sum(right) / max(len(right), 1)
    return row


def show(line: str) -> None:
    print(line, flush=True)


def main(arguments: list[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--base", default="smollm2", help="The model to teach.")
    options.add_argument("--pairs", type=int, default=96, help="Pairs to make, half of them to learn from.")
    options.add_argument("--minutes", type=float, default=15.0, help="Time for measuring and training.")
    options.add_argument("--epochs", type=int, default=1, help="Passes of DPO, as far as the time allows.")
    given = options.parse_args(arguments)
    learned, held = split_by_article(pairs_of_set(*collection(NAME), given.pairs))
    recipe = Recipe(epochs=given.epochs, minutes=given.minutes)
    teaching, measured = ([pair for _, pair in part] for part in (learned, held))
    with tempfile.TemporaryDirectory() as home:
        prompts = Path(home) / "prompts.toml"
        prompts.write_text(PROMPTS, encoding="utf-8")
        settings = Settings(home=Path(home), prompts=prompts)
        try:
            found = teach(given.base, teaching, measured, settings, recipe, Path(home) / "taught", show)
        except RagqaError as error:
            raise SystemExit(f"skipped: {error}") from None
    kinds = [kind for kind, _ in held]
    stages = {
        f"{given.base}, untrained": found.held_before,
        "… after SFT": found.held_sft,
        "… after SFT and DPO": found.held_after,
        "reward model": found.held_reward,
    }
    rows = [row_of(stage, agreement, kinds) for stage, agreement in stages.items() if agreement]
    assert found.held_gain
    gained: Row = {"set": NAME, "by": "gain of SFT and DPO", "pairs": len(held), "share": found.held_gain.mean}
    gained |= {"low": found.held_gain.low, "high": found.held_gain.high}
    gained |= {"learned from": found.learned, "passes": found.epochs, "minutes": round(found.seconds / 60, 1)}
    report("preference", [*rows, gained], data=[NAME], keep=given.keep)


if __name__ == "__main__":
    main()
