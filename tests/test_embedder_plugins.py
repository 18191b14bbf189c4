"""Another installed package adds an embedder: it is named in a spec, embeds a manual and finds its passages."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Run
from tests.packages import beside, install

EMBEDDER = """
import zlib
import numpy as np
from ragqa.embedders import Embedded, EmbeddedQuestion

class Words:
    "A vector of 64 counters: each word adds to one of them."
    hosted, token_dim, max_tokens, dim = False, 0, 500, 64

    def __init__(self, model):
        self.spec, self.revision = f"words:{model}", f"words {model}"

    def warm(self, *, passages=False):
        pass

    def count_tokens(self, texts):
        return [len(text.split()) for text in texts]

    def embed_queries(self, texts):
        found = np.full((len(texts), 64), 1e-3, np.float32)
        for at, text in enumerate(texts):
            for word in text.lower().split():
                found[at, zlib.crc32(word.strip(".?").encode()) % 64] += 1
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def embed_question(self, text):
        return EmbeddedQuestion(self.embed_queries([text])[0])

    def embed_passages(self, texts, windows):
        return [Embedded(vector, np.zeros((0, 64), np.float32)) for vector in self.embed_queries(texts)]

    def legibility(self, text):
        return 1.0

def open_words(model, progress):
    return Words(model)
"""


def test_an_embedder_of_another_package_embeds_and_searches(process: Run, home: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    install(packages, "ragqa_words", EMBEDDER, "ragqa.embedders", "words = ragqa_words:open_words")
    (home / "pump.md").write_text("# Frost\n\nDrain the tank.\n\n# Noise\n\nOil the shaft.\n", encoding="utf-8")
    path = beside(packages)
    ingested = process("ingest", "pump.md", "--embedder", "words:small", PYTHONPATH=path)
    assert ingested.code == 0, ingested.err
    found = process("search", "Oil the shaft", "--mode", "dense", "--json", PYTHONPATH=path)
    assert found.code == 0 and "Oil the shaft" in found.json["passages"][0]["text"], found.err
    assert process("info", "--json", PYTHONPATH=path).json["embedder"] == "words:small"

    without = process("search", "Oil the shaft")
    assert without.code == 1 and "got 'words:small'" in without.err


def test_an_embedder_that_can_not_be_loaded_is_named(process: Run, home: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    install(packages, "ragqa_words", "import nowhere_to_be_found", "ragqa.embedders", "words = ragqa_words:open_words")
    (home / "pump.md").write_text("Drain the tank.", encoding="utf-8")
    ran = process("ingest", "pump.md", "--embedder", "words:small", PYTHONPATH=beside(packages))
    assert ran.code == 1 and "the package ragqa-words 1.2 can't be loaded" in ran.err and "Traceback" not in ran.err
