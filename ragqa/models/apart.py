"""Open a compiled model; compile it first in another process where need be, so that torch never enters this one."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ragqa.errors import ModelError
from ragqa.isolated import command, environment
from ragqa.models.compiled import (
    FILES,
    FORMAT,
    RECORD,
    CantCompile,
    CompiledRunner,
    home_of,
    import_openvino,
    read_record,
)
from ragqa.models.files import Progress, hashes_of
from ragqa.trust import cache_folder

_SAID = "ragqa.errors.ModelError: "
"""What the last line of a process begins with that said itself why it could not go on."""


def load(builder: str, name: str, revision: str, progress: Progress | None) -> tuple[CompiledRunner, Path]:
    """Return a model's runner and its compiled folder, compiling first if need be. Raises CantCompile, ModelError.

    ``builder`` is the module whose process compiles the model ``name``.
    """
    home = home_of(revision)
    record = read_record(home)
    if record is None:
        record = compile_apart(builder, name, home, progress)
    if not record["choice"]:
        raise CantCompile(str(record["reason"]))
    return CompiledRunner(home / "model.xml", record["choice"], keep=home / "loaded"), home


def compile_apart(module: str, name: str, home: Path, progress: Progress | None) -> dict[str, Any]:
    """Run ``python -m module name FOLDER`` and make that folder ``home``; return the record that it left there.

    ``name`` is the model's, as in its spec. Raises ModelError where it could not be compiled or kept.
    """
    import tempfile

    from filelock import FileLock

    try:
        home.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
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
                if home.exists():  # as it was made no longer; whoever still reads it may go on
                    home.replace(part.with_name(f"{part.name}-old"))
                part.replace(home)
            finally:
                for left in (part, part.with_name(f"{part.name}-old")):
                    shutil.rmtree(left, ignore_errors=True)
            return record
    except OSError as error:
        raise ModelError(
            f"the cache folder {cache_folder()} should take compiled models; it can't be written "
            f"({error.strerror or error}): set RAGQA_CACHE to a folder that can"
        ) from error


def _start(module: str, name: str, part: Path) -> dict[str, Any]:
    import subprocess  # most runs find the model compiled

    # The child uses no GPU and asks nobody anything.
    env = environment(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
    for last_try in (False, True):
        done = subprocess.run(
            command(module, name, str(part)),
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        record = read_record(part)
        if record is not None:
            return record
        last = ([line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no message"])[-1]
        # One that was killed, or found no memory on a busy machine, may well succeed a moment later.
        if last_try or last.startswith(_SAID):
            said = last.removeprefix(_SAID)[:300]
            raise ModelError(f"local:{name} could not be compiled (exit {done.returncode}): {said}")
        for left in part.iterdir():
            left.unlink()
    raise AssertionError("the second try returns or raises")


def child(build: Callable[[str, Path], dict[str, Any]]) -> None:
    """Be that process: build the model that the first argument names into the folder that the second one names."""
    started = time.perf_counter()
    os.umask(0o077)
    name, out = sys.argv[1], Path(sys.argv[2])
    record = {"format": FORMAT, "openvino": import_openvino().get_version(), **build(name, out)}
    record |= {"seconds": round(time.perf_counter() - started, 1), FILES: hashes_of(out)}
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
