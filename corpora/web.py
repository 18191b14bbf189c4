"""Write chapters as Markdown and as an HTML page with the navigation, header and footer that a reader must skip."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

from edition import Edition
from markup import Block, Chapter, runs

_DEPTH = {"chapter": 1, "section": 2, "heading": 3}
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{title} | {maker}</title>
<style>body{{font-family:sans-serif;max-width:60em;margin:auto}}td,th{{border:1px solid #999;padding:.2em .5em}}</style>
</head>
<body>
<header><p class="brand">{maker}</p>
<nav><ul>{navigation}</ul></nav></header>
<nav class="toc"><ol>{sections}</ol></nav>
<main>
{main}
</main>
<footer><p>{footer}</p></footer>
</body>
</html>
"""


def markdown(edition: Edition, chapter: Chapter) -> str:
    """Return the chapter as Markdown; drawings leave their caption."""
    groups = [list(group) for _, group in groupby(chapter.blocks, key=lambda block: (block.kind, _listed(block)))]
    parts = ["\n".join(_markdown(edition, block) for block in group) for group in _apart(groups)]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(edition: Edition, chapter: Chapter) -> str:
    """Return the chapter as a page of the maker's web site."""
    title = f"{edition.title} {chapter.blocks[0].text}"
    sections = [block for block in chapter.blocks if block.kind == "section"]
    return _PAGE.format(
        language={"zh": "zh-CN"}.get(edition.language, edition.language),
        title=escape(title),
        maker=escape(edition.maker),
        navigation="".join(f'<li><a href="/">{escape(item)}</a></li>' for item in edition.site),
        sections="".join(f'<li><a href="#s{s.number}">{escape(s.text)}</a></li>' for s in sections),
        main="\n".join(_html(edition, chapter)),
        footer=escape(edition.footer),
    )


def _listed(block: Block) -> bool:
    return block.kind in ("step", "bullet")


def _apart(groups: list[list[Block]]) -> Iterator[list[Block]]:
    for group in groups:
        yield from [group] if _listed(group[0]) else ([block] for block in group)


def _caption(edition: Edition, block: Block) -> str:
    return f"{edition.words[block.kind]} {block.number}: {block.text}"


def _markdown(edition: Edition, block: Block) -> str:
    if block.kind in _DEPTH:
        return f"{'#' * _DEPTH[block.kind]} {block.number} {block.text}".replace("  ", " ")
    if block.kind == "table":
        head, *rows = ["| " + " | ".join(row) + " |" for row in block.rows]
        return "\n".join([f"**{_caption(edition, block)}**", "", head, "|" + " --- |" * len(block.rows[0]), *rows])
    simple = {"step": f"{block.number} ", "bullet": "- ", "paragraph": ""}
    if block.kind in simple:
        return simple[block.kind] + block.text
    if block.kind == "code":
        return f"```\n{block.text}\n```"
    if block.kind == "figure":
        return f"*{_caption(edition, block)}*"
    if block.kind in ("columns", "page"):
        return ""
    return f"> **{edition.words[block.kind]}**: {block.text}"


def _inline(text: str) -> str:
    tags = {"": "{}", "bold": "<strong>{}</strong>", "code": "<code>{}</code>"}
    return "".join(tags[look].format(escape(part)) for part, look in runs(text))


def _html(edition: Edition, chapter: Chapter) -> Iterator[str]:
    for kind, group in groupby(chapter.blocks, key=lambda block: block.kind):
        if kind in ("step", "bullet"):
            tag = "ol" if kind == "step" else "ul"
            yield f"<{tag}>" + "".join(f"<li>{_inline(block.text)}</li>" for block in group) + f"</{tag}>"
            continue
        for block in group:
            if block.kind in _DEPTH:
                depth = _DEPTH[block.kind]
                yield f'<h{depth} id="s{block.number}">{block.number} {_inline(block.text)}</h{depth}>'
            elif block.kind == "table":
                yield _html_table(edition, block)
            elif block.kind == "code":
                yield f"<pre><code>{escape(block.text)}</code></pre>"
            elif block.kind == "paragraph":
                yield f"<p>{_inline(block.text)}</p>"
            elif block.kind == "figure":
                yield f"<p><em>{_inline(_caption(edition, block))}</em></p>"
            elif block.kind not in ("columns", "page"):
                word = edition.words[block.kind]
                yield f'<aside class="{block.kind}"><p><strong>{word}</strong> {_inline(block.text)}</p></aside>'


def _html_table(edition: Edition, block: Block) -> str:
    head, *rows = block.rows
    cells = "".join(f"<th>{_inline(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    caption = f"<caption>{_inline(_caption(edition, block))}</caption>"
    return f"<table>{caption}\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}</tbody></table>"
