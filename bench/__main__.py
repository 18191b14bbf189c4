"""Run every bench, one after another; one that fails or skips does not stop the others. Options are handed on."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

PARTS = {"__main__", "data", "made_tables", "patterns", "record", "shown"}
"""Modules of this folder that measure nothing."""


def main() -> None:
    failed = []
    for name in sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if name not in PARTS:
            print(f"\n== bench.{name}", flush=True)
            if subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]]).returncode:
                failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
