"""What goes wrong with a server → one line for a person. Never shows a key, not even in a server's words."""

from __future__ import annotations

import contextlib
import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ragqa.errors import ModelError
from ragqa.openai_api.client import without_secrets
from ragqa.printable import without_escapes

if TYPE_CHECKING:
    from openai import OpenAIError


LONGEST_WORDS = 200
"""Characters of a server's own words that are shown."""


class Failure(Exception):
    """A request that gave nothing to read."""


class ServerError(Failure):
    """A server that said no, by its status or in the body of a 200. ``body`` is JSON where it was some, else text."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        error = _error_in(body)
        self.words = server_words(error, 2000)
        self.code, self.param = (str(error.get(name) or "") for name in ("code", "param"))
        self.status = _meant(error, self.words) if status < 300 else status
        self.wait_s = _retry_after(headers or {})
        """How long the server asks to be left alone; None where it does not say."""
        super().__init__(self.words)

    @property
    def passing(self) -> bool:
        """Whether the same request may work in a moment."""
        return (self.status in (408, 409, 429) or self.status >= 500) and not self.out_of_quota

    @property
    def out_of_quota(self) -> bool:
        """Whether it is an account's credit that is used up, which waiting does not mend."""
        return self.code == "insufficient_quota" or (self.status in (402, 429) and bool(_QUOTA.search(self.words)))

    @property
    def too_long(self) -> bool:
        """Whether the prompt, or prompt and answer, exceed the model's context."""
        return self.code == "context_length_exceeded" or bool(_TOO_LONG.search(self.words))

    @property
    def no_such_model(self) -> bool:
        """Whether the server does not have the model."""
        named = self.code in ("model_not_found", "invalid_model") or _NO_MODEL.search(self.words)
        return self.status in (400, 404, 422) and bool(named or (self.status == 404 and "model" in self.words.lower()))


class Unreachable(Failure):
    """A server that did not answer, or whose connection broke."""

    def __init__(self, reason: str, *, timed_out: bool) -> None:
        self.reason, self.timed_out = reason, timed_out
        super().__init__(reason)


class OtherInterface(Failure):
    """A server answered, but not as this interface does; ``came`` is what it sent."""

    def __init__(self, came: str = "") -> None:
        self.came = came
        super().__init__(came)


class CutShort(Failure):
    """An answer that ended before it was whole, after so many ``characters``."""

    def __init__(self, characters: int, words: str = "") -> None:
        self.characters, self.words = characters, words
        super().__init__(words)


def failure_of(error: OpenAIError | ValueError) -> Failure:
    """Return what an exception of the client means. ``ValueError``: JSON that was none."""
    import openai

    if isinstance(error, openai.APIStatusError):
        # Of a body that is empty the client makes words of its own, which say no more than the status.
        said = "" if error.message.startswith("Error code:") else error.message
        return ServerError(error.status_code, error.body or said, error.response.headers)
    if isinstance(error, openai.APIConnectionError):
        return Unreachable(_reason(error), timed_out=isinstance(error, openai.APITimeoutError))
    if isinstance(error, openai.APIError) and error.body:
        return ServerError(200, error.body)
    return OtherInterface()


def explain(error: Failure, model: str, host: str, timeout_s: float) -> ModelError:
    """Return the ModelError that says what went wrong and what to do."""
    if isinstance(error, ServerError):
        return ModelError(_of_server(error, model, host))
    if isinstance(error, CutShort):
        words = f" ({shortened(error.words)})" if error.words else ""
        return ModelError(
            f"{host} broke off after {error.characters:,} characters{words}: that is not the whole answer; ask again"
        )
    if isinstance(error, Unreachable):
        if error.timed_out:
            return ModelError(f"{host} did not answer within {timeout_s:g} s: try again, or set a longer timeout")
        return ModelError(
            f"{host} can't be reached ({error.reason}): is the server running, and OPENAI_BASE_URL right?"
        )
    came = f" ({error.came})" if isinstance(error, OtherInterface) and error.came else ""
    return ModelError(f"{host} sent what is no answer of this interface{came}: does OPENAI_BASE_URL end in /v1?")


def _of_server(error: ServerError, model: str, host: str) -> str:
    status, words = error.status, shortened(error.words)
    said = f"{status}: {words}" if words else str(status)
    if 300 <= status < 400:
        return f"{host} sends requests on to another address ({status}): name that one in OPENAI_BASE_URL"
    if status == 401:
        return f"{host} refused the key ({said}): check OPENAI_API_KEY"
    if error.out_of_quota:
        return f"the account at {host} has no quota left ({said}): add credit, or choose another model"
    if status == 403:
        return f"{host} does not allow this key to use '{model}' ({said}): choose another model or key"
    if error.no_such_model:
        return f"{host} has no model '{model}' ({said}): choose one that it serves"
    if status == 404:
        return f"{host} has nothing at this address ({said}): does OPENAI_BASE_URL end in /v1?"
    if status == 429:
        wait = f"{error.wait_s:,.0f} s" if error.wait_s and error.wait_s >= 1 else "a minute"
        return f"{host} is getting too many requests ({said}): try again in {wait}"
    if error.too_long:
        return f"the prompt is longer than {model} reads ({said}): set context_tokens to its context, or lower k"
    if error.code in ("content_filter", "content_policy_violation"):
        return f"{host} refused the question by its content filter: ask in other words"
    if status >= 500:
        return f"{host} failed with {said}; try again later"
    return f"{host} answered with an error: {words}" if status < 300 else f"{host} refused the request ({said})"


def server_words(said: object, longest: int = LONGEST_WORDS) -> str:
    """Return what a server said, an error or its body, on one line, shortened, without keys and terminal escapes."""
    text = _words(said)
    if re.match(r"\s*(?:<!doctype|<html|<\?xml|<head)", text, re.I):
        text = f"a web page, not JSON: {_page_words(text)}"
    text = without_escapes(text[: 4 * longest + 1000])
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shortened(without_secrets(text), longest)


def shortened(text: str, longest: int = LONGEST_WORDS) -> str:
    """Return ``text``, or its beginning with "…"."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


_QUOTA = re.compile(r"\bquota\b|insufficient (?:balance|credit|fund)|billing|credit balance", re.I)
_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|maximum context|exceed\w* .{0,40}context|n_ctx|input.{0,20}too long", re.I
)
_NO_MODEL = re.compile(
    r"\bmodel\b.{0,80}?(?:not found|not exist|unknown|no such|not available|not a valid|not supported|not loaded)"
    r"|(?:unknown|no such|invalid|unsupported) model\b|is not a valid model",
    re.I,
)
_MEANT = (
    (429, re.compile(r"rate.?limit|too many requests|resource.?exhausted|throttl|insufficient_quota", re.I)),
    (503, re.compile(r"overload|unavailable|at capacity|try again", re.I)),
    (401, re.compile(r"invalid.?api.?key|incorrect api key|unauthori[sz]ed|authentication", re.I)),
)
"""The status that a server means where it answers 200 and says it in words."""


def _error_in(body: object) -> dict[str, Any]:
    """Return the error of a body in a dict, whatever shape it has."""
    if isinstance(body, list) and len(body) == 1:  # as Gemini's servers do
        body = body[0]
    error = body.get("error") or body if isinstance(body, dict) else body
    return error if isinstance(error, dict) else {"message": error}


def _meant(error: dict[str, Any], words: str) -> int:
    for name in ("code", "status", "status_code"):
        with contextlib.suppress(TypeError, ValueError):
            if 400 <= (status := int(error.get(name) or 0)) < 600:
                return status
    said = f"{error.get('code')} {error.get('type')} {error.get('status')} {words}"
    return next((status for status, pattern in _MEANT if pattern.search(said)), 200)


def _words(said: object, depth: int = 0) -> str:
    """Return the text in an error's body: ``message``, ``detail`` and the like, however deep servers put them."""
    if isinstance(said, BaseException):
        return _words(getattr(said, "body", None), depth) or str(getattr(said, "message", "") or said)
    if isinstance(said, list):
        return "; ".join(filter(None, (_words(one, depth + 1) for one in said[:3]))) if depth < 6 else ""
    if not isinstance(said, dict):
        return "" if said is None else str(getattr(said, "message", None) or said)
    names = ("message", "msg", "detail", "error", "errors", "reason", "title")
    found = next((text for name in names if depth < 6 and (text := _words(said.get(name), depth + 1))), "")
    place = said.get("loc")
    if isinstance(place, list) and place:  # of a validator: which field it is that it won't take
        found = f"{'.'.join(map(str, place[:6]))}: {found}"
    passed_on = said.get("metadata")
    raw = passed_on.get("raw") if isinstance(passed_on, dict) else None
    if raw and str(raw) not in found:  # a gateway's: the words of the server behind it
        found = f"{found}: {raw}" if found else str(raw)
    return found


def _page_words(page: str) -> str:
    head = page[:5000]
    found = re.search(r"<(title|h1)[^>]{0,200}>([^<]{1,300})", head, re.I)
    return found[2] if found else re.sub(r"<[^<>]{0,300}>", " ", head)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks for, as a number or as a date."""
    with contextlib.suppress(ValueError, KeyError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    said = headers.get("retry-after", "")
    with contextlib.suppress(ValueError):
        return max(0.0, float(said))
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    return None


def _reason(error: BaseException) -> str:
    cause = error.__cause__
    return server_words(str(cause or error), 100) or type(cause or error).__name__


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
