"""Where an option's value comes from: flag, then RAGQA_… variable, then ragqa.toml, then the default.

Reads the environment and one file; decides nothing else. A key in the environment alone switches nothing online.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from ragqa.errors import RagqaError
from ragqa.types import Mode

FILE_NAME = "ragqa.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every option that a user may set for good, named as in the flags, in ``RAGQA_NAME`` and in the file."""

    home: Path | None = None
    """The folder that holds ``indexes/``; None: see ``home_folder``."""
    index: str = "default"
    embedder: str | None = None
    """None: the bundled model, or the one the library was made with."""
    answerer: str = "extractive"
    rerank: str | None = None
    """A cross-encoder that reads the best passages anew; None: the search's own order."""
    k: int = 5
    mode: Mode = "hybrid"
    passage_tokens: int = 160
    # What counts how much in the hybrid (retrieval.Fusion); chosen in bench/LOG.md.
    dense_weight: float = 0.8
    window_weight: float = 0.8
    pull: float = 0.4
    neighbour: float = 0.1
    name_weight: float = 0.6
    threshold: float | None = None
    """Confidence under which the extractive answerer says that the manual does not say; None: as measured."""
    prompts: Path | None = None
    instructions: Path | None = None
    max_tokens: int = 800
    temperature: float = 0.0
    n: int = 1
    stop: tuple[str, ...] = ()
    seed: int | None = None
    context_tokens: int | None = None
    timeout: float = 60.0
    keep_answers: bool = True
    """Whether ``ask`` keeps its answers beside the libraries, for ``ragqa feedback``."""

    def indexes(self) -> Path:
        """Return the folder in which libraries live, one folder each."""
        return (self.home or home_folder()) / "indexes"


def load_settings(flags: Mapping[str, object] | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force. ``flags`` that are None were not given. Raises RagqaError on a bad value."""
    env = os.environ if env is None else env
    values: dict[str, object] = {}
    file = settings_file()
    if file:
        from_file = _checked(_read(file), str(file))
        # A path is meant from where it is written down, not from wherever the command happens to run.
        values.update(
            {key: file.parent / value if isinstance(value, Path) else value for key, value in from_file.items()}
        )
    names = {f"RAGQA_{field.name.upper()}": field.name for field in fields(Settings)}
    given = {name: env[variable] for variable, name in names.items() if env.get(variable)}
    values.update(_checked(given, "the environment"))
    values.update(
        _checked({key: value for key, value in (flags or {}).items() if value is not None}, "the command line")
    )
    return replace(Settings(), **values)  # type: ignore[arg-type]


def home_folder() -> Path:
    """Return the nearest folder upwards that holds ``ragqa.toml`` or ``indexes/``; else the user's data folder."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file() or (folder / "indexes").is_dir():
            return folder
    import platformdirs

    return Path(platformdirs.user_data_dir("ragqa", appauthor=False))


def settings_file() -> Path | None:
    """Return the ``ragqa.toml`` in force: that of the current folder or of the nearest one above; None without one."""
    here = Path.cwd()
    return next((folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RagqaError(f"{file} should be a TOML file of options, but {error}: mend or remove it") from None


def _checked(values: Mapping[str, object], origin: str) -> dict[str, object]:
    known = {field.name: str(field.type) for field in fields(Settings)}
    checked: dict[str, object] = {}
    for name, value in values.items():
        key = name.replace("-", "_")
        if key not in known:
            raise RagqaError(f"{origin} sets '{name}', which is no option: the options are {', '.join(known)}")
        try:
            checked[key] = _convert(known[key], value)
        except (TypeError, ValueError, KeyError):
            raise RagqaError(f"{origin} sets {name} to {value!r}, which is no {_kind(known[key])}") from None
    if not set(_RANGES).isdisjoint(checked):
        _check_ranges(checked, origin)
    return checked


_RANGES: dict[str, tuple[float, float]] = {
    "k": (1, 1000),
    "passage_tokens": (16, 8000),
    "dense_weight": (0, 10),
    "window_weight": (0, 10),
    "pull": (0, 10),
    "neighbour": (0, 1),
    "name_weight": (0, 10),
    "threshold": (0, 1),
    "max_tokens": (1, 10**6),
    "temperature": (0, 2),
    "n": (1, 128),
    "timeout": (0.1, 86400),
    "context_tokens": (256, 10**7),
}


def _check_ranges(values: Mapping[str, object], origin: str) -> None:
    for name, (low, high) in _RANGES.items():
        value = values.get(name)
        if isinstance(value, (int, float)) and not low <= value <= high:
            raise RagqaError(f"{origin} sets {name} to {value}; it goes from {low:g} to {high:g}")


def _convert(kind: str, value: object) -> object:
    if kind.startswith("Path"):
        return Path(str(value)).expanduser()
    if kind.startswith("tuple"):
        return (value,) if isinstance(value, str) else tuple(str(item) for item in value)  # type: ignore[attr-defined]
    if kind == "bool":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[str(value).lower()]
    if kind.startswith("int"):
        return int(str(value))
    if kind.startswith("float"):
        return float(str(value))
    if kind == "Mode" and value not in get_args(Mode):
        raise ValueError(value)
    return str(value)


def _kind(kind: str) -> str:
    return {"i": "whole number", "f": "number", "b": "true or false", "M": f"mode ({', '.join(get_args(Mode))})"}.get(
        kind[0], "usable value"
    )
