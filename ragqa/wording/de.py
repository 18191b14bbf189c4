"""The words of German."""

from __future__ import annotations

from ragqa.wording.record import DocumentWords, Labels, QuestionWords, Wording

WORDING = Wording(
    Labels(
        page="Seite {page}",
        rest="; der Rest steht auf Seite {page}",
        steps="(Schritte 1 bis {shown} von {total}{rest})",
        goes_on="(dort geht es weiter)",
        see_also="Siehe auch: ",
        nearest="Am nächsten kommt „{name}“ ({place}){missing}.",
        missing=", aber ohne diese Angabe: {value}",
        same="{label} sagt dasselbe. [{marker}]",
        silent="{label} sagt dazu nichts.",
        corrected="„{word}“ als „{taken_for}“ gesucht",
        unsupported="nicht in den Textstellen: ",
        values={
            "reason": "Grund",
            "time": "Dauer",
            "length": "Länge",
            "weight": "Gewicht",
            "temperature": "Temperatur",
            "power": "Leistung",
            "voltage": "Spannung",
            "current": "Stromstärke",
            "capacity": "Kapazität",
            "rate": "Frequenz",
            "torque": "Drehmoment",
            "pressure": "Druck",
            "noise level": "Geräuschpegel",
            "volume": "Volumen",
            "size": "Größe",
            "percentage": "Anteil in Prozent",
            "resolution": "Auflösung",
            "price": "Preis",
            "colour": "Farbe",
            "interval": "Abstand",
            "number": "Nummer",
            "number of them": "Anzahl",
            "value": "Wert",
        },
    ),
    DocumentWords(
        abbreviations=r"bzw|bspw|Nr|Abb|Abs|Kap|vgl|evtl|ggf|inkl|exkl|zzgl|usw|sog|[Cc]a|Bsp|Pos|Typ-Nr|Art\.-Nr|Str"
        r"|zul|allg|bzgl|Std|Stk|techn|elektr",
        spaced_abbreviations=r"(?<!\w)(?:z\.\s?[BTZ]\.|u\.\s?[UÄ]\.|o\.\s?Ä\.|i\.\s?[AV]\.|s\.\s?(?:S|Abb|Kap|Abs|Tab|Anh)\.)"
        r"|\d\.\s(?:Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)\b",
        step=r"Schritt\s+|Arbeitsschritt\s+",
        notes="Hinweise?|Warnung|Warnhinweise?|Vorsicht|Achtung|Gefahr|Wichtig|Tipps?|Anmerkung|Bemerkung|Oder",
        hazards=r"\b(?:Warnung|Vorsicht|Achtung|Gefahr|Lebensgefahr|\w+gefahr|Stromschl(?:ag|äge)|Verletzung(?:en)?|niemals"
        r"|auf keinen Fall)\b",
        imperative=r"\W*(?:(?:dann|nun|jetzt|anschließend|danach|zuerst|zuletzt)\s+)?(?:\w+e?n Sie\b"
        r"|[^\n.]{0,120}?\w*(?:schalten|drücken|ziehen|drehen|öffnen|schließen|setzen|stellen|nehmen|legen|prüfen|reinigen"
        r"|entfernen|bauen|stecken|lösen|wechseln|warten|halten|füllen|wählen|tippen|klicken|schrauben|trennen|spülen"
        r"|einsetzen|entnehmen|leeren|lassen)[.!]?$)",
        chapter="Kapitel|Teil|Anhang|Abschnitt",
        caption=r"Abb(?:ildung|\.)|Bild|Tab(?:elle|\.)",
        contents="Inhalt|Inhaltsverzeichnis|Inhaltsübersicht|Abbildungsverzeichnis|Tabellenverzeichnis",
        index="Stichwortverzeichnis|Sachverzeichnis|Sachregister",
        page="Seite|S\\.",
        pages_in_all="von",
        elsewhere=r"siehe\b|s\.\s?(?:S\.|Abb\.|Kap\.|auch)|vgl\.|lesen Sie (?:dazu|hierzu)"
        r"|weitere (?:Informationen|Hinweise) (?:zu|finden)",
        version="Auflage",
        edition="Auflage|Ausgabe|Fassung",
        model="Baureihe",
        follows="dies(?:e[rsnm]?| ist)|andernfalls|sonst|ansonsten|jedoch|aber|es sei denn|außer"
        "|in diesem Fall|falls nicht",
        total="summe|gesamt|insgesamt|mittelwert|durchschnitt",
        unsaid=r"\b(?:Handbuch|Anleitung|Betriebsanleitung|Textstellen?|Abschnitte?|Dokument|Kontext|Informationen)\b[^.]{0,50}"
        r"\b(?:nicht|keine?n?|nichts)\b[^.]{0,40}\b(?:genannt|erwähnt|angegeben|beschrieben|enthalten|erwähn\w+|nenn\w+|sag\w*|steht"
        r"|gefunden|Informationen|Angaben?|Auskunft|beantwort\w+)|\bkann (?:das|diese Frage"
        r"|die Frage)[^.]{0,40}nicht beantworten",
    ),
    QuestionWords(
        kinds={
            "number": r"\bwie ?(?:viele?n?|lange|oft|weit|alt|groß|hoch|tief|schnell|schwer|breit|heiß|kalt|laut"
            r"|bald|dick|stark|warm"
            r"|häufig)\b|\bwelche[rsnm]? (?:Temperatur|Spannung|Größe|Nummer|Leistung|Gewicht|Wert|Druck"
            r"|Geschwindigkeit|Abstand"
            r"|Drehmoment|Strom\w*|Länge)\b",
            "time": r"\bwann\b|\bwelche[rsnm]? (?:Jahr|Datum|Tag|Monat|Woche|Jahrhundert)\b",
            "name": r"\b(?:wer|wem|wen|wessen|wo|wohin|woher)\b",
        },
        procedure=r"\bwie (?:kann|soll|sollte|muss|muß|könnte|darf|werden|wird|geht|lässt|\w+) (?:ich|man|wir"
        r"|der|die|das|den|dem|mein\w*|ein\w*|sich)\b"
        r"|\bwas (?:muss|soll|kann) (?:ich|man) (?:\w+ ){0,5}(?:tun|machen)\b|\bwelche Schritte\b"
        r"|\bSchritt für Schritt\b|\bAnleitung\b|\bVorgehen\w*\b",
        code=r"\b(?:Befehle?|Kommando|Syntax|Code-?(?:zeile|beispiel)|eintippen)\b",
        list_of=r"\b(?:welche|was für) (?:\w+ ){0,3}(?:gibt|sind|haben|hat|brauch\w+|benötig\w+|muss|müssen"
        r"|kann|können|soll\w*|darf|dürfen|gehör\w+|werden)\b"
        r"|\bwas (?:brauch\w+|benötig\w+|gehört|enthält)\b|\bListe\b",
        rule=r"^\W*(?:kann|können|darf|dürfen|muss|müssen|soll|sollte|sollten|ist|sind|hat|haben|gibt|wird|werden|funktioniert|lässt|wenn)\b"
        r"|\bwas (?:passiert|ist|geschieht),? wenn\b",
        types={
            "reason": r"\b(?:warum|wieso|weshalb|weswegen)\b|\baus welchem Grund\b|\bwas ist (?:der Grund"
            r"|die Ursache)\b",
            "interval": r"\bwie (?:oft|häufig)\b|\bin welche[nm] (?:Abst\w+|Intervall\w*)\b",
            "time": r"\bwie ?viele (?:Sekunden|Minuten|Stunden|Tage|Wochen|Monate|Jahre)\b|\bwie lange\b"
            r"|\bwelche Dauer\b",
            "price": r"\bwas kostet\b|\bwie ?viel (?:kostet|kosten)\b|\bwie teuer\b|\bKosten\b|\bPreis\b",
            "weight": r"\bwie schwer\b|\bwie ?viel wiegt\b|\bGewicht\b|\bwie ?viele? (?:Kilo\w*|Gramm|kg)\b",
            "temperature": r"\bwie (?:heiß|warm|kalt)\b|\bTemperatur\b|\bwie ?viel Grad\b",
            "voltage": r"\bSpannung\b|\bwie ?viel Volt\b",
            "current": r"\bStromstärke\b|\bwie ?viel Ampere\b",
            "power": r"\bwie ?viel Watt\b|\bLeistungsaufnahme\b|\bwelche Leistung\b",
            "torque": r"\b(?:Dreh|Anzugs)moment\b",
            "pressure": r"\bwelche[rnm]? (?:\w+ )?\w*druck\b|\bwie hoch (?:ist|muss|darf) der \w*druck\b"
            r"|\bwie ?viel bar\b",
            "noise level": r"\bwie laut\b|\bGeräuschpegel\b|\bwie ?viel Dezibel\b",
            "volume": r"\bwie ?viele? (?:Liter|Milliliter|ml)\b|\bFassungsvermögen\b",
            "percentage": r"\bwie ?viel Prozent\b|\bProzentsatz\b",
            "length": r"\bwie (?:lang|weit|breit|hoch|tief|dick) (?:ist|sind|muss|darf|soll)\b"
            r"|\bwelche[rnm]? (?:\w+ )?(?:Abstand|Länge|Breite|Höhe|Tiefe|Durchmesser)\b"
            r"|\bwie ?viele (?:Meter|Zentimeter|Millimeter|mm|cm)\b",
            "colour": r"\bwelche Farbe\b|\bwelcher Farbe\b",
            "number": r"\b(?:Bestell|Artikel|Teile|Serien|Telefon|Modell|Fehler)(?:-| )?nummer\b",
            "number of them": r"\bwie ?viele\b|\bAnzahl\b",
            "value": r"\bwie ?viel\b|\bwie (?:groß|stark|schnell|hoch|alt)\b",
        },
        values={
            "reason": r"\b(?:weil|da|damit|denn|sonst|andernfalls|um|wegen|deshalb|daher|Grund|Ursache|führt"
            r"|verhinder\w+|vermeid\w+|schütz\w+)\b",
            "interval": r"\b(?:alle|jede[nrsm]?|einmal|zweimal|mal|täglich|wöchentlich|monatlich|jährlich|regelmäßig"
            r"|immer)\b",
            "time": "Sekunden?|Minuten?|Stunden?|Std|Tagen?|Wochen?|Monaten?|Jahren?|Sek|Tage|Monate|Jahre|Monat"
            "|Jahr|Tag",
            "length": "Metern?|Zentimetern?|Millimetern?|Kilometern?|Zoll",
            "weight": "Gramm|Kilogramm|Kilo|Tonnen?|Pfund",
            "temperature": "Grad",
            "volume": "Litern?|Millilitern?|Tassen?",
            "percentage": "Prozent",
            "price": "Euro",
            "power": "Watt",
            "torque": "Newtonmetern?",
            "noise level": "Dezibel",
            "colour": r"\b(?:rot|grün|blau|weiß|schwarz|gelb|orange|grau|lila|violett|braun|rosa"
            r"|türkis)(?:e[rsnm]?)?\b",
        },
        numerals=r"\b(?:eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|einmal|zweimal|dreimal|halb\w*|täglich|wöchentlich"
        r"|monatlich|jährlich)\b",
        dates="Januar|Februar|März|Juni|Juli|Oktober|Dezember|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|Jahrhundert",
        leans=r"^\W*(?:und|aber|oder|auch|dann|also|was ist mit|wie ist es mit)\b|\b(?:das|dies|dieser?"
        r"|diesen?|dieses|dabei|damit|dafür|davon"
        r"|danach|dazu|dort|er|es|ihn|ihm)\W*$|\b(?:dabei|dafür|davon|danach|stattdessen|ebenfalls)\b"
        r"|\b(?:kann|muss|darf|soll|ist|wird|hat|dauert|funktioniert) (?:er|sie|es|das|dies)\b",
        bare=r"wie|lange|oft|viele?|groß|schwer|hoch|warum|wann|wo|was|welche[rsnm]?|dauert|kostet|muss|kann|soll|ich|man|sonst|noch|genau|in",
        opposites=(
            (
                r"\b\w*(?:einschalt|anschalt)\w*|\bschalt\w+\b[^.?!]{0,60}\b(?:ein|an)\b",
                r"\b\w*(?:ausschalt|abschalt)\w*|\bschalt\w+\b[^.?!]{0,60}\b(?:aus|ab)\b",
            ),
            (r"\baktivier\w+", r"\bdeaktivier\w+"),
            (r"\böffn\w+", r"\bschließ\w+|\bverschließ\w+"),
            (
                r"\b(?:einbau|einsetz|montier|anschließ|anbring)\w*|\bEinbau\b",
                r"\b(?:ausbau|entfern|demontier|abbau|abnehm|entnehm)\w*|\b(?:Ausbau|Demontage)\b",
            ),
            (r"\b(?:verriegel|sperr)\w+", r"\b(?:entriegel|entsperr)\w+"),
            (r"\bstart(?:en|et)\b", r"\bstopp(?:en|t)\b|\banhalten\b"),
            (r"\berhöh\w+", r"\b(?:verringer|senk|reduzier)\w+"),
        ),
    ),
)
