"""A classifier that tells a question its document or section; it answers with the label, and is measured on that."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.answerers import Turn
from ragqa.compare.questions import routed
from ragqa.compare.records import Kind, Said, Training
from ragqa.compare.systems import Bench
from ragqa.compare.training import train
from ragqa.embedders.folders import BUNDLED
from ragqa.errors import RagqaError
from ragqa.finetune.routing import load_route

if TYPE_CHECKING:
    from ragqa.finetune.routing.router import Router


@dataclass(frozen=True, slots=True)
class Routing:
    """A trained classifier."""

    name: str
    router: Router
    kind: Kind = "route"
    scratch: bool = False
    training: Training | None = None

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Said:
        """Name the label; what was said before does not count."""
        started = time.perf_counter()
        (label,) = self.router.predict([question])
        return Said(label, latency_ms=(time.perf_counter() - started) * 1000)


def open_routing(name: str, spec: str, bench: Bench) -> Routing:
    """Return the classifier in a folder, or one trained now."""
    if spec != "train":
        router = load_route(Path(spec.removeprefix("classifier:")).expanduser())
        _check_labels(name, router, bench)
        return Routing(name, router)
    parts = {part: [one for one in map(routed, examples) if one] for part, examples in bench.parts.items()}
    labels = {one.label for one in parts["train"]}
    if len(labels) < 2:
        raise RagqaError(
            f"{name} tells questions into two documents or labels at least; the questions to train on have "
            f"{len(labels)}: leave it out, or give a folder of 'ragqa finetune prepare --form route'"
        )
    job = train(parts, "route", BUNDLED, bench)
    assert job.model is not None
    router = load_route(Path(job.model.partition(":")[2]))
    return Routing(name, router, training=Training(job.train_seconds, job.cost_usd))


def _check_labels(name: str, router: Router, bench: Bench) -> None:
    """Raise RagqaError where the classifier tells other labels than the questions have."""
    labels = {str(one.label or one.document) for examples in bench.parts.values() for one in examples}
    if labels.isdisjoint(router.labels):
        raise RagqaError(
            f"{name} tells labels such as '{router.labels[0]}'; the questions have labels such as '{min(labels)}': "
            "compare it on a folder of 'ragqa finetune prepare --form route'"
        )
