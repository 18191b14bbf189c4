"""Find a cross-encoder's folder and read what its JSON files say of it. Loads no weights, fetches nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.errors import ModelError
from ragqa.models.files import fingerprint, hub_folder, is_path, longest_input, read_json
from ragqa.models.safety import check_model_files, modules_of

ORGANISATION = "cross-encoder"
"""Whose model a hub name without a slash means, as sentence-transformers has it."""


@dataclass(frozen=True, slots=True)
class RerankerFolder:
    """What must be known to run a cross-encoder; ``max_length`` counts special tokens."""

    spec: str
    name: str
    path: Path
    revision: str
    max_length: int
    compilable: bool
    """Whether it is only a transformer with one label for a pair."""


def find_reranker(name: str) -> RerankerFolder:
    """Return the cross-encoder ``name``: a folder, or a hub's that lies in the local cache. Raises ModelError."""
    path = Path(name).expanduser()
    if path.is_dir():
        return _read(f"local:{name}", path.resolve().name, path.resolve())
    if is_path(name):
        raise ModelError(f"local:{name} should name a folder of a cross-encoder; there is none there")
    repo = name if "/" in name else f"{ORGANISATION}/{name}"
    held = hub_folder(repo)
    if held is None:
        raise ModelError(
            f"local:{name} is neither a folder nor a model in the local cache: run 'hf download {repo}' where there is "
            "a network, or give the path of a model folder"
        )
    return _read(f"local:{name}", name, held.resolve())


def _read(spec: str, name: str, path: Path) -> RerankerFolder:
    if not (path / "config.json").is_file():
        raise ModelError(f"{spec} should be a folder of a cross-encoder; {path} has no config.json")
    if not any(path.glob("*.safetensors")):
        raise ModelError(f"{spec} has no .safetensors weights (other formats can run code): save it as safetensors")
    check_model_files(spec, path)
    config = read_json(path / "config.json", {})
    own = read_json(path / "config_sentence_transformers.json", {})
    sentence = read_json(path / "sentence_bert_config.json", {})
    modules = [str(module["type"]).rpartition(".")[2] for module in modules_of(spec, path)]
    kind = str((config.get("architectures") or ["nothing"])[0])
    classifies = kind.endswith("ForSequenceClassification")
    # Without a head of its own a model would get one of random numbers.
    if not classifies and not {"LogitScore", "Dense"} & set(modules):
        raise ModelError(
            f"{spec} should be a cross-encoder; its config.json names {kind} instead of a model "
            "…ForSequenceClassification: embedding models go to --embedder"
        )
    labels = _labels(config)
    if classifies and labels != 1:
        raise ModelError(f"{spec} gives a pair {labels} labels; a reranker gives it one: choose another model")
    prompted = bool(own.get("default_prompt_name"))
    return RerankerFolder(
        spec=spec,
        name=name,
        path=path,
        revision=fingerprint(path, path, ("reranker", sentence, modules, own.get("prompts"), prompted)),
        max_length=longest_input(path, config, sentence),
        compilable=classifies and modules in ([], ["Transformer"]) and not prompted,
    )


def _labels(config: dict[str, Any]) -> int:
    """Return how many labels a model gives; transformers takes two where nothing is said."""
    if "id2label" in config:
        return len(config["id2label"])
    return int(config.get("num_labels", 2))
