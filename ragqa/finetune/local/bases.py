"""What a training begins with: a causal language model on this machine. Loads it; fetches and trains nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.answerers.transformers import DEFAULT_CONTEXT, check_folder
from ragqa.errors import ModelError
from ragqa.models.files import fingerprint, hub_folder, is_path
from ragqa.models.record import read_record

SCRATCH = "scratch"
"""The base that is none: a small model is made anew."""


@dataclass(frozen=True, slots=True)
class Base:
    """A model to begin with; ``folder`` is None for one made anew."""

    name: str
    folder: Path | None
    revision: str
    """A hash of its files."""
    scratch: bool
    """Whether no one's pretraining is in it: made anew, or from a model that was."""


def find_base(name: str) -> Base:
    """Return the base called ``name``: 'scratch', a folder, or a hub's name that is in the cache. Raises ModelError."""
    if name == SCRATCH:
        return Base(name, None, SCRATCH, True)
    folder = Path(name.removeprefix("transformers:")).expanduser()
    if not is_path(str(folder)):
        held = hub_folder(name)
        if held is None:
            raise ModelError(
                f"--base should be 'scratch', a model's folder, or a hub's model that is on this machine; '{name}' is "
                f"none of them: fetch it with 'hf download {name}', or choose --base scratch"
            )
        folder = held
    check_folder(folder, "--base")
    return Base(name, folder, fingerprint(folder, folder, ()), bool(read_record(folder).get("scratch")))


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
