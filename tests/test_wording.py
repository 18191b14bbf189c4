"""Rules that name words, and what is said around a quote, in the languages of ``ragqa.wording``."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from ragqa.answerers.citations import Checked
from ragqa.answerers.extractive import ExtractiveAnswerer, quoted
from ragqa.answerers.followup import leans
from ragqa.answerers.language_model import is_refusal
from ragqa.answerers.question_types import TYPES, asked_kind, expected_form, expected_type, holds_type, opposed
from ragqa.editions import versions_in
from ragqa.prompts import load_prompts
from ragqa.readers import read_bytes
from ragqa.readers.pdf.rows import is_caption
from ragqa.sentences import sentences
from ragqa.types import Extract
from ragqa.units import find_units
from ragqa.wording import WORDINGS, document_words, labels_for, speaking
from ragqa.wording.record import DocumentWords

PROMPTS = load_prompts()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Siehe s. S. 12 und z. B. Abb. 3. Dann weiter.", ["Siehe s. S. 12 und z. B. Abb. 3.", "Dann weiter."]),
        ("Am 3. März geliefert. „Fertig.“ Ende.", ["Am 3. März geliefert.", "„Fertig.“", "Ende."]),
        ("Ca. 5 mm bzw. Typ Nr. 4 wählen. Öffnen Sie.", ["Ca. 5 mm bzw. Typ Nr. 4 wählen.", "Öffnen Sie."]),
        ("Un outil, p. ex. Torx, env. 5 mm. Puis testez.", ["Un outil, p. ex. Torx, env. 5 mm.", "Puis testez."]),
        ("« Arrêtez ! » Écoutez. Prêt ? Oui.", ["« Arrêtez ! »", "Écoutez.", "Prêt ?", "Oui."]),
        ("Use p. ej. Torx (pág. 4). ¿Está listo? Sí.", ["Use p. ej. Torx (pág. 4).", "¿Está listo?", "Sí."]),
        ("Usare p. es. Torx, ecc. Vedere pag. 3. Fine.", ["Usare p. es. Torx, ecc. Vedere pag. 3.", "Fine."]),
        ("Veja pág. 4, aprox. 5 mm. É tudo.", ["Veja pág. 4, aprox. 5 mm.", "É tudo."]),
        ("「止めて。」電源を切る。次へ！", ["「止めて。」", "電源を切る。", "次へ！"]),
        ("전원을 끄십시오. 물을 빼십시오.끝.", ["전원을 끄십시오.", "물을 빼십시오.", "끝."]),
    ],
)
def test_sentences_end_where_they_do(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@pytest.mark.parametrize(
    "line",
    [
        "Abb. 3: Pumpe",
        "Abbildung 3 Pumpe",
        "Tabelle 2-1: Grenzwerte",
        "Tableau 2 : Valeurs".replace(" :", ":"),
        "Figura 4. Bomba",
        "Tabla 2: Límites",
        "Tabella 2: Limiti",
        "Tabela 2: Limites",
        "図 3 ポンプ",
        "図3-1 ポンプ",
        "表2：仕様",
        "그림 3 펌프",
        "표 2. 사양",
    ],
)
def test_a_caption_is_known(line: str) -> None:
    assert is_caption(line)


def test_a_sentence_about_a_figure_is_no_caption() -> None:
    assert not is_caption("Abb. 3 zeigt die Pumpe") and not is_caption("Tabla 2 muestra los valores")


@pytest.mark.parametrize(
    "title",
    ["Inhaltsverzeichnis", "Table des matières", "Índice", "Indice", "Sumário", "目次", "차례", "Inhoudsopgave"],
)
def test_the_title_of_a_table_of_contents_is_known(title: str) -> None:
    assert re.fullmatch(document_words("contents"), title, re.IGNORECASE)


MANUALS = {
    "de": ("Filter", "WARNUNG: Das Wasser ist heiß.", ("Drücken Sie die Taste.", "Öffnen Sie den Deckel.")),
    "fr": ("Filtre", "AVERTISSEMENT : l'eau est chaude.", ("Appuyez sur la touche.", "Ouvrez le couvercle.")),
    "es": ("Filtro", "ADVERTENCIA: El agua está caliente.", ("Pulse el botón.", "Abra la tapa.")),
    "it": ("Filtro", "AVVERTENZA: L'acqua è calda.", ("Premere il tasto.", "Aprire il coperchio.")),
    "pt": ("Filtro", "AVISO: A água está quente.", ("Pressione o botão.", "Abra a tampa.")),
    "ja": ("フィルター", "警告：水は熱くなっています。", ("ボタンを押してください。", "ふたを開けてください。")),
    "ko": ("필터", "경고: 물이 뜨겁습니다.", ("버튼을 누르십시오.", "뚜껑을 여십시오.")),
}
STEPS = {
    "de": "Schritt 1",
    "fr": "Étape 1",
    "es": "Paso 1",
    "it": "Passo 1",
    "pt": "Passo 1",
    "ja": "手順1",
    "ko": "단계 1",
}


@pytest.mark.parametrize("language", MANUALS)
def test_steps_have_their_warning(language: str) -> None:
    title, warning, steps = MANUALS[language]
    listed = "\n".join(f"{at}. {step}" for at, step in enumerate(steps, 1))
    document = read_bytes(f"# X\n\n## {title}\n\n{warning}\n\n{title}:\n\n{listed}\n".encode(), "x.md")
    (procedure,) = [
        unit for unit in find_units(document) if unit.kind == "procedure" and unit.warning[0] < unit.warning[1]
    ]
    assert document.text[slice(*procedure.warning)] == warning and procedure.steps == 2


@pytest.mark.parametrize("language", MANUALS)
def test_steps_that_a_word_numbers_are_steps(language: str) -> None:
    title, _, steps = MANUALS[language]
    lines = "\n\n".join(f"{STEPS[language].replace('1', str(at))}: {step}" for at, step in enumerate(steps, 1))
    document = read_bytes(f"# X\n\n## {title}\n\n{lines}\n\n## Y\n\nZ\n".encode(), "x.md")
    assert [unit.steps for unit in find_units(document) if unit.kind == "procedure"][-1:] == [2]


@pytest.mark.parametrize(
    "sentence",
    [
        "Siehe Seite 12.",
        "s. S. 12",
        "Voir page 12.",
        "Véase la página 12.",
        "Vedere pagina 12.",
        "Ver página 12.",
        "詳しくは 12 ページを参照してください。",
        "12 ページを参照してください。",
        "12페이지를 참조하십시오.",
    ],
)
def test_a_sentence_that_only_refers_elsewhere_is_known(sentence: str) -> None:
    from ragqa.evaluation.questions.statements import _ELSEWHERE

    assert _ELSEWHERE.match(sentence)


QUESTIONS = [
    (
        "de",
        "Wie lange muss das Gerät abkühlen?",
        "time",
        "fact",
        "Warten Sie 20 Minuten.",
        "Warten Sie, bis es kalt ist.",
    ),
    ("de", "Warum darf der Deckel nicht offen sein?", "reason", "other", "Sonst läuft Wasser aus.", "Deckel zu."),
    ("de", "Wie viele Dosen sind in der Packung?", "number of them", "fact", "Sie enthält zwei Dosen.", "Dosen."),
    ("fr", "Combien de temps faut-il attendre ?", "time", "fact", "Attendez 20 minutes.", "Attendez un peu."),
    ("fr", "À quelle fréquence faut-il changer le filtre ?", "interval", "fact", "Chaque mois.", "Changez le filtre."),
    ("fr", "Combien pèse l'appareil ?", "weight", "fact", "Poids : 1\u202f500 g", "Il est lourd."),
    ("es", "¿Cuánto tiempo hay que esperar?", "time", "fact", "Espere 20 minutos.", "Espere un poco."),
    ("es", "¿Por qué no se puede usar agua destilada?", "reason", "rule", "Porque daña el sensor.", "No la use."),
    ("it", "Quanto pesa la macchina?", "weight", "fact", "Pesa 2,5 kg.", "È pesante."),
    ("it", "Ogni quanto si pulisce il filtro?", "interval", "fact", "Ogni settimana.", "Il filtro va pulito."),
    ("pt", "Quantos litros cabem no depósito?", "volume", "fact", "Cabem 2,5 litros.", "O depósito é grande."),
    ("pt", "Quanto tempo demora a arrefecer?", "time", "fact", "Aguarde 20 minutos.", "Aguarde um pouco."),
    ("ja", "フィルターは何分乾かしますか？", "time", "fact", "20分乾かしてください。", "よく乾かしてください。"),
    ("ja", "なぜふたを閉めるのですか？", "reason", "other", "水漏れを防ぐためです。", "ふたを閉めます。"),
    ("ko", "물은 몇 분 동안 식혀야 합니까?", "time", "fact", "20분 기다리십시오.", "잠시 기다리십시오."),
    ("ko", "왜 뚜껑을 닫아야 합니까?", "reason", "other", "물이 샐 수 있기 때문입니다.", "뚜껑을 닫으십시오."),
]


@pytest.mark.parametrize(("language", "question", "name", "form", "holds", "lacks"), QUESTIONS)
def test_a_question_asks_for_a_kind_of_value(
    language: str, question: str, name: str, form: str, holds: str, lacks: str
) -> None:
    assert speaking(question) == language
    expected = expected_type(question)
    assert expected is not None and (expected.name, expected_form(question)) == (name, form)
    assert holds_type(expected, holds, question) and not holds_type(expected, lacks, question)


def test_a_value_is_found_in_the_language_of_the_text() -> None:
    question = "Why must the lid stay closed?"
    expected = expected_type(question)
    assert expected is not None
    assert holds_type(expected, "Der Deckel muss zu sein, weil sonst Wasser ausläuft.", question)
    assert not holds_type(expected, "Der Deckel ist auf der Rückseite des Geräts.", question)


@pytest.mark.parametrize(
    "question",
    [
        "Wie kann ich den Filter reinigen?",
        "Comment nettoyer le filtre ?",
        "¿Cómo se limpia el filtro?",
        "Come si pulisce il filtro?",
        "Como limpar o filtro?",
        "フィルターはどうやって掃除しますか？",
        "필터를 어떻게 청소합니까?",
    ],
)
def test_who_asks_how_gets_steps(question: str) -> None:
    assert expected_form(question) == "procedure"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Wann wurde das Gerät gebaut?", "time"),
        ("Où est le filtre ?", "name"),
        ("¿Dónde está el filtro?", "name"),
        ("Dove si trova il filtro?", "name"),
        ("Onde está o filtro?", "name"),
        ("フィルターはどこですか？", "name"),
        ("필터는 어디에 있습니까?", "name"),
    ],
)
def test_when_and_where(question: str, kind: str) -> None:
    assert asked_kind(question) == kind


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("Wie kann ich das Gerät einschalten?", "Ausschalten"),
        ("Comment allumer l'appareil ?", "Éteindre l'appareil"),
        ("¿Cómo se enciende la máquina?", "Apagar la máquina"),
        ("Come si apre il coperchio? Come aprire?", "Chiudere il coperchio"),
        ("Como ligar a máquina?", "Desligar a máquina"),
        ("フィルターの取り付け方法は？", "フィルターの取り外し"),
        ("필터는 어떻게 설치합니까?", "필터 분리"),
    ],
)
def test_a_heading_about_the_opposite_is_known(question: str, heading: str) -> None:
    assert opposed(question, heading)


LABELLED = {
    "Does it play music?": ("The manual does not say.", "page 3"),
    "它能播放音乐吗？": ("手册中没有说明。", "第 3 页"),
    "Kann das Gerät Musik spielen?": ("Das Handbuch sagt dazu nichts.", "Seite 3"),
    "Est-ce que l'appareil peut jouer de la musique ?": ("Le manuel ne le dit pas.", "page 3"),
    "¿Se puede escuchar música con el aparato?": ("El manual no lo dice.", "página 3"),
    "Si può ascoltare la musica con la macchina?": ("Il manuale non lo dice.", "pagina 3"),
    "É possível ouvir música com a máquina?": ("O manual não diz.", "página 3"),
    "Kan het apparaat muziek spelen?": ("De handleiding zegt dat niet.", "pagina 3"),
    "音楽を聞くことができますか？": ("マニュアルには記載がありません。", "3 ページ"),
    "음악을 들을 수 있습니까?": ("설명서에 나와 있지 않습니다.", "3페이지"),
    "E-17": ("The manual does not say.", "page 3"),
}


@pytest.mark.parametrize("question", LABELLED)
def test_a_refusal_and_the_labels_come_in_the_language_of_the_question(question: str) -> None:
    refusal, page = LABELLED[question]
    assert ExtractiveAnswerer(threshold=0.9).answer(question, [], confidence=0.1).text == refusal
    assert labels_for(question).page.format(page=3) == page


def test_a_long_procedure_says_in_the_questions_language_where_the_rest_is() -> None:
    lines = [f"{at}. Press key {at}." for at in range(1, 21)]
    text = "\n".join(lines)
    starts = [text.index(line) for line in lines]
    parts = tuple((start, start + len(line)) for start, line in zip(starts, lines, strict=True))
    extract = Extract("procedure", "x.md", 0, len(text), text, parts=parts, steps=20, page=4, page_end=5)
    said = quoted(extract, labels_for("Wie kann ich das Gerät einstellen?"))
    assert said.endswith("(Schritte 1 bis 15 von 20; der Rest steht auf Seite 5)")
    assert quoted(extract, labels_for("Set")).endswith("(steps 1 to 15 of 20; the rest stands on page 5)")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        *((line, True) for line in PROMPTS.refusal.values()),
        ("Im Handbuch wird die Lautstärke nicht erwähnt.", True),
        ("Le manuel ne mentionne pas cette information.", True),
        ("El manual no menciona el peso.", True),
        ("Il manuale non indica il peso.", True),
        ("O manual não menciona o peso.", True),
        ("説明書には重量の記載がありません。", True),
        ("설명서에 무게가 나와 있지 않습니다.", True),
        ("Das Handbuch liegt in der Schachtel, nicht im Gerät.", False),
        ("Le filtre se lave tous les mois.", False),
        ("El manual no se moja si lo guarda en la bolsa.", False),
        ("Il filtro non si lava.", False),
        ("フィルターは水洗いできます。", False),
        ("필터를 씻을 수 있습니다.", False),
    ],
)
def test_a_model_that_refuses_is_understood(text: str, refused: bool) -> None:
    assert is_refusal(Checked(text, (), 0), PROMPTS.refusals_to("Why?")) is refused


@pytest.mark.parametrize(
    ("question", "needs"),
    [
        ("Und wie lange?", True),
        ("Wie lange dauert es?", True),
        ("Wie lange dauert die Reinigung des Filters?", False),
        ("Combien de temps ?", True),
        ("Combien de temps dure le nettoyage du filtre ?", False),
        ("¿Y cuánto tiempo?", True),
        ("¿Cuánto dura la limpieza del filtro?", False),
        ("E quanto tempo?", True),
        ("Quanto dura la pulizia del filtro?", False),
        ("Quanto tempo demora a limpeza do filtro?", False),
        ("どのくらいかかりますか？", True),
        ("フィルターの掃除はどのくらいかかりますか？", False),
        ("얼마나 걸립니까?", True),
        ("필터 청소는 얼마나 걸립니까?", False),
    ],
)
def test_a_follow_up_is_known_by_its_form(question: str, needs: bool) -> None:
    assert leans(question) is needs


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("Bedienungsanleitung, 3. Auflage", (3,)),
        ("Manuel, révision 4", (4,)),
        ("Manual, versión 2.1", (2, 1)),
        ("Manuale, versione 2.1", (2, 1)),
        ("Manual, versão 2.1", (2, 1)),
        ("取扱説明書 バージョン2.1", (2, 1)),
        ("사용 설명서 버전 2.1", (2, 1)),
    ],
)
def test_a_version_is_known(title: str, parts: tuple[int, ...]) -> None:
    assert [one.parts for one in versions_in(title)] == [parts]


def test_every_language_has_all_labels_a_refusal_and_words_without_groups() -> None:
    names = {one.name for one in TYPES}
    for language, wording in WORDINGS.items():
        assert set(wording.labels.values) == names, language
        assert language in PROMPTS.refusal
        assert set(wording.question.types) | set(wording.question.values) <= names
        assert len(wording.question.opposites) in (0, 7)
    for field in fields(DocumentWords):
        assert re.compile(document_words(field.name)).groups == 0
