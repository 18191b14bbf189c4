"""llama-index: SimpleDirectoryReader, VectorStoreIndex with its own splitter, HuggingFaceEmbedding."""

from __future__ import annotations

from pathlib import Path

from llama_index.core import Document, Settings, SimpleDirectoryReader, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from peer import Found, Search, Text, model_path, run


def index(documents: list[Document]) -> Search:
    Settings.embed_model = HuggingFaceEmbedding(model_name=model_path())
    Settings.llm = None
    for document in documents:  # what only this program needs to know is not embedded
        document.excluded_embed_metadata_keys = [*document.excluded_embed_metadata_keys, "name"]
    store = VectorStoreIndex.from_documents(documents)

    def search(question: str, k: int) -> Found:
        found = store.as_retriever(similarity_top_k=k).retrieve(question)
        return [(node.metadata["name"], float(node.score)) for node in found]

    return search


def of_texts(texts: list[Text]) -> Search:
    return index([Document(text=text.text, metadata={"name": text.name}) for text in texts])


def of_pdf(file: Path) -> Search:
    pages = SimpleDirectoryReader(input_files=[str(file)]).load_data()
    for number, page in enumerate(pages, 1):
        page.metadata["name"] = str(number)
    return index(pages)


run(of_texts, of_pdf)
