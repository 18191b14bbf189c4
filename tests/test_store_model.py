"""Any sequence of changes, against a dict: the library holds what was put last, and both indexes find just that."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from ragqa.store.vectors import VectorIndex
from tests.store_making import put, texts_of, vector_of

NAMES = st.sampled_from(["a.pdf", "b/c.txt", "手册.md"])
LINES = st.lists(st.sampled_from([f"line{at} of words" for at in range(8)]), min_size=1, max_size=6)


class Changes(RuleBasedStateMachine):
    @initialize()
    def make(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.database = Database.create_or_open(self.home / "lib")
        self.model: dict[str, list[str]] = {}

    @rule(name=NAMES, lines=LINES, title=st.sampled_from(["One", "Two"]))
    def put(self, name: str, lines: list[str], title: str) -> None:
        expected = "replaced" if name in self.model else "added"
        assert put(self.database, name, lines, title) == expected
        self.model[name] = lines

    @rule(names=st.sets(NAMES))
    def remove(self, names: set[str]) -> None:
        assert self.database.remove(sorted(names)) == len(names & self.model.keys())
        self.model = {name: lines for name, lines in self.model.items() if name not in names}

    @rule()
    def collect(self) -> None:
        self.database.collect_garbage()

    @rule()
    def reopen(self) -> None:
        self.database.close()
        self.database = Database.open(self.home / "lib")

    @rule()
    def search(self) -> None:
        faults: list[str] = []
        ids = self.database.passage_ids().tolist()
        vectors = VectorIndex.open(self.database, faults.append)
        lexical = LexicalIndex.open(self.database, faults.append)
        assert faults == []
        assert vectors.ids.tolist() == lexical.ids.tolist() == ids
        assert sorted(lexical.search(["word"], 100)[0].tolist()) == ids
        if ids:
            passage = self.database.passages(ids[:1])[ids[0]]
            best, _ = vectors.search(vector_of(passage.text), 1)
            assert self.database.passages(best.tolist())[int(best[0])].text == passage.text

    @invariant()
    def holds_what_was_put(self) -> None:
        if hasattr(self, "model"):
            assert texts_of(self.database) == self.model

    def teardown(self) -> None:
        if hasattr(self, "database"):
            assert self.database.verify() == []
            self.database.close()
            shutil.rmtree(self.home)


Changes.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestChanges = Changes.TestCase
