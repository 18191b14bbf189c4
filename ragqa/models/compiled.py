"""Run a compiled model with OpenVINO: batches of arrays in, an array out for each, two or more in flight.

Knows nothing of texts. The model was made by ``building.py``, in another process; this one imports no torch.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ragqa.models.files import Loaded, is_intact, private_cache

FORMAT = 9
"""Of the compiled folder and its record; raised whenever what is kept there changes."""
RECORD = "record.json"
FILES = "files"
"""Of the record: what the folder holds, each file with its hash."""

Batch = tuple[np.ndarray, ...]
"""The model's inputs, in its own order."""

Take = Callable[..., None]
"""Receives the number of a batch and the model's outputs for it, which are only valid during the call."""


class CantCompile(Exception):
    """This model runs on torch only; the message says why."""


def import_openvino() -> ModuleType:
    """Import OpenVINO without its model converter, which phones home when it is imported and costs 0.1 s."""
    with _importing:  # another thread would be given the half of it that is there
        if "openvino" in sys.modules:
            return sys.modules["openvino"]
        converter = "openvino.tools.ovc"
        held = sys.modules.get(converter)
        sys.modules[converter] = None  # type: ignore[assignment]  # the import system's word for 'not here'
        try:
            return import_module("openvino")
        finally:
            del sys.modules[converter]
            if held is not None:
                sys.modules[converter] = held


_importing = threading.RLock()


def _core() -> Any:
    """Return OpenVINO's one core: each loads the processor's plugin anew."""
    with _first:
        return _make_core()


_first = threading.Lock()


@cache
def _make_core() -> Any:
    _first_tensor()
    return import_openvino().Core()


def usable_cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def settings(choice: str, streams: int, threads: int) -> dict[str, Any]:
    """Return OpenVINO's settings of one way to compute: 'bf16', 'f32', or 'int8-192' with 192 values to a scale."""
    kind, _, group = choice.partition("-")
    return {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        # Pinned threads of two processes would share one core and leave the others idle.
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32" if kind == "f32" else "bf16",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": int(group or 0),
        # Attention as single products is 2 % faster than in one piece made while loading.
        "SNIPPETS_MODE": "DISABLE",
    }


def _first_tensor() -> None:
    """Make and read a tensor while no other thread does.

    The binding sets itself up at the first one: two threads there at once wait for each other for ever, one holding
    Python's lock and waiting for the set-up, the other in the set-up and waiting for Python's lock.
    """
    tensor = import_openvino().Tensor(np.zeros((1, 1), np.int64), shared_memory=True)
    np.array(tensor.data)


class _Form:
    """The model in memory in one form: how many texts or batches run at once, on how many threads."""

    def __init__(self, model: Path, config: dict[str, Any]) -> None:
        self._model = _core().compile_model(str(model), "CPU", config)
        self._idle: list[Any] = []

    @contextmanager
    def request(self) -> Iterator[Any]:
        """Lend a request to one thread; making one waits for the model, so they are kept."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._model.create_infer_request()
        yield request
        self._idle.append(request)


class CompiledRunner:
    """A compiled model, in memory in the form that was needed: for a question, for many texts. Safe in any thread."""

    batch_tokens = 1024
    """Larger batches leave the processor's caches and are slower; see bench/embedding.py."""

    def __init__(self, model: Path, choice: str, *, keep: Path | None = None) -> None:
        """Run ``model``; ``keep`` is a folder where OpenVINO leaves what makes the next load faster."""
        self.streams = min(usable_cpus(), 8)
        self._model = model
        self._choice = choice
        self._keep = keep
        self._forms: dict[int, _Form] = {}
        self._loading = threading.Lock()

    def warm(self, *, passages: bool) -> None:
        """Load the form that a question needs, or that many passages do."""
        _ = self._for_many() if passages else self._for_one()

    def one(self, ids: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the outputs for one text, (1, tokens, dim) each: with less waiting than through ``run``."""
        with self._for_one().request() as request:
            request.infer((ids, np.ones_like(ids)), share_inputs=True)
            return tuple(np.array(output.data) for output in request.output_tensors)

    def _for_one(self) -> _Form:
        """A question has a few tokens: more threads than four only wait for each other."""
        return self._form(1, min(usable_cpus(), 4))

    def _for_many(self) -> _Form:
        """One thread a stream: no time is lost in waiting for each other inside a small matrix product."""
        return self._form(self.streams, self.streams)

    def _form(self, streams: int, threads: int) -> _Form:
        with self._loading:
            if streams not in self._forms:
                config = settings(self._choice, streams, threads)
                kept = Loaded(self._keep / str(streams)) if self._keep else None
                with kept.held() if kept else contextlib.nullcontext(False) as usable:
                    if kept and usable:
                        config |= {"CACHE_DIR": str(kept.folder), "CACHE_MODE": "OPTIMIZE_SIZE"}
                    self._forms[streams] = _Form(self._model, config)
            return self._forms[streams]

    def finish(self, pooled: np.ndarray) -> np.ndarray:
        """Return pooled states as they are: a model with layers after its pooling is not compiled."""
        return pooled

    def run(self, feed: Iterable[Batch], take: Take) -> None:
        """Run each batch of ``feed`` and give what comes out to ``take``, in any order, while the next ones run."""
        # Threads of our own: OpenVINO's AsyncInferQueue deadlocks now and then when its callback is Python.
        form, waiting = self._for_many(), iter(enumerate(feed))
        turn, stop = threading.Lock(), threading.Event()

        def work() -> None:
            with form.request() as request:
                while not stop.is_set():
                    with turn:
                        number, batch = next(waiting, (-1, None))
                    if batch is None:
                        return
                    request.infer(batch, share_inputs=True)
                    take(number, *(output.data for output in request.output_tensors))

        # One more than can run at once, so that none waits while another's states are pooled.
        with ThreadPoolExecutor(self.streams + 1) as pool:
            try:
                for done in as_completed([pool.submit(work) for _ in range(self.streams + 1)]):
                    done.result()
            finally:
                stop.set()


def home_of(revision: str) -> Path:
    """Return where the compiled form of the model with this hash is or will be kept."""
    return private_cache("models") / f"{revision}-{_machine()}"


def _machine() -> str:
    """Name what a compiled model depends on beside the model: our format, OpenVINO and the kind of processor."""
    openvino, core = import_openvino(), _core()
    abilities = sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    kind = [FORMAT, openvino.get_version(), core.get_property("CPU", "FULL_DEVICE_NAME"), abilities]
    return hashlib.sha256(json.dumps(kind).encode()).hexdigest()[:12]


def read_record(home: Path) -> dict[str, Any] | None:
    """Return what is known of a compiled folder; None where it is not there whole, or not as it was made."""
    try:
        record = json.loads((home / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and "choice" in record and is_intact(home, record.get(FILES)) else None


def load_in_background(load: Callable[[], object]) -> None:
    """Begin to load something in a thread; what goes wrong is told by whoever needs the result."""

    def run() -> None:
        with contextlib.suppress(Exception):
            load()

    # Not a daemon: a process that ended while its C++ runtime still loads would be aborted.
    threading.Thread(target=run).start()


class NativeWork:
    """``with native_work:`` around calls into OpenVINO and tokenizers. May be nested; any number of threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._depth = threading.local()
        self._inside = 0
        self._ending = False
        self._watching = False

    def __enter__(self) -> None:
        depth = getattr(self._depth, "value", 0)
        if depth == 0:
            with self._changed:
                if not self._watching:
                    atexit.register(self._end)
                    self._watching = True
                while self._ending and threading.current_thread() is not threading.main_thread():
                    self._changed.wait()  # for good: the process is about to be gone
                self._inside += 1
        self._depth.value = depth + 1

    def __exit__(self, *_: object) -> None:
        self._depth.value -= 1
        if self._depth.value == 0:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._ending = True
            while self._inside:
                self._changed.wait()


native_work = NativeWork()
