"""Text set in a symbol font (Symbol, Wingdings, Webdings, Zapf Dingbats) as the Unicode characters that it shows.

Such fonts draw another sign in the place of each letter: 'W' of Symbol is Ω, 'ü' of Wingdings is ✓. Knows nothing of
the formats that name them.

Sources: Unicode's mapping tables of Adobe's Symbol and Zapf Dingbats (VENDORS/ADOBE/symbol.txt, zdingbat.txt) and, for
Microsoft's fonts, the characters that Unicode 7.0 took over from them (L2/11-052R). Where Unicode tells several shapes
of an arrow, tick, cross, circle, square or diamond apart, the one that people write stands here: ✗ for 🗶, → for 🡺.
"""

from __future__ import annotations

import re

_FIRST = 0x20
"""The character with which the rows below begin; each holds sixteen. A blank is drawn for those that are not used."""

# fmt: off
_SYMBOL = (
    " !∀#∃%&∋()*+,−./"
    "0123456789:;<=>?"
    "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟ"
    "ΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"
    "‾αβχδεφγηιϕκλμνο"
    "πθρστυϖωξψζ{|}∼ "
    "                "
    "                "
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓"
    "°±″≥×∝∂•÷≠≡≈…⏐⎯↵"
    "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉"
    "∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓"
    "◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪"
    " 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭ "
)
_ZAPF_DINGBATS = (
    " ✁✂✃✄☎✆✇✈✉☛☞✌✍✎✏"
    "✐✑✒✓✔✕✖✗✘✙✚✛✜✝✞✟"
    "✠✡✢✣✤✥✦✧★✩✪✫✬✭✮✯"
    "✰✱✲✳✴✵✶✷✸✹✺✻✼✽✾✿"
    "❀❁❂❃❄❅❆❇❈❉❊❋●❍■❏"
    "❐❑❒▲▼◆❖◗❘❙❚❛❜❝❞ "
    "❨❩❪❫❬❭❮❯❰❱❲❳❴❵  "
    "                "
    " ❡❢❣❤❥❦❧♣♦♥♠①②③④"
    "⑤⑥⑦⑧⑨⑩❶❷❸❹❺❻❼❽❾❿"
    "➀➁➂➃➄➅➆➇➈➉➊➋➌➍➎➏"
    "➐➑➒➓➔→↔↕➘➙➚➛➜➝➞➟"
    "➠➡➢➣➤➥➦➧➨➩➪➫➬➭➮➯"
    " ➱➲➳➴➵➶➷➸➹➺➻➼➽➾ "
)
_WINGDINGS = (
    " 🖉✂✁👓🕭🕮🕯☎✆✉🖃📪📫📬📭"
    "🗀🗁🗎🗏🗐🗄⌛🖮🖰🖲🖳🖴🖫🖬✇✍"
    "🖎✌🖏👍👎☜☞☝☟🖐☺😐☹💣🕱🏳"
    "🏱✈☼🌢❄🕆✞🕈✠✡☪☯🕉☸♈♉"
    "♊♋♌♍♎♏♐♑♒♓🙰🙵●❍■□"
    "□❑❒🞟⧫◆❖◆⌧⮹⌘🏵🏶🙶🙷▯"
    "🄋➀➁➂➃➄➅➆➇➈➉🄌➊➋➌➍"
    "➎➏➐➑➒➓🙢🙠🙡🙣🙞🙜🙝🙟••"
    "⬝○○○🞊🞋🔿▪□🟁🟅★🟋🟏🟓🟑"
    "⯐⌖⯎⯏⯑✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘"
    "🕙🕚🕛⮰⮱⮲⮳⮴⮵⮶⮷🙪🙫🙕🙔🙗"
    "🙖🙐🙑🙒🙓⌫⌦◀➢▲▼←→↑↓←"
    "→↑↓↖↗↙↘←→↑↓↖↗↙↘⇦"
    "⇨⇧⇩↔↕↖↗↙↘🢬🢭✗✓☒☑ "
)
_WINGDINGS_2 = (
    " 🖊🖋🖌🖍✄✀🕾🕽🗅🗆🗇🗈🗉🗊🗋"
    "🗌🗍📋🗑🗔🖵🖶🖷🖸🖭🖯🖱🖒🖓🖘🖙"
    "🖚🖛👈👉🖜🖝🖞🖟🖠🖡👆👇🖢🖣🖑✗"
    "✓☒☑⮽☒⮾⮿🛇⦸🙱🙴🙲🙳‽🙹🙺"
    "🙻🙦🙤🙥🙧🙚🙘🙙🙛⓪①②③④⑤⑥"
    "⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿ "
    "☉🌕☽☾⸿✝🕇🕜🕝🕞🕟🕠🕡🕢🕣🕤"
    "🕥🕦🕧🙨🙩⋅••●○○○🞉⊙⦿🞌"
    "🞍◾■□□□□🞔▣🞕🞖🞗🞘◆◆◇"
    "🞚◈🞛🞜🞝🞞◆◆◊🞠◖◗⯊⯋■◆"
    "⬟⯂⬣⬢⯃⯄🞡🞢🞣🞤🞥🞦🞧🞨🞩🞪"
    "🞫🞬🞭🞮🞯🞰🞱🞲🞳🞴🞵🞶🞷🞸🞹🞺"
    "🞻🞼🞽🞾🞿🟀🟂🟄🟆🟉🟊✶🟌🟎🟐🟒"
    "✹🟃🟇✯🟍🟔⯌⯍※⁂      "
)
_WINGDINGS_3 = (
    " ←→↑↓↖↗↙↘⭰⭲⭱⭳⭶⭸↑"
    "↓↔↕⭪⭬⭫⭭⭍←→←↑←↑←→"
    "⮐⮑⮒⮓←←⭾⭿⮄⮆⮅⮇⮏⮍⮎⮌"
    "⭮⭯⎋⌤⌃⌥␣⍽⇪⮸←→←→←→"
    "←→←→←→←→↑↓↖↗↙↘↔↕"
    "▲▼△▽◀▶◁▷◣◢◤◥◀▶▲ "
    "▼▲▼◀▶◀▶▲▼←→↑↓←→↑"
    "↓←→↑↓←→↑↓←→↑↓←→↑"
    "↓←→↑↓←→←→←→←🢜🢝🢞🢟"
    "→←→←→←→↑↓←→↑↓←→↑"
    "↓←→↑↓←→↑↓⮨⮩⮪⮫⮬⮭⮮"
    "⮯←→↑↓↖↗↙↘←→↑↓↖↗↙"
    "↘←→↑↓↖↗↙↘←→↑↓←→↑"
    "↓               "
)
_WEBDINGS = (
    " 🕷🕸🕲🕶🏆🎖🖇🗨🗩🗰🗱🌶🎗🙾🙼"
    "🗕🗖🗗◀▶▲▼⏪⏩⏮⏭⏸⏹⏺🗚🗳"
    "🛠🏗🏘🏙🏚🏜🏭🏛🏠🏖🏝🛣🔍🏔👁👂"
    "🏞🏕🛤🏟🛳🕬🕫🕨🔈🎔🎕🗬🙽🗭🗪🗫"
    "⮔✔🚲□🛡📦🛱■🚑🛈🛩🛰🟈🕴●🛥"
    "🚔🗘✗❓🛲🚇🚍⛳⦸⊖🚭🗮⏐🗯🗲 "
    "🚹🚺🛉🛊🚼👽🏋⛷🏂🏌🏊🏄🏍🏎🚘🗠"
    "🛢💰🏷💳👪🗡🗢🗣✯🖄🖅🖃🖆🖹🖺🖻"
    "🕵🕰🖽🖾📋🗒🗓🕮📚🗞🗟🗃🗂🖼🎭🎜"
    "🎘🎙🎧💿🎞📷🎟🎬📽📹📾📻🎚🎛📺💻"
    "🖥🖦🖧🕹🎮🕻🕼📟🖁🖀🖨🖩🖿🖪🗜🔒"
    "🔓🗝📥📤🕳🌣🌤🌥🌦☁🌨🌧🌩🌪🌬🌫"
    "🌜🌡🛋🛏🍽🍸🛎🛍Ⓟ♿🛆🖈🎓🗤🗥🗦"
    "🗧🛪🐿🐦🐟🐕🐈🙬🙮🙭🙯🗺🌍🌏🌎🕊"
)
# fmt: on

_FONTS = {
    "symbol": _SYMBOL,
    "symbolmt": _SYMBOL,
    "zapfdingbats": _ZAPF_DINGBATS,
    "itczapfdingbats": _ZAPF_DINGBATS,
    "monotypesorts": _ZAPF_DINGBATS,
    "wingdings": _WINGDINGS,
    "wingdings2": _WINGDINGS_2,
    "wingdings3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
}
_SUBSET = re.compile(r"^[A-Z]{6}\+")
_PRIVATE = 0xF000
"""Where Word and PDF keep the characters of such fonts: U+F057 is the 'W' of the font."""


def is_symbol_font(font: str) -> bool:
    """Say whether letters in a font of this name are shown as signs."""
    return _key(font) in _FONTS


def replace_symbols(font: str, text: str) -> str:
    """Return what ``text`` shows in ``font``: letters, and U+F020 to U+F0FF, as signs; unchanged in other fonts."""
    signs = _FONTS.get(_key(font))
    return "".join(_sign(signs, char) for char in text) if signs else text


def _sign(signs: str, char: str) -> str:
    code = ord(char)
    code -= _PRIVATE if _PRIVATE <= code <= _PRIVATE + 0xFF else 0
    return signs[code - _FIRST] if _FIRST <= code <= 0xFF else char


def _key(font: str) -> str:
    key = re.sub(r"[\s_-]", "", _SUBSET.sub("", font.strip().strip("'\""))).lower()
    return key.removesuffix("regular")
