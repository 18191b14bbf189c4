"""The field's recipe on one's own manual: read it, get questions, prepare, train, compare, write a report.

Each step finds what was done of it before, so that the same command goes on after a kill: the library by its
documents, questions and training data by what they are made of, trainings by their jobs. Prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragqa.answerers.language_model import LanguageModel, Reply
from ragqa.answerers.prompting import Prompt, Room
from ragqa.answerers.untrusted import Live
from ragqa.compare.comparison import Asking, Comparison, compare
from ragqa.compare.measures import MAIN, difference
from ragqa.compare.names import answerer_spec, trains
from ragqa.compare.recipe_plan import (
    RECORD,
    Plan,
    Recipe,
    makes_library,
    questions_file,
    recipe_folder,
    share_of,
    too_few,
)
from ragqa.compare.records import SplitResult
from ragqa.compare.report import compare_page
from ragqa.compare.systems import Bench, ClosedBook, Retrieving, open_model, open_system
from ragqa.engine import Library
from ragqa.errors import LibraryError, RagqaError
from ragqa.evaluation.files import check_writable, write_files, write_lines
from ragqa.evaluation.questions import lines_of, vary, write_questions
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statements
from ragqa.finetune.preparing import prepare
from ragqa.finetune.records import SPLITS, Example, read_examples
from ragqa.finetune.training.job import digest_of
from ragqa.ingest import Progress
from ragqa.plain_files import append_line, cannot_write, json_lines, write_json
from ragqa.printable import quantity
from ragqa.prompts import load_prompts
from ragqa.settings import Settings
from ragqa.types import Usage

Notice = Callable[[str], None]

PAGE = "index.html"
REPLIES = ".replies"
"""Beside the questions, until they are written: what the model said so far."""
TOLD_EVERY = 10.0
"""Seconds between two lines of how far the reading is."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a recipe."""

    library: str
    comparison: Comparison
    models: dict[str, str]
    """The spec of each model that was trained, by the name of its system."""
    best: SplitResult | None
    """The system to ask, by the questions not trained on: quoting, unless another is shown to be better."""
    report: Path


def run(recipe: Recipe, settings: Settings, planned: Plan, report: Path | None, command: str, notice: Notice) -> Done:
    """Do the steps, or go on with them; ``command`` is the one that was given, for the report. Raises RagqaError."""
    if planned.missing:
        raise RagqaError(planned.missing[0])
    folder = recipe_folder(settings, recipe.library())
    report = report or folder / "report"
    check_writable(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    told = _Told(planned, notice)
    told.step(1)
    with _library(recipe, settings, told) as library:
        told.step(2)
        file = _questions(recipe, library, told)
        told.step(3)
        prepared = _prepared(recipe, library, file, folder, told)
        told.step(4)
        models = _train(recipe, library, prepared, told)
        told.step(5)
        found = _compare(recipe, library, prepared, told)
    write_files(report, {PAGE: compare_page(found, command, recipe.seed)})
    told(f"report written to {report / PAGE}")
    return Done(recipe.library(), found, models, recommended(found, recipe.seed), report / PAGE)


class _Told:
    """Tells how it goes: each line with the number of its step, each step with what is left."""

    def __init__(self, planned: Plan, notice: Notice) -> None:
        self._planned, self._notice, self._at = planned, notice, 0

    def step(self, number: int) -> None:
        self._at = number
        left = self._planned.seconds_from(number)
        self(f"{self._planned.steps[number - 1].what}; about {duration(left)} left in all")

    def __call__(self, line: str) -> None:
        self._notice(f"{self._at} of {len(self._planned.steps)}: {line}")


def duration(seconds: float) -> str:
    """Return a time as a person would say it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


# 1: the library


def _library(recipe: Recipe, settings: Settings, notice: Notice) -> Library:
    """Return the library, open, with the manuals read into it unless it was there before the recipe was."""
    name = recipe.library()
    settings = replace(settings, index=name)
    if not makes_library(recipe, settings):
        return Library.open(settings=settings, notice=notice)
    record = recipe_folder(settings, name) / RECORD
    try:
        if not record.is_file():
            write_json(record, {})  # from now on the library is the recipe's to go on with
    except OSError as error:
        raise cannot_write(record, error) from None
    library = Library.open(settings=settings, create=True, notice=notice)
    try:
        results = library.ingest(recipe.manuals, progress=_reading(notice))
        for one in results:
            if one.status == "failed":
                notice(str(one.error))
        if not library.documents():
            raise LibraryError(f"no manual could be read into library '{name}': name another file")
        write_json(record, {"documents": sorted(one.path for one in results)})
    except BaseException:
        library.close()
        raise
    return library


def _reading(notice: Notice) -> Callable[[Progress], None]:
    """Return what tells now and then how far the reading is, and how long it takes still."""
    began = said = time.monotonic()

    def progress(at: Progress) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said > TOLD_EVERY and at.share:
            said = now
            left = (now - began) * (1 - at.share) / at.share
            notice(f"{at.stage} {at.name}, {at.number} of {at.files}: {at.share:.0%} done, about {duration(left)} left")

    return progress


# 2: questions


def _questions(recipe: Recipe, library: Library, notice: Notice) -> Path:
    """Return the file of the questions, written now unless it is there."""
    documents = [library.show(stored.name) for stored in library.documents()]
    file = questions_file(recipe, library.settings, documents)
    if recipe.questions:
        return file
    if file.is_file():
        notice(f"taken from {file}, where they were kept")
        return file
    if recipe.generate_with:
        drafts = _by_model(recipe, library, Statements(documents), file, notice)
    else:
        drafts = write_questions(documents, recipe.count, recipe.seed)
    write_lines(file, lines_of(drafts))
    file.with_suffix(REPLIES).unlink(missing_ok=True)
    notice(f"{quantity(len(drafts), 'question')} written to {file}: read them, and mend what is wrong")
    return file


def _by_model(
    recipe: Recipe, library: Library, statements: Statements, file: Path, notice: Notice
) -> list[GeneratedQuestion]:
    from ragqa.evaluation.questions import model

    spec = answerer_spec(recipe.generate_with or "")
    writer = Remembering(open_model("--generate-with", spec, library.settings), file.with_suffix(REPLIES))
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        if done and done % 10 == 0:
            left = (time.monotonic() - began) * (total - done) / done
            notice(f"{done} of at most {quantity(total, 'question')}, about {duration(left)} left")

    prompts = load_prompts(library.settings.prompts)
    drafts = model.write_questions(writer, prompts, statements, recipe.count, recipe.seed, progress)
    found = vary(drafts, recipe.count, recipe.seed)
    if not found:
        raise RagqaError(
            f"{spec} wrote no question whose answer stands on its page: name another model with --generate-with, or "
            "give questions with --questions"
        )
    return found


class Remembering:
    """A language model whose replies are kept in a file: what was asked before is not asked, nor paid for, again."""

    def __init__(self, model: LanguageModel, file: Path) -> None:
        self._model, self._file = model, file
        self._kept: dict[str, str] = {}
        for row in json_lines(file):
            if isinstance(row, list) and len(row) == 2:
                self._kept[str(row[0])] = str(row[1])

    @property
    def spec(self) -> str:
        """How a user names the model."""
        return self._model.spec

    def room(self) -> Room:
        """Return its context."""
        return self._model.room()

    def complete(self, prompt: Prompt, n: int, hearer: Live | None) -> Reply:
        """Return the one text that was kept, or is written now. Raises ModelError, RagqaError."""
        key = digest_of([[one.role, one.content] for one in prompt.messages])
        if key in self._kept:
            return Reply((self._kept[key],), (False,), Usage())
        reply = self._model.complete(prompt, n, hearer)
        self._kept[key] = reply.texts[0]
        try:
            append_line(self._file, [key, reply.texts[0]])
        except OSError as error:
            raise cannot_write(self._file, error) from None
        return reply


# 3: training data


def _prepared(recipe: Recipe, library: Library, file: Path, folder: Path, notice: Notice) -> Path:
    """Return the folder of training data: the same questions and the same manuals give the same one again."""
    made = prepare([file], "closed-book", library=library, seed=recipe.seed, test=share_of(file, recipe), notice=notice)
    for line in (*made.notes, *(finding.told() for finding in made.findings)):
        notice(line)
    every = [one for some in made.splits.values() for one in some if one.answers]
    unseen = sum(bool(one.answers) for one in made.splits["test"])
    if unseen < recipe.fewest:
        raise RagqaError(too_few(len(every), unseen, recipe))
    out = folder / f"prepared-{digest_of([[one.line() for one in made.splits[split]] for split in SPLITS])[:12]}"
    made.write(out)
    notice(", ".join(f"{count:,} {split}" for split, count in made.record.examples.items()))
    return out


# 4 and 5: training and comparing


def _train(recipe: Recipe, library: Library, prepared: Path, notice: Notice) -> dict[str, str]:
    """Train each system that is, or find that it was; return their models' specs by the systems' names."""
    settings = replace(library.settings, index=library.name)
    parts: dict[Any, tuple[Example, ...]] = {split: tuple(read_examples(prepared, split)) for split in SPLITS}
    bench = Bench(library, settings, parts, recipe.seed, notice, recipe.minutes)
    names = [name for name in recipe.compared() if trains(name)]
    models = {}
    for number, name in enumerate(names, 1):
        notice(f"{name}, {number} of {quantity(len(names), 'training')}")
        system = open_system(name, bench)
        if isinstance(system, (Retrieving, ClosedBook)):
            models[name] = system.spec
        if isinstance(system, Retrieving):
            system.close()
    return models


def _compare(recipe: Recipe, library: Library, prepared: Path, notice: Notice) -> Comparison:
    asking = Asking(
        prepared, recipe.compared(), recipe.seed, recipe.limit, fewest=recipe.fewest, minutes=recipe.minutes
    )
    return compare(asking, library, notice)


def recommended(found: Comparison, seed: int = 0) -> SplitResult | None:
    """Return the system to ask: of those that read the manual the one that quotes it, unless another is shown better.

    Judged by the questions that were not trained on; None where no such system was asked them.
    """
    reads = [
        one for one in found.results if one.split == "unseen" and one.system.kind == "retrieval" and MAIN in one.metrics
    ]
    best = max(reads, key=lambda one: one.metrics[MAIN].mean, default=None)
    quoting = next((one for one in reads if one.system.name == "extractive"), best)
    if best is None or quoting is None or best is quoting:
        return best
    apart = difference(best, quoting, seed)
    return best if apart.real and apart.mean > 0 else quoting
