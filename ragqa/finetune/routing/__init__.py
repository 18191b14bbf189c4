"""Tell questions into labels: an encoder with a head, trained end to end, and what it is measured against.

``train_route`` trains on a folder of ``ragqa finetune prepare`` in the form ``route``; ``load_route`` opens what came
of it. Beside it stand the label of the nearest passage, and a chat model that is only shown the labels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragqa.finetune.jobs import TrainOptions
    from ragqa.finetune.routing.router import Router


def train_route(
    prepared: Path, options: TrainOptions, job_folder: Path, notice: Callable[[str], None]
) -> dict[str, Any]:
    """Train a classifier on a prepared folder, write it whole into ``job_folder/making``, and return what to record.

    A run that was stopped goes on from its last epoch. Raises RagqaError, ModelError.
    """
    from ragqa.finetune.routing.training import train

    return train(prepared, options, job_folder, notice)


def load_route(folder: Path) -> Router:
    """Open a trained classifier. Raises ModelError where ``folder`` holds none."""
    from ragqa.finetune.routing.router import Router

    return Router(folder)
