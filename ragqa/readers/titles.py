"""Tell a title that a person gave from one that a program wrote by itself. Knows nothing of formats."""

from __future__ import annotations

import re

LONGEST_METADATA_TITLE = 200
"""Characters; what is longer is a summary, or rubbish."""

_FILE = r"docx?|docm|dot[xm]?|pdf|tex|dvi|indd|pptx?|xlsx?|rtf|odt|ps|html?|md|markdown|txt|qxd|fm|book|wpd|cdr|ai"
_BY_PROGRAMS = re.compile(
    rf"""(?:
      \W*(?:untitled|unbenannt|sans\ titre|sin\ título|senza\ titolo|无标题|無標題|未命名|無題|名称未設定)
        [\s\w.-]{{0,20}}\W*
    | (?:microsoft\s+)?(?:office\s+)?(?:word|powerpoint|excel|publisher)
        (?:[\s-]+(?:document|dokument|presentation|präsentation|template|vorlage|文档|文件|演示文稿))?\s*\d*
    | microsoft\ (?:word|powerpoint|excel|office|publisher|visio)\b.*
    | (?:présentation|presentación|presentazione)\ (?:microsoft\ )?powerpoint\s*\d*
    | powerpoint\s?(?:演示文稿|簡報|プレゼンテーション|프레젠테이션)
    | (?:新建|新增)\s*(?:microsoft\s+word\s+|word\s+|文本)?(?:文档|文檔|文件).{{0,8}}
    | (?:documento?|dokument(?:um)?|文档|文檔|文書|문서|doc|datei|file|slide|page|folie|presentation|演示文稿|book
        |工作簿)[\s_-]*\d*
    | \W*(?:type\ the\ )?(?:the\ |your\ )?(?:document\ )?(?:title|titel|titre|título)(?:\ here)?\W*
    | \W*(?:标题|標題|文档标题|文件標題|键入文档标题)\W*
    | \W*(?:anonymous|unspecified|unknown|none|null|nil|undefined|no\ title|n/?a)\W*
    | normal|blank|template|vorlage|模板|default|standard
    | .*\.(?:{_FILE})(?:\s*[([].{{0,30}})?
    | [\d\W_]*
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_PATH = re.compile(r"\S*\\|(?:file|https?|ftp):|[~.]{0,2}/\S|[a-z]:[/\\]|(?:[^\s/]+/){2,}[^\s/]*$", re.IGNORECASE)
"""A slash between words is none: 'RS-232/485 converter'."""


def given_title(metadata: str) -> str:
    """Return the title of a document's metadata on one line, '' where a program wrote it, or it is a path or a file."""
    title = " ".join(metadata[: 4 * LONGEST_METADATA_TITLE].split())
    if not 2 <= len(title) <= LONGEST_METADATA_TITLE or "\ufffd" in title:
        return ""
    return "" if _PATH.match(title) or _BY_PROGRAMS.fullmatch(title) else title
