"""The systems that a comparison asks: retrieval, a closed-book model, a classifier; trained first where asked."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.answerers import ChatOptions, Turn
from ragqa.answerers.citations import check_markers, unsupported_claims
from ragqa.answerers.prompting import Message, closed_book_prompt
from ragqa.answerers.untrusted import visible
from ragqa.compare.names import TRAIN, answerer_spec, base_of
from ragqa.compare.questions import closed_book, entry_of, routed
from ragqa.compare.records import Kind, Reply, System, Training
from ragqa.embedders.folders import BUNDLED
from ragqa.engine import Library
from ragqa.errors import GO_ON, RagqaError
from ragqa.finetune import open_provider
from ragqa.finetune.jobs import Job, TrainOptions
from ragqa.finetune.records import SPLITS, Example, Form, Prepared, lines_of, write_splits
from ragqa.finetune.records import Split as Part
from ragqa.finetune.routing import load_route
from ragqa.metrics import answer_tokens
from ragqa.models.causal import bytes_of, find_causal
from ragqa.models.files import fingerprint
from ragqa.models.safety import read_record
from ragqa.prompts import Prompts, load_prompts
from ragqa.settings import Settings
from ragqa.types import Answer, Usage

if TYPE_CHECKING:
    from ragqa.answerers.language_model import LanguageModel
    from ragqa.answerers.prompting import Room
    from ragqa.finetune.routing.router import Router


def train(parts: Mapping[Part, Sequence[Example]], form: Form, base: str, bench: Bench) -> Job:
    """Return the finished job. Raises RagqaError where there is nothing to learn, or training stopped."""
    if not parts.get("train"):
        raise RagqaError(
            f"there is no example of the form {form} to train on: give questions with answers, or fewer systems"
        )
    with tempfile.TemporaryDirectory(prefix="ragqa-compare-") as made:
        folder = Path(made)
        write_prepared(folder, parts, form, bench.seed)
        # A model from nothing reads the manuals first; of any other nobody knows what it has read.
        reads = bench.library.name if base == "scratch" else None
        options = TrainOptions(base=base, seed=bench.seed, read_library=reads, minutes=bench.minutes)
        provider = open_provider("local", bench.settings)
        job = provider.create(folder, options, bench.notice)
    if job.state != "succeeded" or job.model is None:
        raise RagqaError(f"training job {job.id} is {job.state}: {GO_ON}")
    return job


def write_prepared(folder: Path, parts: Mapping[Part, Sequence[Example]], form: Form, seed: int) -> Path:
    """Write examples as ``finetune prepare`` does into ``folder``, made where it is not there; return it."""
    labels = tuple(sorted({one.label for some in parts.values() for one in some if one.label}))
    counts: dict[str, int] = {part: len(parts.get(part, ())) for part in SPLITS}
    folder.mkdir(parents=True, exist_ok=True)
    lines = {part: lines_of(examples) for part, examples in parts.items()}
    write_splits(folder, lines, Prepared(form, seed, counts, {}, labels=labels))
    return folder


@dataclass(frozen=True, slots=True)
class Bench:
    """What systems are opened with."""

    library: Library
    settings: Settings
    parts: Mapping[Part, Sequence[Example]]
    """What those that are trained here learn from."""
    seed: int = 0
    notice: Callable[[str], None] = lambda line: None
    minutes: float | None = None
    """The budget of each training; None: as long as it takes."""


def open_system(name: str, bench: Bench) -> System:
    """Return the system ``name``, trained first where it says so. Raises RagqaError and its children."""
    kind, _, spec = name.partition(":")
    if kind in {"extractive", "retrieve"}:
        return open_retrieving(name, spec or "extractive", bench)
    if kind == "route":
        return open_routing(name, spec, bench)
    return open_closed(name, spec, bench)


def making_of(spec: str) -> tuple[bool, Training | None]:
    """Return whether the model that ``spec`` names was trained from nothing, and what training it took.

    A model's folder tells both where it was trained by ``ragqa finetune``; of any other nobody knows.
    """
    folder = folder_of(spec)
    record = read_record(folder) if folder else {}
    seconds, tokens = record.get("train_seconds"), record.get("tokens")
    if not isinstance(seconds, (int, float)):
        return bool(record.get("scratch")), None
    return bool(record.get("scratch")), Training(float(seconds), 0.0, tokens if isinstance(tokens, int) else None)


def folder_of(spec: str) -> Path | None:
    """Return the folder of a model on this machine; None of any other. Raises ModelError, MissingExtra."""
    kind, _, place = spec.partition(":")
    return find_causal(place) if kind == "transformers" else None


def _state(spec: str, settings: Settings) -> str:
    """Return what decides, beside the library, what the model ``spec`` says to a question."""
    folder = folder_of(spec)
    revision = fingerprint(folder, folder, ()) if folder else ""
    told = settings.instructions.read_text("utf-8", "replace") if settings.instructions else ""
    asked = replace(settings, home=None, index="", prompts=None, instructions=None)
    return repr((spec, revision, asked, load_prompts(settings.prompts), told))


@dataclass(frozen=True, slots=True)
class ClosedBook:
    """A model that answers from memory; it has no citations."""

    name: str
    spec: str
    model: LanguageModel
    prompts: Prompts
    kind: Kind = "closed-book"
    scratch: bool = False
    training: Training | None = None
    base: str | None = None
    """Of a model trained here: what it was trained from."""
    disk_bytes: int | None = None
    state: str = ""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Reply:
        """Answer from memory; what ``ask`` would say where the manual does not say counts as a refusal."""
        before = [
            message
            for turn in history
            for message in (Message("user", turn.question), Message("assistant", turn.answer))
        ]
        prompt = closed_book_prompt(question, self.model.room(), before)
        started = time.perf_counter()
        reply = self.model.complete(prompt, 1, None)
        taken = (time.perf_counter() - started) * 1000
        text = visible(reply.texts[0]).strip()
        refused = answer_tokens(text) == answer_tokens(self.prompts.refusal_to(question))
        return Reply(text, refused or not text, (), taken, reply.usage.cost_usd, _tokens(reply.usage))


def open_closed(name: str, spec: str, bench: Bench) -> ClosedBook:
    """Return the system: a model as it is, or trained now on what the bench may train on."""
    if spec != "scratch" and not spec.startswith(TRAIN):
        return _held(name, answerer_spec(spec), bench.settings)
    base = base_of(name, spec)
    prompts = load_prompts(bench.settings.prompts)
    parts = {
        part: [closed_book(example, prompts.refusal_to(example.question)) for example in examples]
        for part, examples in bench.parts.items()
    }
    job = train(parts, "closed-book", base, bench)
    assert job.model is not None
    training = Training(job.train_seconds, job.cost_usd, job.trained_tokens)
    return replace(_held(name, job.model, bench.settings), training=training, base=base)


def _held(name: str, spec: str, settings: Settings) -> ClosedBook:
    model, prompts = open_model(name, spec, settings), load_prompts(settings.prompts)
    scratch, training = making_of(spec)
    folder = folder_of(spec)
    size, state = bytes_of(folder) if folder else None, _state(spec, settings)
    return ClosedBook(name, spec, model, prompts, scratch=scratch, training=training, disk_bytes=size, state=state)


def open_model(name: str, spec: str, settings: Settings) -> LanguageModel:
    """Return the language model ``spec``, openai:MODEL or transformers:PATH; ``name`` is what a user asked for.

    Raises RagqaError where it is another kind, and MissingKey, ModelError where it can't be used.
    """
    options = ChatOptions(
        settings.max_tokens,
        settings.temperature,
        stop=settings.stop,
        seed=settings.seed,
        context_tokens=settings.context_tokens,
        timeout_s=settings.timeout,
    )
    kind, _, place = spec.partition(":")
    if kind == "transformers" and place:
        from ragqa.answerers.transformers import LocalModel

        return LocalModel(find_causal(place), options, f"transformers:{place}")
    if kind == "openai" and place:
        from ragqa.answerers.openai import ChatModel
        from ragqa.openai_api.client import open_server

        return ChatModel(place, options, open_server(f"openai:{place}", options.timeout_s))
    if name.startswith("--"):
        raise RagqaError(f"{name} takes openai:MODEL or transformers:PATH; got '{spec}'")
    raise RagqaError(
        f"closed-book takes openai:MODEL, a model on this machine (smollm2, a folder, a GGUF file), scratch or "
        f"{TRAIN}BASE behind its colon; got '{name}'"
    )


def _tokens(usage: Usage) -> int:
    return usage.prompt_tokens + usage.completion_tokens


@dataclass(frozen=True, slots=True)
class Retrieving:
    """A library with an answerer. ``on`` gives the same with another library."""

    name: str
    spec: str
    library: Library
    kind: Kind = "retrieval"
    scratch: bool = False
    training: Training | None = None
    disk_bytes: int | None = None
    state: str = ""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Reply:
        """Answer from the passages found."""
        started = time.perf_counter()
        answer = self.library.ask(question, history=history)
        taken = (time.perf_counter() - started) * 1000
        text = check_markers(answer.text, 0).text  # of no passage: every marker goes
        return Reply(
            text,
            answer.abstained,
            answer.citations,
            taken,
            answer.usage.cost_usd,
            _tokens(answer.usage),
            unsupported=() if answer.abstained else unsupported_claims(text, _cited_texts(answer, self.library)),
        )

    def on(self, library: Library) -> Retrieving:
        """Return the same system over the texts of ``library``."""
        return replace(self, library=_opened(library, self.spec))

    def close(self) -> None:
        """Let go of the library."""
        self.library.close()


def _cited_texts(answer: Answer, library: Library) -> list[str]:
    """Return what an answer may claim: what its passages, units and pages say, and the question."""
    ids = {citation.passage_id for citation in answer.citations}
    cited = [hit.passage for hit in answer.hits if hit.passage.passage_id in ids]
    texts = ["\n".join((one.document, *one.section, one.header, one.text)) for one in cited]
    texts += ["\n".join((one.document, *one.section, one.header, one.warning, one.text)) for one in answer.units]
    for citation in answer.citations:
        last = citation.page_end or citation.page or 0
        texts += [library.page_text(citation.document, page) for page in range(citation.page or 1, last + 1)]
    return [answer.question, *texts]


def open_retrieving(name: str, spec: str, bench: Bench) -> Retrieving:
    """Return the system, its model trained now where ``spec`` says so.

    Any other is looked for now and loaded at the first question.
    """
    spec = _trained(base_of(name, spec), bench) if spec.startswith(TRAIN) else answerer_spec(spec)
    library = _opened(bench.library, spec)
    _ = library.answerer
    scratch, training = making_of(spec)
    folder = folder_of(spec)
    size = bytes_of(library.store.folder) + (bytes_of(folder) if folder else 0)
    state = f"{library.store.stamp()} {_state(spec, library.settings)}"
    return Retrieving(name, spec, library, scratch=scratch, training=training, disk_bytes=size, state=state)


def _trained(base: str, bench: Bench) -> str:
    """Train ``base`` to read passages, on the questions that the bench may train on; return the model's spec."""
    from ragqa.answerers.prompting import Room
    from ragqa.finetune.estimating import counter, longest_of
    from ragqa.finetune.local.bases import find_base

    model, settings = str(find_base(base).folder or base), bench.settings
    room = Room(settings.context_tokens or longest_of(model), settings.max_tokens, counter(model))
    learned: tuple[Part, ...] = ("train", "valid")
    job = train({part: _shown(bench.parts.get(part, ()), room, bench) for part in learned}, "context", base, bench)
    assert job.model is not None
    return job.model


def _shown(examples: Sequence[Example], room: Room, bench: Bench) -> list[Example]:
    """Return the examples with passages of the library before the question."""
    from ragqa.finetune.forms import context_examples

    groups = {example.id: example.group for example in examples}
    entries = [entry_of(example) for example in examples]
    made, findings = context_examples(entries, groups, bench.library, room, bench.seed, bench.notice)
    for finding in findings:
        bench.notice(finding.told())
    return made


def _opened(library: Library, spec: str) -> Library:
    return Library.open(settings=replace(library.settings, answerer=spec, index=library.name))


@dataclass(frozen=True, slots=True)
class Routing:
    """A trained classifier."""

    name: str
    router: Router
    kind: Kind = "route"
    scratch: bool = False
    training: Training | None = None
    disk_bytes: int | None = None
    state: str = ""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Reply:
        """Name the label; what was said before does not count."""
        started = time.perf_counter()
        (label,) = self.router.predict([question])
        return Reply(label, latency_ms=(time.perf_counter() - started) * 1000)


def open_routing(name: str, spec: str, bench: Bench) -> Routing:
    """Return the classifier in a folder, or one trained now."""
    if spec != "train":
        folder = Path(spec.removeprefix("classifier:")).expanduser()
        router = load_route(folder)
        _check_labels(name, router, bench)
        return Routing(name, router, disk_bytes=bytes_of(folder))
    parts = {part: [one for one in map(routed, examples) if one] for part, examples in bench.parts.items()}
    labels = {one.label for one in parts["train"]}
    if len(labels) < 2:
        raise RagqaError(
            f"{name} tells questions into two documents or labels at least; the questions to train on have "
            f"{len(labels)}: leave it out, or give a folder of 'ragqa finetune prepare --form route'"
        )
    job = train(parts, "route", BUNDLED, bench)
    assert job.model is not None
    folder = Path(job.model.partition(":")[2])
    training = Training(job.train_seconds, job.cost_usd, job.trained_tokens)
    return Routing(name, load_route(folder), training=training, disk_bytes=bytes_of(folder))


def _check_labels(name: str, router: Router, bench: Bench) -> None:
    """Raise RagqaError where the classifier tells other labels than the questions have."""
    labels = {str(one.label or one.document) for examples in bench.parts.values() for one in examples}
    if labels.isdisjoint(router.labels):
        raise RagqaError(
            f"{name} tells labels such as '{router.labels[0]}'; the questions have labels such as '{min(labels)}': "
            "compare it on a folder of 'ragqa finetune prepare --form route'"
        )
