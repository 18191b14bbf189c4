"""Kill a process at random moments while it changes a library: is anything lost or torn?

python -m bench.kill [--tries 1000] [--seed 1]. A process adds, replaces and removes documents, gives the library
another embedder, brings its indexes up to date, exports and imports it, and says when each change is done; it is
killed by SIGKILL. What it said was done must be there, what it was at is there whole or not at all, and `verify` finds
nothing. Vectors are made up, so that a try takes hundredths of a second. Prints the counts; exits with 1 where one is
not 0.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.record import parser, report
from ragqa.embedders import Embedded
from ragqa.errors import LibraryError
from ragqa.store import EmbedderIdentity
from ragqa.store.archive import unpack
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from ragqa.store.vectors import VectorIndex
from ragqa.types import Block, Document, Passage

NAMES = [f"{letter}.txt" for letter in "abcdef"]
EMBEDDERS = (EmbedderIdentity("made:one", "1", 16), EmbedderIdentity("made:two", "1", 24))
LONGEST = 0.25
"""Seconds from the start of the changes to the kill, at most."""

State = tuple[tuple[tuple[str, str], ...], str]
"""Each document with its hash, by name, and the embedder."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do: ``kind`` is put, remove, reembed, index, export or import."""

    kind: str
    name: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of all tries."""

    killed: int
    lost: int
    torn: int
    """Libraries or archives that `verify` finds fault with, that can't be opened, or that hold half of a change."""


def plan(chosen: random.Random) -> list[Change]:
    """Return more changes than a process gets done before it is killed."""
    kinds = chosen.choices(("put", "remove", "reembed", "index", "export", "import"), (6, 2, 1, 3, 1, 1), k=400)
    return [Change(kind, chosen.choice(NAMES), chosen.randrange(10**9)) for kind in kinds]


def document(change: Change) -> tuple[Document, list[Passage]]:
    """Return the document that a put stores: its lines are its passages."""
    words = random.Random(change.seed)
    lines = [
        " ".join(words.choices(("pump", "valve", "seal", "motor", "oil", "filter", "belt"), k=9)) for _ in range(12)
    ]
    text = "\n".join(lines)
    starts = [sum(len(line) + 1 for line in lines[:at]) for at in range(len(lines))]
    spans = [(start, start + len(line)) for start, line in zip(starts, lines, strict=True)]
    blocks = tuple(Block("paragraph", *span) for span in spans)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    passages = [Passage(change.name, *span, text[slice(*span)], windows=((0, span[1] - span[0]),)) for span in spans]
    return Document(change.name, "A manual", "text/plain", sha256, text, blocks), passages


def vectors(passages: Sequence[Passage], dim: int) -> list[Embedded]:
    """Return vectors of unit length, the same for the same text."""
    found = []
    for passage in passages:
        seed = int.from_bytes(hashlib.sha256(passage.text.encode()).digest()[:8], "big")
        row = np.random.default_rng(seed).standard_normal(dim).astype(np.float32)
        row /= np.linalg.norm(row)
        found.append(Embedded(row, row[None]))
    return found


def keys(passages: Sequence[Passage]) -> list[bytes]:
    """Return what their vectors are kept under."""
    return [hashlib.sha256(passage.text.encode()).digest()[:20] for passage in passages]


def apply(folder: Path, database: Database, change: Change, embedder: EmbedderIdentity) -> EmbedderIdentity:
    """Make one change; return the embedder of the library afterwards."""
    if change.kind == "put":
        read, passages = document(change)
        database.put_vectors(keys(passages), vectors(passages, embedder.dim), embedder)
        database.put(read, passages, keys(passages), embedder, "1")
    elif change.kind == "remove":
        database.remove([change.name])
        database.collect_garbage()
    elif change.kind == "reembed":
        ids = database.passage_ids().tolist()
        if ids:
            embedder = next(other for other in EMBEDDERS if other != embedder)
            held = database.passages(ids)
            passages = list(held.values())
            database.put_vectors(keys(passages), vectors(passages, embedder.dim), embedder)
            database.swap_embedder(embedder, dict(zip(held, keys(passages), strict=True)))
            database.collect_garbage()
    elif change.kind == "index":
        VectorIndex.open(database)
        LexicalIndex.open(database)
    elif change.kind == "export":
        database.export(folder / "library.ragqa")
    elif (folder / "library.ragqa").exists():
        shutil.rmtree(folder / "imported", ignore_errors=True)
        unpack(folder / "library.ragqa", folder / "imported")
    return embedder


def state_of(database: Database) -> State:
    """Return what the library holds."""
    held = database.embedder()
    documents = tuple((stored.name, stored.sha256) for stored in database.documents())
    return documents, held.spec if held and documents else ""


def states(before: State, changes: Sequence[Change]) -> list[State]:
    """Return the state before the first of ``changes`` and after each."""
    documents, spec = dict(before[0]), before[1]
    found = [before]
    for change in changes:
        if change.kind == "put":
            documents[change.name] = document(change)[0].sha256
            spec = spec or EMBEDDERS[0].spec
        elif change.kind == "remove":
            documents.pop(change.name, None)
            spec = spec if documents else ""
        elif change.kind == "reembed" and documents:
            spec = next(other.spec for other in EMBEDDERS if other.spec != spec)
        found.append((tuple(sorted(documents.items())), spec))
    return found


def work(folder: Path, changes: Sequence[Change], said: int) -> None:
    """Make all changes, and say after each that it is done."""
    with Database.create_or_open(folder / "library") as database:
        spec = state_of(database)[1]
        embedder = next((one for one in EMBEDDERS if one.spec == spec), EMBEDDERS[0])
        os.write(said, b"0")
        for change in changes:
            if not database.documents():
                embedder = EMBEDDERS[0]
            embedder = apply(folder, database, change, embedder)
            os.write(said, b".")


def run(tries: int, seed: int) -> Counts:
    """Kill ``tries`` processes and look at what each left."""
    chosen = random.Random(seed)
    killed = lost = torn = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        before: State = ((), "")
        for _ in range(tries):
            changes = plan(chosen)
            done, was_killed = _killed(folder, changes, chosen.uniform(0, LONGEST))
            killed += was_killed
            try:
                before, is_lost = _look(folder, states(before, changes), done)
                lost += is_lost
            except LibraryError:
                torn += 1
                shutil.rmtree(folder / "library")
                before = ((), "")
    return Counts(killed, lost, torn)


def _killed(folder: Path, changes: Sequence[Change], after: float) -> tuple[int, bool]:
    """Start the changes, kill them ``after`` some seconds; return how many were said to be done."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            work(folder, changes, writer)
        finally:
            os._exit(0)
    os.close(writer)
    os.read(reader, 1)  # the library is open
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    done = 0
    while said := os.read(reader, 4096):
        done += len(said)
    os.close(reader)
    return done, os.WIFSIGNALED(status)


def _look(folder: Path, possible: Sequence[State], done: int) -> tuple[State, bool]:
    """Return the state found and whether something of it is lost. Raises LibraryError where something is torn."""
    with Database.open(folder / "library") as database:
        found = [line for line in database.verify() if "the next search rebuilds it" not in line]
        VectorIndex.open(database)
        LexicalIndex.open(database)
        found += database.verify() + database.lost_changes()
        state = state_of(database)
    for other in (folder / "imported", folder / "library.ragqa"):
        if other.is_dir() and (other / "library.db").exists():
            with Database.open(other) as copy:
                found += copy.verify()
        elif other.is_file():
            shutil.rmtree(folder / "again", ignore_errors=True)
            unpack(other, folder / "again")
    if found:
        raise LibraryError(found[0])
    return state, state not in possible[done : done + 2]


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--tries", type=int, default=1000, help="Processes to kill.")
    options.add_argument("--seed", type=int, default=1, help="Random seed.")
    given = options.parse_args(argv)
    counts = run(given.tries, given.seed)
    report("kill", [{"tries": given.tries, **asdict(counts)}], data=["library"], keep=given.keep)
    sys.exit(1 if counts.lost or counts.torn else 0)


if __name__ == "__main__":
    main()
