"""What the code imports is declared in pyproject.toml, and what `make` installs is pinned in constraints.txt."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = {name: group for name, group in PROJECT["project"]["optional-dependencies"].items() if name != "lock"}
OWN = {"ragqa", "bench", "tests"} | {path.stem for path in (ROOT / "corpora").glob("*.py")}
PACKAGES = {
    "Stemmer": "pystemmer",
    "docx": "python-docx",
    "faiss": "faiss-cpu",
    "markdown_it": "markdown-it-py",
    "sklearn": "scikit-learn",
}
"""Packages that go by another name than the module they bring."""

PEERS = ROOT / "bench" / "peers"
"""Programs of an environment of their own, which lists its packages itself."""


def named(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", Requirement(requirement).name).lower()


def declared(*extras: str) -> set[str]:
    """The distributions that a plain install and these extras name."""
    return {named(line) for lines in (PROJECT["project"]["dependencies"], *map(EXTRAS.get, extras)) for line in lines}


@cache
def imported(folder: str) -> dict[str, Path]:
    """The foreign modules that a folder's files import anywhere in them, each with a file that does."""
    found: dict[str, Path] = {}
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            if PEERS not in file.parents:
                found |= {name.partition(".")[0]: file for name in names}
    return {name: file for name, file in found.items() if name not in OWN | sys.stdlib_module_names}


@pytest.mark.parametrize(
    ("folder", "extras"),
    [("ragqa", EXTRAS.keys() - {"dev"}), ("bench", EXTRAS), ("tests", EXTRAS), ("corpora", EXTRAS)],
)
def test_every_import_is_of_a_package_that_is_declared(folder: str, extras: list[str]) -> None:
    known = declared(*extras) | {"typing-extensions"}  # for the checker only
    missing = {
        module: str(file.relative_to(ROOT))
        for module, file in imported(folder).items()
        if PACKAGES.get(module, named(module)) not in known
    }
    assert missing == {}


def test_every_package_installed_by_make_has_one_version_on_this_python() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in pins)
    names = [named(pin.name) for pin in here]
    assert len(names) == len(set(names))
    assert wanted("ragqa", {"dev"}) <= set(names)
    assert {named(line) for line in PROJECT["build-system"]["requires"]} <= set(names)


def wanted(name: str, extras: set[str]) -> set[str]:
    """Every package that installing ``name`` with ``extras`` brings here, itself left out."""
    found: set[str] = set()
    waiting = [(name, frozenset(extras))]
    seen = set(waiting)
    while waiting:
        package, chosen = waiting.pop()
        for line in metadata.requires(package) or []:
            requirement = Requirement(line)
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in chosen | {""}
            ):
                found.add(named(line))
                if (step := (named(line), frozenset(requirement.extras))) not in seen:
                    seen.add(step)
                    waiting.append(step)
    return found - {name}


def test_the_lock_names_no_index_and_no_place_on_a_disk() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*-|^\s*#.*\s/", text, re.MULTILINE)
