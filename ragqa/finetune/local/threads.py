"""With how many threads to train on a CPU: as many as torch likes, or one where they would only wait for each other.

Where others work on the machine too, two threads that meet after every product can be ten times slower than one.
A training that is taken up keeps its number, since another one rounds sums otherwise.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragqa.finetune.writing import write_json
from ragqa.models.files import read_json

CHOSEN = "threads.json"
TRIES = 2
PROBE_TOKENS = 256


@contextlib.contextmanager
def chosen_threads(model: Any, batch: dict[str, Any], folder: Path) -> Iterator[None]:
    """Set torch to the number of threads that is the fastest for ``model``, or was when ``folder`` was begun."""
    import torch

    before = torch.get_num_threads()
    known = read_json(folder / CHOSEN, None)
    chosen = int(known) if isinstance(known, int) and 0 < known <= before else _fastest(model, batch, before)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CHOSEN, chosen)
    torch.set_num_threads(chosen)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fastest(model: Any, batch: dict[str, Any], most: int) -> int:
    """Return 1 or ``most``, whichever trains a small batch in less time on the wall."""
    import torch

    if most == 1 or torch.cuda.is_available():
        return most
    ids = batch["input_ids"]
    some = ids[: max(PROBE_TOKENS // ids.shape[1], 1), :PROBE_TOKENS]
    model.eval()  # no draws of a generator
    taken = {}
    for count in (1, most):
        torch.set_num_threads(count)
        laps = []
        for _ in range(TRIES):
            began = time.perf_counter()
            model(input_ids=some, labels=some).loss.backward()
            laps.append(time.perf_counter() - began)
        taken[count] = min(laps)
    model.zero_grad()
    return min(taken, key=lambda count: taken[count])
