"""Train a classifier end to end: encoder and head, an epoch at a time, until the held-back questions gain no more.

Knows nothing of jobs; whoever calls gives the folder. On a CPU a run that was stopped and goes on ends with the same
weights as one that was not: each epoch draws its order and its dropout from its own seed.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from ragqa.embedders.folders import BUNDLED, ModelFolder, find_model
from ragqa.errors import RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import SPLITS, Example, Split, read_examples, read_prepared
from ragqa.finetune.routing.router import HEAD, RouteRecord, write_record
from ragqa.metrics import macro_f1

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


@dataclass(frozen=True, slots=True)
class Labelled:
    """Questions, and the label of each at the same place."""

    questions: tuple[str, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.questions)

    @classmethod
    def of(cls, examples: list[Example]) -> Labelled:
        return cls(tuple(one.question for one in examples), tuple(str(one.label) for one in examples))


def read_labelled(prepared: Path) -> dict[Split, Labelled]:
    """Return the questions of each split. Raises RagqaError, one line, where they can't teach a classifier."""
    splits = {split: Labelled.of(examples) for split, examples in read_routes(prepared).items()}
    counts = Counter(label for split in splits.values() for label in split.labels)
    if len(set(splits["train"].labels)) < 2:
        raise RagqaError(
            f"{prepared} should teach two labels or more; its train.jsonl has {len(set(splits['train'].labels))}: "
            "add questions of other labels, and run 'ragqa finetune prepare' again"
        )
    lonely = sorted(label for label, count in counts.items() if count < 2)
    if lonely:
        others = f" (and {len(lonely) - 1} more labels)" if len(lonely) > 1 else ""
        raise RagqaError(
            f"label '{lonely[0]}'{others} has one example, and needs one to learn from and one to be measured by: "
            "add a question to it or join it with another label, and run 'ragqa finetune prepare' again"
        )
    return splits


def read_routes(prepared: Path) -> dict[Split, list[Example]]:
    """Return the examples of each split, each with a label. Raises RagqaError where the form is another."""
    record = read_prepared(prepared)
    if record.form != "route":
        raise RagqaError(
            f"a classifier learns from the form route; {prepared} is of the form {record.form}: "
            "run 'ragqa finetune prepare --form route'"
        )
    found: dict[Split, list[Example]] = {split: list(read_examples(prepared, split)) for split in SPLITS}
    for split, examples in found.items():
        if bare := next((one for one in examples if not one.label), None):
            raise RagqaError(f"{prepared / split}.jsonl: example '{bare.id}' has no label: make the folder anew")
    return found


EPOCHS = 12
BATCH = 32
RATE = 1e-4
HEAD_RATE = 20.0
"""How many times faster than the encoder the head learns."""

PATIENCE = 3
"""Epochs without a gain after which training ends."""

WARM_UP = 0.1
"""Share of the steps in which the rate climbs; then it falls to nothing."""

LONGEST = 64
"""Tokens of a question, unless told otherwise; longer ones are cut, as they will be when they are asked."""

TOLD_EVERY_S = 15.0


def train(prepared: Path, options: TrainOptions, job_folder: Path, notice: Callable[[str], None]) -> dict[str, Any]:
    """See ``ragqa.finetune.routing.train_route``. All weights are trained, whatever ``options.method`` says."""
    splits, folder = read_labelled(prepared), _base(options.base)
    labels = tuple(sorted(set(splits["train"].labels)))
    record = RouteRecord(labels, folder.spec, min(options.max_tokens or LONGEST, folder.max_length))
    data = read_prepared(prepared).sha256
    identity = {"data": data, "options": asdict(options), "base_revision": folder.revision}
    run = _Run(splits["train"], splits["valid"], record, folder, options, notice)
    history = run.epochs(Checkpoints(job_folder / "checkpoints", identity))
    _save(run.network, record, job_folder / "making")
    Checkpoints(job_folder / "checkpoints", identity).forget()
    chosen = best(history)
    return {
        "form": "route",
        "base": folder.spec,
        "base_revision": folder.revision,
        "scratch": False,
        "method": "full",
        "data_sha256": data["train"],
        "seed": options.seed,
        "labels": len(labels),
        "examples": len(splits["train"]),
        "epochs": len(history),
        "best_epoch": chosen.epoch,
        "valid_macro_f1": chosen.valid_macro_f1,
        "valid_loss": chosen.valid_loss,
        "tokens": history[-1].tokens,
        "train_seconds": round(history[-1].seconds, 1),
        "history": [asdict(epoch) for epoch in history],
    }


def _base(name: str) -> ModelFolder:
    if name == "scratch":
        raise RagqaError(
            f"a classifier is trained from an encoder, not from scratch: give --base {BUNDLED}, or the folder of a "
            "sentence-transformers model"
        )
    return find_model(name.removeprefix("local:"))


class _Run:
    """One training: the network, its optimizer and its rate."""

    def __init__(
        self,
        train: Labelled,
        valid: Labelled,
        record: RouteRecord,
        folder: ModelFolder,
        options: TrainOptions,
        notice: Callable[[str], None],
    ) -> None:
        import torch

        from ragqa.finetune.routing.network import open_network

        self._train, self._valid, self._labels, self._notice = train, valid, record.labels, notice
        self._seed, self._batch = options.seed, options.batch_size or BATCH
        self._last, rate = options.epochs or EPOCHS, options.learning_rate or RATE
        torch.manual_seed(options.seed)
        self.network = open_network(folder, len(record.labels), record.max_tokens)
        head = [self.network.directions, self.network.log_scale]
        groups = [
            {"params": list(self.network.encoder.parameters()), "lr": rate, "weight_decay": 0.01},
            {"params": head, "lr": rate * HEAD_RATE, "weight_decay": 0.0},
        ]
        self._rates = [rate, rate * HEAD_RATE]
        self._optimizer = torch.optim.AdamW(groups)
        place = {label: at for at, label in enumerate(record.labels)}
        self._targets = [place[label] for label in train.labels]
        # A label that only held-back questions have can't be said: its loss counts nothing, its answer is wrong.
        self._valid_targets = [place.get(label, -100) for label in valid.labels]

    def epochs(self, checkpoints: Checkpoints) -> list[Epoch]:
        """Train until done, and leave the network as it was after its best epoch."""
        history = checkpoints.history()
        if history:
            self._notice(f"going on after epoch {history[-1].epoch} of {self._last}")
            checkpoints.load(history[-1], self.network, self._optimizer)
        else:
            self.network.imprint(self._train.questions, self._targets)
        while not self._done(history):
            history.append(self._epoch(len(history) + 1, history[-1] if history else Epoch(0, 0.0)))
            checkpoints.save(self.network, self._optimizer, history)
            self._notice(_told(history[-1], self._last))
        checkpoints.load(best(history), self.network)
        return history

    def _done(self, history: list[Epoch]) -> bool:
        if not history:
            return False
        return len(history) >= self._last or len(history) - best(history).epoch >= PATIENCE

    def _epoch(self, number: int, before: Epoch) -> Epoch:
        import torch

        chance = Random(f"{self._seed} {number}")
        torch.manual_seed(chance.getrandbits(63))
        self.network.train()
        started = told = time.monotonic()
        total, tokens, batches = 0.0, 0, list(self._batches(chance))
        for step, batch in enumerate(batches):
            self._set_rate((number - 1) * len(batches) + step, self._last * len(batches))
            loss, read = self._step(batch)
            if not math.isfinite(loss):
                raise RagqaError(
                    f"the loss became {loss} in epoch {number}, step {step + 1}: choose a lower --learning-rate "
                    f"(now {self._rates[0]:g}); the model is as it was after epoch {number - 1}"
                )
            total, tokens = total + loss * len(batch), tokens + read
            if time.monotonic() - told > TOLD_EVERY_S:
                told = time.monotonic()
                self._notice(f"epoch {number} of {self._last}, step {step + 1} of {len(batches)}: loss {loss:.3f}")
        seconds = time.monotonic() - started
        valid_loss, valid_f1 = self._held_back()
        loss = total / len(self._train)
        return Epoch(number, loss, valid_loss, valid_f1, before.tokens + tokens, before.seconds + seconds)

    def _batches(self, chance: Random) -> Iterator[list[int]]:
        """Yield the places of all questions in a chance order, those of a batch of about one length."""
        order = list(range(len(self._train)))
        chance.shuffle(order)
        slab, batches = self._batch * 16, []
        for start in range(0, len(order), slab):
            near = sorted(order[start : start + slab], key=lambda at: len(self._train.questions[at]))
            batches += [near[at : at + self._batch] for at in range(0, len(near), self._batch)]
        chance.shuffle(batches)
        yield from batches

    def _step(self, batch: Sequence[int]) -> tuple[float, int]:
        import torch
        from torch.nn.functional import cross_entropy

        questions = [self._train.questions[at] for at in batch]
        device = self.network.device
        targets = torch.tensor([self._targets[at] for at in batch], device=device)
        try:
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                loss = cross_entropy(self.network(questions).float(), targets)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self._optimizer.step()
        except (MemoryError, RuntimeError) as error:  # torch says it in words only
            if isinstance(error, MemoryError) or "memory" in str(error):
                raise RagqaError(
                    f"memory ran out with {self._batch} questions at a time: choose a smaller --batch-size"
                ) from None
            raise
        return float(loss.detach()), self.network.read

    def _set_rate(self, step: int, steps: int) -> None:
        warm = max(round(WARM_UP * steps), 1)
        share = min((step + 1) / warm, (steps - step) / max(steps - warm, 1))
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * share

    def _held_back(self) -> tuple[float | None, float | None]:
        """Return loss and macro-F1 of the questions held back."""
        import torch
        from torch.nn.functional import cross_entropy

        if not len(self._valid) or max(self._valid_targets) < 0:
            return None, None
        self.network.eval()
        questions, targets = self._valid.questions, torch.tensor(self._valid_targets)
        with torch.inference_mode():
            rows = [self.network(questions[at : at + 64]).float().cpu() for at in range(0, len(questions), 64)]
            scores = torch.cat(rows)
            loss = float(cross_entropy(scores, targets))
        said = [self._labels[at] for at in scores.argmax(dim=1).tolist()]
        return loss, macro_f1(self._valid.labels, said)


def _told(epoch: Epoch, last: int) -> str:
    line = f"epoch {epoch.epoch} of {last}: loss {epoch.train_loss:.3f}"
    if epoch.valid_loss is not None and epoch.valid_macro_f1 is not None:
        line += f"; held back: loss {epoch.valid_loss:.3f}, macro-F1 {epoch.valid_macro_f1:.3f}"
    return line


def _save(network: Any, record: RouteRecord, making: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from ragqa.finetune.routing.network import quiet

    try:
        making.mkdir(parents=True, exist_ok=True)
        with quiet():
            # Its card would quote the manual's text.
            network.encoder.save(str(making), create_model_card=False)
        save_file(network.head(), making / HEAD)
        write_record(making, record)
    except (OSError, SafetensorError) as error:
        raise RagqaError(
            f"the model can't be written to {making}: {getattr(error, 'strerror', None) or error}; make room and run "
            "the same command, which goes on from the last epoch"
        ) from None
