"""Run every bench, one after another; one that fails or skips does not stop the others. Options are handed on."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

NO_BENCHES = {"__main__", "data", "made_tables", "patterns", "record", "shown"}


def bench_names() -> list[str]:
    """Return the names of all benches."""
    found = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return [name for name in found if name not in NO_BENCHES]


def main() -> None:
    failed = []
    for name in bench_names():
        print(f"\n== bench.{name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]]).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
