"""Arrows point down only: what a module imports, at its top or inside a function, lies on its floor or one below.

The floors are those of CONTRIBUTING.md. On one floor, and inside a part, no import leads back to where it began.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "ragqa"

TABLE = Path(__file__).resolve().parents[1] / "CONTRIBUTING.md"


def floors() -> list[list[str]]:
    """The parts of each floor, from the ground up, as the table of CONTRIBUTING.md has them."""
    rows = re.findall(r"^\| \d+ [a-z ]+\|([^|]+)\|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.findall(r"`(\w+)(?:\.py|/)`", row) for row in rows]


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports_of(file: Path) -> set[str]:
    """The parts of ragqa that a file imports anywhere in it, for type checking or not, by name or by string."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {part_of(alias.name) for alias in node.names if alias.name.startswith("ragqa.")}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import, which this test can't follow"
            if node.module == "ragqa":
                found |= {alias.name for alias in node.names}
            elif node.module and node.module.startswith("ragqa."):
                found.add(part_of(node.module))
        elif isinstance(node, ast.Constant) and re.fullmatch(r"ragqa(\.\w+){2,}", str(node.value)):
            found.add(part_of(str(node.value)))  # a table of modules to import when they are chosen
    return found - {""}


def files() -> list[tuple[str, Path]]:
    """Each file of the package with the part that it belongs to."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        inside = file.relative_to(PACKAGE)
        if inside.as_posix() != "__init__.py":
            found.append((inside.parts[0].removesuffix(".py"), file))
    return found


def test_every_part_stands_on_one_floor_of_the_table() -> None:
    standing = [part for floor in floors() for part in floor]
    assert len(floors()) > 5 and len(standing) == len(set(standing))
    assert {part for part, _ in files()} == set(standing)


def test_imports_point_down_only() -> None:
    height = {part: number for number, floor in enumerate(floors()) for part in floor}
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {used}"
        for part, file in files()
        for used in imports_of(file) - {part}
        if height[used] > height[part]
    ]
    assert wrong == []


def modules() -> dict[str, set[str]]:
    """Each module with the modules that it imports anywhere in it, for type checking or not."""
    names = {file: ".".join(("ragqa", *file.relative_to(PACKAGE).with_suffix("").parts)) for _, file in files()}
    known = {name.removesuffix(".__init__") for name in names.values()}
    found: dict[str, set[str]] = {}
    for file, name in names.items():
        used = found.setdefault(name.removesuffix(".__init__"), set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                each = {f"{node.module}.{alias.name}" for alias in node.names}
                used |= (each & known) or {node.module}
    return found


def in_circles(modules: Mapping[str, set[str]]) -> list[str]:
    """Modules from which a way of imports leads back to themselves."""
    wrong = []
    for start in modules:
        seen: set[str] = set()
        waiting = list(modules[start] - {start})
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                waiting.extend(modules.get(at, ()))
        if start in seen:
            wrong.append(start)
    return sorted(wrong)


def test_no_import_leads_back_to_where_it_began() -> None:
    assert in_circles(modules()) == []


def test_files_that_docstrings_name_are_there() -> None:
    wrong = []
    for _, file in files():
        for named in re.findall(r"``([\w/]+\.py)``", file.read_text(encoding="utf-8")):
            places = (PACKAGE.parent, PACKAGE, file.parent)
            if named != "numpy.py" and not any((place / named).exists() for place in places):
                wrong.append(f"{file.relative_to(PACKAGE)} names {named}")
    assert wrong == []


def test_nothing_but_the_entry_point_knows_the_command_line() -> None:
    assert [str(file) for part, file in files() if part not in {"cli", "__main__"} and "cli" in imports_of(file)] == []


def test_only_the_command_line_prints_or_exits() -> None:
    wrong = []
    for part, file in files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in {"print", "exit", "sys.exit", "quit"} and part not in {"cli"}:
                wrong.append(f"{file.relative_to(PACKAGE)}, line {node.lineno}: {called}")  # type: ignore[attr-defined]
    assert wrong == []


def test_the_test_sees_a_circle() -> None:
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]


def test_the_test_sees_an_arrow_that_points_up(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("def f():\n    from ragqa.cli.app import app\n    import ragqa.engine\n")
    assert imports_of(file) == {"cli", "engine"}
