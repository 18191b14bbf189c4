"""What a training begins with: a causal language model on this machine. Loads it; fetches and trains nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.answerers.transformers import DEFAULT_CONTEXT
from ragqa.errors import ModelError, RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.training.loop import uses_gpu
from ragqa.models.causal import find_causal, free_memory, parameters_of
from ragqa.models.files import Progress, fingerprint, read_json
from ragqa.models.safety import RECORD, read_record
from ragqa.plain_files import write_json

RANDOM_INIT = "scratch"
"""The name of a base without pretraining: a small model whose weights are drawn by chance."""


@dataclass(frozen=True, slots=True)
class Base:
    """A model to begin with; ``folder`` is None for one made anew."""

    name: str
    folder: Path | None
    revision: str
    """A hash of its files."""
    scratch: bool
    """Whether no one's pretraining is in it: made anew, or from a model that was."""


def find_base(name: str, notice: Progress = lambda line: None) -> Base:
    """Return the base ``name``: 'scratch', or any that ``find_causal`` takes. Raises ModelError, MissingExtra."""
    if name == RANDOM_INIT:
        return Base(name, None, RANDOM_INIT, True)
    folder = find_causal(name.removeprefix("transformers:"), "--base", notice)
    return Base(name, folder, fingerprint(folder, folder, ()), bool(read_record(folder).get("scratch")))


BATCH_TOKENS, EXAMPLE_TOKENS = 1024, 2048
"""Of a batch on a processor, padding counted; of examples of a pretrained base, which share their start."""
ACTIVATIONS = 240
"""Bytes that a token's activations take, by layer and width: measured on a model of Llama's kind."""


def check_memory(base: Base, tokens: int, *, adapters: bool) -> None:
    """Raise RagqaError where training with ``tokens`` in a batch needs more memory than is free on this machine."""
    free = free_memory()
    if base.folder is None or free is None or uses_gpu():
        return
    need = _memory(base.folder, tokens, adapters=adapters)
    if need > free:
        raise RagqaError(
            f"training {base.name} takes about {need / 2**30:.1f} GiB of memory; {free / 2**30:.1f} GiB are free: "
            f"close other programs, or choose {'a' if adapters else '--method lora or a'} smaller --base"
        )


def training_memory(weights: int, size: int, tokens: int, *, adapters: bool) -> int:
    """Return bytes: weights in single precision, with AdamW's two moments and the gradient of each that is trained.

    ``size`` is layers by width, ``tokens`` are those of a batch.
    """
    return weights * (5 if adapters else 16) + tokens * size * ACTIVATIONS


def size_of(folder: Path) -> int:
    """Return layers by width of the model in ``folder``; 0 where its files don't say."""
    config = read_json(folder / "config.json", {})
    return int(config.get("num_hidden_layers") or 0) * int(config.get("hidden_size") or 0)


def _memory(folder: Path, tokens: int, *, adapters: bool) -> int:
    return training_memory(parameters_of(folder), size_of(folder), tokens, adapters=adapters)


SMALL = 500_000_000
"""Weights up to which all of them are trained, whatever is learned."""


def prefers_all_weights(weights: int, form: str) -> bool:
    """Return whether all of a base's weights are trained, where the memory is there, or adapters.

    All know more by heart (arXiv 2405.09673); a small model learns more from few examples with all of them, in about
    the same time (smollm2, 96 examples to read, held-back loss .21, where adapters were behind from the first step).
    """
    return form == "closed-book" or weights <= SMALL


def uses_adapters(base: Base, options: TrainOptions, form: str) -> bool:
    """Return whether adapters are trained, or all weights."""
    if base.scratch or options.method:
        return not base.scratch and options.method == "lora"
    if base.folder is None or not prefers_all_weights(parameters_of(base.folder), form):
        return True
    free = free_memory()
    return free is not None and _memory(base.folder, EXAMPLE_TOKENS, adapters=False) > free


def stored_dtype(base: Base, dtype: Any) -> Any:
    """Return the number format in which to keep a model trained from ``base``: that of its files, else ``dtype``."""
    import torch

    config = read_json(base.folder / "config.json", {}) if base.folder else {}
    named = str(config.get("dtype") or config.get("torch_dtype"))
    return getattr(torch, named) if named in ("float16", "bfloat16") else dtype


def load_base(base: Base, *, half: bool) -> tuple[Any, Any]:
    """Return model and tokenizer; in single precision, or with ``half`` as the files are. Raises ModelError."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    safe = {"local_files_only": True, "trust_remote_code": False}
    read: Any = AutoModelForCausalLM.from_pretrained
    dtype = "auto" if half else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(base.folder, **safe)
        model, report = read(base.folder, use_safetensors=True, dtype=dtype, output_loading_info=True, **safe)
    except MemoryError:
        raise
    except Exception as error:  # the loaders of broken files raise whatever they like
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"the model in {base.folder} can't be loaded: {reason}; get its files anew") from None
    if report["missing_keys"]:
        lacking = min(report["missing_keys"])
        raise ModelError(f"the model in {base.folder} lacks weights ({lacking} for one): get its files anew")
    if tokenizer.eos_token_id is None:
        raise ModelError(f"--base should be a model whose tokenizer knows an end; {base.folder} names no eos_token")
    return model, tokenizer


def context_of(model: Any) -> int:
    """Return how many tokens the model reads."""
    config = model.config.get_text_config()
    lengths = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    return min((int(n) for n in lengths if n and n < 10**9), default=DEFAULT_CONTEXT)


VOCABULARY = 4096
CONTEXT = 2048
"""What the rules, some passages and an answer need; a position costs next to nothing."""
LAYERS, WIDTH, HEADS = 4, 256, 4
END, PAD = "<|end|>", "<|pad|>"


def make_tokenizer(texts: Iterable[str]) -> Any:
    """Return a tokenizer for ``texts``, the same for the same texts; anything else is written with bytes."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(texts, vocab_size=VOCABULARY, show_progress=False, special_tokens=[END, PAD])
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=bpe._tokenizer,
        eos_token=END,
        pad_token=PAD,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: Any, seed: int) -> Any:
    """Return an untrained model. It has no dropout: what is asked of it is to know its text by heart."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        n_positions=CONTEXT,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GPT2LMHeadModel(config)


RANK, ALPHA, DROPOUT = 16, 32, 0.05


def adapter_config() -> Any:
    """Return how adapters (LoRA) are made; for peft."""
    from peft import LoraConfig

    return LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules="all-linear", task_type="CAUSAL_LM"
    )


def with_adapters(model: Any, seed: int) -> Any:
    """Return ``model`` frozen, with adapters that are trained instead."""
    import torch
    from peft import get_peft_model

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        adapted = get_peft_model(model, adapter_config())
    return adapted.to(next(model.parameters()).device)


def merge_adapters(model: Any) -> Any:
    """Return the model that ``with_adapters`` was given, with what the adapters learned in its own weights."""
    return model.merge_and_unload()


def save_model(model: Any, tokenizer: Any, folder: Path, record: Mapping[str, object]) -> None:
    """Write a transformers model (adapters merged), its tokenizer and ``record`` into ``folder``."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / RECORD, record)
