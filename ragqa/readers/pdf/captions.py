"""Captions of figures and tables, told from sentences that speak of one."""

from __future__ import annotations

import re

_CAPTION = re.compile(
    r"^(?:(?:fig(?:ure|\.)|table|listing|exhibit)\s+[A-Z]?\d+(?:[.-]\d+)*(?:[.:]|\s+[A-Z—–-]|$)|[图圖表]\s*\d+(?:[.-]\d+)*(?:[.:：]|\s|$))",
    re.I,
)
_TABLE_SAYS = re.compile(r"^\w+\.?\s+[\d.-]+\s+[a-z]")


def is_caption(line: str) -> bool:
    """Whether a line begins a caption: 'Table 2-1 Limits', 'Figure 3: …', '图 4 …', but not 'Table 2 shows'."""
    return bool(_CAPTION.match(line)) and not _TABLE_SAYS.match(line)
