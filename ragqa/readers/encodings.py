"""Bytes to clean text: their encoding found, and characters that look alike made alike. Knows nothing of formats."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

SAMPLE_BYTES = 65_536
"""How much of a text that names no encoding is looked at to guess it."""

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})
      | <meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.IGNORECASE | re.VERBOSE,
)
_WIDER = {  # what writers who declare the left one really use, as the Encoding Standard of browsers says
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "iso8859-8": "cp1255",
    "big5": "big5hkscs",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the codec that gave it, and what had to be replaced."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def declared_encoding(data: bytes) -> str | None:
    """Return the codec that an XML declaration or a <meta> in the first 4 KiB names, if Python has it."""
    match = _DECLARED.search(data[:4096])
    if not match:
        return None
    try:
        name = codecs.lookup((match[1] or match[2]).decode("ascii")).name
    except (LookupError, UnicodeDecodeError):
        return None
    # a declaration that could be read as ASCII can't stand in UTF-16 or 32: it was left over from a conversion
    return None if name.startswith(("utf-16", "utf-32", "utf-7")) else name


_TWICE = re.compile("^.*[\xc2-\xf4][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ].*$", re.MULTILINE)
"""A line in which two bytes of UTF-8 may stand as characters of Latin-1 or windows-1252: few texts have one."""


def repair_double_encoding(text: str) -> tuple[str, int]:
    """Return ``text`` with UTF-8 that was decoded wrongly and encoded again as first meant, and in how many lines."""
    if text.isascii() or not _TWICE.search(text):
        return text, 0
    from ftfy import fix_encoding

    repaired = 0

    def repair(line: re.Match[str]) -> str:
        nonlocal repaired
        fixed = fix_encoding(line[0])
        repaired += fixed != line[0]
        return fixed

    text = _TWICE.sub(repair, text)
    # left of no-break spaces that a tool trimmed after the second encoding
    return re.sub(r"\xc2(?=\s)", " ", text) if repaired else text, repaired


def decode(data: bytes, declared: str | None = None, *, repair: bool = True) -> Decoded | None:
    """Return ``data`` as text, or None where it is no text at all. Valid UTF-8 is believed before any declaration.

    Text that was encoded twice is repaired unless the caller looks for it itself.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], encoding)
    wide = _wide_encoding(data[:4096])
    if wide:
        return _replacing(data, wide)
    if is_binary(data):
        return None
    if b"\x1b$" in data[:SAMPLE_BYTES] and (text := _strictly(data, "iso2022_jp_2")) is not None:
        return Decoded(text, "iso2022_jp_2")
    if (text := _strictly(data, "utf-8")) is not None:
        text, repaired = repair_double_encoding(text) if repair else (text, 0)
        lines = "line holds" if repaired == 1 else "lines hold"
        warning = f"{repaired} {lines} text that had been encoded twice; it was read as first meant"
        return Decoded(text, "utf-8", (warning,) if repaired else ())
    damaged = _replacing(data, "utf-8")
    wrong = damaged.text.count("\ufffd")
    if wrong * 20 < len(data) - len(damaged.text):  # nearly all multi-byte sequences are whole: UTF-8 with damage
        return damaged
    if declared and declared != "utf-8":
        return _replacing(data, _WIDER.get(declared, declared))
    return _replacing(data, _guess(data))


def normalise(text: str) -> str:
    r"""Return ``text`` with \n line ends, plain spaces, nothing unseen, and NFC (never NFKC: it changes quotes).

    Form feeds stay: they are page breaks. The zero-width joiners stay between letters that they shape. This is the one
    place where escapes, overrides of direction and hidden characters leave the text of a file.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    text = _UNLIKE.sub(_alike, text.replace("\r\n", "\n"))
    if text.isascii():
        return text
    if _JOINING.search(text):
        text = _MANY_MARKS.sub(_few_marks, _IDLE.sub("", text))
    return unicodedata.normalize("NFC", text)


_NEWLINES = r"\r\v\x1c-\x1e\x85\u2028\u2029"
_SPACES = r"\xa0\u2000-\u200a\u202f\u205f"
_UNLIKE = re.compile(
    rf"[{_NEWLINES}{_SPACES}"
    r"\x00-\x08\x0e-\x1b\x1f\x7f-\x9f"  # controls, C0 and C1: ESC, BEL, CSI
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions
    r"\xad\u034f\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # without width
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # fillers: letters that show nothing
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"  # shorthand, music, tags
    r"\ud800-\udfff]"  # halves of characters
)
_NEWLINE, _SPACE = re.compile(f"[{_NEWLINES}]"), re.compile(f"[{_SPACES}]")


def _alike(match: re.Match[str]) -> str:
    char = match[0]
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"
    return " " if _SPACE.match(char) else "\n" if _NEWLINE.match(char) else ""


_SHAPED = "\u0600-\u109f\u1780-\u17ff\ufe0f\u2600-\u27bf\U0001f000-\U0001faff"
_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_IDLE = re.compile(
    f"[\u200c\u200d](?:(?<![{_SHAPED}].)|(?![\u2190-\u21ff{_SHAPED}]))"  # joiners of letters that have one shape
    "|(?<![\u1820-\u18aa])[\u180b-\u180f]"  # what shapes Mongolian letters, anywhere else
    f"|(?<=[{_VARIANTS}])[{_VARIANTS}]+"  # a sign has one variant; more of them are a way to hide bytes
)
_JOINING = re.compile(  # the joiners, the variants, and the blocks that hold marks: most text goes without any
    f"[\u200c\u200d{_VARIANTS}\u0300-\u036f\u0483-\u1dff\u20d0-\u20ff\u2cef-\u2dff\u302a-\u309a\ua66f-\uabed\ufb1e"
    "\ufe20-\ufe2f\U000101fd-\U0001e94a]"
)
MOST_MARKS = 30
"""Marks on one letter, as in Unicode's Stream-Safe Text Format (UAX 15): to sort them takes time quadratic in this."""
_MANY_MARKS = re.compile(rf"[^\w\s!-~]{{{MOST_MARKS + 1},}}")


def _few_marks(match: re.Match[str]) -> str:
    """Drop the marks past ``MOST_MARKS`` in a row."""
    kept, marks = [], 0
    for char in match[0]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _replacing(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    wrong = text.count("\ufffd")
    if not wrong:
        return Decoded(text, encoding)
    what = "place that is" if wrong == 1 else "places that are"
    return Decoded(text, encoding, (f"{wrong} {what} not valid {encoding} became '\ufffd'",))


def _wide_encoding(sample: bytes) -> str | None:
    """Name UTF-16 or UTF-32 without a mark; None where no byte is zero, as in every other encoding of text."""
    if len(sample) < 4 or 0 not in sample:
        return None
    sample = sample[: len(sample) // 4 * 4]
    zeros = [sample[at::4].count(0) * 4 / len(sample) for at in range(4)]
    if zeros[2] > 0.9 and zeros[3] > 0.95 and zeros[0] < 0.5:
        return "utf-32-le"
    if zeros[0] > 0.95 and zeros[1] > 0.9 and zeros[3] < 0.5:
        return "utf-32-be"
    # a zero may also be the low half of a Chinese character (开 is 5F00), so what the text says decides
    likely, encoding = max((_likelihood(sample, encoding), encoding) for encoding in ("utf-16-le", "utf-16-be"))
    return encoding if likely > 0.9 else None


def _likelihood(sample: bytes, encoding: str) -> float:
    """Return the share of characters that manuals are written in."""
    text = sample.decode(encoding, errors="ignore")
    return 1 - len(_WRITTEN.sub("", text)) / max(len(text), 1)


_WRITTEN = re.compile(
    "[\t\n\f\r -~\xa0-\u024f\u0370-\u05ff\u0600-\u06ff\u2010-\u2027\u2030-\u205e\u20ac\u2100-\u22ff\u2500-\u25ff"
    "\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\ufeff\uff00-\uffef]+"
)


def is_binary(data: bytes) -> bool:
    """Return whether so many control characters stand in the first ``SAMPLE_BYTES`` that this is no text."""
    sample = data[:SAMPLE_BYTES]
    control = len(sample) - len(
        sample.translate(None, bytes([*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F]))
    )
    return control * 50 > len(sample) or sample.count(0) * 200 > len(sample)


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = _telling_sample(data)
    if _is_hebrew(sample):
        return "cp1255"
    matches = [match.encoding for match in from_bytes(sample)]
    # text of two or four bytes a character was told before, by its zeros
    encoding = next((name for name in matches if not name.startswith(("utf_16", "utf_32", "utf_7"))), "cp1252")
    if encoding in ("cp949", "euc_kr", "johab") and _is_chinese(sample, encoding):
        return "gb18030"
    if encoding == "cp1250" and _UMLAUT.search(sample) and not _EASTERN.search(sample):
        return "cp1252"
    if encoding in _WESTERN:
        # short western text fits all of these; the commonest wins unless it would turn letters into signs
        western = sample.decode("cp1252", errors="replace")
        odd = sum(not (char.isalpha() or char in "–—‘’“”„•…°§©®™«»·µ€£") for char in western if char > "\x7f")
        other = sum(char > "\x7f" for char in western)
        if odd * 20 <= other and encoding != "cp1250":
            return "cp1252"
    return _WIDER.get(encoding, encoding)


_WESTERN = (
    *("cp1250", "cp1252", "latin_1", "cp1257", "cp1258", "cp1254", "cp437", "cp850", "cp852", "cp858", "cp775"),
    *("mac_roman", "mac_iceland", "mac_latin2", "mac_turkish", "hp_roman8"),
    *("iso8859_10", "iso8859_13", "iso8859_14", "iso8859_15", "iso8859_16"),
)
"""Encodings in which a few bytes past ASCII are letters in any of them."""


_UMLAUT, _EASTERN = re.compile(b"[\xdf\xe4\xf6\xfc]"), re.compile(b"[\x9a\x9e\xb3\xb9\xbf\xec\xf5\xf9\xfb]")
"""ß, ä, ö, ü, which no Slavic language of cp1250 has; and letters there that all its languages have among them."""


def _is_chinese(sample: bytes, korean: str) -> bool:
    """Say whether what fits a Korean encoding has the Chinese characters there that Korean hardly uses."""
    text = sample.decode(korean, errors="ignore")
    hanja, hangul = (len(re.findall(f"[{letters}]", text)) for letters in ("\u4e00-\u9fff", "\uac00-\ud7a3"))
    chinese = sample.decode("gb18030", errors="replace")
    return hanja * 8 > hangul and chinese.count("\ufffd") <= 1  # one at the end, where the sample was cut


def _telling_sample(data: bytes) -> bytes:
    """Return the stretch that begins with the line of the first byte past ASCII: a long ASCII head tells nothing."""
    match = re.search(rb"[\x80-\xff]", data)
    first = match.start() if match else 0
    line = data.rfind(b"\n", max(first - 4096, 0), first) + 1 or first
    return data[line : line + SAMPLE_BYTES]


def _is_hebrew(sample: bytes) -> bool:
    """Hebrew has no capitals: in windows-1255 all its letters lie in E0-FA, and no Latin letter touches them."""
    letters = len(re.findall(rb"[\xe0-\xfa]", sample))
    if letters < 12 or re.search(rb"[\xc0-\xdf\xfb-\xff]", sample):
        return False
    return len(re.findall(rb"[A-Za-z][\xe0-\xfa]|[\xe0-\xfa][A-Za-z]", sample)) * 50 < letters
