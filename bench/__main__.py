"""Run every bench, one after another; one that fails or skips does not stop the others. Options are handed on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PARTS = {"__init__", "__main__", "data", "record", "peers"}
"""Files of this folder that measure nothing."""


def main() -> None:
    failed = []
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem not in PARTS:
            print(f"\n== bench.{file.stem}", flush=True)
            if subprocess.run([sys.executable, "-m", f"bench.{file.stem}", *sys.argv[1:]]).returncode:
                failed.append(file.stem)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
