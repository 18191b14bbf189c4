"""``tune --embedder``: an embedding model that was taught one's own manuals, kept only if it finds more."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.cli.output import note, print_json, say
from ragqa.printable import quantity

if TYPE_CHECKING:
    from ragqa.evaluation.adapt import Adapted
    from ragqa.evaluation.datasets.records import Question
    from ragqa.evaluation.tune.interval import Gain
    from ragqa.engine import Library


def adapt_embedder(library: Library, questions: Sequence[Question], out: Path | None, seed: int, as_json: bool) -> None:
    """Train, measure and say what came of it. ``questions`` are people's; there may be none."""
    from ragqa.evaluation.adapt import adapt
    from ragqa.evaluation.tune import FEWEST

    found = adapt(library, out, questions=questions, seed=seed, progress=note)
    if as_json:
        print_json({**dataclasses.asdict(found), "folder": found.folder and str(found.folder), "next": _next(found)})
    else:
        _print(found)
    if found.held_back < FEWEST:
        note(f"{found.held_back} questions are too few to tell a gain from chance: {FEWEST} or more are needed")
    if found.folder and not questions:
        note(
            "the gain was measured on generated questions, which are not people's: --questions FILE measures with those"
        )


def _print(found: Adapted) -> None:
    say(
        f"{found.base}, trained on {quantity(found.pairs, 'question')}, "
        f"measured on {found.held_back} that it had not seen"
    )
    say(f"  page_mrr@10   {told(found.page_mrr)}")
    say(f"  page_hit@{found.k:<3}  {told(found.page_hit)}")
    if found.folder:
        say(f"kept in {found.folder}; to use it in this library:")
        say(str(_next(found)))
    else:
        say("nothing was kept: no gain beyond chance")


def _next(found: Adapted) -> str | None:
    import shlex

    if found.folder is None:
        return None
    return f"ragqa reembed --index {shlex.quote(found.library)} --embedder {shlex.quote(f'local:{found.folder}')}"


def told(gain: Gain) -> str:
    """Return a gain as a person reads it: before, after, and the interval of the difference."""
    return (
        f"{gain.before:.3f} → {gain.after:.3f}  ({gain.after - gain.before:+.3f}, between {gain.low:+.3f} and "
        f"{gain.high:+.3f})"
    )
