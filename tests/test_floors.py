"""Arrows point down only: what a module imports, at its top or inside a function, lies on a floor below its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "ragqa"

FLOORS = (
    ("printable", "isolated", "cjk"),
    ("types", "errors", "plain_files"),
    ("plugins",),
    ("document_fields", "passages", "sentences", "units", "analysis", "metrics", "trust"),
    ("openai_api",),
    ("settings", "prompts", "models", "naming", "spelling", "editions"),
    ("readers", "embedders", "rerankers", "store"),
    ("late_interaction", "sources"),
    ("changes",),
    ("answerers",),
    ("ingest", "retrieval", "reranking", "approving", "libraries"),
    ("engine",),
    ("evaluation",),
    ("finetune",),
    ("compare",),
    ("cli", "server"),
)
"""From the ground up. A part may use any floor below it and itself, never its own floor or one above."""

SIDEWAYS = {
    ("passages", "sentences"),
    ("store", "embedders"),
    ("reranking", "retrieval"),
}
"""Who may lean on a neighbour of the same floor; the store knows the record that embedders give."""


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


def test_every_part_stands_on_a_floor() -> None:
    assert {part for part, _ in files()} <= {part for floor in FLOORS for part in floor}


def test_imports_point_down_only() -> None:
    height = {part: number for number, floor in enumerate(FLOORS) for part in floor}
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {used}"
        for part, file in files()
        for used in imports_of(file) - {part}
        if height[used] >= height[part] and (part, used) not in SIDEWAYS
    ]
    assert wrong == []


def test_nothing_but_the_entry_point_knows_the_command_line() -> None:
    assert [str(file) for part, file in files() if part != "cli" and "cli" in imports_of(file)] == []


def test_only_the_command_line_prints_or_exits() -> None:
    wrong = []
    for part, file in files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in {"print", "exit", "sys.exit", "quit"} and part not in {"cli"}:
                wrong.append(f"{file.relative_to(PACKAGE)}, line {node.lineno}: {called}")  # type: ignore[attr-defined]
    assert wrong == []


def test_the_test_sees_an_arrow_that_points_up(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("def f():\n    from ragqa.cli.app import app\n    import ragqa.engine\n")
    assert imports_of(file) == {"cli", "engine"}
