"""The command line: parse, one call, print. Nothing heavy is imported until a command needs it."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run ``ragqa``; exit with 0 done, 1 a user's error, 2 usage, 3 part of a batch failed, 130 interrupted."""
    from ragqa.errors import RagqaError

    try:
        _app()()
    except RagqaError as error:
        print(f"ragqa: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("ragqa: stopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _app():  # type: ignore[no-untyped-def]
    from ragqa.cli.app import app

    return app
