"""What is asked: the training data of a prepared folder, or of a question set that is prepared here, told into splits.

``seen`` is what was trained on, ``reworded`` the same in other words, ``unseen`` the test split. Writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from ragqa.answerers import Turn
from ragqa.answerers.prompting import Message
from ragqa.compare.records import SPLITS, Asked, Split
from ragqa.errors import RagqaError
from ragqa.evaluation.questions.statements import chinese, pieces_of, said_otherwise
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import RECORD, Example, read_examples, read_prepared
from ragqa.finetune.records import SPLITS as PARTS
from ragqa.finetune.records import Split as Part

if TYPE_CHECKING:
    from ragqa.engine import Library


TOLD = "by rule: an everyday word, and the form of the question turned; nearer to the question than people's words are"
"""How a person is told of it."""

ASKING = 3
"""Words at the beginning that say what is asked for: they stay."""

_WORD = re.compile(r"[A-Za-z]{3,}\b(?! [A-Z0-9])")
"""Not what a name or a code stands behind: 'code E17' is one name."""
_CJK = re.compile(r"[\u3400-\u9fff]+")
_END = re.compile(r"[\s?？。.!！]+$")

_WITH_BE = re.compile(
    r"^(?P<wh>what|where|when|why|how) (?P<be>is|are|was|were|can|should|must|will) (?P<rest>.+)$", re.IGNORECASE
)
_WITH_DO = re.compile(
    r"^(?P<wh>.*?\b(?:what|who|where|which|when|why|how)\b(?: \w+){0,4}?) (?P<do>do|does|did) (?P<rest>.+)$",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\b(?:what|who|whose|where|which|when|why|how)\b", re.IGNORECASE)
_SMALL = frozenset(
    ("what", "who", "where", "which", "when", "why", "how", "whose", "in", "on", "at", "by", "the", "for", "to")
)
_OPENINGS = ("I would like to know", "Please tell me", "Can you tell me", "I need to find out")
_CHINESE_OPENINGS = ("我想知道，", "请告诉我：", "请问，", "想了解一下，")
_CHINESE_WORDS = (
    ("什么时候", "何时"),
    ("什麼時候", "何時"),
    ("为什么", "为何"),
    ("為什麼", "為何"),
    ("哪里", "何处"),
    ("哪裡", "何處"),
    ("怎么", "如何"),
    ("怎麼", "如何"),
    ("多久", "多长时间"),
    ("谁", "哪个人"),
    ("誰", "哪個人"),
    ("何时", "什么时候"),
    ("何時", "什麼時候"),
    ("为何", "为什么"),
    ("如何", "怎么"),
    ("是否", "是不是"),
)


def reworded_by_rule(question: str) -> str:
    """Return ``question`` in other words, always the same ones."""
    chance = Random(question)
    if not any(c.isalnum() for c in question):
        return question
    return (_chinese if chinese(question) else _english)(_END.sub("", question.strip()), chance)


def _english(question: str, chance: Random) -> str:
    told = _one_word(question, [found.span() for found in _WORD.finditer(question)][ASKING:], chance)
    opening = chance.choice(_OPENINGS)
    if match := _WITH_DO.match(told):
        turned = f"{match['wh']} {match['rest']}"
    elif match := _WITH_BE.match(told):
        turned = f"{match['wh']} {match['rest']} {match['be']}"
    elif _ASKS.search(told):
        turned = told  # 'which team was first' is the same both ways
    else:
        return f"Please help me with this: {told}."
    mark = "?" if opening.startswith("Can") else "."
    return f"{opening} {_begun(turned)}{mark}"


def _begun(text: str) -> str:
    """Return a question as it goes on behind other words; a name stays a name."""
    first, _, rest = text.partition(" ")
    return f"{first.lower()} {rest}" if first.lower() in _SMALL else text


def _chinese(question: str, chance: Random) -> str:
    told = next((question.replace(one, other, 1) for one, other in _CHINESE_WORDS if one in question), question)
    told = _one_word(told, [span for run in _CJK.finditer(told) for span in _pieces(run)], chance)
    return f"{chance.choice(_CHINESE_OPENINGS)}{told.removeprefix('请问').lstrip('，, ')}？"


def _pieces(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where the words of a run of Chinese characters stand in the question."""
    at = run.start()
    for piece in pieces_of(run[0]):
        yield at, at + len(piece)
        at += len(piece)


def _one_word(text: str, spans: Sequence[tuple[int, int]], chance: Random) -> str:
    """Return ``text`` with one of the words at ``spans`` in everyday words; several together would ask something else.

    Names, which begin with a capital, stay.
    """
    said = {span: said_otherwise(text[slice(*span)], chance) for span in spans if not text[span[0]].isupper()}
    other = [span for span, word in said.items() if word != text[slice(*span)]]
    if not other:
        return text
    start, end = chance.choice(other)
    return text[:start] + said[start, end] + text[end:]


ASKED = 500
"""Questions of each split, unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked in each split, and what may be trained on."""

    asked: Mapping[Split, tuple[Asked, ...]]
    parts: Mapping[Part, tuple[Example, ...]]
    notes: tuple[str, ...]
    """How they were made, a sentence each."""

    @property
    def pages(self) -> bool:
        """Whether any question knows where its answer stands."""
        return any(one.example.pages or one.example.document for some in self.asked.values() for one in some)


def read_asked(
    path: Path, library: Library, seed: int, limit: int = ASKED, notice: Callable[[str], None] = lambda line: None
) -> Questions:
    """Return the questions of ``path``: a folder of ``finetune prepare``, or anything that this reads.

    Raises RagqaError where there is none, or none has an answer.
    """
    if not path.exists():
        raise RagqaError(f"--questions should name a file of questions or a prepared folder; there is no {path}")
    if (path / RECORD).is_file():
        read_prepared(path)
        parts = {part: tuple(read_examples(path, part)) for part in PARTS}
        notes: tuple[str, ...] = ()
    else:
        from ragqa.finetune.preparing import prepare

        planned = prepare([path], "closed-book", library=library, seed=seed, notice=notice)
        parts = {part: tuple(planned.splits[part]) for part in PARTS}
        notes = (f"{path} was split here, by passage or document, with seed {seed}",)
    told = [example for part in parts.values() for example in part]
    if not any(example.answers or example.label for example in told):
        raise RagqaError(f"{path} holds no question with an answer: comparing needs what the right answer is")
    asked, how = _splits(parts, seed, limit)
    if not any(asked.values()):
        raise RagqaError(f"{path} has nothing to ask: its train and test splits are empty")
    return Questions(asked, parts, (*notes, *how))


def _splits(
    parts: Mapping[Part, Sequence[Example]], seed: int, limit: int
) -> tuple[dict[Split, tuple[Asked, ...]], tuple[str, ...]]:
    seen, unseen = _some(parts["train"], seed, limit), _some(parts["test"], seed, limit)
    again = [Asked(one.reworded[0] if one.reworded else reworded_by_rule(one.question), one) for one in seen]
    given = sum(bool(one.reworded) for one in seen)
    asked: dict[Split, tuple[Asked, ...]] = {
        "seen": tuple(Asked(one.question, one) for one in seen),
        "reworded": tuple(again),
        "unseen": tuple(Asked(one.question, one) for one in unseen),
    }
    notes = [f"reworded: {given} as the question set has them, {len(seen) - given} {TOLD}"] if seen else []
    notes += [f"{split}: there is no question of this kind" for split in SPLITS if not asked[split]]
    return asked, tuple(notes)


def _some(examples: Sequence[Example], seed: int, limit: int) -> list[Example]:
    if len(examples) <= limit:
        return list(examples)
    return [examples[at] for at in sorted(Random(seed).sample(range(len(examples)), limit))]


def closed_book(example: Example, refusal: str) -> Example:
    """Return an example as a question and its answer, behind the turns before it, whatever form it was prepared in."""
    spoken = _spoken(example)
    if spoken:
        return replace(example, messages=spoken)
    said = example.answers[0] if example.answers else refusal
    return replace(example, messages=(Message("user", example.question), Message("assistant", said)))


def entry_of(example: Example) -> Entry:
    """Return what was known of an example before it was brought into any form."""
    return Entry(
        example.question,
        example.answers,
        example.source,
        example.id,
        _spoken(example)[:-2],
        example.answerable,
        document=example.document,
        pages=example.pages,
        evidence=example.evidence,
    )


def turns_before(example: Example) -> tuple[Turn, ...]:
    """Return what was said before the question, where it is one of a conversation."""
    before = _spoken(example)[:-2]
    return tuple(Turn(one.content, other.content) for one, other in zip(before[::2], before[1::2], strict=False))


def _spoken(example: Example) -> tuple[Message, ...]:
    """Return an example's turns, where the last is the bare question and its answer; else nothing."""
    spoken = tuple(message for message in example.messages if message.role != "system")
    return spoken if len(spoken) > 1 and spoken[-2].content == example.question else ()


def routed(example: Example) -> Example | None:
    """Return an example as a question and its label, the document unless it has one; None where it has neither."""
    label = example.label or example.document
    if not label:
        return None
    messages = (Message("user", example.question), Message("assistant", label))
    return replace(example, messages=messages, label=label)
