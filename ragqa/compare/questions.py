"""What is asked: the training data of a prepared folder, or of a question set that is prepared here, by splits.

``seen`` is what was trained on, ``reworded`` the same in other words, ``unseen`` the test split; what has no answer is
``unanswerable``, whichever part it is from. Writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from ragqa.answerers import Turn
from ragqa.answerers.prompting import Message, Prompt
from ragqa.answerers.untrusted import visible
from ragqa.compare.records import LEAST, AskedQuestion, Split
from ragqa.errors import RagqaError
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import RECORD, Example, read_examples, read_prepared
from ragqa.finetune.records import SPLITS as PARTS
from ragqa.finetune.records import Split as Part
from ragqa.metrics import answer_tokens
from ragqa.printable import quantity

if TYPE_CHECKING:
    from ragqa.answerers.language_model import LanguageModel
    from ragqa.engine import Library


REWORD = """Write the question below in other words, as another person would ask for the same thing.
Keep every number, name, code and unit exactly as it is. Answer with the question alone.

{question}"""

NO_REWORDED = (
    "reworded: the questions have none, so that this row is left out; give people's own in a column 'reworded', or "
    "name a language model with --reword-with"
)

_FIXED = re.compile(r"[A-Za-z]*\d[\w.,/-]*\w|\d|(?<=[\w,;:] )[A-Z][\w-]+")
"""Numbers, codes, and names that do not merely begin a sentence."""


def reword(model: LanguageModel, question: str) -> str | None:
    """Return ``question`` as ``model`` puts it; None where a number or a name is lost, or nothing changed.

    Raises ModelError.
    """
    text = Message("user", REWORD.format(question=question))
    reply = model.complete(Prompt((text,), answer_tokens=min(200, model.room().context // 4)), 1, None)
    lines = visible(reply.texts[0]).strip().splitlines()
    told = " ".join(lines[0].split()).strip('"“”') if lines else ""
    kept = all(fixed in told for fixed in _FIXED.findall(question))
    other = bool(told) and answer_tokens(told) != answer_tokens(question)
    return told if kept and other and len(told) <= 3 * len(question) + 40 else None


ASKED = 500
"""Questions of each split, unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked in each split, and what may be trained on."""

    asked: Mapping[Split, tuple[AskedQuestion, ...]]
    parts: Mapping[Part, tuple[Example, ...]]
    notes: tuple[str, ...]
    """How they were made, a sentence each."""

    @property
    def pages(self) -> bool:
        """Whether any question knows where its answer stands."""
        return any(one.example.pages or one.example.document for some in self.asked.values() for one in some)


def read_questions(
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
) -> tuple[dict[Split, tuple[AskedQuestion, ...]], tuple[str, ...]]:
    answerable = {part: [one for one in examples if one.answerable] for part, examples in parts.items()}
    seen, unseen = _some(answerable["train"], seed, limit), _some(answerable["test"], seed, limit)
    again = tuple(AskedQuestion(one.reworded[0], one) for one in seen if one.reworded)
    without, trained_on = _unanswerable(parts, seed, limit)
    asked: dict[Split, tuple[AskedQuestion, ...]] = {
        "seen": tuple(AskedQuestion(one.question, one) for one in seen),
        "reworded": again,
        "unseen": tuple(AskedQuestion(one.question, one) for one in unseen),
        "unanswerable": tuple(AskedQuestion(one.question, one) for one in without),
    }
    notes = [f"reworded: {len(again)} as the question set has them"] if again else []
    notes += [f"unanswerable: {trained_on} of {len(without)} are trained on"] if trained_on else []
    notes += [
        f"{split}: there is no question of this kind"
        for split in ("seen", "unseen", "unanswerable")
        if not asked[split]
    ]
    return asked, tuple(notes)


def _unanswerable(parts: Mapping[Part, Sequence[Example]], seed: int, limit: int) -> tuple[list[Example], int]:
    """Return questions without an answer, and how many of them are trained on: none where others are enough."""
    learned = [one for one in parts["train"] if not one.answerable]
    held = [one for one in (*parts["test"], *parts["valid"]) if not one.answerable]
    if len(held) >= min(LEAST, limit):
        return _some(held, seed, limit), 0
    more = _some(learned, seed, limit - len(held))
    return [*held, *more], len(more)


def add_reworded(questions: Questions, model: LanguageModel | None, notice: Callable[[str], None]) -> Questions:
    """Return ``questions`` with those of the seen split in other words, as ``model`` puts them where nobody did.

    Without a model only people's own stay; where there are none, a note says how to get them. Raises ModelError.
    """
    again, missing = (
        list(questions.asked["reworded"]),
        [one for one in questions.asked["seen"] if not one.example.reworded],
    )
    note = NO_REWORDED
    if model and missing:
        notice(f"{quantity(len(missing), 'question')} put in other words by {model.spec}")
        by_model = [AskedQuestion(told, one.example) for one in missing if (told := reword(model, one.text))]
        again += by_model
        left_out = len(missing) - len(by_model)
        note = f"reworded: {len(by_model)} by {model.spec}; {left_out} left out, not reworded faithfully"
    notes = (*questions.notes, note) if missing and (model or not again) else questions.notes
    return replace(questions, asked={**questions.asked, "reworded": tuple(again)}, notes=notes)


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
