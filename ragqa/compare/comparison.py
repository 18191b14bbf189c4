"""A whole comparison: open the systems, ask them everything, change the manual, say what follows. Prints nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragqa.compare.advice import advice
from ragqa.compare.facts import FACTS, Updated, change_documents, choose_facts, read_facts, update
from ragqa.compare.kept import KeptAnswers
from ragqa.compare.language import TextPerplexity, measure_perplexity, read_text
from ragqa.compare.measures import (
    MAIN,
    Consistent,
    SystemDifference,
    ask_dialogues,
    compare_systems,
    measure,
    read_dialogues,
)
from ragqa.compare.names import trains
from ragqa.compare.plan import english_only, find_models, steps
from ragqa.compare.questions import ASKED, Questions, add_reworded, read_questions
from ragqa.compare.records import LEAST, SPLITS, Split, SplitResult, System, label_of
from ragqa.compare.systems import Bench, ClosedBook, Retrieving, open_model, open_system
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.beir import is_beir, read_beir
from ragqa.evaluation.grid import documents_of, library_of
from ragqa.finetune.jobs import jobs_folder
from ragqa.finetune.records import Example
from ragqa.finetune.training.job import digest_of
from ragqa.printable import quantity
from ragqa.settings import load_settings


@dataclass(frozen=True, slots=True)
class Asking:
    """What a comparison is asked to do."""

    questions: Path
    systems: tuple[str, ...]
    seed: int = 0
    limit: int = ASKED
    """Questions of each split at most."""
    update: Path | None = None
    """Facts that change; None: chosen by rule."""
    facts: int = FACTS
    """How many are chosen at most; 0: none changes."""
    retrain: bool = False
    text: Path | None = None
    dialogues: Path | None = None
    reword_with: str | None = None
    """The language model that puts questions in other words: openai:MODEL or transformers:PATH."""
    fewest: int = LEAST
    """Questions of the split that decides under which nothing is run."""
    minutes: float | None = None
    """The budget of each training; what does not fit is left out, and said. None: as long as it takes."""
    k: int | None = None
    """Passages that retrieval gives to an answerer; None: as the library's settings say."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it."""

    results: tuple[SplitResult, ...]
    differences: tuple[SystemDifference, ...]
    updates: tuple[Updated, ...]
    perplexities: tuple[TextPerplexity, ...]
    consistent: tuple[Consistent, ...]
    advice: tuple[str, ...]
    """Which to use, and last what is not known: a sentence each."""
    notes: tuple[str, ...]
    """How the questions were made, and what could not be done."""


def compare(asking: Asking, library: Library, notice: Callable[[str], None] = lambda line: None) -> Comparison:
    """Return how the systems compare on the manuals of ``library``, which stays as it is. Raises RagqaError."""
    facts = read_facts(asking.update) if asking.update else None
    if facts:
        change_documents(facts, library)  # a fact that can't be changed is told before anything is trained
    dialogues = read_dialogues(asking.dialogues) if asking.dialogues else ()
    text = read_text(asking.text) if asking.text else ""
    settings = replace(library.settings, index=library.name, k=asking.k or library.settings.k)
    model = open_model("--reword-with", asking.reword_with, settings) if asking.reword_with else None
    questions = read_questions(asking.questions, library, asking.seed, asking.limit, notice)
    check_enough(questions, asking)
    weights = find_models(asking.systems, notice)
    questions = add_reworded(questions, model, notice)
    changed = asking.facts if facts is None else len(facts)
    for step in steps(
        asking.systems, questions, weights, facts=changed, minutes=asking.minutes, retrain=asking.retrain
    ):
        notice(step)
    with ExitStack() as stack:
        asked = stack.enter_context(Library.open(settings=settings, notice=notice))
        bench = Bench(asked, settings, questions.parts, asking.seed, notice, asking.minutes)
        kept = KeptAnswers(_place_of_answers(asking, library))
        if kept.found:
            notice(f"{quantity(kept.found, 'answer')} of a comparison that was stopped are taken up")
        # What takes a training comes last, so that a missing key or folder is told before it.
        opened = {name: _opened(name, bench, stack) for name in sorted(asking.systems, key=trains)}
        systems = [opened[name] for name in asking.systems]
        measured = list(_measure_all(systems, questions, bench, kept))
        if facts is None:
            facts = choose_facts(_known(questions, measured), asked, asking.facts) if asking.facts else ()
        if facts:
            notice("the manual is changed, in a copy")
        updates = update(systems, facts, bench, kept, retrain=asking.retrain) if facts else []
        consistent = tuple(
            ask_dialogues(system, dialogues, asking.seed) for system in systems if dialogues and system.kind != "route"
        )
        perplexities = tuple(_perplexities(systems, text)) if text else ()
    kept.forget()
    apart = tuple(compare_systems(measured, asking.seed))
    foreign = english_only(asking.systems, questions)
    notes = (*questions.notes, *([] if facts or not asking.facts else [NO_FACT]), *([foreign] if foreign else []))
    said = advice(measured, updates, foreign, asking.seed)
    return Comparison(tuple(measured), apart, tuple(updates), perplexities, consistent, said, notes)


def _place_of_answers(asking: Asking, library: Library) -> Path:
    """Return where the answers of this comparison are kept until it is done: the same for the same command."""
    digest = digest_of([library.name, *map(str, (asking.questions, asking.systems, asking.seed, asking.limit))])
    return jobs_folder(library.settings).parent / "comparisons" / f"{digest[:12]}.jsonl"


def check_enough(questions: Questions, asking: Asking) -> None:
    """Raise RagqaError where so few questions have an answer or a label that no difference could be told."""
    split: Split = "unseen" if questions.asked["unseen"] else "seen"
    count = sum(bool(one.example.answers or one.example.label) for one in questions.asked[split])
    if count < asking.fewest:
        every = sum(len(some) for some in questions.parts.values())
        raise RagqaError(
            f"to tell systems apart takes {asking.fewest} {split} questions with answers; {asking.questions} gives "
            f"{count} of {every} in all: give more, or --min-questions {max(count, 1)} to compare all the same"
        )


NO_FACT = "update: no answer is a figure that stands once in the manuals; name facts with --update FILE"


def _opened(name: str, bench: Bench, stack: ExitStack) -> System:
    bench.notice(f"{name} is opened{' and trained' if trains(name) else ''}")
    system = open_system(name, bench)
    if isinstance(system, Retrieving):
        stack.callback(system.close)
    return system


def _measure_all(systems: Sequence[System], questions: Questions, bench: Bench, kept: KeptAnswers) -> list[SplitResult]:
    found = []
    for split in SPLITS:
        for system in systems:
            if questions.asked[split]:
                bench.notice(f"{label_of(system)}: {len(questions.asked[split])} {split} questions")
                found.append(measure(system, split, questions.asked[split], bench.library, bench.seed, kept))
    return found


def _known(questions: Questions, measured: Sequence[SplitResult]) -> list[Example]:
    """Return examples to change facts of, those first that most systems answered, and those that were trained on.

    What a system did not know before the change says nothing of whether it follows it.
    """
    right = Counter(
        name
        for one in measured
        if one.split != "reworded"
        for name, value in one.values.get(MAIN, {}).items()
        if value == 1
    )
    return sorted([*questions.parts["train"], *questions.parts["test"]], key=lambda example: -right[example.id])


def _perplexities(systems: Sequence[System], text: str) -> list[TextPerplexity]:
    """Return the perplexity of the text by each local model of the systems, each model once."""
    specs = {
        system.spec: label_of(system)
        for system in systems
        if isinstance(system, (Retrieving, ClosedBook)) and system.spec.startswith("transformers:")
    }
    return [
        replace(measure_perplexity(Path(spec.partition(":")[2]).expanduser(), text), model=label)
        for spec, label in specs.items()
    ]


@contextmanager
def library_for(
    questions: Path, index: str | None, notice: Callable[[str], None] = lambda line: None, **options: Any
) -> Iterator[Library]:
    """Yield the library ``index``; for a folder in BEIR form, unless one is named, a library of its own texts.

    That one is gone afterwards, with what was trained beside it. ``options`` are those of ``Settings``. Raises
    RagqaError, LibraryError.
    """
    if index is None and questions.is_dir() and is_beir(questions):
        settings = load_settings(options, notice=notice)
        notice(f"a library is made of the texts of {questions.name}, for this comparison only")
        with library_of(documents_of(read_beir(questions), settings), settings, notice) as (library, _):
            yield library
    else:
        with Library.open(index, notice=notice, **options) as library:
            yield library
