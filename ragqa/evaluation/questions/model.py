"""Questions written by a language model, a page at a time; one whose answer does not stand on the page is dropped.

The page goes to the model as data between fences. How the model is reached is the answerers' business.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from random import Random

from ragqa.answerers.language_model import LanguageModel
from ragqa.answerers.prompting import Message, Prompt, Room
from ragqa.answerers.untrusted import boundary_for, harmless, one_line, visible, without_lookalikes
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statement, Statements, holds_its_answer, is_copy
from ragqa.prompts import Prompts, fill

LONGEST_PAGE = 4000
"""Characters of a page that a model is shown."""

ANSWER_TOKENS = 400

_REPLY = re.compile(r"QUESTION[:：]\s*(?P<question>.+?)\s*\n+\s*\**ANSWER[:：]\**[ \t]*(?P<answer>[^\n]+)", re.DOTALL)


def write_questions(
    model: LanguageModel,
    prompts: Prompts,
    sources: Statements,
    count: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[GeneratedQuestion]:
    """Yield up to ``count`` questions, from one page after the other by chance. Raises ModelError.

    It stops when every page was shown once, or twice as many pages as questions are wanted.
    """
    pages: dict[tuple[str, int | None, tuple[str, ...]], list[Statement]] = defaultdict(list)
    for source in sources.all:
        pages[source.document, source.page, source.section if source.page is None else ()].append(source)
    order = list(pages)
    Random(seed).shuffle(order)
    room, written = model.room(), 0
    for page in order[: 2 * count]:
        if written == count:
            return
        progress(written, count)
        reply = model.complete(prompt_for(prompts, pages[page], room), 1, None)
        draft = read_reply(visible(reply.texts[0]), pages[page])
        if draft:
            written += 1
            yield draft


def prompt_for(prompts: Prompts, page: Sequence[Statement], room: Room) -> Prompt:
    """Return what asks a model for a question about the ``page``."""
    text = "\n".join(source.text for source in page)[:LONGEST_PAGE]
    first = page[0]
    passage = fill(
        prompts.passage,
        number="1",
        boundary=boundary_for([text, first.document, *first.section]),
        document=one_line(first.document, room.specials),
        page="" if first.page is None else str(first.page),
        section=one_line(" > ".join(first.section), room.specials),
        text=harmless(without_lookalikes(text), room.specials),
    )
    asked = fill(prompts.questioning, passage=passage)
    return Prompt((Message("user", asked),), answer_tokens=min(ANSWER_TOKENS, room.context // 4))


def read_reply(reply: str, page: Sequence[Statement]) -> GeneratedQuestion | None:
    """Return the question that a model wrote about the ``page``; None where it is none whose answer stands there."""
    found = _REPLY.search(reply)
    if not found:
        return None
    question = " ".join(found["question"].split()).strip('*"“” ')
    answer = " ".join(found["answer"].split()).strip('*"“”`. ')
    evidence = next((source for source in page if answer and answer.lower() in source.text.lower()), None)
    if evidence is None or not 8 <= len(question) <= 400 or is_copy(question, evidence.text):
        return None
    if holds_its_answer(question, answer):
        return None
    pages = () if evidence.page is None else (evidence.page,)
    return GeneratedQuestion(question, answer, evidence.text, pages, "model", evidence)
