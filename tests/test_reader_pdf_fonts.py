"""Text in fonts that a PDF names but does not carry is read the same on every machine, whatever fonts it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ragqa.readers import read, read_bytes
from tests.pdf_making import make_pdf

ZH, TW, JA, KO = "初效滤网多久清洗一次", "濾網多久清洗一次", "フィルターを清掃してください", "필터를매일청소하십시오"
_UTF16 = "utf-16-be"
CMAPS = {
    "GB1": (
        ZH,
        {
            "GB-EUC": "gb2312",
            "GBpc-EUC": "gb2312",
            "GBK-EUC": "gbk",
            "GBKp-EUC": "gbk",
            "GBK2K": "gb18030",
            "UniGB-UCS2": _UTF16,
            "UniGB-UTF16": _UTF16,
        },
    ),
    "CNS1": (
        TW,
        {
            "B5pc": "big5",
            "HKscs-B5": "big5hkscs",
            "ETen-B5": "big5",
            "ETenms-B5": "big5",
            "UniCNS-UCS2": _UTF16,
            "UniCNS-UTF16": _UTF16,
        },
    ),
    "Japan1": (
        JA,
        {
            "83pv-RKSJ": "shift_jis",
            "90ms-RKSJ": "cp932",
            "90msp-RKSJ": "cp932",
            "90pv-RKSJ": "shift_jis",
            "Add-RKSJ": "shift_jis",
            "Ext-RKSJ": "shift_jis",
            "EUC": "euc-jp",
            "": "jis",
            "UniJIS-UCS2": _UTF16,
            "UniJIS-UCS2-HW": _UTF16,
            "UniJIS-UTF16": _UTF16,
        },
    ),
    "Korea1": (
        KO,
        {
            "KSC-EUC": "euc-kr",
            "KSCpc-EUC": "euc-kr",
            "KSCms-UHC": "cp949",
            "KSCms-UHC-HW": "cp949",
            "UniKS-UCS2": _UTF16,
            "UniKS-UTF16": _UTF16,
        },
    ),
}
"""The predefined CMaps of PDF 32000, table 118, less what names their direction, and the codec of what they map.

CNS-EUC is missing: PDFium has no map of it, and the reader says so like of any font without one.
"""
HORIZONTAL_ONLY = {"83pv-RKSJ", "90pv-RKSJ", "KSCpc-EUC"}
CASES = [
    pytest.param(order, text, "-".join(filter(None, (cmap, direction))), codec, id=f"{order} {cmap}-{direction}")
    for order, (text, cmaps) in CMAPS.items()
    for cmap, codec in cmaps.items()
    for direction in ("H", "V")
    if not (direction == "V" and cmap in HORIZONTAL_ONLY)
]


def encoded(text: str, codec: str) -> list[str]:
    """Return the code of each character, in hexadecimal."""
    if codec == "jis":  # JIS X 0208 without the high bits that EUC sets
        return [bytes(byte & 0x7F for byte in char.encode("euc-jp")).hex() for char in text]
    return [char.encode(codec).hex() for char in text]


def named_font(order: str, cmap: str) -> list[str]:
    """Return the objects of a Type 0 font that nothing is embedded of: the font itself is object 5."""
    return [
        f"<</Type/Font/Subtype/Type0/BaseFont/Nowhere/Encoding/{cmap}/DescendantFonts[6 0 R]>>",
        f"<</Type/Font/Subtype/CIDFontType0/BaseFont/Nowhere/DW 1000/FontDescriptor 7 0 R"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering({order})/Supplement 2>>>>",
        "<</Type/FontDescriptor/FontName/Nowhere/Flags 6/Ascent 880/Descent -120/FontBBox[0 -120 1000 880]"
        "/ItalicAngle 0/StemV 58/CapHeight 737>>",
    ]


@pytest.mark.parametrize(("order", "text", "cmap", "codec"), CASES)
def test_every_predefined_cmap_is_read_whether_characters_are_drawn_together_or_each_alone(
    order: str, text: str, cmap: str, codec: str
) -> None:
    codes = encoded(text, codec)
    for drawn in (f"<{''.join(codes)}> Tj", " ".join(f"<{code}> Tj" for code in codes)):
        data = make_pdf(f"BT /F1 12 Tf 72 700 Td {drawn} ET", named_font(order, cmap))
        assert "".join(read_bytes(data, "named.pdf").text.split()) == text


def test_the_chinese_sample_manual_is_read_whole_and_in_words() -> None:
    manual = Path(__file__).parents[1] / "corpora/manuals/halden-kx-40c-zh.pdf"
    document = read(manual)
    assert 40_000 < len(document.text) < 42_000 and not document.warnings
    for said in ("初效滤网", "高效过滤器", "回风滤网"):
        assert said in document.text
    assert len(re.findall("[\u4e00-\u9fff]", document.text)) > 12_000


def test_no_font_of_the_machine_is_ever_asked_for() -> None:
    """Latin text in a font that many machines have and one that none has runs equally wide."""
    from ragqa.readers.pdf.source import open_pdf

    boxes = []
    for name in ("DejaVuSans", "Nowhere-Sans"):
        font = f"<</Type/Font/Subtype/TrueType/BaseFont/{name}/Encoding/WinAnsiEncoding>>"
        with open_pdf(make_pdf("BT /F1 12 Tf 72 700 Td (Wide iiii) Tj ET", [font]), "a.pdf", None) as source:
            (segment,) = source.page(0).text.segments
        boxes.append(segment[1:5])
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize(
    ("name", "bold", "mono"),
    [
        ("NotoSansCJKsc-DemiLight", False, False),
        ("NotoSansCJKsc-Light", False, False),
        ("AcademicaBookPro", False, False),
        ("MonotypeGrotesque", False, False),
        ("MonotypeCorsiva", False, False),
        ("Blackadder", False, False),
        ("ConsolidatedSans", False, False),
        ("NotoSansCJKsc-Bold", True, False),
        ("OpenSans-Semibold", True, False),
        ("Montserrat-SemiBoldItalic", True, False),
        ("FranklinGothic-Demi", True, False),
        ("Futura-DemiCond", True, False),
        ("Arial-Black", True, False),
        ("arialblack", True, False),
        ("Avenir-Heavy", True, False),
        ("NimbusRomNo9L-Medi", True, False),
        ("HiraKakuProN-W6", True, False),
        ("CMBX12", True, False),
        ("Helvetica-BdCn", True, False),
        ("CourierNewPSMT", False, True),
        ("Consolas-Bold", True, True),
        ("LucidaConsole", False, True),
        ("DejaVuSansMono", False, True),
        ("LiberationMono-Bold", True, True),
        ("ubuntumono", False, True),
        ("LMMono10-Regular", False, True),
        ("Monospac821BT-Roman", False, True),
        ("SFTT1000", False, True),
    ],
)
def test_words_of_a_fonts_name_tell_that_it_is_bold_or_of_fixed_width(name: str, bold: bool, mono: bool) -> None:
    from ragqa.readers.pdf.calls import describe_font

    font = describe_font(b"ABCDEF+" + name.encode(), 0)
    assert (font.name, font.bold, font.mono) == (name, bold, mono)
