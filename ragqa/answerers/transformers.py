"""A causal language model in a local folder, run by transformers. Contacts nobody, trusts no code in it.

The model is loaded at the first question; a GPU is used where there is one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.answerers.base import ChatOptions
from ragqa.answerers.language_model import ModelAnswerer, Reply
from ragqa.answerers.prompting import Prompt, Room, rendered
from ragqa.answerers.untrusted import Live
from ragqa.errors import ModelError
from ragqa.models.causal import computes_faster_in_bfloat16, find_causal
from ragqa.models.safety import is_closed_book
from ragqa.prompts import Prompts
from ragqa.types import Usage

DEFAULT_CONTEXT = 2048
"""Tokens that a model is taken to read where its files don't say."""


def open_transformers(path: str, options: ChatOptions, prompts: Prompts) -> ModelAnswerer:
    """Return the answerer ``transformers:PATH``; the path may be any that ``find_causal`` takes. Raises ModelError."""
    folder = find_causal(path, notice=options.notice)
    model = LocalModel(folder, options, spec=f"transformers:{path}")
    return ModelAnswerer(model, options, prompts, closed_book=is_closed_book(folder))


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    tokenizer: Any
    room: Room


class LocalModel:
    """A causal language model in this process. Safe to call from several threads: they take turns."""

    def __init__(self, folder: Path, options: ChatOptions, spec: str) -> None:
        self.spec = spec
        self._folder, self._options = folder, options
        self._held: _Loaded | None = None
        self._lock = threading.RLock()

    def room(self) -> Room:
        """Return the context that the model's files tell, counted with its own tokenizer."""
        return self._loaded().room

    def complete(self, prompt: Prompt, n: int, hearer: Live | None) -> Reply:
        """Return what the model writes; at temperature 0 it writes one text only."""
        import torch

        warnings: tuple[str, ...] = ()
        if n > 1 and self._options.temperature == 0:
            warnings, n = (f"{n} answers at temperature 0 are all the same: one was written",), 1
        hearer = hearer if n == 1 else None
        with self._lock:
            loaded = self._loaded()
            ids, begun = _encoded(loaded, prompt)
            if hearer:
                hearer.feed(begun)
            seed = self._options.seed
            fork = torch.random.fork_rng() if seed is not None else nullcontext()  # the caller's draws are its own
            with fork, torch.inference_mode():
                if seed is not None:
                    torch.manual_seed(seed)
                try:
                    out = loaded.model.generate(ids, **_settings(loaded, prompt, self._options, n, hearer))
                except IndexError:  # of a position past the last: rules alone may fill a small model's context
                    raise ModelError(
                        f"{self.spec} reads {loaded.room.context} tokens; this prompt has {ids.shape[1]}, its answer "
                        f"up to {prompt.answer_tokens}: choose a model that reads more, or a smaller --max-tokens"
                    ) from None
                except (RuntimeError, ValueError) as error:  # out of memory among them
                    reason = " ".join(str(error).split())[:200]
                    raise ModelError(f"{self.spec} failed: {reason}; try a smaller model or context_tokens") from error
        return _decoded(loaded, ids, out, begun, prompt.answer_tokens, warnings)

    def _loaded(self) -> _Loaded:
        with self._lock:
            if self._held is None:
                self._held = _load(self._folder, self._options)
            return self._held


def _load(folder: Path, options: ChatOptions) -> _Loaded:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # the library prints nothing
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
        read: Any = AutoModelForCausalLM.from_pretrained
        model, report = read(folder, use_safetensors=True, dtype="auto", output_loading_info=True, **safe)
    except Exception as error:  # the loaders of broken files raise whatever they like
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"the model in {folder} can't be loaded: {reason}") from None
    if report["missing_keys"]:  # they would be random
        lacking = min(report["missing_keys"])
        raise ModelError(f"the model in {folder} lacks weights ({lacking} for one): get its files anew")
    if device == "cpu" and model.dtype in (torch.float16, torch.bfloat16):
        # No CPU computes fast in float16; in bfloat16 some do, and others take five times as long as in full.
        model = model.to(torch.bfloat16 if computes_faster_in_bfloat16() else torch.float32)
    model = model.to(device).eval()
    context = options.context_tokens or _context_of(model.config, tokenizer)
    room = Room(context, options.max_tokens, _counter(tokenizer), _specials(tokenizer))
    return _Loaded(model, tokenizer, room)


def _context_of(config: Any, tokenizer: Any) -> int:
    config = config.get_text_config()
    lengths = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    known = [int(n) for n in (*lengths, tokenizer.model_max_length) if n and n < 10**9]
    return min(known, default=DEFAULT_CONTEXT)


def _counter(tokenizer: Any) -> Callable[[str], int]:
    return lambda text: len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def _specials(tokenizer: Any) -> tuple[str, ...]:
    """Every string that this tokenizer reads as one special token, the longest first."""
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return tuple(sorted({*added, *tokenizer.all_special_tokens}, key=len, reverse=True))


def _encoded(loaded: _Loaded, prompt: Prompt) -> tuple[Any, str]:
    """Return the prompt's token ids, (1, n), and what the template has the answer begin with: '<think>' of some."""
    tokenizer = loaded.tokenizer
    text = rendered(tokenizer, prompt.messages)
    # A template writes its own special tokens; without one the tokenizer adds them.
    encoded = tokenizer(text, add_special_tokens=not tokenizer.chat_template, return_tensors="pt", verbose=False)
    return encoded["input_ids"].to(loaded.model.device), "<think>" if text.rstrip().endswith("<think>") else ""


def _settings(loaded: _Loaded, prompt: Prompt, options: ChatOptions, n: int, hearer: Live | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"max_new_tokens": prompt.answer_tokens, "num_return_sequences": n}
    settings["do_sample"] = options.temperature > 0
    if options.temperature > 0:
        settings["temperature"] = options.temperature
    else:
        settings |= {"temperature": None, "top_p": None, "top_k": None}
    if options.stop:
        settings |= {"stop_strings": list(options.stop), "tokenizer": loaded.tokenizer}
    if loaded.tokenizer.pad_token_id is None:
        settings["pad_token_id"] = loaded.tokenizer.eos_token_id
    if hearer:
        settings["streamer"] = _streamer(loaded.tokenizer, hearer)
    return settings


def _streamer(tokenizer: Any, hearer: Live) -> Any:
    """Return what generation hands its tokens to, in its own thread: errors come out where they are."""
    from transformers import TextStreamer

    class ToHearer(TextStreamer):
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            hearer.feed(text)

    return ToHearer(tokenizer, skip_prompt=True, skip_special_tokens=True)


def _decoded(loaded: _Loaded, ids: Any, out: Any, begun: str, limit: int, warnings: tuple[str, ...]) -> Reply:
    ends = loaded.model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [ends])
    new = [row[ids.shape[1] :].tolist() for row in out]
    lengths = [next((at + 1 for at, token in enumerate(row) if token in ends), len(row)) for row in new]
    texts = tuple(begun + str(loaded.tokenizer.decode(row, skip_special_tokens=True)) for row in new)
    cut = tuple(length >= limit and row[length - 1] not in ends for row, length in zip(new, lengths, strict=True))
    return Reply(texts, cut, Usage(int(ids.shape[1]), sum(lengths), cost_usd=0.0), warnings)
