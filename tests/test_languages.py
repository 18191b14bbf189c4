"""The language of a text, by its script and its function words."""

from __future__ import annotations

import pytest

from ragqa.languages import language_of


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "How often must the filter be cleaned?"),
        ("en", "What does E-07 mean?"),
        ("de", "Wie oft muss der Filter gereinigt werden?"),
        ("fr", "Comment nettoyer le filtre ?"),
        ("es", "¿Cómo se limpia el filtro?"),
        ("it", "Come si pulisce il filtro?"),
        ("pt", "Como limpar o filtro?"),
        ("nl", "Hoe vaak moet het filter worden schoongemaakt?"),
        ("ru", "Как часто нужно чистить фильтр?"),
        ("ru", "Фильтр насоса"),
        ("zh", "滤网多久清洗一次？"),
        ("zh", "按下 RESET 按钮 (back panel) 后，LED 会闪烁"),
        ("ja", "フィルターはどのくらいの頻度で清掃しますか"),
        ("ja", "電源を入れる"),
        ("ko", "필터를 어떻게 청소합니까?"),
        (None, "E-07"),
        (None, "Filter"),
        (None, "230 V ~ 50 Hz"),
        (None, ""),
        (None, "Sensor MIT"),
        ("zh", "DIE-4 MIT E-07 指什么的灯？"),
    ],
)
def test_a_sentence_tells_its_language_and_a_name_does_not(language: str | None, text: str) -> None:
    assert language_of(text) == language
