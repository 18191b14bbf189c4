"""The kinds of question that a manual gives by rule: from its headings, definitions, tables, steps and sentences.

A rule moves the manual's own words into a form that people ask in ("How often should I …", "…怎么办？"); it exchanges
no word for another. A statement that fits no form gives no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.cjk import CJK
from ragqa.evaluation.questions.statements import (
    GeneratedQuestion,
    Origin,
    Statement,
    Statements,
    chinese,
    draft_question,
)

_VERBS = (
    "add|adjust|apply|assemble|attach|bake|boil|build|calibrate|call|cancel|change|charge|check|choose|clean|close|compile|"
    "configure|connect|contact|contribute|control|convert|copy|create|customize|cut|define|delete|descale|disable|"
    "disassemble|disconnect|dispose|download|drain|draw|dry|edit|empty|enable|enter|export|fill|find|fit|fix|"
    "flush|format|generate|handle|heat|hold|import|improve|increase|insert|inspect|install|keep|lift|load|lock|"
    "lubricate|maintain|make|manage|measure|mount|move|obtain|open|operate|organize|package|place|plot|preheat|prepare|"
    "press|print|program|pull|push|put|read|rebuild|recover|reduce|refill|register|release|remove|rename|repair|"
    "replace|report|reset|restart|restore|rinse|run|save|search|select|send|set|sign|soak|specify|start|stop|"
    "store|submit|switch|take|tell|test|tighten|translate|transport|turn|uninstall|unlock|unpack|unplug|update|"
    "upgrade|upload|use|vacuum|ventilate|wait|wash|wipe|work|write"
)
_VERB = re.compile(_VERBS)
"""Verbs that manuals tell people to do: what else stands first in a heading or a sentence may be a noun."""

_CHINESE_VERBS = (
    "安装|拆卸|拆除|更换|清洗|清洁|清理|清除|设置|设定|连接|调节|调整|检查|检测|使用|复位|开启|打开|关闭|启动|停止|保养|维护|"
    "添加|删除|创建|建立|修改|编写|构建|编译|升级|更新|上传|下载|注册|登录|校准|运输|存放|储存|排空|加注|补充|解锁|锁定|切换|选择"
)
_NUMBERING = re.compile(r"^(?:(?:[A-Z]\.)?\d+(?:\.\d+)*\.?|[A-Z](?:\.\d+)+|第.{1,3}[章节])\s*")
_POINTS_BACK = re.compile(
    r"(?i)\W*(?:it|its|this|that|these|those|they|them|he|she|here|there|such|both|as|so|then|also)\b|[其此它该这那]|上述|以上"
)
"""A clause that begins so says something only beside the one before it."""

_POINTS_WITHIN = re.compile(r"(?i)\b(?:it|its|they|them|their|this|these|those|he|she)\b|\bonly$")


def write_kinds(statement: Statement, statements: Statements) -> Iterator[GeneratedQuestion]:
    """Yield the questions that ``statement`` answers."""
    forms = _table if statement.kind == "row" else _chinese if chinese(statement.text) else _english
    for question, answer, origin, names in forms(statement, statements):
        found = draft_question(question, answer, origin, statement, statements, names)
        if found:
            yield found


Form = tuple[str, str, Origin, tuple[str, ...]]
"""A question, its answer, its kind, and the names that it asks by."""


def _table(statement: Statement, statements: Statements) -> Iterator[Form]:
    """Yield a question for each cell, by the row's name and the column's."""
    cells, columns = statement.cells, statement.header
    at = next((at for at, cell in enumerate(cells) if not _CODE.fullmatch(cell) and not _EMPTY.fullmatch(cell)), 0)
    name = cells[at]
    if not 2 <= len(name) <= 48 or re.search(r"[:：;；。?？!,，、(（]|\.\s|[a-z]\.$", name):
        return
    for column, cell in zip(columns, cells, strict=True):
        plain = not re.search(r"[\d/:：(（%,、.]", column) and 1 < len(column) <= 24
        if column == columns[at] or not plain or _EMPTY.fullmatch(cell) or not 2 <= len(cell) <= 120:
            continue
        question = _of_cell(statements.mid_sentence(name), column, cell)
        if question:
            yield question, cell, "table", (name,)


_CODE = re.compile(r"[A-Z]{0,4}[-\s]?\d[\w.-]*|[A-Z]{1,3}")
_EMPTY = re.compile(r"[\W_]*|n/?a|无", re.IGNORECASE)
_MEANINGS = re.compile(r"(?i)meaning|what it means|含义|意思")
_NOT_ASKED = re.compile(
    r"(?i)descriptions?|explanations?|step|see|page|section|chapter|notes?|remarks?|comments?|more.*|n[or]\.?"
    "|参见|说明|描述|解释|页码?|章节|备注|序号"
)
_REMEDIES = re.compile(r"(?i)remed(?:y|ies)|what to do|solutions?|action|处理.*|措施|对策|解决.*|怎么办|做什么|排除.*")


def _of_cell(name: str, column: str, cell: str) -> str | None:
    if _NOT_ASKED.fullmatch(column):
        return None
    if re.search(f"[{CJK}]", name + column):
        if _REMEDIES.fullmatch(column):
            return f"{name}怎么办？"
        if _MEANINGS.fullmatch(column):
            return f"{name}是什么意思？"
        asks = "多少" if re.match(r"[-–±≤≥<>约]?\s*\d", cell) else "什么"
        return f"{name}的{column}是{asks}？"
    if len(column.split()) > 3 or re.match(r"(?i)(?:what|how|when|where|why|who|which|if|to|for|in)\b", column):
        return f"What should I do about {name}?" if _REMEDIES.fullmatch(column) else None
    if _MEANINGS.fullmatch(column):
        return f"What does {name} mean?"
    if _REMEDIES.fullmatch(column):
        return f"What should I do about {name}?"
    column = column if column.isupper() else column[:1].lower() + column[1:]
    several = column.endswith("s") and not column.endswith(("ss", "us", "is"))
    return f"What {'are' if several else 'is'} the {column} of {name}?"


def _english(statement: Statement, statements: Statements) -> Iterator[Form]:
    text, origin = statement.text, _origin(statement)
    if statements.opens(statement) and (asked := _of_heading(statement.section[-1], statements)):
        yield asked, text, "step" if statement.kind == "step" else "heading", ()
    body = text.rstrip(".!; ")
    if ";" in body or _POINTS_BACK.match(body):
        return
    yield from _definition(body, statements)
    for pattern, asks in _TIMES:
        for found in pattern.finditer(body):
            asked = _inverted(body[: found.start()], statements)
            if asked:
                yield f"{asks} {asked}?", found["hidden"], origin, ()
    reason = re.fullmatch(r"(?P<asked>[^,]+),? because (?P<hidden>.+)", body)
    if reason and (asked := _inverted(reason["asked"], statements, modal_only=True)):
        yield f"Why {asked}?", f"because {reason['hidden']}", origin, ()
    purpose, condition = _PURPOSE.fullmatch(body), _CONDITION.fullmatch(body) or _CONDITION_LAST.fullmatch(body)
    if purpose:
        if _VERB.fullmatch(purpose["asked"].split()[0]) and not _POINTS_WITHIN.search(purpose["asked"]):
            yield f"How do I {_mine(purpose['asked'])}?", purpose["hidden"], origin, ()
    elif condition:
        asked, hidden = condition["asked"], condition["hidden"]
        vague = _POINTS_WITHIN.search(asked) or _NO_CONDITION.match(asked) or re.match(r"(?:or|and|only)\b", hidden)
        if not vague:
            told = _IMPERATIVE.match(hidden) or re.search(r"\b(?:you|must|should|have to)\b", hidden)
            yield f"What {'should I do' if told else 'happens'} if {_mine(asked)}?", hidden, origin, ()


_PURPOSE = re.compile(r"(?:To|In order to|If you (?:want|need|wish) to) (?P<asked>[^,]{6,80}), (?P<hidden>.+)")
_CONDITION = re.compile(r"(?:If|When) (?P<asked>[^,]{8,90}), (?:then )?(?P<hidden>.+)")
_CONDITION_LAST = re.compile(r"(?P<hidden>[^,]{8,}?),? if (?P<asked>[^,]{8,90})")
_NO_CONDITION = re.compile(r"(?i)(?:possible|necessary|applicable|not|only|you want|that|there|in doubt|\w+ing)\b")
_NUMBER = r"\d+(?:[.,]\d+)*(?:\s*(?:to|-|–|~)\s*\d+)?"
_UNITS = r"(?:seconds?|minutes?|min|hours?|days?|weeks?|months?|years?)"
_TIMES = (
    (re.compile(rf"\b(?P<hidden>every (?:{_NUMBER}\s*)?{_UNITS})\b"), "How often"),
    (re.compile(rf"\b(?P<hidden>(?:once|twice) (?:an?|per|every) {_UNITS})\b"), "How often"),
    (re.compile(rf"\bfor (?:at (?:least|most) |about |up to )?(?P<hidden>{_NUMBER}\s*{_UNITS})\b"), "How long"),
)
_IMPERATIVE = re.compile(
    rf"(?i)(?:please |do (?:it|not) |never |always )(?:\\w+)|(?:{_VERBS}|do|email|see|try)\b(?! (?:is|are|was|of)\b)"
)
_MODAL = re.compile(
    r"(?P<subject>(?:[A-Z]\S*)(?: [^\s,;:]+){0,7}?) (?P<verb>must|should|can|may|will|is|are) "
    r"(?P<rest>(?:not )?(?:be )?\w+ ?.*)"
)
_TERM = re.compile(
    r"(?P<article>The |An? )?(?P<term>[\w$./+'’-]+(?: [\w$./+'’-]+){0,3}?) "
    r"(?:(?P<be>is|are) (?=(?:an?|the|used|called|responsible|meant|designed)\b)"
    r"|(?P<verb>means|refers to|stands for|denotes|contains?|controls?) )(?P<body>.{20,})"
)
_NO_TERM = re.compile(
    r"(?i)(?:i|it|this|that|these|those|there|they|you|we|he|she|if|when|in|on|for|by|as|which|what|note|see|here|after|though"
    r"|although|similarly|however|whenever|currently|then|thus|since|while|to|before|each|any|all|some|first|second|last|next|good|bad|another|such|one|otherwise|both|but|and|or|also)(?:\b.*)?"
    r"|.* (?:that|which|who|and|or|of|with|by|is|no)(?:\b.*)?"
)


def _definition(body: str, statements: Statements) -> Iterator[Form]:
    found = _TERM.match(body)
    if (
        not found
        or _NO_TERM.fullmatch(found["term"])
        or re.match(r"(?:the )?(?:following|same|only|default)\b", found["body"])
    ):
        return
    term = f"{(found['article'] or '').lower()}{found['term']}"
    term = term if found["article"] else statements.mid_sentence(term)
    if found["be"]:
        yield f"What {found['be']} {term}?", found["body"], "definition", (found["term"],)
    else:
        verb, *rest = found["verb"].split()
        do, base = ("does", verb.removesuffix("s")) if verb.endswith("s") else ("do", verb)
        yield f"What {do} {term} {' '.join((base, *rest))}?", found["body"], "definition", (found["term"],)


def _of_heading(heading: str, statements: Statements) -> str | None:
    """Return how people ask for what stands under ``heading``; None where it is no task and no question."""
    text = _NUMBERING.sub("", heading).strip()
    if text.endswith(("?", "？")):
        return text
    first, _, rest = text.partition(" ")
    if text.lower().startswith("how to "):
        return f"How do I {statements.mid_sentence(text[7:])}?"
    verb = _base_form(first.lower())
    task = verb != first.lower() or re.match(r"(?:the|an?|your|all|from|to)\b", rest)
    if verb is None or not task or not rest or re.match(r"(?:and|or|of|out|is|are)\b|[(,&/–-]|.* and ", rest):
        return None
    return f"How do I {verb} {_mine(' '.join(map(statements.mid_sentence, rest.split())))}?"


def _base_form(word: str) -> str | None:
    """Return the verb of which ``word`` is the base form or the -ing form, if it is one that manuals use."""
    stem = word.removesuffix("ing")
    forms = (word,) if stem == word else (stem, f"{stem}e", stem[:-1])
    return next((form for form in forms if _VERB.fullmatch(form)), None)


def _inverted(clause: str, statements: Statements, *, modal_only: bool = False) -> str | None:
    """Return a statement or an order as the rest of a question: 'must the filter be cleaned', 'should I clean it'."""
    clause = clause.strip(" ,")
    if "," in clause or ":" in clause or not 3 <= len(clause.split()) <= 16:
        return None
    if found := _MODAL.fullmatch(clause):
        return f"{found['verb']} {statements.mid_sentence(found['subject'])} {found['rest']}"
    first, _, rest = clause.partition(" ")
    return f"should I {first.lower()} {_mine(rest)}" if _VERB.fullmatch(first.lower()) and not modal_only else None


def _mine(text: str) -> str:
    """Return what a manual says to its reader as the reader says it."""
    for other, own in (("you are", "I am"), ("your", "my"), ("yourself", "myself"), ("you", "I")):
        text = re.sub(rf"\b{other}\b", own, text)
    return text


_CHINESE_UNIT = r"(?:℃|°C|%|[kcm]?m[²³]?(?:/h)?|[km]?g|[kMG]?B|[km]?[WVA]|升|次|米)(?![A-Za-z\d])"
_CHINESE_TIMES = (
    (re.compile(r"(?P<hidden>每(?:隔)?\s*\d+\s*(?:秒|分钟|小时|天|日|周|个月|月|年))"), "多久"),
    (re.compile(r"(?<![\d.第])(?P<hidden>\d+(?:[.,]\d+)?\s*(?:秒钟?|分钟|小时|天|周|个月|年))(?!内|以)"), "多长时间"),
    (re.compile(rf"(?<![\d.第A-Za-z-])(?<!第 )(?P<hidden>\d+(?:\.\d+)?\s*{_CHINESE_UNIT})"), "多少"),
)
_CHINESE_ORDER = re.compile(
    r"请|应|须|需|必须|不要|不得|切勿|立即|先|可以?|检查|联系|更换|关闭|打开|按|用|把|将|使用|运行"
)
_CHINESE_TERM = re.compile(
    r"(?P<term>[^，。；：、“”（）\s]{2,14})\s*(?P<verb>是指|指的是|是一[种个套份]|(?<!适)用于|用来|表示)(?P<body>[^？]{8,})"
)
_NO_CHINESE_TERM = re.compile(
    r".*(?:这|那|此|其|您|你|我|它|如果|可以|应|不|如何|下面|以下|并|也|就|还|都|即|只|通常|一般|主要|可|会|被).*|.*是"
)


_NO_CHINESE_START = re.compile(r"[并且或但而再则即就后不至最使以在直]|用不|长按|同时|上沿")
"""A clause that begins so leaves out what it is about."""


def _chinese(statement: Statement, statements: Statements) -> Iterator[Form]:
    text, origin = statement.text, _origin(statement)
    if statements.opens(statement) and (asked := _of_chinese_heading(statement.section[-1])):
        yield asked, text, "step" if statement.kind == "step" else "heading", ()
    body = text.strip("。！；.•· ")
    found = _CHINESE_TERM.match(body)
    if found and not _NO_CHINESE_TERM.fullmatch(found["term"]):
        yield (
            f"{found['term']}{_CHINESE_ASKS.get(found['verb'], '是什么')}？",
            found["body"],
            "definition",
            (found["term"],),
        )
    for clause in re.split(r"[，。；：,;]", body):
        yield from ((asked, hidden, origin, ()) for asked, hidden in _chinese_figure(clause.strip()))
    found = re.fullmatch(r"(?:如果|若|当(?!前))\s*(?P<asked>[^，,（）()]{4,30})[，,](?P<hidden>.+)", body)
    if found and not _POINTS_BACK.match(found["asked"]) and not found["asked"].startswith("是"):
        asked = re.sub(r"^(?:您|你)?(?:需要|想要?|要)", "", found["asked"])
        if asked != found["asked"]:
            yield f"怎么{asked}？", found["hidden"], origin, ()
        elif _CHINESE_ORDER.match(re.sub(r"^[则就您你]*", "", found["hidden"])):
            yield f"{re.sub('[您你]', '我', asked)}怎么办？", found["hidden"], origin, ()


_CHINESE_ASKS = {"用于": "是做什么用的", "用来": "是做什么用的", "表示": "表示什么"}


def _chinese_figure(clause: str) -> Iterator[tuple[str, str]]:
    """Yield what asks for the one figure of a clause, in its place, as Chinese asks; and the figure."""
    asked = next(((asks, found) for pattern, asks in _CHINESE_TIMES if (found := pattern.search(clause))), None)
    if asked is None or len(re.findall(r"\d+", clause)) != 1 or re.search("[“”（）()]", clause):
        return  # of two figures the question would hold the other
    asks, found = asked
    before = re.sub(r"(?:约|大约|至少|最多|不少于)$", "", clause[: found.start()].strip())
    after = clause[found.end() :].strip()
    named = len(before) >= 3 or (asks == "多久" and not before)
    whole = named and len(before) + len(after) >= 6 and before[-1:] not in ("以", "为") and not after.startswith("的")
    if whole and not _POINTS_BACK.match(clause) and not _NO_CHINESE_START.match(clause):
        yield f"{before}{asks}{after}？", found["hidden"]


def _of_chinese_heading(heading: str) -> str | None:
    text = _NUMBERING.sub("", heading).strip()
    if text.endswith(("?", "？")):
        return text
    if re.match(r"(?:如何|怎样|怎么)", text):
        return f"{text}？"
    if re.search(r"[和与及、（(：:/]", text) or not 4 <= len(text) <= 16:
        return None
    if re.match(_CHINESE_VERBS, text):
        return f"怎么{text}？"
    found = re.fullmatch(rf"(?P<thing>[^的可跳不][^的]+)的?(?P<verb>{_CHINESE_VERBS})", text)
    return f"{found['thing']}怎么{found['verb']}？" if found else None


def _origin(statement: Statement) -> Origin:
    return "step" if statement.kind == "step" else "sentence"
