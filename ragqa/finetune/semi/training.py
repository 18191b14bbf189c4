"""A prepared folder and a library in, a model out that was taught by both. Knows no command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ragqa.answerers.prompting import Room
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.evaluation.questions.statements import Statements
from ragqa.finetune.estimating import counter, longest_of
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import Example, Form, lines_of, read_examples, read_prepared
from ragqa.finetune.routing.training import read_labelled
from ragqa.finetune.semi.asking import ask_all
from ragqa.finetune.semi.learner import LocalLearner
from ragqa.finetune.semi.pseudo import UNLESS_ASKED, SemiOptions, agreed, trusted, unasked, with_passages
from ragqa.finetune.semi.rounds import SelfTrained, Taught, self_train
from ragqa.finetune.training.job import digest_of
from ragqa.plain_files import cannot_write, write_private
from ragqa.printable import quantity
from ragqa.settings import Settings

READ_SHARE, CHECK_SHARE = 0.1, 0.15
"""Of the minutes in all, what reading the text may take, and what a reader may take to answer generated questions."""

Notice = Callable[[str], None]


def semi_supervised(
    prepared: Path,
    options: TrainOptions,
    settings: Settings,
    asked: SemiOptions = UNLESS_ASKED,
    notice: Notice = lambda line: None,
) -> SelfTrained:
    """Teach a model the labelled questions of ``prepared`` and the text of the library ``settings.index``.

    A causal model first reads the text; a classifier's encoder does not. Then come the rounds, which share what
    ``options.minutes`` leaves. What is made on the way lies in ``semi/`` beside ``indexes/``, and the models among the
    jobs; the same call goes on where it was stopped. Raises RagqaError.
    """
    sides = gather(prepared, options, settings, asked, notice)
    if not sides.pool:
        raise RagqaError(
            f"nothing that was generated from library '{settings.index}' can be learned from, so nothing was trained: "
            "ingest more manuals, or raise -k"
        )
    minutes = options.minutes
    if sides.form != "route":
        options = replace(options, base=str(read_text(sides, options, notice)), read_library=None)
    share = (1 - READ_SHARE - CHECK_SHARE) / (asked.rounds + 1)
    learner = LocalLearner(
        prepared, replace(options, minutes=minutes and minutes * share), settings, sides.folder, notice
    )

    def check(taught: Taught, pool: Sequence[Example]) -> list[Example]:
        return checked(pool, sides, taught.model, options, settings, minutes, notice)

    return self_train(learner, sides.train, sides.pool, rounds=asked.rounds, check=check, notice=notice)


@dataclass(frozen=True, slots=True)
class Sides:
    """What is known: labelled examples, the library's texts, and the questions generated from them."""

    form: Form
    train: list[Example]
    test: list[Example]
    texts: list[str]
    pool: list[Example]
    """Generated, found again by search, and asked by no person; without passages, whatever the form."""
    folder: Path
    """Of what is made on the way, the same for the same data and options."""


def gather(
    prepared: Path, options: TrainOptions, settings: Settings, asked: SemiOptions, notice: Notice, *more: object
) -> Sides:
    """Return both sides; ``more`` tells their folder from others. Raises RagqaError where either is too small."""
    record = read_prepared(prepared)
    train, valid, test = (list(read_examples(prepared, split)) for split in ("train", "valid", "test"))
    check_labelled(prepared, record.form, len(train), len(valid))
    with Library.open(settings=settings, notice=notice) as library:
        check_unlabelled(library)
        texts = [library.show(stored.name).text for stored in library.documents()]
        answering = [settings.answerer, settings.max_tokens, settings.context_tokens, settings.k, settings.mode]
        files = [str(settings.prompts), str(settings.instructions)]
        known = [record.sha256, texts, asdict(options), asdict(asked), answering, files, *more]
        folder = settings.indexes().parent / "semi" / digest_of(known)[:12]
        file = folder / "pool.jsonl"
        if file.is_file():
            pool = [Example.of_line(line) for line in file.read_text(encoding="utf-8").splitlines()]
        else:
            labels = {str(example.label) for example in train}
            pool = unasked(trusted(library, record.form, labels, asked, options.seed, notice), [*train, *valid, *test])
            _keep(file, pool)
    notice(f"{len(pool)} generated examples that can be trusted, none of them asked by a person")
    return Sides(record.form, train, test, texts, pool, folder)


def _keep(file: Path, examples: Sequence[Example]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, b"".join(lines_of(examples)))
    except OSError as error:
        raise cannot_write(file, error) from None


FEWEST_LABELLED, FEWEST_HELD_BACK = 8, 4
"""Examples under which a round's gain on those held back would be chance."""

FEWEST_UNLABELLED = 4
"""Sentences, steps and table cells of a library under which there is nothing to generate questions from."""


def check_labelled(prepared: Path, form: Form, train: int, valid: int) -> None:
    """Raise RagqaError, before anything runs, where the labelled examples are too few to learn from."""
    if train < FEWEST_LABELLED or valid < FEWEST_HELD_BACK:
        raise RagqaError(
            f"semi-supervised training needs {FEWEST_LABELLED} labelled examples to train on and {FEWEST_HELD_BACK} "
            f"held back, which end the rounds; {prepared} has {train} and {valid}: prepare more questions"
        )
    if form == "route":
        read_labelled(prepared)


def check_unlabelled(library: Library) -> None:
    """Raise RagqaError, before anything is generated, where the library has too little text."""
    found = len(Statements(library.show(stored.name) for stored in library.documents()).all)
    if found < FEWEST_UNLABELLED:
        raise RagqaError(
            f"library '{library.name}' has {quantity(found, 'sentence')} to ask about, and {FEWEST_UNLABELLED} are "
            "needed: ingest more manuals"
        )


def read_text(sides: Sides, options: TrainOptions, notice: Notice) -> Path:
    """Return the base after it has read the text; what was read in an earlier call is not read again."""
    from ragqa.finetune.local import continue_pretraining

    out = sides.folder / "base"
    if not out.is_dir():
        minutes = options.minutes and options.minutes * READ_SHARE
        continue_pretraining(options.base, sides.texts, out, seed=options.seed, minutes=minutes, notice=notice)
    return out


def checked(
    pool: Sequence[Example],
    sides: Sides,
    taught: str,
    options: TrainOptions,
    settings: Settings,
    minutes: float | None,
    notice: Notice,
) -> list[Example]:
    """Return what of ``pool`` a reader answers as its draft does, in the form to learn, for the base of ``options``.

    The reader is the language model that ``settings.answerer`` names; else, of the form ``context``, the model
    ``taught``. Without either the pool stays as it is: who answers from memory can't know. Of ``minutes`` in all it
    takes a share, and what it does not come to is left out.
    """
    named = settings.answerer != "extractive"
    reader = settings.answerer if named else taught if sides.form == "context" else None
    kept = list(pool)
    if reader and sides.form != "route" and kept:
        seconds = minutes and 60 * minutes * CHECK_SHARE
        replies = ask_all(kept, reader, settings, sides.folder / "read.jsonl", seconds, notice)
        left = len(kept) - len(replies)
        kept = agreed(kept, replies)
        notice(
            f"{len(kept)} of {quantity(len(replies), 'generated question')} read are answered as their drafts say"
            + (f"; {left} were not read for want of time and are left out" if left else "")
        )
    if sides.form != "context" or not kept:
        return kept
    with Library.open(settings=settings, notice=notice) as library:
        room = Room(settings.context_tokens or longest_of(options.base), settings.max_tokens, counter(options.base))
        return with_passages(kept, library, room, options.seed, notice)
