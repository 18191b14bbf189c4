"""Draw a page of a PDF as it is shown, or a part of it, some places lit, as the bytes of a PNG; find its figures.

pdfium is not safe for threads: a process that draws does nothing else.
"""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.errors import UnreadableFile
from ragqa.readers.pdf.figures import find_figures
from ragqa.readers.pdf.page_fonts import PageFonts
from ragqa.readers.pdf.source import PdfSource, open_pdf

Pixels = npt.NDArray[np.uint8]

MOST_PIXELS = 12_000_000
"""Of a picture; a page that would have more is drawn smaller. A3 at 200 dpi has eight million."""

LIGHT = (255, 232, 92)
"""What lit places are multiplied with: black stays black, white turns yellow."""
BEYOND = 1.0
"""Points by which a lit place reaches beyond its box."""

_FAST = 3
"""zlib's level: twice as fast as its usual one, a tenth larger."""


class OpenPdf:
    """A PDF kept open to be drawn page by page. ``close`` it before another is opened. Raises UnreadableFile."""

    def __init__(self, data: bytes, name: str, password: str | None) -> None:
        self._stack = ExitStack()
        self._fonts = PageFonts()
        self._source: PdfSource = self._stack.enter_context(open_pdf(data, name, password, self._fonts.use))
        self._name = name

    def close(self) -> None:
        """Let go of it."""
        self._stack.close()

    @property
    def lacks_fonts(self) -> bool:
        """Whether it names Chinese, Japanese or Korean fonts that neither it nor this machine has."""
        return self._fonts.lacking

    def draw(self, page: int, dpi: int, lit: Sequence[Sequence[float]], crop: Sequence[float] | None = None) -> bytes:
        """Return the picture of a page, from 1, or of what lies in ``crop``.

        ``crop`` and each of ``lit`` are left, top, right, bottom in points, from the page's top left. Raises
        UnreadableFile where there is no such page, or it can't be loaded.
        """
        self._check(page)
        pixels, scale = _render(self._source, page - 1, dpi / 72)
        if pixels is None:
            raise UnreadableFile(f"{self._name}: page {page} could not be loaded, the file is damaged there")
        _light(pixels, lit, scale)
        return encode_png(_cropped(pixels, crop, scale) if crop else pixels)

    def figures(self, page: int) -> list[tuple[float, float, float, float]]:
        """Return left, top, right, bottom of the figures of a page, from 1, as ``find_figures`` does.

        Raises UnreadableFile where there is no such page.
        """
        self._check(page)
        return find_figures(self._source, page)

    def _check(self, page: int) -> None:
        if not 1 <= page <= self._source.count:
            raise UnreadableFile(f"{self._name} has pages 1 to {self._source.count}; page {page} was asked for")


def _render(source: PdfSource, index: int, scale: float) -> tuple[Pixels | None, float]:
    """Return a page as (height, width, 3), and by how much a point is drawn larger than a pixel."""
    page = pdfium.FPDF_LoadPage(source.handle, index)
    if not page:
        return None, scale
    try:
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        scale = min(scale, (MOST_PIXELS / max(width * height, 1.0)) ** 0.5, MOST_PIXELS / max(width, height, 1.0))
        columns, rows = max(round(width * scale), 1), max(round(height * scale), 1)
        pixels = np.full((rows, columns, 4), 255, np.uint8)
        stride = 4 * columns
        bitmap = pdfium.FPDFBitmap_CreateEx(
            columns, rows, pdfium.FPDFBitmap_BGRx, pixels.ctypes.data_as(ctypes.c_void_p), stride
        )
        if not bitmap:
            return None, scale
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        try:
            pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, columns, rows, 0, flags)
            if source.form:
                pdfium.FPDF_FFLDraw(source.form, bitmap, page, 0, 0, columns, rows, 0, flags)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
        return pixels[:, :, :3], scale
    finally:
        pdfium.FPDF_ClosePage(page)


def _light(pixels: Pixels, lit: Sequence[Sequence[float]], scale: float) -> None:
    """Multiply the places of ``lit`` with the colour of light, each pixel once."""
    mask = np.zeros(pixels.shape[:2], np.bool_)
    rows, columns = len(mask), len(mask[0])
    for left, top, right, bottom in lit:
        x0, x1 = (int(np.clip(round(x * scale), 0, columns)) for x in (left - BEYOND, right + BEYOND))
        y0, y1 = (int(np.clip(round(y * scale), 0, rows)) for y in (top - BEYOND, bottom + BEYOND))
        mask[y0:y1, x0:x1] = True
    if mask.any():
        pixels[mask] = (pixels[mask].astype(np.uint16) * np.array(LIGHT, np.uint16) // 255).astype(np.uint8)


def _cropped(pixels: Pixels, crop: Sequence[float], scale: float) -> Pixels:
    """Return the pixels of a part of the page, one at least."""
    rows, columns, _ = pixels.shape
    left, top, right, bottom = (edge * scale for edge in crop)
    x0, y0 = int(np.clip(np.floor(left), 0, columns - 1)), int(np.clip(np.floor(top), 0, rows - 1))
    x1, y1 = int(np.clip(np.ceil(right), x0 + 1, columns)), int(np.clip(np.ceil(bottom), y0 + 1, rows))
    return pixels[y0:y1, x0:x1]


def encode_png(pixels: Pixels) -> bytes:
    """Return (height, width, 3) as a PNG (W3C, third edition), in shades of grey where it has no colour."""
    rows, columns, _ = pixels.shape
    grey = bool((pixels[:, :, :1] == pixels[:, :, 1:]).all())
    shown = pixels[:, :, 0] if grey else pixels.reshape(rows, 3 * columns)
    lines = np.zeros((rows, 1 + shown.shape[1]), np.uint8)  # each begins with its filter: 0, none
    lines[:, 1:] = shown
    header = struct.pack(">2I5B", columns, rows, 8, 0 if grey else 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), _FAST)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*parts, strict=True)))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
