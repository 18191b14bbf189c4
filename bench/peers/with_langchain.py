"""langchain: PyPDFium2Loader, RecursiveCharacterTextSplitter of 1,000 characters, HuggingFaceEmbeddings, FAISS."""

from __future__ import annotations

from pathlib import Path

from langchain_community.document_loaders import PyPDFium2Loader
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from peer import Found, Search, Text, model_path, run


def index(documents: list[Document]) -> Search:
    # Its documentation overlaps by 200, elsewhere by 100, which is less work.
    cuts = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=100).split_documents(documents)
    store = FAISS.from_documents(cuts, HuggingFaceEmbeddings(model_name=model_path()))

    def search(question: str, k: int) -> Found:
        found = store.similarity_search_with_score(question, k=k)
        return [(cut.metadata["name"], -float(distance)) for cut, distance in found]

    return search


def of_texts(texts: list[Text]) -> Search:
    return index([Document(text.text, metadata={"name": text.name}) for text in texts])


def of_pdf(file: Path) -> Search:
    pages = PyPDFium2Loader(str(file)).load()
    for page in pages:
        page.metadata["name"] = str(page.metadata["page"] + 1)
    return index(pages)


run(of_texts, of_pdf)
