"""Lexical search beyond English and Chinese: a question finds its passage by other forms of its words."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.analysis import ENGLISH_ONLY, query_terms, query_words, terms
from ragqa.answerers.evidence import Question
from ragqa.compounds import splitter
from ragqa.naming import Names
from ragqa.stemming import ALGORITHMS, document_language, stem
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from tests.store_making import put

MANUALS = {
    "de": [
        "Die Pumpe darf nicht ohne Wasser laufen, sonst wird die Dichtung zerstört.",
        "Der Filter muss alle drei Monate gereinigt werden. Ein größerer Behälter ist für den Garten vorgesehen.",
        "Wenn die Batterien leer sind, blinkt die rote Lampe und das Gerät schaltet sich aus.",
    ],
    "fr": [
        "Ne faites pas tourner la pompe sans eau, car le joint serait détruit.",
        "Le filtre doit être nettoyé tous les trois mois. Le niveau d’huile est indiqué sur la jauge.",
        "Quand les piles sont vides, le voyant rouge clignote et l'appareil s'éteint.",
    ],
    "es": [
        "No haga funcionar la bomba sin agua, porque la junta se puede dañar.",
        "El filtro se debe limpiar cada tres meses. Las configuraciones del menú se guardan en la memoria.",
        "Cuando las pilas están vacías, la luz roja parpadea y el aparato se apaga.",
    ],
    "it": [
        "Non fare funzionare la pompa senza acqua, perché la guarnizione si rovina.",
        "Il filtro deve essere pulito ogni tre mesi. Il livello dell'olio è indicato sull'asta.",
        "Quando le batterie sono scariche, la spia rossa lampeggia e l'apparecchio si spegne.",
    ],
    "pt": [
        "Não deixe a bomba funcionar sem água, porque a junta pode estragar.",
        "O filtro deve ser limpo a cada três meses. As instalações do cabo estão atrás da tampa.",
        "Quando as pilhas estão gastas, a luz vermelha pisca e o aparelho desliga.",
    ],
    "nl": [
        "Laat de pomp niet zonder water draaien, want dan wordt de afdichting beschadigd.",
        "De filters moeten om de drie maanden worden gereinigd met een zachte borstel.",
        "Als de batterijen leeg zijn, knippert het rode lampje en gaat het apparaat uit.",
    ],
    "sv": [
        "Låt inte pumpen gå utan vatten, för då kan tätningen förstöras.",
        "Filtret ska rengöras var tredje månad och det är viktigt att det är torrt.",
        "När batterierna är tomma blinkar den röda lampan och apparaten stängs av.",
    ],
    "ru": [
        "Не включайте насос без воды: это может повредить уплотнение.",
        "Фильтр нужно чистить каждые три месяца. Зелёный индикатор горит, когда он чист.",
        "Если батарейки разряжены, мигает красная лампа и прибор выключается.",
    ],
    "tr": [
        "Pompa için su olmadan çalıştırmak zararlı olabilir ve conta bozulur.",
        "Filtre her üç ayda bir temizlenir. Isıtıcının kapağı ile birlikte yıkanır, ama çok sıcak su ile değil.",
        "Eğer piller bitmiş ise kırmızı lamba yanar ve cihaz kapanır, bu bir arıza değil.",
    ],
    "pl": [
        "Nie należy włączać pompy bez wody, bo uszczelka może się zniszczyć.",
        "Filtry trzeba czyścić co trzy miesiące, gdy są suche, i nie używać do tego wody z mydłem.",
        "Jeśli baterie są puste, to lampka miga na czerwono i urządzenie się wyłącza.",
    ],
    "ja": [
        "水なしでポンプを運転しないでください。",
        "フィルターは三か月ごとに掃除します。",
        "電池がなくなると赤いランプが点滅します。",
    ],
    "ko": [
        "물 없이 펌프를 작동하지 마십시오.",
        "필터는 석 달마다 청소하십시오.",
        "배터리가 없으면 빨간 램프가 깜박입니다.",
    ],
}

ASKED = [
    ("de", "Was passiert mit den Dichtungen?", 0),
    ("de", "Gibt es grössere Behälter für Gärten?", 1),
    ("de", "groesserer Behaelter", 1),
    ("de", "Warum blinken rote Lampen?", 2),
    ("fr", "Où voit-on le niveau de l'huile ?", 1),
    ("fr", "Pourquoi le joint est-il détruit ?", 0),
    ("fr", "Les voyants rouges clignotent, pourquoi ?", 2),
    ("es", "¿Dónde está la configuracion?", 1),
    ("es", "¿Cómo limpio los filtros?", 1),
    ("es", "¿Por qué parpadean las luces rojas?", 2),
    ("it", "Dove vedo l'olio?", 1),
    ("it", "Che cosa rovina le guarnizioni?", 0),
    ("pt", "Onde fica a instalacao?", 1),
    ("pt", "Por que as luzes vermelhas piscam?", 2),
    ("nl", "Waarmee reinig ik het filter?", 1),
    ("sv", "Vilka röda lampor blinkar när batteriet är tomt?", 2),
    ("ru", "Почему красные лампы мигают?", 2),
    ("ru", "Когда горит зеленый свет?", 1),
    ("ru", "Как чистить фильтры?", 1),
    ("tr", "ISITICI nasıl temizlenir?", 1),
    ("pl", "Jak czyścić filtr?", 1),
    ("ja", "ﾌｨﾙﾀｰの掃除はどうやってしますか？", 1),
    ("ja", "ポンプはいつ止めますか", 0),
    ("ko", "필터를 어떻게 청소합니까?", 1),
    ("ko", "램프는 왜 깜박입니까?", 2),
]


def made(folder: Path, *languages: str) -> Database:
    database = Database.create_or_open(folder)
    for language in languages:
        put(database, f"{language}.txt", MANUALS[language], title="")
    return database


def found(database: Database, index: LexicalIndex, question: str) -> tuple[str, int]:
    """Return the document, and the place in it, of the passage that is found first."""
    best = index.search(query_terms(question, index.languages, index.doc_freq), 1)[0]
    passage = database.passages(best.tolist())[int(best[0])]
    return passage.document.removesuffix(".txt"), MANUALS[passage.document.removesuffix(".txt")].index(passage.text)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    with made(tmp_path_factory.mktemp("all"), *MANUALS) as database:
        yield database, LexicalIndex.open(database, pytest.fail)


@pytest.mark.parametrize(("language", "question", "place"), ASKED)
def test_a_question_finds_its_passage_by_another_form(tmp_path: Path, language: str, question: str, place: int):
    with made(tmp_path, language) as database:
        index = LexicalIndex.open(database, pytest.fail)
        assert index.languages == ((language,) if language in ALGORITHMS else ENGLISH_ONLY)
        assert found(database, index, question) == (language, place)


@pytest.mark.parametrize(("language", "question", "place"), ASKED)
def test_in_a_library_of_all_languages_too(everything, language: str, question: str, place: int):
    assert found(*everything, question) == (language, place)


def test_a_library_gains_a_language_with_a_document(tmp_path: Path):
    with made(tmp_path / "lib") as database:
        put(database, "en.txt", ["The filters are cleaned by hand.", "It is not to be washed.", "Dry it in the sun."])
        assert LexicalIndex.open(database, pytest.fail).languages == ENGLISH_ONLY
        put(database, "de.txt", [*MANUALS["de"], "Das ist es."])
        index = LexicalIndex.open(database, pytest.fail)
        assert index.languages == ("de", "en")
        assert LexicalIndex.open(database, pytest.fail).languages == ("de", "en")
        english, german = (database.passage_ids(name).tolist() for name in ("en.txt", "de.txt"))
        asked = query_terms("Which filter do I clean?", index.languages, index.doc_freq)
        assert index.search(asked, 1)[0].tolist() == english[:1]
        asked = query_terms("Wo sind die Filter und Dichtungen?", index.languages, index.doc_freq)
        assert set(index.search(asked, 9)[0].tolist()) >= set(german[:2])


def test_a_library_made_before_languages_were_kept_opens(tmp_path: Path):
    with made(tmp_path, "de") as database:
        LexicalIndex.open(database, pytest.fail)
        manifest = tmp_path / "lexical" / "manifest.json"
        manifest.write_text(re.sub('tantivy .*?"', 'tantivy 3 terms 2"', manifest.read_text("utf-8")), "utf-8")
        notices: list[str] = []
        index = LexicalIndex.open(database, notices.append)
        assert len(notices) == 1 and index.languages == ("de",)
        assert found(database, index, "die Dichtungen") == ("de", 0)


def test_what_does_not_tell_its_language_is_in_that_of_the_others(tmp_path: Path):
    with made(tmp_path, "de") as database:
        put(database, "x.txt", ["Batterien", "Filterdeckel"], title="")
        index = LexicalIndex.open(database, pytest.fail)
        assert index.languages == ("de",) and index.doc_freq("batteri") == 2


@pytest.mark.parametrize("text", ["", "KX-40", "Voltage 230 V", "ALGOL 60, a report", "Copy a folder to a Home screen"])
def test_names_and_titles_tell_no_other_language(text: str):
    assert document_language(text) in (None, "en")


def test_simplified_and_traditional_characters_find_each_other(tmp_path: Path):
    lines = ["請每三個月清洗一次濾網，並擦乾。", "按住電源鍵三秒關閉機器。", "指示燈變紅時請更換電池。"]
    with Database.create_or_open(tmp_path) as database:
        put(database, "繁體.txt", lines, title="")
        put(database, "简体.txt", ["充电器要放在干燥的地方。"], title="")
        index = LexicalIndex.open(database, pytest.fail)
        asked = {"滤网怎么清洗？": 0, "怎么关闭机器": 1, "濾網怎麼清洗？": 0, "哪里更换电池": 2}
        for question, line in asked.items():
            best = index.search(query_terms(question), 1)[0].tolist()
            assert database.passages(best)[best[0]].text == lines[line]
        assert len(index.search(query_terms("充電器"), 1)[0]) == 1


def test_a_word_of_katakana_is_a_term_whole():
    assert {"フィルター", "カバー"} <= set(terms("フィルター・カバーを外す")) and "ーカ" not in terms(
        "フィルター・カバー"
    )


def test_one_word_of_a_question_counts_once_however_many_stems_it_has():
    assert len(query_words("filters", ("de", "en"))) == 1 and len(query_terms("filters", ("de", "en"))) == 2
    held = {*terms("Filter reinigen", "de"), *terms("filters", "en")}
    question = Question.of("Filter reinigen", lambda term: 1.0, held.__contains__, ("en", "de"))
    assert len(question.idf) == 2 and not question.missing
    for text in ("Den Filtern reinigen", "the filters, reinigen"):
        assert question.coverage(question.bag_of(text)) == 1, text
    assert question.coverage(question.bag_of("the filters")) == 0.5


def test_the_stop_words_are_those_of_the_questions_language():
    held = {"batteri", "wechsel"}.__contains__
    assert set(query_terms("Wie soll man die Batterien wechseln?", ("de", "en"), held)) == {"wechsel", "batteri"}
    assert "will" in query_terms("Wo ist der Will-Schalter?", ("de",))
    assert set(query_terms("How do I clean the Filter?", ("de",))) == {"clean", "filt"}


def test_a_file_is_named_by_another_form():
    names = Names([(1, "pumpen.pdf", "Pumpen"), (2, "filter.pdf", "Filter")], ("de",))
    assert list(names.named_by(query_terms("die Pumpe", ("de",)))) == [1]


@given(st.text(max_size=80))
def test_any_text_gives_terms_in_any_language(text: str):
    for language in ALGORITHMS:
        assert all(term and not any(c.isspace() for c in term) for term in terms(text, language))
    assert all(term and not any(c.isspace() for c in term) for term in query_terms(text, ("de", "en", "fr", "ru")))
    assert bool(query_terms(text, ("de", "fr"))) <= bool(terms(text))


@pytest.mark.parametrize(
    "forms",
    [
        "reinigen reinigt gereinigt reinigte",
        "ausschalten ausgeschaltet",
        "wechseln gewechselt wechselt",
        "Gewicht Gewichte",
        "blinkt blinken geblinkt",
        "aufladen aufgeladen",
        "angeben angegeben",
        "ablegen abgelegt",
        "Angebot Angebote",
        "öffnen öffnet geöffnet geöffneten",
    ],
)
def test_forms_of_a_german_verb_meet(forms: str):
    assert len({stem(form, "de") for form in forms.split()}) == 1


def test_stems_are_folded():
    assert stem("Größe", "de") == stem("GROESSE", "de") == "gross"
    assert stem("ISITICI", "tr") == stem("ısıtıcı", "tr") and stem("ёлка", "ru") == stem("елка", "ru")


def test_english_needs_no_table_of_characters():
    code = (
        "import sys; import ragqa.answerers.choosing; from ragqa import cjk; from ragqa.analysis import query_terms;"
        "query_terms('How do I clean it?');"
        "assert 'opencc' not in sys.modules and not cjk._simplified_characters.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_parts_of_a_compound_are_found_and_find_it(tmp_path: Path):
    lines = ["Die Filterwechselanzeige leuchtet nicht auf.", "Vor dem Filterwechsel ist das Gerät zu trennen."]
    more = [
        "Den Deckel der Pumpe öffnen, und die Batterien wechseln.",
        "Der Filter ist hier.",
        "Nur mit Wasser spülen.",
    ]
    with Database.create_or_open(tmp_path) as database:
        put(database, "de.txt", [*lines, *more], title="")
        index = LexicalIndex.open(database, pytest.fail)
        ids = database.passage_ids().tolist()

        def scores(question: str) -> list[float]:
            return index.score(np.array(ids), query_terms(question, index.languages, index.doc_freq)).tolist()

        assert int(np.argmax(scores("Wie soll ich den Filter wechseln?"))) == 1
        assert int(np.argmax(scores("Wo ist der Pumpendeckel?"))) == 2
        assert int(np.argmax(scores("Batteriewechsel"))) == 2
        assert not any(scores("Rasenmäher"))
        question = Question.of("Filter wechseln", index.idf, index.doc_freq, index.languages)
        assert question.coverage(question.bag_of(lines[1])) == 1
        assert question.coverage(question.bag_of(more[2])) == 0


@pytest.mark.parametrize("word", ["einschalten", "Sicherheit", "Unterlagen", "Bedienung", "Hausherr"])
def test_prefixes_and_endings_are_no_parts(word: str):
    split = splitter(["ein", "schalten", "sicher", "unter", "lagen", "bedienen", "aus"], "de")
    assert split(word) == () and split("Schalterlagen") == ("schal", "lag")
