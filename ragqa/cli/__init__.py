"""The command line: parse, one call, print. Nothing heavy is imported until a command needs it."""

from __future__ import annotations

import sys


INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended; typer exits so, without a word."""

_GO_ON = {"ingest": "; what was finished is kept, the same command goes on from there"}
_GO_ON["reembed"] = _GO_ON["ingest"]


def main() -> None:
    """Run ``ragqa``; exit with 0 done, 1 a user's error, 2 usage, 3 part of a batch failed, 130 interrupted."""
    from ragqa.errors import RagqaError

    try:
        _app()()
    except RagqaError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    except (KeyboardInterrupt, SystemExit) as stop:
        if isinstance(stop, SystemExit) and stop.code != INTERRUPTED:
            raise
        print(f"ragqa: stopped{_GO_ON.get(next(iter(sys.argv[1:]), ''), '')}", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _fail(line: str) -> None:
    print(f"ragqa: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(1)


def _app():  # type: ignore[no-untyped-def]
    from ragqa.cli.app import app

    return app
