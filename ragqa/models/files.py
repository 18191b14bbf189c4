"""A model's files: the hub's folder of it, its JSON, its length, a hash of what decides its results; and our cache.

Loads no weights and no torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ragqa.errors import ModelError
from ragqa.plain_files import write_private
from ragqa.trust import cache_folder, is_foreign

Progress = Callable[[str], None]

_WANTED = ["*.json", "*.txt", "*.model", "*.safetensors"]
_UNWANTED = ["onnx/*", "openvino/*"]
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "tokenizer.model", "sentencepiece.bpe.model")


def private_cache(name: str) -> Path:
    """Return the folder ``name`` of the cache, made if it can be, for its owner alone. Raises ModelError.

    What lies there is run: it must be nobody else's, the system's own apart.
    """
    folder = cache_folder() / name
    if is_foreign(folder.parent, but_root=True) or is_foreign(folder, but_root=True):
        raise ModelError(
            f"the cache folder {folder.parent} belongs to another user, whose models would be run: set RAGQA_CACHE to "
            "a folder of your own"
        )
    with contextlib.suppress(OSError):  # whoever writes there says that it can't be written
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    return folder


def is_path(name: str) -> bool:
    """Say whether ``name`` can only be meant as a path: a hub's name has one slash at most."""
    path = Path(name).expanduser()
    return path.exists() or name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1


def hub_folder(repo: str) -> Path | None:
    """Return the folder of the hub's model ``repo`` in the local cache; None where it is not there with its weights."""
    from huggingface_hub import snapshot_download

    try:
        path = Path(snapshot_download(repo, allow_patterns=_WANTED, ignore_patterns=_UNWANTED, local_files_only=True))
    except Exception:  # not in the cache; the reason is of no use to anyone
        return None
    # A snapshot begun for its JSON alone has no weights yet.
    return path if any(path.rglob("*.safetensors")) else None


def longest_input(transformer: Path, config: dict[str, Any], sentence: dict[str, Any]) -> int:
    """Return how many tokens a model reads, special ones counted, by the JSON files of its folder."""
    positions = int(config.get("max_position_embeddings") or 512)
    positions = positions if positions > 0 else 512  # xlnet writes -1
    if config.get("model_type") in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= 2  # their first position stands past the padding's
    named = sentence.get("max_seq_length") or read_json(transformer / "tokenizer_config.json", {}).get(
        "model_max_length"
    )
    return min(int(named), positions) if named else positions


def fingerprint(path: Path, transformer: Path, settings: object) -> str:
    """Return a hash of everything that decides a result: weights, tokenizer and settings."""
    weights = sorted({*transformer.glob("*.safetensors"), *path.rglob("*.safetensors")})
    vocabulary = [transformer / name for name in _VOCABULARIES]
    parts = [remembered_sha256(file) for file in weights]
    parts += [sha256_of(file) for file in (*vocabulary, transformer / "config.json") if file.is_file()]
    parts.append(json.dumps(settings, sort_keys=True))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def remembered_sha256(file: Path) -> str:
    """Hash a file once for each size and time of change: weights may take seconds. Raises ModelError, OSError.

    The time at which the system itself last changed the entry is among them, which no program can set back.
    """
    stat = file.stat()
    seen = (file.resolve(), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    key = hashlib.sha256("\n".join(map(str, seen)).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    note = private_cache("hashes") / key
    try:
        known = note.read_text("ascii")
        if re.fullmatch("[0-9a-f]{64}", known):
            return known
    except OSError:
        pass
    digest = sha256_of(file)
    with contextlib.suppress(OSError):  # an unwritable cache costs time, not correctness
        note.touch(mode=0o600)
        note.write_text(digest, "ascii")
    return digest


def sha256_of(file: Path) -> str:
    """Return the hash of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_json(file: Path, default: Any) -> Any:
    """Return what a JSON file holds, ``default`` where there is no file. Raises ModelError where it is no JSON."""
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return default
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} should be a JSON file; it can't be read ({type(error).__name__})") from error


NOTES, LOCK = "hashes.json", "lock"


def hashes_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder, by name. Raises OSError."""
    return {file.name: sha256_of(file) for file in sorted(folder.iterdir()) if file.is_file()}


def is_intact(folder: Path, noted: object) -> bool:
    """Say whether a folder's files are there with the hashes ``noted``. Raises ModelError for a cache of another's."""
    if not isinstance(noted, dict):
        return False
    try:
        return all(Path(name).name == name and remembered_sha256(folder / name) == sha for name, sha in noted.items())
    except OSError:
        return False


PATIENCE = 60.0
"""Seconds to wait while another process loads a model; after that ours loads without what was kept."""


class Loaded:
    """The folder where OpenVINO keeps what makes one load faster the next time, and what we know of the files there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Yield whether OpenVINO may read and write there; what was not as noted is gone, what it adds is noted.

        Who writes is alone: OpenVINO writes in place, and a process that maps a file which is cut short meanwhile is
        ended by the system (SIGBUS). Where a whole file is noted OpenVINO writes nothing, and nobody waits.
        """
        if self._is_sound():
            yield True
            return
        from filelock import FileLock, Timeout  # 30 ms, which most loads do without

        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(self.folder / LOCK, timeout=PATIENCE)
            lock.acquire()
        except (OSError, Timeout):
            yield False
            return
        try:
            usable = self._is_sound() or self._emptied()
            yield usable
            if usable:
                self._note()
        finally:
            lock.release()

    def _is_sound(self) -> bool:
        """Return whether there is a file, and each as it was noted."""
        with contextlib.suppress(OSError):
            names = {file.name for file in self._blobs()}
            return bool(names) and names == set(self._noted()) and is_intact(self.folder, self._noted())
        return False

    def _emptied(self) -> bool:
        with contextlib.suppress(OSError):
            for file in self._blobs():
                file.unlink()
            return True
        return False

    def _note(self) -> None:
        """Note what is there: OpenVINO wrote it from a model that was as it was made."""
        with contextlib.suppress(OSError):
            noted = {file.name: sha256_of(file) for file in self._blobs()}
            write_private(self.folder / NOTES, json.dumps(noted).encode())

    def _blobs(self) -> list[Path]:
        own = {LOCK, NOTES}
        return [file for file in self.folder.iterdir() if file.name not in own and not file.name.startswith(".")]

    def _noted(self) -> dict[str, str]:
        try:
            noted = json.loads((self.folder / NOTES).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}
