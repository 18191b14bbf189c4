"""Encodings: named, marked or guessed; what can't be decoded is counted; characters that look alike are made alike."""

from __future__ import annotations

import pytest

from ragqa.printable import printable
from ragqa.readers import read_bytes
from ragqa.readers.encodings import normalise

ZH = "第三章 安装说明。请先关闭电源，然后打开后盖，取出电池。注意：请勿使用其他型号的电池。"
TW = "第三章 安裝說明。請先關閉電源，然後打開後蓋，取出電池。注意：請勿使用其他型號的電池。"
JA = "設置の説明。電源を切ってから、カバーを開けて、バッテリーを取り外してください。"
KO = "설치 방법. 전원을 끄고 덮개를 연 다음 배터리를 꺼내십시오."
RU = "Отключите питание и снимите крышку, затем выньте батарею."
DE = "Für das Gerät „Größe“ ändern: Öffnung prüfen, dann schließen. Übergröße wählen."
HE = "כבו את המכשיר והוציאו את הסוללה מן התא האחורי"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *[
            (ZH, name)
            for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "gb18030")
        ],
        (TW, "big5"),
        (JA, "shift_jis"),
        (JA, "euc_jp"),
        (JA, "iso2022_jp"),
        (KO, "euc_kr"),
        (RU, "cp1251"),
        (RU, "koi8_r"),
        (DE, "cp1252"),
        (HE, "iso8859_8"),
        (DE, "utf-16-le"),
        (DE, "utf-32-be"),
    ],
)
def test_the_encoding_is_found(text: str, encoding: str) -> None:
    source = f"{text}\n\n{text}\n"
    document = read_bytes(source.encode(encoding), "x.txt")
    assert document.text.split("\n\n") == [text, text]
    assert document.warnings == ()


@pytest.mark.parametrize(
    "declaration", ['<meta charset="{}">', '<meta http-equiv="Content-Type" content="text/html; charset={}">']
)
def test_a_declared_encoding_is_believed(declaration: str) -> None:
    markup = f"<html><head>{declaration.format('windows-1250')}</head><body><p>žluť</p></body></html>"
    assert read_bytes(markup.encode("cp1250"), "x.html").text == "žluť"


def test_valid_utf8_is_believed_before_a_wrong_declaration() -> None:
    markup = '<html><head><meta charset="iso-8859-1"></head><body><p>Größe 电源</p></body></html>'
    assert read_bytes(markup.encode(), "x.html").text == "Größe 电源"


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_text_that_was_encoded_twice_is_read_as_first_meant(wrong: str) -> None:
    # windows-1252 has no character for some bytes, so the text has none of them
    meant = "Die Öffnung für Geräte: 20\xa0°C" + ("" if wrong == "latin-1" else " – don’t open")
    document = read_bytes(f"{meant}\n\nÉté «é» où\n".encode().decode(wrong, "strict").encode(), "x.txt")
    assert document.text == meant.replace("\xa0", " ") + "\n\nÉté «é» où"
    assert document.warnings == ("2 lines hold text that had been encoded twice; it was read as first meant",)


def test_text_that_only_looks_encoded_twice_stays() -> None:
    text = "«é» «où», L’été à Ø 5 mm, A°É™ “É” — Ï€"
    document = read_bytes(text.encode(), "x.txt")
    assert (document.text, document.warnings) == (text, ())


def test_bytes_that_cannot_be_decoded_are_counted() -> None:
    document = read_bytes(("电源开关。" * 50).encode() + b"\xff\xfe tail", "x.txt")
    assert document.text.endswith("tail")
    assert document.warnings == ("2 places that are not valid utf-8 became '\ufffd'",)


def test_text_is_made_uniform_but_never_compatible() -> None:
    assert normalise("a\r\nb\rc\xa0d\u200b\ufeffe\u00ad") == "a\nb\nc de"
    assert normalise("e\u0301 “½” ﬁ ２") == "é “½” ﬁ ２"
    assert normalise("foo\u200dbar 👩\u200d👩") == "foobar 👩\u200d👩"


def test_separators_stay_where_they_shape_mongolian_letters() -> None:
    assert normalise("\u1828\u1821\u1837\u180e\u1821 val\u180bve\u180e") == "\u1828\u1821\u1837\u180e\u1821 valve"


def test_nothing_unseen_is_left_in_a_text() -> None:
    assert normalise("Open \x1b[2J\u202evalve\u2066 V3\U000e0041\x9b.") == "Open [2Jvalve V3."
    text = normalise(" ".join(map(chr, range(0x110000))).replace("\f", ""))
    assert printable(text) == text
