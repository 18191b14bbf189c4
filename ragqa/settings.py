"""Where an option's value comes from: flag, then RAGQA_… variable, then ragqa.toml, then the default.

Of a ``ragqa.toml`` that merely lies in the folder or above it only what can do no harm counts, until the user has
approved it (``trust.py``). A key in the environment alone switches nothing online.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from ragqa.errors import RagqaError
from ragqa.plain_files import parse_toml
from ragqa.prices import Price
from ragqa.trust import approval_of, config_folder, is_foreign
from ragqa.types import Mode

FILE_NAME = "ragqa.toml"

DEFAULT = "default"
"""The library that is meant where none is named."""

GUARDED = frozenset(("home", "embedder", "answerer", "rerank", "prompts", "instructions", "keep_answers", "n"))
"""Options that reach the network, the file system, a model's files or a bill: not for any file that lies about."""

Notice = Callable[[str], None]
"""Receives a line that a person should see."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every option that a user may set for good, named as in the flags, in ``RAGQA_NAME`` and in the file."""

    home: Path | None = None
    """The folder that holds ``indexes/``; None: see ``home_folder``."""
    index: str = DEFAULT
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
    name_weight: float = 0.75
    interaction: float = 0.75
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
    keep_originals: bool = True
    """Whether ``ingest`` keeps the bytes of PDFs in the library, so that their pages can be shown."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """What hosted models cost, by name, from the file alone: tables such as ``[prices."gpt-4.1-mini"]``."""

    def indexes(self) -> Path:
        """Return the folder in which libraries live, one folder each."""
        return (self.home or home_folder()) / "indexes"


def load_settings(
    flags: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    notice: Notice = lambda line: None,
) -> Settings:
    """Return the settings in force. ``flags`` that are None were not given. Raises RagqaError on a bad value.

    ``notice`` receives what was left aside because it is not approved, and how to approve it.
    """
    env = os.environ if env is None else env
    values = _of_file(config_folder() / FILE_NAME)
    file = settings_file()
    if file is not None:
        values.update(_allowed(file, notice))
    names = {f"RAGQA_{one.name.upper()}": one.name for one in fields(Settings) if one.name != "prices"}
    given = {name: env[variable] for variable, name in names.items() if env.get(variable)}
    values.update(_checked(given, "the environment"))
    values.update(
        _checked({key: value for key, value in (flags or {}).items() if value is not None}, "the command line")
    )
    if "home" not in values:
        for folder in _search_upwards()[1]:
            notice(f"{folder} is another user's and was passed over: to use it, run 'ragqa trust {folder}'")
    return replace(Settings(), **values)  # type: ignore[arg-type]


def home_folder() -> Path:
    """Return the nearest folder upwards that holds ``ragqa.toml`` or ``indexes/``; else the user's data folder.

    One that another user of the machine made does not count unless it was approved.
    """
    found, _ = _search_upwards()
    return found or data_folder()


def _search_upwards() -> tuple[Path | None, list[Path]]:
    """Return the nearest folder that may be a home, and those nearer that were passed over as another user's."""
    here, passed = Path.cwd(), list[Path]()
    for folder in (here, *here.parents):
        marks = [mark for mark in (folder / FILE_NAME, folder / "indexes") if mark.exists()]
        if marks:
            if not any(map(is_foreign, marks)) or approval_of(folder) or any(map(approval_of, libraries_in(folder))):
                return folder, passed
            passed.append(folder)
    return None, passed


def libraries_in(home: Path) -> list[Path]:
    """Return the folders of the libraries of a home, by name."""
    return sorted(file.parent for file in (home / "indexes").glob("[!.]*/library.db"))


def data_folder() -> Path:
    """Return where this user's libraries lie when no folder is meant."""
    from platformdirs import user_data_path

    return user_data_path("ragqa", appauthor=False)


def settings_file() -> Path | None:
    """Return the ``ragqa.toml`` in force: that of the current folder or of the nearest one above; None without one."""
    here = Path.cwd()
    return next((folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), None)


def settings_hash(file: Path) -> str:
    """Return what an approval of ``file`` is bound to. Raises RagqaError where it can't be read."""
    return hashlib.sha256(_bytes(file)).hexdigest()


def guarded_options(file: Path) -> dict[str, object]:
    """Return those options of a settings file that count only once it is approved. Raises RagqaError."""
    return {name: value for name, value in _of_file(file).items() if _is_guarded(name, value)}


def _is_guarded(name: str, value: object) -> bool:
    return name in GUARDED and (name, value) != ("keep_answers", False)  # to keep less harms nobody


def _allowed(file: Path, notice: Notice) -> dict[str, object]:
    """Return what counts of a file that lies in the current folder or above."""
    approval = approval_of(file.parent)
    if approval is not None and approval.settings is not None and approval.settings == settings_hash(file):
        return _of_file(file)
    if is_foreign(file):  # load_settings says so of its folder
        return {}
    values = _of_file(file)
    ignored = [name for name, value in values.items() if _is_guarded(name, value)]
    if ignored:
        since = " since it was changed" if approval is not None and approval.settings else ""
        notice(
            f"{file} sets {', '.join(ignored)}, ignored because it is not approved{since}: look at it, and if it is "
            f"yours run 'ragqa trust {file.parent}'"
        )
    return {name: value for name, value in values.items() if name not in ignored}


def _of_file(file: Path) -> dict[str, object]:
    """Return the options of a file; none where there is no file. Raises RagqaError on a bad value."""
    if not file.is_file():
        return {}
    values = _checked(_read(file), str(file))
    # A path is meant from where it is written down, not from wherever the command happens to run.
    return {key: file.parent / value if isinstance(value, Path) else value for key, value in values.items()}


def _read(file: Path) -> dict[str, Any]:
    try:
        return parse_toml(_bytes(file).decode("utf-8"))
    except ValueError as error:
        raise RagqaError(f"{file} should be a TOML file of options, but {error}: mend or remove it") from None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RagqaError(f"{file} should be a TOML file of options, but {error}: mend or remove it") from None


def _checked(values: Mapping[str, object], origin: str) -> dict[str, object]:
    known = {one.name: str(one.type) for one in fields(Settings)}
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
    "interaction": (0, 10),
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
    if kind.startswith("Mapping"):
        return {str(name): _price(table) for name, table in dict(value).items()}  # type: ignore[call-overload]
    if kind == "bool":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[str(value).lower()]
    if kind.startswith("int"):
        return int(str(value))
    if kind.startswith("float"):
        return float(str(value))
    if kind == "Mode" and value not in get_args(Mode):
        raise ValueError(value)
    return str(value)


def _price(table: object) -> Price:
    """Return the price that a table of the file names. Raises TypeError, ValueError where it is none."""
    values = {str(name): float(str(dollars)) for name, dollars in dict(table).items()}  # type: ignore[call-overload]
    if not values or not all(0 <= dollars < 1e6 for dollars in values.values()):
        raise ValueError(table)
    return Price(**values)


def _kind(kind: str) -> str:
    if kind.startswith("Mapping"):
        return "table of prices: each model's has input, output and training, in US dollars for a million tokens"
    return {"i": "whole number", "f": "number", "b": "true or false", "M": f"mode ({', '.join(get_args(Mode))})"}.get(
        kind[0], "usable value"
    )
