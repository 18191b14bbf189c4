"""What a server has taught while this program runs, so that the next request does not fail first. Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(slots=True)
class Lessons:
    """Of one model at one address."""

    refused: set[str] = field(default_factory=set)
    """Names of parameters, and of forms of a request, that it does not take."""
    batch: int | None = None
    """Texts that it embeds at a time; None where nothing is known."""
    thinks: bool | None = None
    """Whether its answers begin with thinking that only a closing tag ends; None before the first answer."""

    def fits(self, texts: int) -> int:
        """Return how many of so many ``texts`` may go in one request."""
        return texts if self.batch is None else max(1, min(texts, self.batch))

    def shrink(self, texts: int) -> None:
        """Learn that a request may hold so many texts at most."""
        self.batch = self.fits(max(1, texts))


@lru_cache(maxsize=256)
def lessons_of(address: str, model: str) -> Lessons:
    """Return the lessons of ``model`` at ``address``: the same object for as long as the program runs."""
    return Lessons()
