"""Files that grow: each a piece repeated, chosen because a reader or a cutter may look at all of it for every piece."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import count
from zipfile import ZIP_DEFLATED, ZipFile

Make = Callable[[int], str]
"""Text of about so many characters; of a DOCX, the XML of its body."""

HTML = "<html><body>"
MERGED = "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>"
NOTED = '<w:p><w:r><w:t>pump</w:t><w:footnoteReference w:id="1"/></w:r></w:p>'


def again(piece: str, before: str = "", after: str = "", share: float = 1.0) -> Make:
    """Return what makes ``piece`` over and over, filling ``share`` of the size; its ``{}`` is a running number."""

    def make(size: int) -> str:
        times = max(round(size * share / (len(piece) + 3 * piece.count("{}"))), 1)
        return before + ("".join(map(piece.format, range(times))) if "{}" in piece else piece * times) + after

    return make


def growing(piece: Callable[[int], str], before: str = "") -> Make:
    """Return what makes ``piece(0)``, ``piece(1)`` and so on until they fill the size."""

    def make(size: int) -> str:
        parts, left = [before], size
        for part in map(piece, count()):
            parts.append(part)
            left -= len(part)
            if left <= 0:
                return "".join(parts)
        raise AssertionError

    return make


def both(first: Make, second: Make) -> Make:
    """Return what makes one half of the first and one half of the second."""
    return lambda size: first(size // 2) + second(size // 2)


def square(row: str, cell: str, end: str, head: str = "") -> Make:
    """Return what makes a table of as many rows as columns, below a row of ``head`` cells where there is one."""

    def make(size: int) -> str:
        side = max(int((size / len(cell)) ** 0.5), 2)
        return (row + head * side + end if head else "") + (row + cell * side + end) * side

    return make


PATTERNS: dict[str, Make] = {
    "dots.txt": again(".", "Hi.\n\n"),
    "bangs.txt": again("!?", "Alert "),
    "dots and quotes.txt": both(again("."), again("\"'")),
    "dots apart.txt": again(". "),
    "blanks.txt": again(" ", "Stop.", "now"),
    "lines of dots.txt": again("." * 299 + "\n"),
    "numbered lines.txt": again("1. \n"),
    "abbreviations.txt": again("e.g. Fig. No. "),
    "digits.txt": again("1111111111"),
    "marks.txt": again("\u0301\u0316", "Pump a", " end"),
    "one word.txt": again("x"),
    "hyphens.txt": again("a-"),
    "words of one letter.txt": again("a "),
    "short lines.txt": again("a\n"),
    "short paragraphs.txt": again("a\n\n"),
    "pages.txt": again("a\f"),
    "headings.txt": again("第{}章 泵\n\n"),
    "contents.txt": again("{} ....... 3\n"),
    "underlined.txt": again("Title {}\n=====\n\n"),
    "rows.txt": again("|a|b|\n"),
    "indented.txt": again("    x;\n"),
    "ligatures.txt": again("\ufdfa"),
    "ideographs.txt": again("泵"),
    "full stops.txt": again("。"),
    "escapes.txt": again("\x1b[2J\u202e"),
    "line ends.html": again("{}.<br>", f"{HTML}<p>"),
    "short.html": again("<p>a", HTML),
    "inline.html": again("<i>a</i>", HTML),
    "alternatives.html": both(again("word filler ", f"{HTML}<p>"), again('<img alt="word">')),
    "superscripts.html": both(again("1", f"{HTML}<p>"), again("<sup></sup>")),
    "title rows.html": again("<tr><th>t{}<th></tr>", f"{HTML}<table><thead>", "</thead><tr><td>a<td>b</table>"),
    "header rows.html": both(
        again("<th>a", f"{HTML}<table><thead><tr>"), again("<tr><th>b<th>{}", "", "</thead><tr><td>a<td>b</table>")
    ),
    "spans.html": again("<tr><td colspan=200 rowspan=9999>x", f"{HTML}<table><tr><th>a<th>b"),
    "spans of two.html": again("<tr><td rowspan=2>x", f"{HTML}<table><tr><th>a<th>b"),
    "wide headers.html": again("<tr><th colspan=200>long name {}<th>x", f"{HTML}<table><thead>", "</thead>"),
    "wide cells.html": again("<tr><td colspan=200>x<td>y", f"{HTML}<table><tr><th>a<th>b"),
    "cells down.html": again("<td rowspan=9999>x", f"{HTML}<table><tr><th>a<th>b<tr>", "<tr><td>y" * 999),
    "small tables.html": again(
        "<table><tr><th colspan=200 rowspan=9>" + "n" * 200 + "<th>x" + "<tr><th>" * 9 + "<tr><td>y</table>", HTML
    ),
    "asides.html": again("<aside>hello pump</aside>", HTML + "<div>" * 1900),
    "articles.html": again("<article>x</article>", HTML + "<div>" * 1900),
    "headers.html": again("<header>x</header>", HTML + "<div>" * 1900),
    "tables in tables.html": again("<p>hello pump</p>", HTML + "<table><tr><td>a<td>" * 600),
    "bold in bold.html": again("<b>x</b>", f"{HTML}<table><tr><th>a<th>b<tr><td>" + "<b>" * 1500),
    "headings in headings.html": again("hello ", f"{HTML}<p>p<header>" + "<h1><span>" * 700),
    "bold lines.html": again("<p><b>x{}</b></p>", HTML),
    "attributes.html": again('a{}="v" ', f"{HTML}<p ", ">hello"),
    "open tags.html": again("<", f"{HTML}hello "),
    "comments.html": again("<!--", f"{HTML}<p>pump</p>"),
    "self-closed.xhtml": again("<a ", f'<?xml version="1.0"?>{HTML}<p>pump</p>'),
    "references.html": again("&#x110000;&amp", f"{HTML}<p>pump"),
    "headings alone.html": again("<h1>h{}</h1>", HTML),
    "deeper headings.html": growing(lambda n: f"<h{1 + n % 6}>h{n}</h{1 + n % 6}>", HTML),
    "list.html": again("<li>a", f"{HTML}<ol>"),
    "cells.html": again("<tr><td>a<td>b", f"{HTML}<table>"),
    "strikes.html": again("a<s>b<s>c</s></s>", f"{HTML}<p>"),
    "scripts in scripts.html": again("a<sup>2</sup>", f"{HTML}<p>" + "<sup>" * 900 + "1" + "</sup>" * 900),
    "formula.html": again("<mi>a</mi><mo>+</mo>", f"{HTML}<p><math>" + "<mrow>" * 900),
    "fractions.html": again("<mi>b</mi>", f"{HTML}<p><math>" + "<mfrac><mi>a</mi>" * 900),
    "notes.html": again("<sup><a href=#f>1</a></sup> x ", f"{HTML}<p>", f"<p id=f>{'note ' * 30}<a href=#r>↩</a>"),
    "notes apart.html": both(
        again("<sup><a href=#fn{}>1</a></sup>", f"{HTML}<p>pump "), again("<li id=fn{}>a", "<ol>")
    ),
    "notes in notes.html": again(
        "word ",
        HTML + "".join(f"<sup><a href=#fn{n}>1</a></sup><div id=fn{n}>" for n in range(900)),
    ),
    "definitions.html": again("<dt>a<dd>b<dd>c", f"{HTML}<dl>"),
    "wide.csv": square("", f"c{0}," + "", "\n"),
    "wide header.csv": lambda size: ",".join(f"name{n}" for n in range(size // 20)) + "\n" + "1,2,3\n" * (size // 12),
    "titles.csv": again("a,\n"),
    "cells.csv": again("1,2\n"),
    "quotes.csv": again('1,"2\n'),
    "quoted.csv": again('"a""",b\n'),
    "boxes.md": again("!!! note\n    a\n"),
    "tabs.md": again("    a\n\n", f'=== "{"M" * 90}"\n'),
    "colons.md": again(":::note\n"),
    "shortcodes.md": again("{{< a ", "pump "),
    "attributes.md": both(again("a{:", "pump "), again("[[a")),
    "formulas.md": both(again("pump $a "), again("\\(")),
    "footnotes.md": again("[^1] ", "pump ", f"\n\n[^1]: {'note ' * 30}\n"),
    "footnotes apart.md": both(again("pump[^{}] "), again("\n[^{}]: note")),
    "meanings.md": again(": b\n", "a\n"),
    "brackets.md": again("[", "pump "),
    "brackets closed.md": both(again("[", "pump "), again("]")),
    "links.md": again("[a](", "pump "),
    "links in angles.md": again("[a](<b", "pump "),
    "links named.md": again("[ (](", "[a]: u\n\npump "),
    "images.md": again("![[]()", "pump "),
    "images open.md": again("![a", "pump "),
    "whole links.md": again("[a](b) ", "pump "),
    "emphasis.md": again("*a **a ", "pump "),
    "emphasis in words.md": again("a**bc* ", "pump "),
    "underscores.md": again("_a __a ", "pump "),
    "stars.md": both(again("*", "pump "), again("*", "a")),
    "strikes.md": again("~~a ", "pump "),
    "ticks.md": growing(lambda n: "e" + "`" * n, "pump "),
    "quotes.md": again(">", "", "pump"),
    "lists.md": growing(lambda n: "  " * n + "* a\n"),
    "items.md": again("* a\n"),
    "definitions.md": both(again("[a{}]: /u\n"), again("[a1] ", "\n\n")),
    "definitions open.md": again("[a\n"),
    "definitions titled.md": again('[a]: u "\n'),
    "less-than.md": again("<", "pump "),
    "comments.md": again("<!-- a ", "pump "),
    "sections.md": again("<![CDATA[ ", "pump "),
    "instructions.md": again("<?", "pump "),
    "declarations.md": again("<!A ", "pump "),
    "tags open.md": again('<a href="', "pump "),
    "tags.md": again("<b>x</b>", "pump "),
    "addresses.md": again("<http://a", "pump "),
    "entities.md": again("&", "pump "),
    "backslashes.md": again("\\", "pump "),
    "pipes.md": square("|", "a|", "\n"),
    "table.md": square("|", "a|", "\n", head="-|"),
    "rows.md": lambda size: "|" + "a|" * (size // 6) + "\n|" + "-|" * (size // 6) + "\n" + "|\n" * (size // 6),
    "one row.md": again("|", "|a|b|\n|-|-|\n"),
    "underlined.md": again("a\n", "", "="),
    "hard breaks.md": again("a  \n", "pump "),
    "fences.md": again("```\n"),
    "blocks.md": again("<div>\n\n", "# T\n\n"),
    "blocks apart.md": again("<p>\n\nx\n\n", "# T\n\n"),
    "comments apart.md": again("<!--\n\n", "# T\n\n"),
    "paragraphs.md": again("a\n\n"),
    "headings.md": again("# h{}\n"),
    "title of blanks.md": again(" ", "---\ntitle: x", "y\nfoo: b\n---\n\nText."),
    "titles.md": again("title\n", "---\nfoo: b\n", "---\n\nText."),
    "empty paragraphs.docx": again("<w:p/>", "<w:p><w:r><w:t>pump</w:t></w:r></w:p>"),
    "paragraphs.docx": again("<w:p><w:r><w:t>a</w:t></w:r></w:p>"),
    "runs.docx": again("<w:r><w:t>a</w:t></w:r>", "<w:p>", "</w:p>"),
    "notes.docx": again(NOTED),
    "numbered.docx": again(
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="99999"/><w:numId w:val="1"/></w:numPr></w:pPr>'
        "<w:r><w:t>a</w:t></w:r></w:p>"
    ),
    "superscripts.docx": again(
        '<w:r><w:t>10</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>5</w:t></w:r>',
        "<w:p>",
        "</w:p>",
    ),
    "fields.docx": again(
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', "<w:p>", "</w:p><w:p><w:r><w:t>a</w:t></w:r></w:p>"
    ),
    "columns left out.docx": again(
        '<w:tr><w:trPr><w:gridBefore w:val="9999"/></w:trPr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr>',
        "<w:tbl>",
        "</w:tbl>",
    ),
    "styles.docx": again('<w:p><w:pPr><w:pStyle w:val="s{}"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>'),
    "merged down.docx": square("<w:tr>", MERGED, "</w:tr>", head=MERGED.replace("vMerge", 'vMerge w:val="restart"')),
    "spans.docx": again(
        '<w:tr><w:tc><w:tcPr><w:gridSpan w:val="9999"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>'
        "<w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr>",
        "<w:tbl>",
        "</w:tbl>",
    ),
    "tables in tables.docx": again(
        "<w:p><w:r><w:t>a</w:t></w:r></w:p>",
        "<w:tbl><w:tr><w:tc><w:p/></w:tc><w:tc>" * 60,
        "</w:tc></w:tr></w:tbl>" * 60,
    ),
    "boxes in cells.docx": again(
        "<w:p><w:r><w:t>a</w:t></w:r></w:p>",
        "<w:tbl><w:tr><w:tc><w:p/></w:tc><w:tc>" + "<w:p><w:r><w:txbxContent>" * 70,
        "</w:txbxContent></w:r></w:p>" * 70 + "</w:tc></w:tr></w:tbl>",
    ),
}
"""The name of a file, which says its format, and what it is filled with."""


def file_of(name: str, size: int) -> bytes:
    """Return the bytes of a file of PATTERNS whose text is about ``size`` characters."""
    text = PATTERNS[name](size)
    return word(text, size) if name.endswith(".docx") else text.encode()


def word(body: str, size: int = 0) -> bytes:
    """Return a DOCX with ``body``; its styles, numbers and notes are made to grow with ``size`` too."""
    based = "".join(
        f'<w:style w:type="paragraph" w:styleId="s{n}"><w:basedOn w:val="s{n - 1}"/></w:style>'
        for n in range(size // 80)
    )
    note = f'<w:footnote w:id="1"><w:p><w:r><w:t>{"note " * (size // 5)}</w:t></w:r></w:p></w:footnote>'
    level = f'<w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1{"n" * size}"/></w:lvl>'
    listed = f'<w:abstractNum w:abstractNumId="0">{level}</w:abstractNum>'
    listed += '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    return package({"document": f"<w:body>{body}</w:body>", "styles": based, "footnotes": note, "numbering": listed})


def package(parts: dict[str, str]) -> bytes:
    """Return a DOCX of the XML within each part's root."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        kinds = {name: "document.main" if name == "document" else name for name in parts}
        types = "".join(
            f'<Override PartName="/word/{name}.xml" '
            f'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml"/>'
            for name, kind in kinds.items()
        )
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
        )
        archive.writestr("_rels/.rels", _relations({"officeDocument": "word/document.xml"}))
        archive.writestr("word/_rels/document.xml.rels", _relations({name: f"{name}.xml" for name in [*parts][1:]}))
        for name, inside in parts.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {space}>{inside}</w:{name}>")
    return buffer.getvalue()


def _relations(targets: dict[str, str]) -> str:
    base = "http://schemas.openxmlformats.org"
    inside = "".join(
        f'<Relationship Id="r{name}" Type="{base}/officeDocument/2006/relationships/{name}" Target="{target}"/>'
        for name, target in targets.items()
    )
    return f'<Relationships xmlns="{base}/package/2006/relationships">{inside}</Relationships>'
