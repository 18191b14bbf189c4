"""The command line: parse, one call, print. Nothing heavy is imported until a command needs it."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper

from ragqa.cli.streams import cleaned_streams, flush_streams, open_standard_streams
from ragqa.printable import printable_line

_NO_BARS = {
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""What is printed is ours: bars and advice of other libraries are off, in the processes that we start too."""

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended; typer exits so, without a word."""

_RESUMED = (["ingest"], ["reembed"], ["compare"], ["finetune", "create"], ["finetune", "semi"])
"""Commands that keep what they had finished when they are stopped."""


def main() -> None:
    """Run ``ragqa``; exit with 0 done, 1 a user's error, 2 usage, 3 part of a batch failed, 130 interrupted."""
    open_standard_streams()
    os.environ.update(_NO_BARS)
    # Imports make 100,000 objects that stay: to look through them for garbage takes a tenth of a question's time.
    gc.set_threshold(50_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a character that the terminal can't show is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    failed = False
    try:
        with cleaned_streams():
            _run()
    except SystemExit as stop:
        failed = bool(stop.code)
        raise
    finally:
        lost = flush_streams()
        if lost and not failed:  # else a line was said already
            _fail(f"the output could not be written: {lost.strerror}")
        gc.freeze()  # nor need they be looked through on the way out


def _run() -> None:
    from ragqa.errors import RagqaError

    try:
        if _will_embed(sys.argv[1:]):
            from ragqa.embedders.local import load_ahead

            load_ahead()
        from ragqa.cli.app import app

        app()
    except RagqaError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    except (KeyboardInterrupt, SystemExit) as stop:
        if isinstance(stop, SystemExit) and stop.code != INTERRUPTED:
            raise
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the terminal shows ^C where the cursor was
        print(f"ragqa: {stopped(sys.argv[1:])}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except UnicodeEncodeError as error:  # an argument whose bytes are no UTF-8
        _fail(f"expected names and words in UTF-8; got '{error.object}': give the name that 'ragqa list' shows")
    except Exception as error:  # a mistake of ours, or files of a kind that nobody thought of
        if os.environ.get("RAGQA_TRACEBACK"):
            raise
        name, words = type(error).__name__, f": {error}" if str(error) else ""
        _fail(f"this should not happen: {name}{words}; please report it with what RAGQA_TRACEBACK=1 shows")


def stopped(words: list[str]) -> str:
    """Return what to say of a command that was interrupted, and whether the same one would go on."""
    from ragqa.errors import GO_ON

    resumed = any(words[: len(command)] == command for command in _RESUMED)
    return f"stopped: {GO_ON}; what was finished is kept, and it goes on from there" if resumed else "stopped"


def _will_embed(words: list[str]) -> bool:
    """Guess before the options are parsed, which takes half as long as loading the bundled model, that it is needed.

    A wrong guess costs a moment of another core's time and nothing else.
    """
    other = os.environ.get("RAGQA_EMBEDDER") or any(word.startswith(("--embedder", "--help")) for word in words)
    return words[:1] in (["ask"], ["search"], ["chat"], ["serve"], ["mcp"]) and not other


def _fail(line: str) -> None:
    print(f"ragqa: {printable_line(line)}", file=sys.stderr)
    sys.exit(1)
