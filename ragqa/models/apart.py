"""Compile a model in another process, so that torch never enters this one, and put the result in place at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ragqa.errors import ModelError
from ragqa.models.compiled import FORMAT, RECORD, import_openvino, read_record
from ragqa.models.files import Progress, cache_folder


def compile_apart(module: str, name: str, home: Path, progress: Progress | None) -> dict[str, Any]:
    """Run ``python -m module name FOLDER`` and make that folder ``home``; return the record that it left there.

    ``name`` is the model's, as in its spec. Raises ModelError where it could not be compiled or kept.
    """
    from filelock import FileLock

    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{home}.lock"):
            record = read_record(home)  # another process may have been first
            if record is not None:
                return record
            for stale in home.parent.glob(f"{home.name}.part-*"):
                shutil.rmtree(stale, ignore_errors=True)
            if progress:
                progress(f"compiling {Path(name).name} for this machine (once, about 20 s)")
            part = Path(tempfile.mkdtemp(prefix=f"{home.name}.part-", dir=home.parent))
            try:
                record = _start(module, name, part)
                shutil.rmtree(home, ignore_errors=True)
                part.replace(home)
            finally:
                shutil.rmtree(part, ignore_errors=True)
            return record
    except OSError as error:
        raise ModelError(
            f"the cache folder {cache_folder()} should take compiled models; it can't be written "
            f"({error.strerror or error}): set RAGQA_CACHE to a folder that can"
        ) from error


def _start(module: str, name: str, part: Path) -> dict[str, Any]:
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    # The child finds what this process found, uses no GPU and asks nobody anything.
    env = os.environ | {"PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", module, name, str(part)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, encoding="utf-8", errors="replace")
    record = read_record(part)
    if record is None:
        last = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        said = last[-1].strip().removeprefix("ragqa.errors.ModelError: ")
        raise ModelError(f"local:{name} could not be compiled (exit {done.returncode}): {said[:300]}")
    return record


def child(build: Callable[[str, Path], dict[str, Any]]) -> None:
    """Be that process: build the model that the first argument names into the folder that the second one names."""
    started = time.perf_counter()
    name, out = sys.argv[1], Path(sys.argv[2])
    record = {"format": FORMAT, "openvino": import_openvino().get_version(), **build(name, out)}
    record["seconds"] = round(time.perf_counter() - started, 1)
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
