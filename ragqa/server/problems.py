"""Errors in one shape: RFC 9457 problems, and OpenAI's where its clients ask. Knows what a failure is called, not why.

Whatever a route or the library raises becomes a ``Problem`` here, unforeseen mistakes too.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Scope

from ragqa.errors import (
    EmptyLibrary,
    LibraryError,
    MissingExtra,
    ModelError,
    RagqaError,
    UnknownDocument,
    UnknownLibrary,
    UnknownPage,
    UnreadableFile,
)
from ragqa.printable import printable_line
from ragqa.store.lock import Locked

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

OPENAI_PATHS = ("/v1/models", "/v1/chat/", "/v1/completions", "/v1/responses", "/v1/embeddings")
"""Below these, errors have the shape that OpenAI's clients read."""

_CODES = {
    400: "invalid_request",
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "timeout",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many",
}


_TOLD: tuple[tuple[type[RagqaError], int, str], ...] = (
    (Locked, 409, "conflict"),
    (UnknownLibrary, 404, "unknown_library"),
    (UnknownDocument, 404, "unknown_document"),
    (UnknownPage, 404, "unknown_page"),
    (EmptyLibrary, 409, "empty_library"),
    (LibraryError, 409, "library"),
    (ModelError, 502, "model_failed"),
    (MissingExtra, 501, "missing_extra"),
    (UnreadableFile, 422, "unreadable_file"),
    (RagqaError, 422, "unusable_question"),
)
"""What the library raises → its status and its word for programs; the first that fits."""


class Problem(HTTPException):
    """An error to be told to a client: a status, a word for programs and one line for people."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, printable_line(detail), headers)
        self.code = code
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """Return the members of RFC 9457, and ``code``."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.detail,
            "code": self.code,
        }
        return body | ({"errors": self.errors} if self.errors else {})

    def openai_body(self) -> dict[str, Any]:
        """Return the same as OpenAI says it."""
        kind = "invalid_request_error" if self.status_code < 500 else "server_error"
        at = self.errors[0]["at"].removeprefix("body.") if self.errors else None
        message = f"{self.detail}: {at}: {self.errors[0]['message']}" if self.errors else self.detail
        return {"error": {"message": message, "type": kind, "param": at, "code": self.code}}


def problem_of(error: Exception) -> Problem:
    """Return what a client is told of an error. Nothing of an unforeseen one, which goes to the log."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):  # the framework's own: no such path, no such method, broken JSON
        headers = dict(error.headers) if error.headers else None
        return Problem(error.status_code, _CODES.get(error.status_code, "error"), str(error.detail), headers=headers)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    for kind, status, code in _TOLD:
        if isinstance(error, kind):
            return Problem(status, code, str(error))
    logger.error("an unforeseen error", exc_info=error)
    return Problem(500, "internal", "this should not happen; the server's log says more: please report it")


def _of_validation(error: RequestValidationError) -> Problem:
    errors = [
        {"at": ".".join(str(part) for part in one["loc"]), "message": printable_line(str(one["msg"]))}
        for one in error.errors()
    ]
    return Problem(422, "invalid_request", "the request is not as docs/server.md has it", errors=errors[:20])


def response_of(problem: Problem, path: str) -> Response:
    """Return a problem as a response, in the shape that clients of ``path`` read."""
    headers = dict(problem.headers or {})
    if path.startswith(OPENAI_PATHS):
        status = 400 if problem.status_code == 422 else problem.status_code  # as OpenAI says it
        return JSONResponse(problem.openai_body(), status, headers)
    return JSONResponse(problem.body(), problem.status_code, headers, MEDIA_TYPE)


def path_of(scope: Scope) -> str:
    """Return the path of a request below the root path; empty for the root path itself, without its slash."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and (path == root or path.startswith(root + "/")) else path


def install(app: FastAPI) -> None:
    """Have what routes raise told as a problem. What is unforeseen is told by ``security.Gate``, the way out."""

    async def tell(request: Request, error: Exception) -> Response:
        return response_of(problem_of(error), path_of(request.scope))

    for kind in (HTTPException, RequestValidationError, RagqaError):
        app.add_exception_handler(kind, tell)
