"""What the OpenAI client raises → one line for a person. Never shows a key, not even in a server's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ragqa.errors import ModelError
from ragqa.openai_client import without_secrets

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAIError


class OtherInterface(Exception):
    """A server answered, but not as this interface does."""


def explain(error: OpenAIError | ValueError | OtherInterface, model: str, host: str, timeout_s: float) -> ModelError:
    """Return the ModelError that says what went wrong and what to do. ``ValueError``: JSON that was none."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ModelError(f"{host} did not answer within {timeout_s:g} s: try again, or set a longer timeout")
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, model, host)
    if isinstance(error, openai.APIConnectionError):
        reason = _reason(error)
        return ModelError(f"{host} can't be reached ({reason}): is the server running, and OPENAI_BASE_URL right?")
    if isinstance(error, openai.APIError):
        return ModelError(f"{host} broke off with an error: {server_words(error)}")
    return ModelError(f"{host} sent what is no answer of this interface: does OPENAI_BASE_URL end in /v1?")


def cut_short(host: str, characters: int) -> ModelError:
    """Return the error of an answer that ended before it was whole."""
    return ModelError(
        f"{host} broke off after {characters:,} characters: what was shown is not the whole answer; ask again"
    )


def _of_status(error: APIStatusError, model: str, host: str) -> ModelError:
    status, words = error.status_code, server_words(error)
    if 300 <= status < 400:
        return ModelError(f"{host} sends requests on to another address ({status}): name that one in OPENAI_BASE_URL")
    if status == 401:
        return ModelError(f"{host} refused the key: set OPENAI_API_KEY to a valid one")
    if status == 403:
        return ModelError(f"{host} does not allow this key to use '{model}': choose another model or key")
    if status == 404:
        if "model" in words.casefold() or error.code == "model_not_found":
            return ModelError(f"{host} has no model '{model}': choose one that it serves")
        return ModelError(f"{host} has nothing at this address (404): does OPENAI_BASE_URL end in /v1?")
    if status == 429:
        if error.code == "insufficient_quota" or "quota" in words.casefold():
            return ModelError(f"the account's quota at {host} is used up: add credit, or choose another model")
        return ModelError(f"{host} is getting too many requests (429): wait a little and ask again")
    if too_long(error):
        return ModelError(f"the prompt is longer than {model} reads: set context_tokens to its context, or lower k")
    if error.code in ("content_filter", "content_policy_violation"):
        return ModelError(f"{host} refused the question by its content filter: ask in other words")
    if status >= 500:
        return ModelError(f"{host} failed ({status}: {words}): try again later")
    return ModelError(f"{host} refused the request ({status}: {words})")


def too_long(error: APIStatusError) -> bool:
    """Say whether a server refused a request because the prompt, or prompt and answer, exceed the model's context."""
    words = server_words(error).casefold()
    return error.code == "context_length_exceeded" or bool(
        re.search(r"context (?:length|size|window)|maximum context|exceed\w* .{0,40}context|n_ctx", words)
    )


def server_words(error: object) -> str:
    """Return what a server said, on one line, shortened, without keys."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        said = body.get("message") or body.get("detail") or body.get("error") or getattr(error, "message", "")
    else:
        said = body or getattr(error, "message", "") or error
    text = " ".join("".join(c if c.isprintable() else " " for c in str(said)).split())
    text = without_secrets(text)
    return text if len(text) <= 200 else text[:199] + "…"


def _reason(error: BaseException) -> str:
    cause = error.__cause__
    words = without_secrets(" ".join(str(cause or error).split()))
    return words[:100] or type(cause or error).__name__
