"""Ranges of Chinese, Japanese and Korean characters (Unicode 16, chapter 18), for use inside ``[…]`` of a pattern."""

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Unified ideographs of the basic plane, extension A, and the compatibility ideographs."""
KANA = "\u3040-\u30ff"
HANGUL = "\uac00-\ud7af"
CJK = HAN + KANA + HANGUL
"""What a word is made of; no punctuation."""
PUNCTUATION = "\u3000-\u303f\uff00-\uffef"
"""CJK symbols and punctuation, half-width and full-width forms."""
