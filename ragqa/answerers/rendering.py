"""Messages → the text that a causal language model reads: by its chat template, or plainly where it has none.

Training and answering both go through here, so that a model is asked in the very form in which it was taught.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragqa.answerers.prompting import Message, folded

ANSWER = "\n\nAnswer:"
"""What a plain prompt ends with; the answer follows after a space."""


def rendered(tokenizer: Any, messages: Sequence[Message]) -> str:
    """Return what the model reads before it answers; the last message is the user's."""
    return _by_template(tokenizer, messages) if tokenizer.chat_template else plainly(messages)


def plainly(messages: Sequence[Message]) -> str:
    """Return the messages one under another, and the beginning of the answer's line."""
    return "\n\n".join(message.content for message in messages) + ANSWER


def _by_template(tokenizer: Any, messages: Sequence[Message]) -> str:
    from jinja2 import TemplateError

    def written(some: Sequence[Message]) -> str:
        chat = [{"role": message.role, "content": message.content} for message in some]
        return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))

    try:
        return written(messages)
    except TemplateError:  # no system role in this one
        return written(folded(messages))
