"""Other packages that add something to ragqa: laid into a folder as an installer does."""

from __future__ import annotations

import os
from pathlib import Path


def install(folder: Path, module: str, source: str, group: str, entry: str, version: str = "1.2") -> None:
    """Lay a package of one module with one entry point of ``group`` into ``folder``."""
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")


def beside(packages: Path) -> str:
    """Return a PYTHONPATH on which ``packages`` stands before what is there already."""
    return os.pathsep.join(filter(None, (str(packages), os.environ.get("PYTHONPATH"))))
