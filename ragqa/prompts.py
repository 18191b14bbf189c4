"""The words that ragqa says to a language model: ``prompts.toml``, its entries replaceable one by one.

Reads and checks them, and fills their placeholders. What is filled in is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError
from ragqa.plain_files import parse_toml
from ragqa.wording import speaking

_ALLOWED = {
    "system": {"refusal"},
    "instructions": {"instructions"},
    "passage": {"number", "boundary", "document", "page", "section", "text"},
    "question": {"passages", "question"},
    "condense": {"history", "question"},
    "questioning": {"passage"},
    "routing": {"labels", "question"},
}
_NEEDED = {**_ALLOWED, "system": {"refusal"}, "passage": {"number", "boundary", "text"}}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_TRADITIONAL = frozenset(
    "麼嗎個們這還沒說請問裡裏會對應該顯開關電長門時間從來過為與無實際機線號碼頁書圖標語檔選擇設備換網濾風溫濕熱涼氣壓閥軟體鍵"
    "盤連結傳輸數據變燈閃錯誤報維護養潔淨塵單雙類種規範圍適點劑場處現發動運轉駛車輪產廠質檢驗測試證購買賣費價錢幾讓給準確認識"
    "別聲響聽見觀視覺頭腳臟髒壞損傷險陽陰雲節約進遠邊離較輕鬆緊麗漢總縮寬滿樓層廳廚衛東歲歷舊專業務員題"
)
"""Characters that only traditional Chinese writes."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """The entries of ``prompts.toml``. Placeholders stand in braces; ``fill`` replaces them."""

    system: str
    instructions: str
    passage: str
    question: str
    condense: str
    questioning: str
    routing: str
    refusal: Mapping[str, str]

    def refusal_to(self, question: str) -> str:
        """Return the line for 'the manual does not say' in the question's language."""
        language = speaking(question)
        traditional = language == "zh" and any(c in _TRADITIONAL for c in question)
        return self.refusal["zh-hant" if traditional else language]

    def refusals_to(self, question: str) -> tuple[str, ...]:
        """Return that line first, and then those of the other languages."""
        return tuple(dict.fromkeys((self.refusal_to(question), *self.refusal.values())))


def load_prompts(path: Path | None = None) -> Prompts:
    """Return the prompts, with those of the file ``path`` in place of ours. Raises RagqaError on what it can't use."""
    ours = _read(Path(__file__).with_name("prompts.toml"))
    prompts = Prompts(**{name: value if name == "refusal" else str(value).strip() for name, value in ours.items()})  # type: ignore[arg-type]
    if path is None:
        return prompts
    for name, value in _read(path).items():
        changed: dict[str, Any] = {name: _checked(path, prompts, name, value)}
        prompts = replace(prompts, **changed)
    return prompts


def fill(template: str, **values: str) -> str:
    """Return ``template`` with its placeholders replaced, in one pass: braces inside the values stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)


def _read(path: Path) -> dict[str, object]:
    try:
        return parse_toml(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RagqaError(f"the prompts {path} should be a TOML file like ragqa's prompts.toml, but {reason}") from None


def _checked(path: Path, prompts: Prompts, name: str, value: object) -> str | dict[str, str]:
    known = [entry.name for entry in fields(Prompts)]
    if name not in known:
        raise RagqaError(f"{path} replaces '{name}', which is no prompt: the prompts are {', '.join(known)}")
    if name == "refusal":
        return _checked_refusal(path, prompts, value)
    if not isinstance(value, str) or not value.strip():
        raise RagqaError(f"{path}: '{name}' should be text, got {value!r:.60}")
    used = set(_PLACEHOLDER.findall(value))
    allowed = ", ".join(f"{{{placeholder}}}" for placeholder in sorted(_ALLOWED[name]))
    if unknown := used - _ALLOWED[name]:
        raise RagqaError(f"{path}: '{name}' uses {{{min(unknown)}}}; it may use {allowed}")
    if missing := _NEEDED[name] - used:
        raise RagqaError(f"{path}: '{name}' should use {{{min(missing)}}}; it may use {allowed}")
    return value.strip()


def _checked_refusal(path: Path, prompts: Prompts, value: object) -> dict[str, str]:
    if (
        not isinstance(value, dict)
        or not set(value) <= set(prompts.refusal)
        or not all(isinstance(line, str) and line.strip() and "\n" not in line.strip() for line in value.values())
    ):
        expected = ", ".join(prompts.refusal)
        raise RagqaError(f"{path}: [refusal] should give one line for some of {expected}; got {value!r:.60}")
    return {**prompts.refusal, **{language: line.strip() for language, line in value.items()}}
