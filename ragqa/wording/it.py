"""The words of Italian."""

from __future__ import annotations

from ragqa.wording.record import DocumentWords, Labels, QuestionWords, Wording

WORDING = Wording(
    Labels(
        page="pagina {page}",
        rest="; il resto è a pagina {page}",
        steps="(passi da 1 a {shown} di {total}{rest})",
        goes_on="(continua lì)",
        see_also="Vedere anche: ",
        nearest="Il punto più vicino è «{name}» ({place}){missing}.",
        missing=", ma senza questo dato: {value}",
        same="{label} dice lo stesso. [{marker}]",
        silent="{label} non lo dice.",
        corrected="«{word}» cercato come «{taken_for}»",
        unsupported="non presente nei brani: ",
        values={
            "reason": "motivo",
            "time": "durata",
            "length": "lunghezza",
            "weight": "peso",
            "temperature": "temperatura",
            "power": "potenza",
            "voltage": "tensione",
            "current": "corrente",
            "capacity": "capacità",
            "rate": "frequenza",
            "torque": "coppia",
            "pressure": "pressione",
            "noise level": "livello di rumore",
            "volume": "volume",
            "size": "dimensione",
            "percentage": "percentuale",
            "resolution": "risoluzione",
            "price": "prezzo",
            "colour": "colore",
            "interval": "intervallo",
            "number": "numero",
            "number of them": "quantità",
            "value": "valore",
        },
    ),
    DocumentWords(
        abbreviations=r"es|ecc|pagg?|Sigg?|Dott|rif|cfr",
        step=r"(?:Passo|Passaggio|Fase)\s+",
        notes="Nota|Note|Avvertenz[ae]|Avvertimento|Attenzione|Pericolo|Importante|Suggeriment[oi]|Cautela|Avviso|Osservazion[ei]",
        hazards=r"\b(?:avvertenz[ae]|attenzione|pericolo|rischio di|scoss[ae] elettric(?:a|he)|folgorazione"
        r"|lesioni|non \w+ mai)\b",
        imperative=r"\W*(?:(?:poi|quindi|ora|infine|prima)\W+)?(?:(?:non\s+)?(?:premere|premi|spegnere|spegni|accendere|accendi|rimuovere|rimuovi|inserire|inserisci"
        r"|aprire|chiudere|collegare|scollegare|girare|ruotare|pulire|attendere|verificare|controllare|selezionare|estrarre|togliere|montare"
        r"|smontare|svitare|avvitare|riempire|svuotare|sostituire|assicurarsi|lasciare|tirare|spingere|toccare|staccare|posizionare|risciacquare"
        r"|installare|ripetere|regolare|serrare|sollevare|tenere)\b)",
        chapter="Capitolo|Appendice|Allegato|Sezione|Parte",
        caption="Figura|Tabella",
        contents="Indice|Indice generale|Sommario|Indice (?:delle figure|delle tabelle|dei contenuti)",
        index="Indice analitico",
        page=r"Pagina|pag\.",
        pages_in_all="di",
        elsewhere=r"vedere\b|vedi\b|cfr\.|si veda\b|consultare\b|fare riferimento\b|per (?:ulteriori"
        r"|maggiori) informazioni",
        version="versione|revisione|edizione",
        edition="edizione",
        model="modello",
        follows="quest[oaie]|altrimenti|tuttavia|però|ma (?:il|la|non|se)|salvo|tranne|a meno che"
        "|in (?:questo|tal) caso|in caso contrario",
        total="totale|somma",
        unsaid=r"\b(?:manuale|bran[oi]|documento|contesto|testo|passagg[io]+)\b[^.]{0,40}\bnon\b[^.]{0,30}\b(?:dic\w+|menziona\w*|indica\w*|specifica\w*|descriv\w+"
        r"|fornisc\w+|informazioni|(?:conten|contien|includ)\w*(?=[^.]{0,60}\b(?:informazioni|istruzioni|dati|come|quanto|quando)\b))\b"
        r"|\bnon (?:posso|è possibile) (?:rispondere|trovare|determinare)\b|\bnon ci sono informazioni\b",
    ),
    QuestionWords(
        kinds={
            "number": r"\bquant[oaie]\b|\bquant['’]è\b|\bogni quanto\b|\bqual è (?:la|il|l['’]) ?(?:temperatura"
            r"|tensione|dimensione|potenza|velocità|lunghezza|larghezza|altezza"
            r"|pressione|distanza|durata|peso|coppia|numero|capacità|frequenza|valore)\b|\ba (?:che"
            r"|quale) (?:temperatura|velocità|distanza|altezza|pressione)\b",
            "time": r"\bquando\b|\b(?:che|quale) (?:anno|data|giorno|mese|secolo)\b",
            "name": r"\bchi\b|\bdove\b|\bdov['’]è\b",
        },
        procedure=r"\bcome (?:si|posso|devo|faccio|possiamo|bisogna|\w+[aei]re)\b|\b(?:che )?cosa (?:devo"
        r"|bisogna|si deve) fare\b|\bpassaggi\b|\bprocedura\b",
        code=r"\b(?:comand[oi]|sintassi|digitare)\b",
        list_of=r"\bquali\b|\belenco d\w+|\b(?:che )?cosa (?:serve|contiene|comprende|occorre)\b",
        rule=r"^\W*(?:si può|si deve|posso|può|devo|deve|è|sono|c['’]è|ci sono|ha|bisogna|occorre|se)(?!\w)"
        r"|\b(?:si può|posso|devo|bisogna)\b|\bcosa succede se\b",
        types={
            "reason": r"\bperch[éè]\b|\bper quale motivo\b|\bqual è (?:la causa|il motivo)\b",
            "interval": r"\bogni quant\w+|\bcon (?:che|quale) frequenza\b|\bquante volte (?:al|alla|all['’]|per)",
            "time": r"\bquant[oaie] (?:secondi|minuti|ore|giorni|settimane|mesi|anni|tempo)\b|\bquanto (?:dura"
            r"|ci vuole|bisogna aspettare)\b|\bdurata\b",
            "price": r"\bquanto costa\w*|\bprezzo\b|\bcosto\b",
            "weight": r"\bquanto pesa\w*|\bpeso\b|\bquanti (?:chili|grammi|kg)\b",
            "temperature": r"\btemperatura\b|\bquanti gradi\b",
            "voltage": r"\btensione\b|\bquanti volt\b",
            "current": r"\bquanti ampere\b",
            "power": r"\bquanti watt\b|\bpotenza\b",
            "torque": r"\bcoppia di serraggio\b|\b(?:che|quale) coppia\b",
            "pressure": r"\b(?:che|quale|qual è la) (?:\w+ )?pressione\b",
            "noise level": r"\brumorosità\b|\bquanti decibel\b",
            "volume": r"\bquanti (?:litri|millilitri)\b",
            "percentage": r"\bpercentuale\b",
            "length": r"\b(?:che|quale|qual è la|qual è l['’]) ?(?:lunghezza|larghezza|altezza|distanza"
            r"|profondità)\b|\bdiametro\b|\bdimensioni\b"
            r"|\bquanto è (?:lung|larg|alt|profond)[oa]\b|\bquanti (?:metri|centimetri|millimetri|mm|cm)\b",
            "colour": r"\b(?:di )?(?:che|quale) colore\b",
            "number": r"\b(?:numero|codice) (?:d['’]ordine|di serie|di telefono|di modello|di errore|d['’]errore"
            r"|articolo)",
            "number of them": r"\bquant[ie]\b|\bnumero di\b",
            "value": r"\bquant[oa]\b|\b(?:che|quale|qual è la) (?:dimensione|velocità|capacità|valore)\b",
        },
        values={
            "reason": r"\b(?:perché|poiché|affinché|per|altrimenti|dato che|causa|motivo|evitare|proteggere|impedire"
            r"|provoca\w*|può)\b",
            "interval": r"\b(?:ogni|tutti|tutte|volt[ae]|giornalier\w+|quotidian\w+|settimanal\w+|mensil\w+|annual\w+"
            r"|regolarmente|sempre)\b",
            "time": "second[oi]|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]",
            "length": "metr[oi]|centimetr[oi]|millimetr[oi]|chilometr[oi]|pollic[ei]",
            "weight": "gramm[oi]|chilogramm[oi]|chil[oi]|tonnellat[ae]",
            "temperature": "grad[oi]",
            "volume": "litr[oi]|millilitr[oi]|tazz[ae]",
            "percentage": "per cento",
            "price": "euro",
            "colour": r"\b(?:ross[oaie]|verd[ei]|blu|bianc[oa]|bianch[ei]|ner[oaie]|giall[oaie]|arancione"
            r"|grig[io]+a?|viola|marrone|rosa|azzurr[oaie])\b",
        },
        numerals=r"\b(?:due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|quindici|venti|trenta|mezz[oa]|metà|quotidian\w+)\b",
        dates="gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|secolo",
        leans=r"^\W*(?:e|ed|ma|o|oppure|allora|poi|anche|inoltre)\b|\b(?:questo|quello|ciò|esso|essa|essi"
        r"|esse|lo stesso|la stessa)\W*$|\w+[aei]r(?:lo|la|li|le)\b|\b(?:ci|lo|la|li) (?:vuole|pulisco"
        r"|cambio|si)\b",
        bare=r"quant[oaie]|tempo|quando|dove|perch[éè]|come|quale?i?|costa|fare|si|fa|è|devo|posso|può|dura|ci|vuole|volte|ogni|esattamente|cosa|che",
        opposites=(
            (r"\b(?:accend|accensione)\w*", r"\b(?:spegn|spegnimento|spent)\w*"),
            (r"\b(?:attiva|abilita)(?:re|te|to|zione)\b", r"\b(?:disattiva|disabilita)\w+"),
            (r"\b(?:aprire|aprite|apri|apertura)\b", r"\b(?:chiudere|chiudete|chiudi|chiusura)\b"),
            (
                r"\b(?:installa|monta|inseri|collega)(?:re|te|to|zione|ggio|mento)\b",
                r"\b(?:smonta|rimuov|estrarre|scollega|disinstalla|toglie|rimozione)\w*",
            ),
            (r"\bblocca\w+", r"\bsblocca\w+"),
            (r"\b(?:avvia|avvio)\w*", r"\b(?:fermare|arrestare|arresto)\b"),
            (r"\baumenta\w+", r"\b(?:diminui|ridu|abbassa)\w+"),
        ),
    ),
)
