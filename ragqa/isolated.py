"""Start a Python process that runs one of our modules and nothing that lies in the current folder.

``python -m`` puts the current folder first on the module path, and PYTHONPATH hands a parent's path to every child: a
``numpy.py`` in a downloaded folder would be run. The processes of this project start with ``-I`` instead and are told
where the parent found its packages.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_START = (
    "import json, runpy, sys; sys.path[:] = json.loads(sys.argv[1]); module = sys.argv[2]; del sys.argv[1:3]; "
    "runpy.run_module(module, run_name='__main__', alter_sys=True)"
)


def command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs ``module`` of ours, as ``python -m`` would, in an isolated process."""
    return [sys.executable, "-I", "-c", _START, json.dumps(_trusted_path()), module, *arguments]


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what would point Python elsewhere, and with ``more``."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | more


def _trusted_path() -> list[str]:
    """Return where this process finds packages, less the current folder, which anybody may have filled.

    Our own root stays, wherever it is, but comes last.
    """
    root, here = Path(__file__).resolve().parents[1], Path.cwd().resolve()
    kept = [entry for entry in sys.path if Path(entry).is_absolute() and Path(entry).resolve() not in (here, root)]
    return [*kept, str(root)]
