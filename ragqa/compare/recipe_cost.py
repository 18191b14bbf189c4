"""What the recipe takes of time, disk and memory: reckoned from weights, tokens and a measured product. Loads no model.

A weight costs two operations a token that is read and six a token that is learned: forward, and back twice (Kaplan et
al. 2020, arXiv 2001.08361, section 2.1). To write a token, all weights are fetched from memory once.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ragqa.answerers.prompting import Room, build_prompt
from ragqa.compare.names import TRAIN, model_on_this_machine, trains
from ragqa.errors import RagqaError
from ragqa.finetune.estimating import counter, longest_of
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local.bases import (
    EXAMPLE_TOKENS,
    RANDOM_INIT,
    prefers_all_weights,
    size_of,
    training_memory,
)
from ragqa.finetune.local.learning import learning_plan
from ragqa.finetune.records import Form
from ragqa.finetune.training.job import need_extra
from ragqa.finetune.training.loop import uses_gpu
from ragqa.models.causal import free_memory, locate_causal, parameters_of, unpacked_before
from ragqa.printable import quantity
from ragqa.prompts import load_prompts
from ragqa.settings import Settings
from ragqa.types import Document

READ, LEARNED = 2, 6
"""Operations of a weight for each token."""
BYTES = 4
"""Of a weight in single precision."""
SECONDS_TO_LOAD = 20.0
"""Of a model: loading it, and of a trained one keeping it."""
SECONDS_TO_WRITE = 0.03
"""A token, whatever the model: what calls its layers one by one."""
SCRATCH_WEIGHTS = 4_500_000
BITS_UNPACKED = 5
"""Of a weight in a GGUF file, about, until it is unpacked and can be counted."""


@dataclass(frozen=True, slots=True)
class Machine:
    """How fast this machine computes in single precision."""

    flops: float
    """Operations a second, of a product as training has them."""
    bytes_per_second: float
    """Of weights fetched, of a product with one row."""


SHARED = 0.9
"""Of a core's speed, what each of several has that work together."""


def measure_machine(seconds: float = 0.05) -> Machine | None:
    """Return the speed of this machine with nothing else to do, measured for so long; None where there is no torch.

    One core is measured, by the quickest of many small products, and counted as often as there are cores: two that are
    busy would wait for each other, and measure that.
    """
    if not find_spec("torch"):
        return None
    import torch

    gpu, cores = uses_gpu(), torch.get_num_threads()
    device = "cuda" if gpu else "cpu"
    rows, row = torch.ones(128, 768, device=device), torch.ones(1, 768, device=device)
    square, wide = torch.ones(768, 768, device=device), torch.ones(768, 24 * 768, device=device)

    def lap(left: torch.Tensor, right: torch.Tensor) -> float:
        laps, ends = list[float](), time.perf_counter() + seconds / 2
        while len(laps) < 3 or time.perf_counter() < ends:
            began = time.perf_counter()
            torch.mm(left, right)[0, 0].item()
            laps.append(time.perf_counter() - began)
        return min(laps)

    torch.set_num_threads(1)
    try:
        flops, fetched = 2 * 128 * 768 * 768 / lap(rows, square), BYTES * wide.numel() / lap(row, wide)
    finally:
        torch.set_num_threads(cores)
    return Machine(flops if gpu else flops * (1 + SHARED * (cores - 1)), fetched)


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A causal model on this machine, looked at and not loaded."""

    name: str
    folder: Path | None
    """None where it is still to be unpacked, or made from nothing."""
    weights: int
    size: int
    """Layers by width, on which the memory of training depends; 0 where it is not known."""
    unpacked: bool = True

    @property
    def scratch(self) -> bool:
        return self.name == RANDOM_INIT

    def adapters(self, form: Form) -> bool:
        """Say whether adapters are trained, as ``uses_adapters`` has it, or all weights."""
        return not self.scratch and not prefers_all_weights(self.weights, form)

    def training_bytes(self, form: Form) -> int:
        """Return the memory that training takes, as ``check_memory`` reckons it."""
        return training_memory(self.weights, self.size, EXAMPLE_TOKENS, adapters=self.adapters(form))

    def disk_bytes(self, form: Form) -> int:
        """Return what a model that is trained takes of the disk, with two checkpoints on the way: AdamW's two moments.

        Those of adapters take next to nothing.
        """
        return self.weights * BYTES * (1 if self.adapters(form) else 1 + 2 * 3)


def form_of(name: str) -> Form:
    """Return what a system that is trained learns from."""
    return "context" if name.startswith("retrieve:") else "closed-book"


def look_up(name: str, named: str) -> LocalModel:
    """Return the model ``name``, as ``--base`` takes it; ``named`` is what it was given to.

    Raises ModelError, MissingExtra where it is not here.
    """
    if name == RANDOM_INIT:
        return LocalModel(name, None, SCRATCH_WEIGHTS, 0)
    found = locate_causal(name.removeprefix("transformers:"), named)
    folder = found if found.is_dir() else unpacked_before(found)
    if folder is None:
        return LocalModel(name, None, found.stat().st_size * 8 // BITS_UNPACKED, 0, unpacked=False)
    return LocalModel(name, folder, parameters_of(folder), size_of(folder))


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of a question's parts, on the mean."""

    closed: int
    """Of an example without passages: question and answer."""
    passages: int
    """Of rules, passages and question."""
    answer: int
    """Of the quote and the answer that are written from passages."""


def lengths_of(settings: Settings, pairs: Sequence[tuple[str, str, str]], models: Iterable[LocalModel]) -> Lengths:
    """Return the lengths of what is asked and answered; ``pairs``: question, answer, and what the manual says."""
    folder = next((one.folder for one in models if one.folder), None)
    longest = longest_of(str(folder) if folder else None)
    try:
        count = counter(str(folder) if folder else None)
    except RagqaError:  # who loads the tokenizer says so
        count = counter(None)
    room = Room(settings.context_tokens or longest, settings.max_tokens, count)
    rules = sum(count(one.content) for one in build_prompt(load_prompts(settings.prompts), "", (), room).messages)
    question, answer, evidence = (
        _mean_tokens([pair[at] for pair in pairs if pair[at]], count) or usual for at, usual in enumerate((15, 10, 40))
    )
    shown = rules + settings.k * (settings.passage_tokens + 40) + question
    shown = min(shown, room.context - min(room.answer, room.context // 2))
    return Lengths(question + answer + 20, shown, min(evidence + answer + 8, settings.max_tokens))


def _mean_tokens(texts: list[str], count: Callable[[str], int]) -> int:
    """Return the tokens of a text on the mean, 0 of none."""
    some = texts[:: max(1, len(texts) // 100)]
    return round(sum(map(count, some)) / len(some)) if some else 0


def training_seconds(
    base: LocalModel, form: Form, examples: int, lengths: Lengths, machine: Machine, minutes: float
) -> float:
    """Return how long a training takes at most: its passes, or so many ``minutes``, and loading and keeping."""
    options, lora = TrainOptions(base.name), base.adapters(form)
    plan = learning_plan(options, form, examples, scratch=base.scratch, lora=lora, gpu=uses_gpu(), weights=base.weights)
    length = lengths.passages + lengths.answer if form == "context" else lengths.closed
    tokens = plan.epochs * examples * length
    return min(tokens * LEARNED * base.weights / machine.flops, minutes * 60) + SECONDS_TO_LOAD


def answering_seconds(model: LocalModel, read: int, written: int, machine: Machine) -> float:
    """Return how long a model takes to read so many tokens and write so many."""
    fetched = BYTES * model.weights / machine.bytes_per_second
    return read * READ * model.weights / machine.flops + written * (SECONDS_TO_WRITE + fetched)


def total(seconds: Iterable[float | None]) -> float | None:
    """Return the sum; None where a part of it is not known."""
    summed = 0.0
    for one in seconds:
        if one is None:
            return None
        summed += one
    return summed


def place_of(name: str) -> str | None:
    """Return the causal model on this machine of a system, as ``--base`` takes it; None of any other system."""
    _, _, spec = name.partition(":")
    return RANDOM_INIT if spec.removeprefix(TRAIN) == RANDOM_INIT else model_on_this_machine(name)


HOSTED = "openai:"
SECONDS_HOSTED = 3.0
"""Of an answer of a hosted model, about."""
SECONDS_TO_SEARCH = 0.3
CHARACTERS_PER_SECOND = 20_000
"""Of a manual, read, cut and embedded by the bundled model on two cores."""
PAGE_TOKENS, WRITTEN_TOKENS = 900, 60
"""Of a page that a model is shown to write a question, and of the question and its answer."""


@dataclass(frozen=True, slots=True)
class Work:
    """How much there is to do, and how long it takes; None where that can't be reckoned."""

    known: int
    """Questions to learn from."""
    asked: int
    """Of each system."""
    lengths: Lengths
    models: Mapping[str, LocalModel]
    machine: Machine | None
    minutes: float

    def reading(self, documents: Sequence[Document]) -> float:
        return 5.0 + sum(len(one.text) for one in documents) / CHARACTERS_PER_SECOND

    def writing(self, pages: int, writer: str) -> float | None:
        if not pages:
            return 1.0
        return self._answers(writer, pages, PAGE_TOKENS, WRITTEN_TOKENS)

    def training(self, name: str) -> float | None:
        model = self.models.get(name)
        if model is None or self.machine is None:
            return None
        return training_seconds(model, form_of(name), self.known, self.lengths, self.machine, self.minutes)

    def asking(self, name: str) -> float | None:
        if name.startswith("route:"):
            return 1.0
        if name == "extractive" or name == "retrieve:extractive":
            return self.asked * SECONDS_TO_SEARCH
        read = self.lengths.passages if name.startswith("retrieve:") else self.lengths.closed
        # Who was not trained to be brief writes more.
        written = self.lengths.answer * (1 if trains(name) else 2)
        return self._answers(name, self.asked, read, written)

    def _answers(self, name: str, count: int, read: int, written: int) -> float | None:
        if HOSTED in name:
            return count * SECONDS_HOSTED
        model = self.models.get(name)
        if model is None or self.machine is None:
            return None
        return count * (SECONDS_TO_SEARCH + answering_seconds(model, read, written, self.machine)) + SECONDS_TO_LOAD


def needs_of(home: Path, trained: Sequence[tuple[LocalModel, Form]], lacking: list[str]) -> Iterator[str]:
    """Yield what training takes of disk and memory; what is more than there is, is lacking."""
    if not trained:
        return
    try:
        need_extra("to train a model here", "torch", "transformers", "accelerate", "peft")
    except RagqaError as error:
        lacking.append(str(error))
    packed = [one for one, _ in trained if not one.unpacked]
    if packed:
        yield f"{packed[0].name} is unpacked into the cache once, about {_size(packed[0].weights * 2)}"
        if not find_spec("gguf"):
            lacking.append("a GGUF file is unpacked with gguf — pip install gguf")
    disk = sum(one.disk_bytes(form) for one, form in trained)
    free = shutil.disk_usage(next(one for one in (home.absolute(), *home.absolute().parents) if one.is_dir())).free
    yield f"disk: about {_size(disk)} for {quantity(len(trained), 'trained model')}; {_size(free)} are free"
    if disk > free:
        lacking.append(f"training takes about {_size(disk)} of the disk; {_size(free)} are free: free some, or --home")
    memory, there = max(one.training_bytes(form) for one, form in trained), free_memory()
    if uses_gpu() or there is None:
        return
    yield f"memory: about {_size(memory)} in training; {_size(there)} are free"
    if memory > there:
        lacking.append(
            f"training takes about {_size(memory)} of memory; {_size(there)} are free: close other programs, or choose "
            "a smaller --base"
        )


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
