"""Refuse a model folder whose files would have a loader run code, read pickles or fetch something. Loads nothing.

The loaders are told so too (``use_safetensors``, ``trust_remote_code``, ``local_files_only``); what follows is what
these leave open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ragqa.errors import ModelError
from ragqa.models.files import read_json
from ragqa.plain_files import open_plain

_MODULE = re.compile(
    r"sentence_transformers(?:\.\w+)*\.(?:Transformer|Pooling|Normalize|Dense|LayerNorm|Dropout|LogitScore)"
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
_ARGUMENTS = ("model_args", "model_kwargs", "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs")
"""What a sentence-transformers file may hand to the loaders, over what we tell them."""
_HARMLESS = frozenset(
    (
        "dtype",
        "torch_dtype",
        "add_pooling_layer",
        "model_max_length",
        "padding_side",
        "truncation_side",
        "do_lower_case",
    )
)


def load_safely(model_class: Callable[..., Any], folder: Path, device: str) -> Any:
    """Return a model of sentence-transformers: no code of the model's own, no pickles, no network, single precision."""
    return model_class(
        str(folder),
        device=device,
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    ).eval()


def check_model_files(spec: str, folder: Path) -> None:
    """Raise ModelError where the files of ``folder`` ask for more than weights, settings and a vocabulary."""
    modules = modules_of(spec, folder)
    parts = {folder / str(module.get("path", "")) for module in modules} | {folder}
    for part in sorted(parts):
        if (part / "adapter_config.json").is_file():
            raise ModelError(
                f"{spec} is an adapter of another model, which would be looked up: merge it into a whole one"
            )
        pickles = sorted(file.name for kind in _PICKLES for file in part.glob(kind) if file.name != "training_args.bin")
        if pickles and not any(part.glob("*.safetensors")):
            raise ModelError(f"{spec} has weights in {pickles[0]}, a format that can run code: save it as safetensors")
        if (part / "pytorch_model.bin").is_file() and part != folder and not (part / "model.safetensors").is_file():
            raise ModelError(f"{spec} has {part.name}/pytorch_model.bin, which can run code: save it as safetensors")
        for file in sorted(part.glob("*config*.json")):
            _check_settings(spec, file)


def modules_of(spec: str, folder: Path) -> list[dict[str, Any]]:
    """Return what modules.json lists; nothing where there is none. Raises ModelError for modules of other packages."""
    modules = read_json(folder / "modules.json", [])
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ModelError(f"{spec}: its modules.json should be a list of modules; it is not: get its files anew")
    for module in modules:
        kind, path = str(module.get("type")), PurePosixPath(str(module.get("path", "")))
        if not _MODULE.fullmatch(kind):
            raise ModelError(
                f"{spec} is made of {kind[:80]}, which ragqa can't run: it knows parts of sentence-transformers"
            )
        if path.is_absolute() or ".." in path.parts or "\\" in str(path) or ":" in str(path):
            raise ModelError(
                f"{spec}: its modules.json names {str(path)[:80]}, outside the model's folder: get it anew"
            )
    return modules


def _check_settings(spec: str, file: Path) -> None:
    held = read_json(file, {})
    for name in _ARGUMENTS if isinstance(held, dict) else ():
        given = held.get(name) or {}
        odd = [key for key in given if key not in _HARMLESS] if isinstance(given, dict) else [name]
        if odd:
            raise ModelError(
                f"{spec}: its {file.name} sets {str(odd[0])[:80]} of the loader, which ragqa does not allow"
            )
    for key, value in _entries(held):
        # A hub's name here makes transformers fetch compiled code from there.
        if key.endswith(("attn_implementation", "experts_implementation")) and "/" in str(value):
            raise ModelError(
                f"{spec}: its {file.name} names code of a hub ({str(value)[:80]}), which ragqa does not run"
            )


def _entries(held: object) -> Iterator[tuple[str, object]]:
    """Yield every key of a JSON value, at any depth, with what it holds."""
    if isinstance(held, dict):
        for key, value in held.items():
            yield str(key), value
            yield from _entries(value)
    elif isinstance(held, list):
        for one in held:
            yield from _entries(one)


RECORD = "ragqa.json"
"""A model from elsewhere has none."""

_LONGEST = 1 << 20
"""Bytes of a record that are read: ours are a few thousand, and the folder may be somebody else's."""


def read_record(folder: Path) -> dict[str, Any]:
    """Return what ``ragqa.json`` says of the model in ``folder``; nothing for a model that was not made here."""
    try:
        with open_plain(folder / RECORD) as file:
            record = json.loads(file.read(_LONGEST).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def is_closed_book(folder: Path) -> bool:
    """Say whether the model in ``folder`` was trained to answer from memory, without passages before the question."""
    return read_record(folder).get("form") == "closed-book"
