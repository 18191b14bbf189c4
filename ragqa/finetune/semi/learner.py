"""The Learner of this machine: teaches by local jobs, and says how unlikely a model finds what an example says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ragqa.errors import GO_ON, RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import train_local
from ragqa.finetune.records import Example, Split, lines_of, read_prepared, write_splits
from ragqa.finetune.semi.rounds import Taught
from ragqa.models.safety import read_record
from ragqa.settings import Settings


class LocalLearner:
    """Teaches by local jobs on copies of ``prepared`` with other training examples; they lie in ``folder``.

    A round that was done before is not trained again: the same examples and options are the same job.
    """

    def __init__(
        self,
        prepared: Path,
        options: TrainOptions,
        settings: Settings,
        folder: Path,
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._prepared, self._options, self._settings = prepared, options, settings
        self._folder, self._notice = folder, notice
        self._form = read_prepared(prepared).form

    def teach(self, examples: Sequence[Example], name: str) -> Taught:
        """See Learner."""
        options = replace(self._options, suffix="-".join(filter(None, (self._options.suffix, name))))
        held = with_train(self._prepared, examples, self._folder / name)
        job = train_local(held, options, self._settings, self._notice)
        if job.model is None:
            raise RagqaError(f"{name} was not finished ({job.state}): {GO_ON}")
        record = read_record(model_folder(job.model))
        if record.get("valid_loss") is None:
            raise RagqaError(f"{self._prepared} holds no example back, and that is what ends the rounds: prepare more")
        return Taught(job.model, float(record["valid_loss"]))

    def doubts(self, taught: Taught, examples: Sequence[Example]) -> Sequence[float]:
        """Return the loss of a label, or the mean loss of an answer's tokens."""
        if self._form == "route":
            return _label_losses(model_folder(taught.model), examples)
        return answer_losses(model_folder(taught.model), examples)


def with_train(prepared: Path, examples: Sequence[Example], folder: Path) -> Path:
    """Write into ``folder`` what ``prepared`` holds, but with ``examples`` to train on. Raises RagqaError."""
    record = read_prepared(prepared)
    splits: dict[Split, Iterable[bytes]] = {"train": lines_of(examples)}
    for split in ("valid", "test"):
        splits[split] = [(prepared / f"{split}.jsonl").read_bytes()]
    generated = sum(example.source.startswith("generated") for example in examples)
    record = replace(record, examples={**record.examples, "train": len(examples)}, generated=generated)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_splits(folder, splits, record)
    except OSError as error:
        raise RagqaError(
            f"{folder} can't be written: {error.strerror or error}; make room, or choose another --home"
        ) from None
    return folder


def answer_losses(model: Path, examples: Sequence[Example]) -> list[float]:
    """Return the mean loss, in nats, of each example's answer tokens; infinite where it is too long for the model."""
    import torch

    from ragqa.finetune.local.bases import context_of, find_base, load_base
    from ragqa.finetune.local.tokens import items_of
    from ragqa.finetune.training.loop import quiet

    with quiet():
        network, tokenizer = load_base(find_base(str(model)), half=False)
    network.eval()
    losses = []
    with torch.inference_mode():
        for example in examples:
            items, _ = items_of([example], tokenizer, context_of(network))
            total = count = 0.0
            for item in items:
                first = max(item.learned - 1, 0)  # of a prompt only the last token's scores say anything of an answer
                scores = network(torch.tensor([item.ids])).logits[0, first:-1].float().log_softmax(dim=1)
                own = scores.gather(1, torch.tensor(item.ids[first + 1 :])[:, None])
                total, count = total - float(own.sum()), count + len(own)
            losses.append(total / count if count else float("inf"))
    return losses


def _label_losses(model: Path, examples: Sequence[Example]) -> list[float]:
    import numpy as np

    from ragqa.finetune.routing import load_route

    router = load_route(model)
    place = {label: at for at, label in enumerate(router.labels)}
    rows = router.probabilities([example.question for example in examples])
    return [
        float(-np.log(max(row[place[str(example.label)]], 1e-12))) if example.label in place else float("inf")
        for row, example in zip(rows, examples, strict=True)
    ]


def model_folder(spec: str) -> Path:
    """Return the folder of a job's model."""
    return Path(spec.partition(":")[2])
