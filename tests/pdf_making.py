"""PDFs written by hand for the tests, for what a library that makes good PDFs can't be asked to make."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

HELVETICA = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def make_pdf(
    contents: str | Sequence[str],
    fonts: Sequence[str] = (HELVETICA,),
    resources: str = "",
    catalog: str = "",
    second_font: str = "5 0 R",
    xobjects: str = "",
) -> bytes:
    """Return a PDF with a page for each of ``contents``, stream by stream, A4.

    ``fonts`` are objects from number 5 on; the first is /F1, ``second_font`` names what is /F2.
    ``resources``, ``xobjects`` and ``catalog`` go into their dictionaries.
    """
    pages = [contents] if isinstance(contents, str) else contents
    first = 5 + len(fonts)
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>"
        "stream\n\x7f\nendstream",
        "null",
        *fonts,
    ]
    for at, content in enumerate(pages):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {first + 2 * at + 1} 0 R"
            f"/Resources<</Font<</F1 5 0 R/F2 {second_font}>>/XObject<</Image 3 0 R{xobjects}>>{resources}>>>>"
        )
        objects.append(stream(content))
    return write_objects(objects)


def stream(content: str, entries: str = "") -> str:
    """Return a compressed stream object."""
    data = zlib.compress(content.encode("latin-1")).decode("latin-1")
    return f"<</Length {len(data)}/Filter/FlateDecode{entries}>>stream\n{data}\nendstream"


def write_objects(objects: Sequence[str]) -> bytes:
    """Return the file of objects numbered from 1, the first of which is the catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out) + f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>startxref\n{table}\n%%EOF".encode()
