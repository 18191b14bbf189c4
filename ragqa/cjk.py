"""Ranges of Chinese, Japanese and Korean characters (Unicode 16, chapter 18), for use inside ``[…]`` of a pattern; and
traditional characters as simplified ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ragqa.errors import RagqaError

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Unified ideographs of the basic plane, extension A, and the compatibility ideographs."""
HIRAGANA = "\u3040-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
"""Without the dot that parts words."""
KANA = "\u3040-\u30ff"
HANGUL = "\uac00-\ud7af"
CJK = HAN + KANA + HANGUL
"""What a word is made of; no punctuation."""
PUNCTUATION = "\u3000-\u303f\uff00-\uffef"
"""CJK symbols and punctuation, half-width and full-width forms."""


def simplified(text: str) -> str:
    """Return ``text`` with each traditional character as the simplified one that OpenCC's table has first for it.

    One character gives one: what is written in other words on both sides (軟體, 软件) stays apart.
    """
    return text.translate(_simplified_characters())


@cache
def _simplified_characters() -> dict[int, str]:
    """Return OpenCC's table; its package is not imported, which would cost more. Raises RagqaError without it."""
    from importlib.util import find_spec

    spec = find_spec("opencc")
    for folder in (spec and spec.submodule_search_locations) or ():
        file = Path(folder) / "dictionary" / "TSCharacters.txt"  # lines: character, tab, characters parted by spaces
        if file.is_file():
            pairs = {ord(line[0]): line[2] for line in file.read_text(encoding="utf-8").split("\n") if line}
            return pairs | {ord("著"): "着", ord("妳"): "你"}
    raise RagqaError(
        "OpenCC's table of characters is missing: run pip install --force-reinstall opencc-python-reimplemented"
    )
