"""Where a training stands after an epoch, on disk: whole or not there. No pickle: tensors are safetensors.

A folder an epoch, put in its place by a rename; a run killed while it writes leaves the one before.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError

NETWORK, OPTIMIZER, STATE = "network.safetensors", "optimizer.safetensors", "state.json"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What came of an epoch, from 1; of the held-back questions None where there are none."""

    epoch: int
    train_loss: float
    valid_loss: float | None = None
    valid_macro_f1: float | None = None
    tokens: int = 0
    """Trained on, since the beginning."""
    seconds: float = 0.0
    """Spent training, since the beginning."""

    def rank(self) -> tuple[float, float]:
        """Return what the best epoch has most of; where nothing is held back the last one is best."""
        if self.valid_macro_f1 is None or self.valid_loss is None:
            return float(self.epoch), 0.0
        return self.valid_macro_f1, -self.valid_loss


class Checkpoints:
    """The epochs of one training. ``identity`` is of its data and options: others' checkpoints are not taken up."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self._folder, self._identity = folder, json.loads(json.dumps(identity))

    def history(self) -> list[Epoch]:
        """Return the epochs done; what another training left, or a killed one half wrote, is removed."""
        for torn in self._folder.glob("*.new"):
            shutil.rmtree(torn, ignore_errors=True)
        for folder in sorted(self._folder.glob("epoch-*"), key=_number, reverse=True):
            try:
                state = json.loads((folder / STATE).read_text(encoding="utf-8"))
                if state["identity"] == self._identity:
                    return [Epoch(**row) for row in state["history"]]
            except (OSError, ValueError, TypeError, KeyError):
                pass
            shutil.rmtree(folder, ignore_errors=True)
        return []

    def save(self, network: Any, optimizer: Any, history: list[Epoch]) -> None:
        """Write the last epoch of ``history``, then remove what is neither it nor the best. Raises RagqaError."""
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        place = self._place(history[-1])
        beside = place.with_suffix(".new")
        try:
            beside.mkdir(parents=True, exist_ok=True)
            save_file(_tensors(network.state_dict()), beside / NETWORK)
            save_file(_flat(optimizer), beside / OPTIMIZER)
            state = {"identity": self._identity, "history": [asdict(epoch) for epoch in history]}
            (beside / STATE).write_text(json.dumps(state), encoding="utf-8")
            beside.replace(place)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(beside, ignore_errors=True)
            raise RagqaError(
                f"the checkpoint of epoch {history[-1].epoch} can't be written to {self._folder}: "
                f"{getattr(error, 'strerror', None) or error}; make room and run the same command, which goes on "
                "from the epoch before"
            ) from None
        kept = {place, self._place(best(history))}
        for old in set(self._folder.glob("epoch-*")) - kept:
            shutil.rmtree(old, ignore_errors=True)

    def load(self, epoch: Epoch, network: Any, optimizer: Any = None) -> None:
        """Set the network, and the optimizer where it is given, to where they stood after ``epoch``."""
        from safetensors.torch import load_file

        place = self._place(epoch)
        network.load_state_dict(load_file(place / NETWORK))
        if optimizer is not None:
            flat, held = load_file(place / OPTIMIZER), optimizer.state_dict()
            held["state"] = {}
            for name, value in flat.items():
                number, _, key = name.partition(".")
                held["state"].setdefault(int(number), {})[key] = value
            optimizer.load_state_dict(held)

    def forget(self) -> None:
        """Remove them all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _place(self, epoch: Epoch) -> Path:
        return self._folder / f"epoch-{epoch.epoch}"


def best(history: list[Epoch]) -> Epoch:
    """Return the best epoch; of equal ones the first."""
    return max(history, key=Epoch.rank)


def _number(folder: Path) -> int:
    digits = folder.name.rpartition("-")[2]
    return int(digits) if digits.isdigit() else -1


def _tensors(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}


def _flat(optimizer: Any) -> dict[str, Any]:
    state = optimizer.state_dict()["state"]
    return _tensors({f"{number}.{key}": value for number, held in state.items() for key, value in held.items()})
