"""What the recipe will do, before it does it: steps, minutes, needs, what would be sent to whom. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from ragqa.analysis import cjk_share
from ragqa.compare.facts import FACTS
from ragqa.compare.names import TRAIN, answerer_spec, trains
from ragqa.compare.plan import CHINESE
from ragqa.compare.recipe_cost import (
    HOSTED,
    PAGE_TOKENS,
    WRITTEN_TOKENS,
    LocalModel,
    Work,
    form_of,
    lengths_of,
    look_up,
    measure_machine,
    needs_of,
    place_of,
    total,
)
from ragqa.compare.records import LEAST
from ragqa.engine import Library
from ragqa.errors import RagqaError, UnreadableFile
from ragqa.finetune.local.bases import RANDOM_INIT
from ragqa.finetune.training.job import digest_of
from ragqa.libraries import library_folder, missing, name_for
from ragqa.models.causal import SMOLLM2
from ragqa.models.files import read_json
from ragqa.openai_api.client import server_host
from ragqa.prices import price_of
from ragqa.printable import quantity
from ragqa.settings import Settings
from ragqa.types import Document

RECORD = "recipe.json"
"""In the recipe's folder: of which documents its library is made, once all of them are read."""

BY_RULE = (
    "no questions were given: they are made by rule of the manual's own words, in which people seldom ask; give "
    "people's with --questions, or name a model that writes them with --generate-with"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a user asks for."""

    manuals: tuple[Path, ...]
    index: str | None = None
    """The library; None: one that is named after the first manual."""
    questions: Path | None = None
    """Questions with answers; None: generated."""
    generate_with: str | None = None
    """The language model that writes them, openai:MODEL or transformers:PATH; None: made by rule."""
    count: int = 300
    """Questions generated, at most."""
    base: str = SMOLLM2
    systems: tuple[str, ...] = ()
    """Whom to compare; none: ``default_systems`` of the base."""
    minutes: float = 20.0
    """Of each training, at most."""
    limit: int = 50
    """Questions of each split that every system is asked, at most."""
    fewest: int = LEAST
    """Questions that are not trained on, under which nothing is run."""
    seed: int = 0

    def compared(self) -> tuple[str, ...]:
        """Return the systems."""
        return self.systems or default_systems(self.base)

    def library(self) -> str:
        """Return the library's name. Raises RagqaError where neither a manual nor a library is named."""
        if self.index:
            return self.index
        if not self.manuals:
            raise RagqaError("there is nothing to read: name a manual, or a library with --index")
        return name_for(self.manuals[0].resolve())


def default_systems(base: str) -> tuple[str, ...]:
    """Return quoting, the base reading passages untrained and trained, and the base answering from memory."""
    if base == RANDOM_INIT:  # it has learned no language to read with
        return ("extractive", f"closed-book:{TRAIN}{base}")
    untrained = base if base == SMOLLM2 else f"transformers:{base.removeprefix('transformers:')}"
    return ("extractive", f"retrieve:{untrained}", f"retrieve:{TRAIN}{base}", f"closed-book:{TRAIN}{base}")


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five."""

    what: str
    seconds: float | None
    """About; None where it can't be reckoned."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a person should know before it begins."""

    library: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...]
    sends: tuple[str, ...]
    """What would leave this machine, to whom, and at what price."""
    missing: tuple[str, ...]
    """What keeps it from being done, each with the remedy."""
    notes: tuple[str, ...]

    def seconds_from(self, step: int) -> float:
        """Return about how long the steps from ``step``, 1 to 5, take, as far as it can be reckoned."""
        return sum(one.seconds or 0.0 for one in self.steps[step - 1 :])


def recipe_folder(settings: Settings, library: str) -> Path:
    """Return where the recipe of a library keeps its questions, its training data and its report."""
    return settings.indexes().parent / "recipes" / library


def makes_library(recipe: Recipe, settings: Settings) -> bool:
    """Say whether the library is the recipe's own to make, or to go on with; one that was there stays as it is."""
    there = (library_folder(settings, recipe.library()) / "library.db").is_file()
    if not there and not recipe.manuals:
        raise missing(settings, recipe.library())
    return not there or (recipe_folder(settings, recipe.library()) / RECORD).is_file()


def held_back_share(answered: int, fewest: int) -> float:
    """Return which share of the questions is held back: a fifth, and more of few, so that they can be told apart."""
    return min(max(0.2, 1.25 * fewest / max(answered, 1)), 0.4)


def questions_file(recipe: Recipe, settings: Settings, documents: Sequence[Document]) -> Path:
    """Return the file of the questions: the user's, else where those generated of just these documents are kept."""
    if recipe.questions:
        return recipe.questions
    texts = [(one.name, hashlib.sha256(one.text.encode("utf-8", "surrogatepass")).hexdigest()) for one in documents]
    key = digest_of([sorted(texts), recipe.count, recipe.seed, recipe.generate_with])[:12]
    return recipe_folder(settings, recipe.library()) / f"questions-{key}.jsonl"


def plan(recipe: Recipe, settings: Settings) -> Plan:
    """Return the plan. Raises RagqaError where nothing can be planned: no manual is named, or a system is none."""
    lacking: list[str] = []
    notes: list[str] = []
    own, systems = makes_library(recipe, settings), recipe.compared()
    documents = _documents(recipe, settings, own, lacking, notes)
    asked = _questions(recipe, settings, documents, lacking, notes)
    models = _models(recipe, lacking)
    if any(one.name == SMOLLM2 for one in models.values()) and any(cjk_share(one.text) > CHINESE for one in documents):
        notes.append(f"{SMOLLM2} has read English only, and there are manuals in Chinese: it will not serve them")
    unseen = round(held_back_share(asked.count, recipe.fewest) * asked.count) if asked.unseen is None else asked.unseen
    if unseen < recipe.fewest:
        lacking.append(too_few(asked.count, unseen, recipe))
    if recipe.limit < recipe.fewest:
        lacking.append(
            f"--limit {recipe.limit} asks fewer questions than --min-questions {recipe.fewest} wants asked: raise the "
            "one, or lower the other"
        )
    known = round(0.9 * (asked.count - unseen))
    put = sum(min(recipe.limit, some) for some in (known, unseen, *asked.besides)) + 2 * FACTS
    work = Work(
        known, put, lengths_of(settings, asked.pairs, models.values()), models, measure_machine(), recipe.minutes
    )
    trained = [name for name in systems if trains(name)]
    steps = (
        Step(_reading(recipe, own, documents), work.reading(documents) if own else 0.0),
        Step(asked.what, work.writing(asked.pages, recipe.generate_with or "")),
        Step(f"training data: about {known} questions to learn from, {unseen} kept for measuring", 2 + 0.1 * known),
        Step(
            f"training of {', '.join(trained)}: {recipe.minutes:g} minutes each at most" if trained else "no training",
            total(work.training(name) for name in trained),
        ),
        Step(
            f"{quantity(len(systems), 'system')} asked {put} questions each, and a report",
            total(work.asking(name) for name in systems),
        ),
    )
    sends = tuple(_sends(recipe, settings, asked, work, own, documents, lacking))
    learned = [(models[name], form_of(name)) for name in trained if name in models]
    needs = tuple(needs_of(settings.indexes().parent, learned, lacking))
    return Plan(recipe.library(), steps, needs, sends, tuple(dict.fromkeys(lacking)), tuple(notes))


# Manuals and questions


def _documents(recipe: Recipe, settings: Settings, own: bool, lacking: list[str], notes: list[str]) -> list[Document]:
    """Return the manuals: of the library, or where it is still to be made of their files, which are only read."""
    from ragqa.readers import find_files
    from ragqa.readers.guard import Guard
    from ragqa.sources import name_sources

    sources = name_sources(recipe.manuals, lambda root: find_files([root]))
    lacking += [source.refused for source in sources if source.refused]
    sources = [source for source in sources if not source.refused]
    names = sorted(source.name for source in sources)
    name = recipe.library()
    if not own or read_documents(recipe, settings) == names:
        with Library.open(settings=replace(settings, index=name)) as library:
            held = [library.show(stored.name) for stored in library.documents()]
        absent = sorted(set(names) - {one.name for one in held})
        if absent and not own:
            lacking.append(
                f"library '{name}' is there and holds no {absent[0]}: choose another --index, or add it with "
                f"'ragqa ingest … --index {name}'"
            )
        return held
    documents = []
    with Guard({Path(name).suffix.lower() for name in names}) as guard:
        for source in sources:
            try:
                documents.append(guard.read(source.read_bytes(), source.name))
            except UnreadableFile as error:
                notes.append(str(error))
    if sources and not documents:
        lacking.append(notes.pop())
    return documents


def read_documents(recipe: Recipe, settings: Settings) -> list[str] | None:
    """Return the names of the documents that the recipe's library was made of; None until all of them are read."""
    there = (library_folder(settings, recipe.library()) / "library.db").is_file()
    record = read_json(recipe_folder(settings, recipe.library()) / RECORD, {}) if there else {}
    return record.get("documents") if isinstance(record, dict) else None


def _reading(recipe: Recipe, own: bool, documents: Sequence[Document]) -> str:
    if own:
        return f"{quantity(len(documents), 'manual')} read into library '{recipe.library()}'"
    return f"library '{recipe.library()}' is there and is used as it is: {quantity(len(documents), 'manual')}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """The questions as far as they are known before they are written."""

    what: str
    count: int = 0
    """With answers."""
    unseen: int | None = None
    """Of those, held back; None where it is not known yet."""
    pairs: tuple[tuple[str, str, str], ...] = ()
    """Question, answer, and what the manual says."""
    besides: tuple[int, int] = (0, 0)
    """Put in other words too; without an answer."""
    pages: int = 0
    """Shown to a language model that writes the questions."""


def _questions(
    recipe: Recipe, settings: Settings, documents: Sequence[Document], lacking: list[str], notes: list[str]
) -> _Asked:
    from ragqa.evaluation.questions import write_questions
    from ragqa.evaluation.questions.statements import Statements

    file = questions_file(recipe, settings, documents)
    if not recipe.questions and not recipe.generate_with:
        notes.append(BY_RULE)
    if recipe.questions or file.is_file():
        try:
            return _given(file, recipe)
        except RagqaError as error:
            lacking.append(str(error))
            return _Asked(f"questions of {file.name}", unseen=recipe.fewest)  # one thing is enough to be said of them
    if recipe.generate_with:
        pages = {(one.document, one.page, one.section if one.page is None else ()) for one in Statements(documents).all}
        count = min(recipe.count, len(pages))
        what = f"up to {quantity(count, 'question')} written by {recipe.generate_with}, one of a page"
        return _Asked(what, count, pages=min(len(pages), 2 * count))
    drafts = write_questions(documents, recipe.count, recipe.seed)
    pairs = tuple((one.text, one.answer, one.evidence) for one in drafts)
    return _Asked(f"{quantity(len(drafts), 'question')} made by rule", len(drafts), pairs=pairs)


def _given(file: Path, recipe: Recipe) -> _Asked:
    from ragqa.finetune.preparing import prepare

    prepared = prepare([file], "closed-book", seed=recipe.seed, test=share_of(file, recipe))
    answered = {split: [one for one in some if one.answers] for split, some in prepared.splits.items()}
    every = [one for some in answered.values() for one in some]
    pairs = tuple((one.question, one.answers[0], " ".join(one.evidence)) for one in every)
    besides = (sum(bool(one.reworded) for one in every), sum(map(len, prepared.splits.values())) - len(every))
    made = f"written before by {recipe.generate_with}" if recipe.generate_with else "made by rule"
    what = f"{quantity(len(every), 'question')} {f'of {file.name}' if recipe.questions else made}"
    return _Asked(what, len(every), len(answered["test"]), pairs, besides)


def share_of(file: Path, recipe: Recipe) -> float:
    """Return which share of the questions in ``file`` is held back. Raises RagqaError where it holds none."""
    from ragqa.finetune.reading import read_sources

    return held_back_share(sum(bool(one.answers) for one in read_sources([file]).entries), recipe.fewest)


def too_few(count: int, unseen: int, recipe: Recipe) -> str:
    """Return the line that says so; of ``count`` questions with answers ``unseen`` are not trained on."""
    more = "give more with --questions"
    if recipe.generate_with:
        more = "a model writes one of each page: give more with --questions, leave out --generate-with"
    return (
        f"to tell systems apart takes {recipe.fewest} questions that are not trained on, about "
        f"{ceil(2.5 * recipe.fewest)} in all; there are {count}, of which {unseen} are held back: {more}, or take "
        f"--min-questions {max(unseen, 1)} to go on all the same"
    )


# Models and minutes


def _models(recipe: Recipe, lacking: list[str]) -> dict[str, LocalModel]:
    """Return the model on this machine of each system, and of --generate-with; those that are not here are lacking."""
    places = {name: place_of(name) for name in recipe.compared()}
    if recipe.generate_with:
        writer = answerer_spec(recipe.generate_with)
        places[recipe.generate_with] = None if writer.startswith(HOSTED) else writer
    found: dict[str, LocalModel] = {}
    for name, place in places.items():
        named = "--base" if place == recipe.base else name if name in recipe.compared() else "--generate-with"
        try:
            if place:
                found[name] = look_up(place, named)
        except RagqaError as error:
            lacking.append(str(error))
    return found


# What leaves the machine, and what it takes


def _sends(
    recipe: Recipe,
    settings: Settings,
    asked: _Asked,
    work: Work,
    own: bool,
    documents: Sequence[Document],
    lacking: list[str],
) -> Iterator[str]:
    texts: list[tuple[str, str, int, int]] = []
    writer = recipe.generate_with or ""
    if writer.startswith(HOSTED) and asked.pages:
        what = f"{quantity(asked.pages, 'page')} of the manuals at most, to write questions"
        texts.append((writer, what, asked.pages * PAGE_TOKENS, asked.pages * WRITTEN_TOKENS))
    for name in recipe.compared():
        kind, _, spec = name.partition(":")
        if spec.startswith(HOSTED):
            reads = kind == "retrieve"
            what = f"{work.asked} questions{f' with {settings.k} passages each' if reads else ''}, asked as {name}"
            tokens = work.lengths.passages if reads else work.lengths.closed
            texts.append((spec, what, work.asked * tokens, work.asked * work.lengths.answer * 2))
    embedder = settings.embedder or ""
    if own and embedder.startswith(HOSTED):
        texts.append(
            (embedder, "all text of the manuals, to be embedded", sum(len(one.text) for one in documents) // 3, 0)
        )
    for spec, what, read, written in texts:
        try:
            host = server_host(spec)
        except RagqaError as error:
            lacking.append(str(error))
            continue
        cost = _cost(spec, read, written, settings)
        yield f"to {spec} at {host}: {what}; about {read:,} tokens, and {written:,} written; {cost}"


def _cost(spec: str, read: int, written: int, settings: Settings) -> str:
    price = price_of(settings.prices, spec)
    if price is None or price.input is None or (written and price.output is None):
        return (
            f'its price is not known: look it up and write it into ragqa.toml, [prices."{spec.removeprefix(HOSTED)}"]'
        )
    return f"about ${(read * price.input + written * (price.output or 0)) / 1e6:,.2f} by the prices in ragqa.toml"
