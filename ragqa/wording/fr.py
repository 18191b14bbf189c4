"""The words of French."""

from __future__ import annotations

from ragqa.wording.record import DocumentWords, Labels, QuestionWords, Wording

WORDING = Wording(
    Labels(
        page="page {page}",
        rest=" ; la suite est à la page {page}",
        steps="(étapes 1 à {shown} sur {total}{rest})",
        goes_on="(la suite est au même endroit)",
        see_also="Voir aussi : ",
        nearest="Le passage le plus proche est « {name} » ({place}){missing}.",
        missing=", mais il n'indique pas ceci : {value}",
        same="{label} dit la même chose. [{marker}]",
        silent="{label} ne le dit pas.",
        corrected="« {word} » cherché comme « {taken_for} »",
        unsupported="absent des passages : ",
        values={
            "reason": "raison",
            "time": "durée",
            "length": "longueur",
            "weight": "poids",
            "temperature": "température",
            "power": "puissance",
            "voltage": "tension",
            "current": "courant",
            "capacity": "capacité",
            "rate": "fréquence",
            "torque": "couple",
            "pressure": "pression",
            "noise level": "niveau sonore",
            "volume": "volume",
            "size": "taille",
            "percentage": "pourcentage",
            "resolution": "résolution",
            "price": "prix",
            "colour": "couleur",
            "interval": "intervalle",
            "number": "numéro",
            "number of them": "nombre",
            "value": "valeur",
        },
        colon=" : ",
        semicolon=" ; ",
    ),
    DocumentWords(
        abbreviations=r"éd|réf|tél|[Pp]\.\s?ex|c\.-à-d|Mme|Mlle",
        spaced_abbreviations=r"(?<=\ben)v\.\s?\d",
        step=r"Étape\s+|Etape\s+",
        notes="Remarques?|Avertissements?|Mise en garde|Nota|Astuces?|Conseils?|Précautions?",
        hazards=r"\b(?:avertissements?|mise en garde|risque d['’e]|choc électrique|électrocution|blessures?"
        r"|ne jamais|il est interdit"
        r"|ne (?:jamais )?\w+ez (?:pas|jamais))\b",
        imperative=r"\W*(?:(?:puis|ensuite|enfin|d['’]abord)\s+)?(?:(?:ne\s+|n['’])?[^\W\d_]{2,}ez\b|(?:s['’]assurer|appuyer|débrancher"
        r"|brancher|retirer|insérer|ouvrir|fermer|tourner|dévisser|visser|nettoyer|vérifier|remplir|vider|remplacer|raccorder"
        r"|attendre|sélectionner|placer|enlever|démonter|serrer|desserrer|éteindre|allumer|rincer|maintenir|régler)\b)",
        chapter="Chapitre|Partie|Annexe",
        caption="Tableau",
        contents="Table des matières|Sommaire|Liste des (?:figures|tableaux)",
        index="Index alphabétique",
        pages_in_all="sur",
        elsewhere=r"voir\b|se (?:référer|reporter)\b|reportez-vous\b|consultez\b|cf\.",
        version="révision|édition",
        edition="édition",
        model="modèle",
        follows="cel(?:a|ui-ci|le-ci)|ce(?:tte|s|ux-ci)|sinon|toutefois|cependant|mais|sauf|à moins"
        "|dans ce cas|autrement",
        total="sous-total|somme|moyenne",
        unsaid=r"\b(?:manuel|notice|passages?|extraits?|document|contexte|texte)\b[^.]{0,40}\b(?:ne|n['’])\s?[^.]{0,25}\b(?:pas|aucune?|rien)\b"
        r"[^.]{0,30}(?=\W*\Z|\b(?:informations?|indications?|précis\w*|mention\w*|si|comment|combien|quand|pourquoi|quel\w*)\b)"
        r"|\bje ne (?:peux|trouve) pas (?:répondre|trouver|cette)\b",
    ),
    QuestionWords(
        kinds={
            "number": r"\bcombien\b|\bquelle? est (?:la|le|l['’]) ?(?:température|tension|taille|puissance|vitesse"
            r"|longueur|largeur|hauteur"
            r"|pression|distance|durée|poids|couple|nombre|numéro|capacité|fréquence|valeur)\b"
            r"|\bà quelle (?:température|fréquence|vitesse|distance|hauteur)\b",
            "time": r"\bquand\b|\bquelle (?:année|date)\b|\bquel (?:jour|mois|siècle)\b",
            "name": r"\bqui\b(?! (?:est|sont) )|\boù\b",
        },
        procedure=r"\bcomment (?!s['’]appelle|va)|\bque (?:dois|faut)[- ](?:je|il) faire\b"
        r"|\bqu['’]est-ce qu['’]il faut faire\b|\bquelles sont les étapes\b"
        r"|\bétapes\b|\bprocédure\b|\bmarche à suivre\b|\bde quelle (?:manière|façon)\b",
        code=r"\b(?:commandes? (?:pour|permet|faut)|quelle commande|syntaxe|extrait de code|taper)\b",
        list_of=r"\bquel(?:le)?s\b|\bliste (?:de|des)\b|\bde quoi (?:ai-je|a-t-on) besoin\b|\bque (?:contient"
        r"|comprend)\b",
        rule=r"^\W*(?:est-ce que|peut-on|puis-je|dois-je|faut-il|doit-on|y a-t-il|l['’]appareil|est-il"
        r"|sont-\w+|peut)\b|\b(?:peut-on|puis-je|dois-je|faut-il|doit-on)\b"
        r"|\bque se passe-t-il si\b",
        types={
            "reason": r"\bpourquoi\b|\bpour quelle raison\b|\bquelle est la (?:cause|raison)\b",
            "interval": r"\bà quelle fréquence\b|\btous les combien\b|\bcombien de fois par\b",
            "time": r"\bcombien de (?:secondes|minutes|heures|jours|semaines|mois|temps|ans|années)\b"
            r"|\bpendant combien\b|\bquelle (?:est la )?durée\b",
            "price": r"\bcombien coûte\w*|\bprix\b|\bcoûts?\b",
            "weight": r"\bcombien pèse\w*|\bpoids\b|\bcombien de (?:kilos?|grammes|kg)\b",
            "temperature": r"\btempérature\b|\bcombien de degrés\b",
            "voltage": r"\btension\b|\bcombien de volts\b",
            "current": r"\bcombien d['’]ampères\b|\bintensité\b",
            "power": r"\bcombien de watts\b|\bpuissance\b",
            "torque": r"\bcouple de serrage\b|\bquel couple\b",
            "pressure": r"\bquelle (?:est la |)(?:\w+ )?pression\b|\bà quelle pression\b",
            "noise level": r"\bniveau sonore\b|\bcombien de décibels\b",
            "volume": r"\bcombien de (?:litres|millilitres)\b|\bcontenance\b",
            "percentage": r"\bpourcentage\b|\bcombien de pour ?cent\b",
            "length": r"\bquelle (?:est la |)(?:longueur|largeur|hauteur|distance|profondeur|épaisseur)\b"
            r"|\bdiamètre\b|\bdimensions\b|\bà quelle (?:distance|hauteur)\b"
            r"|\bcombien de (?:mètres|centimètres|millimètres|mm|cm)\b",
            "colour": r"\b(?:quelle|de quelle) (?:est la )?couleur\b",
            "number": r"\bnuméro de (?:commande|série|pièce|téléphone|modèle|référence)\b|\bcode d['’]erreur\b"
            r"|\bréférence\b",
            "number of them": r"\bcombien d(?:e\b|['’])|\bnombre d(?:e\b|['’])",
            "value": r"\bcombien\b|\bquelle (?:est la )?(?:taille|vitesse|capacité|valeur)\b",
        },
        values={
            "reason": r"\b(?:parce|car|afin|pour|sinon|puisque|raison|cause|éviter|protéger|empêcher|risque"
            r"|provoqu\w+|entraîn\w+|donc)\b",
            "interval": r"\b(?:chaque|tous|toutes|fois|quotidien\w*|hebdomadaire\w*|mensuel\w*|annuel\w*|régulièrement"
            r"|toujours|par (?:jour|semaine|mois|an))\b",
            "time": "secondes?|minutes?|heures?|jours?|semaines?|mois|ans?|années?",
            "length": "mètres?|centimètres?|millimètres?|kilomètres?|pouces?",
            "weight": "grammes?|kilogrammes?|kilos?|tonnes?|livres?",
            "temperature": "degrés?",
            "volume": "litres?|millilitres?|tasses?",
            "percentage": "pour ?cent",
            "price": "euros?",
            "power": "watts?",
            "torque": "newtons?[- ]mètres?",
            "noise level": "décibels?",
            "colour": r"\b(?:rouge|vert|bleu|blanc|noir|jaune|orange|gris|violet|marron|rose|blanche|verte|bleue"
            r"|noire|grise)s?\b",
        },
        numerals=r"\b(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|demi\w*|moitié|quotidien\w*)\b",
        dates="janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|siècle",
        leans=r"^\W*(?:et|mais|ou|sinon|alors|puis|aussi)\b|\b(?:cela|ça|celui-ci|celle-ci|ceux-ci|le même"
        r"|la même)\b|-(?:t-)?(?:il|elle|ils|elles|le|la|les)\W*$"
        r"|\b(?:il|elle|ils|elles)\b(?! (?:faut|y a|est (?:possible|nécessaire)))(?<!-il)(?<!-elle)(?<!qu['’]il)",
        bare=r"combien|de|temps|pendant|quand|où|pourquoi|comment|quel(?:le)?s?|coûte|faire|faut|est|ce|que|dois|peut|je|on|il|souvent|exactement",
        opposites=(
            (
                r"\ballum\w+|\bmettre en marche\b|\bmise en marche\b",
                r"\bétein\w+|\bmettre hors tension\b|\bmise hors tension\b",
            ),
            (r"\bactiv(?:er|ez|é|ée|és|ées)\b", r"\bdésactiv\w+"),
            (r"\bouvr\w+|\bouvert\w*", r"\bferm(?:er|ez|é|ée|és|ées|eture)\b"),
            (
                r"\b(?:mont|insér|raccord|branch)(?:er|ez|age)\b|\binstallez\b",
                r"\b(?:démont|retir|enlev|débranch|désinstall|dépos)(?:er|ez|age)\b",
            ),
            (r"\bverrouill\w+", r"\bdéverrouill\w+"),
            (r"\bdémarr\w+", r"\barrêt\w+"),
            (r"\baugment(?:er|ez)\b", r"\b(?:diminu|rédui|baiss)\w+"),
        ),
    ),
)
