"""haystack: PyPDFToDocument, DocumentSplitter of 200 words, SentenceTransformersDocumentEmbedder, in-memory store."""

from __future__ import annotations

from pathlib import Path

from haystack import Document
from haystack.components.converters import PyPDFToDocument
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from peer import Found, Search, Text, model_path, run


def index(documents: list[Document], name: str) -> Search:
    splitter = DocumentSplitter(split_by="word", split_length=200)
    splitter.warm_up()
    cuts = splitter.run(documents=documents)["documents"]
    embedder = SentenceTransformersDocumentEmbedder(model=model_path(), progress_bar=False)
    embedder.warm_up()
    store = InMemoryDocumentStore()
    store.write_documents(embedder.run(documents=cuts)["documents"])
    asker = SentenceTransformersTextEmbedder(model=model_path(), progress_bar=False)
    asker.warm_up()
    retriever = InMemoryEmbeddingRetriever(store)

    def search(question: str, k: int) -> Found:
        found = retriever.run(query_embedding=asker.run(text=question)["embedding"], top_k=k)["documents"]
        return [(str(cut.meta[name]), float(cut.score)) for cut in found]

    return search


def of_texts(texts: list[Text]) -> Search:
    return index([Document(content=text.text, meta={"name": text.name}) for text in texts], "name")


def of_pdf(file: Path) -> Search:
    return index(PyPDFToDocument().run(sources=[file])["documents"], "page_number")


run(of_texts, of_pdf)
