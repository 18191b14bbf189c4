"""Set options in ``ragqa.toml`` and leave every other line as it is, comments too. Knows nothing of tuning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragqa.approving import renew
from ragqa.errors import RagqaError
from ragqa.evaluation.files import write_whole
from ragqa.plain_files import parse_toml
from ragqa.settings import FILE_NAME, Settings, home_folder, settings_file, settings_hash

_TABLE = re.compile(r"\s*\[")


def file_to_write(settings: Settings) -> Path:
    """Return the settings file in force, or where one may be made that will be read and moves no library."""
    here = Path.cwd()
    found = settings_file()
    if found:
        return found
    if home_folder() in (here, *here.parents):
        return home_folder() / FILE_NAME
    if settings.home is not None:
        return here / FILE_NAME
    raise RagqaError(
        f"there is no {FILE_NAME} here or in a folder above, and a new one here would hide the libraries of "
        f'{home_folder()}: make one where you work, with the line home = "{home_folder()}", and tune again'
    )


def set_options(file: Path, options: Mapping[str, float | int]) -> None:
    """Write ``options`` into ``file``, whole or not at all. Raises RagqaError where the file can't be edited safely."""
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        after = with_options(before, options)
        if _parsed(after) != {**_parsed(before), **options}:
            raise ValueError
        held = settings_hash(file) if file.exists() else None
        write_whole(file, after)
        renew(file, held)
    except (OSError, ValueError) as error:
        lines = ", ".join(f"{name} = {value}" for name, value in options.items())
        reason = getattr(error, "strerror", None) or "its form is unusual"
        raise RagqaError(f"{file} can't be changed ({reason}): write into it {lines}") from None


def with_options(text: str, options: Mapping[str, float | int]) -> str:
    """Return the TOML ``text`` with ``options`` set at its top level: in place where they stand, else added there."""
    lines = text.splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines) if _TABLE.match(line)), len(lines))
    missing = []
    for name, value in options.items():
        own = re.compile(rf"(\s*{name.replace('_', '[-_]')}\s*=\s*)[^#\r\n]*?(\s*(?:#[^\r\n]*)?[\r\n]*)$")
        at = next((at for at, line in enumerate(lines[:end]) if own.match(line)), None)
        if at is None:
            missing.append(f"{name} = {value}\n")
        else:
            lines[at] = own.sub(lambda found, value=value: f"{found[1]}{value}{found[2]}", lines[at])  # type: ignore[misc]
    if missing and end and not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    return "".join((*lines[:end], *missing, *lines[end:]))


def _parsed(text: str) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in parse_toml(text).items()}
