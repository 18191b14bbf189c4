"""Train an embedding model on pairs of a question and the passage that answers it, and stay near what it was.

Every other passage of a batch is a wrong answer (multiple negatives ranking: Henderson et al. 2017, arXiv 1705.00652).
The weights kept are the mean of those before and after, which forgets less (Wortsman et al. 2022, arXiv 2109.01903).
Knows nothing of manuals; torch is imported when it begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ragqa.embedders.folders import ModelFolder

BATCH = 32
EPOCHS = 1
RATE = 2e-5
WARM_UP = 0.1
"""Share of the steps in which the rate climbs."""

KEPT = 0.5
"""Share of the weights before in those that are saved."""

TOLD_EVERY = 5
"""Steps between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the text that answers it."""

    question: str
    passage: str


def train(folder: ModelFolder, pairs: Sequence[Pair], out: Path, *, seed: int, progress: Callable[[str], None]) -> None:
    """Write into ``out`` the model of ``folder``, trained on ``pairs``; ``progress`` gets the loss."""
    with _quiet():
        import torch
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

        from ragqa.embedders.eager import load_original

        torch.manual_seed(seed)
        model = load_original(folder, "cuda" if torch.cuda.is_available() else "cpu")
        # The model card, which is not written, would be looked up on a hub and show a bar of its own.
        model.model_card_data.local_files_only = True
        model.model_card_data.generate_widget_examples = False
        before = {name: value.detach().clone() for name, value in model.state_dict().items()}
        loss = MultipleNegativesRankingLoss(model)
        with TemporaryDirectory(prefix="ragqa-") as scratch:
            _trainer(model, loss, _data(folder, pairs), scratch, seed, progress).train()
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(before[name], KEPT)
        # Some models get their prefixes by their name, which this one has not.
        model.prompts = {"query": folder.query_prefix, "document": folder.passage_prefix}
        # Its card would quote the manual's text.
        model.save(str(out), create_model_card=False)


def can_train() -> bool:
    """Say whether what training needs is installed."""
    from importlib.util import find_spec

    return all(find_spec(name) for name in ("datasets", "accelerate"))


def _data(folder: ModelFolder, pairs: Sequence[Pair]) -> Any:
    from datasets import Dataset

    return Dataset.from_dict(
        {
            "anchor": [folder.query_prefix + pair.question for pair in pairs],
            "positive": [folder.passage_prefix + pair.passage for pair in pairs],
        }
    )


def _trainer(model: Any, loss: Any, data: Any, scratch: str, seed: int, progress: Callable[[str], None]) -> Any:
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers
    from transformers import PrinterCallback, TrainerCallback

    class Told(TrainerCallback):
        """Passes the loss on."""

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
            if logs and "loss" in logs:
                progress(f"training: step {state.global_step} of {state.max_steps}, loss {logs['loss']:.3f}")

    steps = EPOCHS * -(-len(data) // BATCH)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=scratch,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        warmup_steps=max(round(WARM_UP * steps), 1),
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        seed=seed,
        logging_steps=TOLD_EVERY,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=loss, callbacks=[Told()])
    trainer.remove_callback(PrinterCallback)
    return trainer


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what trains from showing bars and advice of its own."""
    import datasets
    from transformers.utils import logging as transformers_logging

    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)
