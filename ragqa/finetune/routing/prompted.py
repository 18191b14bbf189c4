"""Route by prompt alone: a chat model is shown the labels and a question, and is taken at its word.

A reply is read strictly: one of the labels, give or take case, quotes and a full stop, on its first line. Anything else
is no label, and wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ragqa.answerers.asking import LanguageModel
from ragqa.answerers.fencing import harmless
from ragqa.answerers.prompting import MARGIN, Message, Prompt, Room
from ragqa.answerers.visible import visible
from ragqa.errors import RagqaError
from ragqa.printable import quantity
from ragqa.prompts import Prompts, fill
from ragqa.types import Usage

_AROUND = " \t*_`\"'“”‘’「」『』.。"


class Prompted:
    """Asks a language model for the label of each question. ``usage`` adds up what it took."""

    def __init__(
        self,
        model: LanguageModel,
        prompts: Prompts,
        labels: Sequence[str],
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Raises RagqaError where the labels are more than the model can read."""
        self._model, self._prompts, self._labels, self._notice = model, prompts, tuple(labels), notice
        self._by_name = {_folded(label): label for label in labels}
        self.usage = Usage()
        self._room = model.room()
        used, free = self._room.count(self._asked("")), self._room.context - self._answer_tokens(self._room) - MARGIN
        if used > free:
            raise RagqaError(
                f"{len(labels)} labels take {used:,} tokens, and {model.spec} has room for {free:,} beside its answer: "
                "choose a model with a longer context, or join labels"
            )

    def predict(self, questions: Sequence[str]) -> list[str | None]:
        """Return a label for each question; None where the model named none. Raises ModelError."""
        said = []
        for number, question in enumerate(questions, 1):
            said.append(self._label(question))
            if number % 20 == 0:
                self._notice(f"{self._model.spec}: {number} of {quantity(len(questions), 'question')}")
        return said

    def _label(self, question: str) -> str | None:
        prompt = Prompt((Message("user", self._asked(question)),), answer_tokens=self._answer_tokens(self._room))
        reply = self._model.complete(prompt, 1, None)
        self.usage += reply.usage
        return read_label(reply.texts[0], self._by_name)

    def _asked(self, question: str) -> str:
        labels = "\n".join(harmless(" ".join(label.split()), self._room.specials) for label in self._labels)
        return fill(self._prompts.routing, labels=labels, question=harmless(question, self._room.specials))

    @staticmethod
    def _answer_tokens(room: Room) -> int:
        return min(room.answer, room.context // 4)


def read_label(reply: str, by_name: dict[str, str]) -> str | None:
    """Return the label that ``reply`` names; ``by_name`` has them folded."""
    first = next((line for line in visible(reply).splitlines() if line.strip()), "")
    return by_name.get(_folded(first))


def _folded(text: str) -> str:
    return " ".join(text.split()).strip(_AROUND).casefold()
