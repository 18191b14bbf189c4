"""REST: the documents of a library, their units, their pages as text and image, and where text and figures stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from ragqa.document_names import unknown_page
from ragqa.engine import Library
from ragqa.errors import LibraryError
from ragqa.json_forms import outline_json, units_json
from ragqa.server.libraries import document_id, find_stored
from ragqa.server.problems import Problem
from ragqa.server.schemas import BoxList, DocumentDetail, DocumentList, FigureList, PageDetail, UnitList, problems
from ragqa.server.served import SentFile, ServedNow
from ragqa.store import StoredDocument
from ragqa.types import Box, Document

router = APIRouter(prefix="/v1/libraries/{library}/documents", tags=["documents"])

_ERRORS = problems(401, 403, 404, 409, 422)

LEAST_DPI, MOST_DPI = 36, 300

PageNumber = Annotated[int, Path(ge=1, le=10**6)]
Start = Annotated[
    int | None, Query(ge=0, le=2**40, description="The first character to light, of the document's text.")
]
End = Annotated[int | None, Query(ge=0, le=2**40, description="The character behind the last.")]

Crop = Annotated[
    str | None,
    Query(max_length=100, description="The part to draw: left,top,right,bottom in points, from the page's top left."),
]

_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""Browsers show a PDF in a page of their own making, which has inline style."""


@router.get("", response_model=DocumentList, responses=_ERRORS)
async def list_documents(served: ServedNow, library: str) -> Response:
    """List the documents of a library, by name."""
    return JSONResponse({"documents": await served.read(library, documents_json)})


def documents_json(library: Library) -> list[dict[str, Any]]:
    """Return the documents of a library as the interface has them."""
    fields = ("name", "title", "media_type", "sha256", "pages", "passages", "added_at")
    return [
        {"id": document_id(one.name), **{field: getattr(one, field) for field in fields}} for one in library.documents()
    ]


@router.get("/{document}", response_model=DocumentDetail, responses=_ERRORS)
async def show(served: ServedNow, library: str, document: str) -> Response:
    """Show what a document is, and its outline."""

    def read(held: Library) -> dict[str, Any]:
        shown = held.show(find_stored(held, document).name)
        return {
            "id": document,
            "name": shown.name,
            "title": shown.title,
            "media_type": shown.media_type,
            "sha256": shown.sha256,
            "pages": len(shown.pages),
            "has_original": held.store.has_original(shown.sha256),
            "outline": outline_json(shown),
            "warnings": list(shown.warnings),
        }

    return JSONResponse(await served.read(library, read))


@router.get("/{document}/units", response_model=UnitList, responses=_ERRORS)
async def units(served: ServedNow, library: str, document: str) -> Response:
    """Return a document's procedures, lists, tables and other units, whole."""

    def read(held: Library) -> dict[str, Any]:
        shown = held.show(find_stored(held, document).name)
        return {"document": shown.name, "document_id": document, "units": units_json(shown, held.units(shown.name))}

    return JSONResponse(await served.read(library, read))


_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}, "description": "The page."},
    304: {"description": "The client has it already."},
}


@router.get("/{document}/pages/{page}.png", response_class=Response, responses=_PNG | _ERRORS)
async def page_image(
    served: ServedNow,
    request: Request,
    library: str,
    document: str,
    page: PageNumber,
    dpi: Annotated[int, Query(ge=LEAST_DPI, le=MOST_DPI)] = 100,
    start: Start = None,
    end: End = None,
    crop: Crop = None,
) -> Response:
    """Draw a page, or a part of it, with the characters from ``start`` to ``end`` lit."""
    given = request.headers.get("if-none-match")

    def draw(held: Library) -> Response:
        stored = find_stored(held, document)
        part = _part(crop, page)
        tag = f'"{stored.sha256[:16]}-{page}-{dpi}-{start}-{end}-{part.edges if part else ""}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if given == tag:
            return Response(status_code=304, headers=headers)
        _check_page(stored, page)
        lit = _boxes(held, stored.name, page, start, end)
        with _no_image():
            if part:
                _check_part(part, held.page_size(stored.name, page))
            png = held.page_image(stored.name, page, dpi=dpi, highlight=lit, crop=part)
        return Response(png, media_type="image/png", headers=headers)

    return await served.read(library, draw)


@router.get("/{document}/pages/{page}", response_model=PageDetail, responses=_ERRORS)
async def show_page(served: ServedNow, library: str, document: str, page: PageNumber) -> Response:
    """Show a page's text, and its size in points where there is an image of it."""

    def read(held: Library) -> dict[str, Any]:
        shown = held.show(find_stored(held, document).name)
        found = shown.page(page)
        if found is None:
            raise unknown_page(shown.name, len(shown.pages), page)
        width, height = _size(held, shown, page)
        return {
            "document": shown.name,
            "document_id": document,
            "page": page,
            "pages": len(shown.pages),
            "label": found.label,
            "text": shown.text[found.start : found.end],
            "start": found.start,
            "end": found.end,
            "width": width,
            "height": height,
        }

    return JSONResponse(await served.read(library, read))


@router.get("/{document}/pages/{page}/boxes", response_model=BoxList, responses=_ERRORS)
async def page_boxes(
    served: ServedNow,
    library: str,
    document: str,
    page: PageNumber,
    start: Annotated[int, Query(ge=0, le=2**40)],
    end: Annotated[int, Query(ge=0, le=2**40)],
) -> Response:
    """Say where on a page the characters from ``start`` to ``end`` of the document stand."""

    def read(held: Library) -> dict[str, Any]:
        stored = find_stored(held, document)
        _check_page(stored, page)
        boxes = _boxes(held, stored.name, page, start, end)
        with _no_image():
            width, height = held.page_size(stored.name, page)
        rows = [{side: getattr(box, side) for side in ("left", "top", "right", "bottom")} for box in boxes]
        return {"page": page, "width": width, "height": height, "boxes": rows}

    return JSONResponse(await served.read(library, read))


@router.get("/{document}/figures", response_model=FigureList, responses=_ERRORS)
async def figures(
    served: ServedNow,
    library: str,
    document: str,
    start: Annotated[int, Query(ge=0, le=2**40)],
    end: Annotated[int, Query(ge=0, le=2**40)],
) -> Response:
    """Say where the figures stand that belong to the characters from ``start`` to ``end``: pictures and drawings."""

    def read(held: Library) -> dict[str, Any]:
        stored = find_stored(held, document)
        _boxes(held, stored.name, 0, start, end)
        with _no_image():
            return {"figures": [dataclasses.asdict(one) for one in held.figures(stored.name, start, end)]}

    return JSONResponse(await served.read(library, read))


_PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The file.",
    }
}


@router.get("/{document}/original", response_class=Response, responses=_PDF | _ERRORS)
async def original(served: ServedNow, library: str, document: str) -> Response:
    """Return the bytes of the PDF, to be shown by the browser at a page (``#page=12``)."""

    def read(held: Library) -> Response:
        stored = find_stored(held, document)
        name, key = stored.name, (library, stored.sha256)
        sent = served.originals.get(key)
        if sent is None:
            with _no_image():
                kept = held.original(name)
            sent = served.originals[key] = SentFile(kept.media_type, kept.data)
        headers = {
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(name.rsplit('/', 1)[-1], safe='')}",
            "Content-Security-Policy": _PDF_POLICY,
            "X-Frame-Options": "SAMEORIGIN",
            "Cache-Control": "private, no-cache",
            "Content-Length": str(len(sent.data)),
        }
        return StreamingResponse(sent.pieces(), media_type=sent.media_type, headers=headers)

    return await served.read(library, read)


@contextmanager
def _no_image() -> Iterator[None]:
    """Tell a client by ``no_original`` that a document's file is not there to be drawn."""
    try:
        yield
    except LibraryError as error:
        raise Problem(404, "no_original", str(error)) from None


def _part(crop: str | None, page: int) -> Box | None:
    """Return the part of a page that ``crop`` names. Raises Problem where it names none."""
    if crop is None:
        return None
    try:
        left, top, right, bottom = map(float, crop.split(","))
    except ValueError:
        raise _bad_crop("four numbers with commas between them, as in 72,100,300,250") from None
    if not (0 <= left < right and 0 <= top < bottom):  # NaN fails this too
        raise _bad_crop("left below right and top below bottom, from 0")
    return Box(page, left, top, right, bottom)


def _check_part(part: Box, size: tuple[float, float]) -> None:
    """Raise Problem where a part reaches beyond its page, by more than its size is rounded."""
    if part.right > size[0] + 0.1 or part.bottom > size[1] + 0.1:
        raise _bad_crop(f"no more than the page's {size[0]:g} by {size[1]:g} points")


def _bad_crop(expected: str) -> Problem:
    return Problem(422, "invalid_request", f"the query's crop is left,top,right,bottom in points: expected {expected}")


def _check_page(document: StoredDocument, page: int) -> None:
    """Raise UnknownPage where a document has no such page."""
    if page > document.pages:
        raise unknown_page(document.name, document.pages, page)


def _boxes(library: Library, name: str, page: int, start: int | None, end: int | None) -> tuple[Box, ...]:
    """Return the boxes on ``page`` of a stretch of a document, none where no stretch was named.

    Raises Problem where the document has no such characters.
    """
    if start is None or end is None:
        return ()
    try:
        return tuple(box for box in library.boxes(name, start, end) if box.page == page)
    except LibraryError as error:
        raise Problem(422, "invalid_request", str(error)) from None


def _size(library: Library, document: Document, page: int) -> tuple[float | None, float | None]:
    try:
        return library.page_size(document.name, page)
    except LibraryError:
        return None, None
