"""Classify questions: an encoder with a head, trained end to end, and what it is measured against.

``training.train`` trains on a folder of ``ragqa finetune prepare`` in the form ``route``; ``load_route`` opens the
model. Beside it stand the label of the nearest passage, and a chat model that is only shown the labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.finetune.routing.router import Router


def load_route(folder: Path) -> Router:
    """Open a trained classifier. Raises ModelError where ``folder`` holds none."""
    from ragqa.finetune.routing.router import Router

    return Router(folder)
